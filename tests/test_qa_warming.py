"""Documents read beforehand: once, where it is accepted, wanted and worth it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Member
from accounts.roles import Role
from qa import askable, asking, desks, engine, modes, pictures, remote, tasks, warming, warmth
from qa.claude import connect
from qa.engine import catalogue
from qa.models import Answer, ApiCall, Budget, ClaudeModel, ClaudeSettings, Scope, Thread, Warming
from qa.models.claude_model import forget
from tests.asked import put, written
from tests.conftest import read, upload
from tests.test_qa_pictures import file
from tests.test_qa_warmth import LONG, document_tokens, earlier

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = "claude-haiku-4-5-20251001"  # does not think unless told to
ALWAYS = "claude-sonnet-5-5"  # cannot stop thinking
SOMETIMES = "claude-sonnet-5"  # thinks unless told not to
BIG = LONG + "".join(f"\n{n}. Clause {n} stays blank as well.\n" for n in range(400, 900))


@pytest.fixture(autouse=True)
def as_shipped(db):
    ClaudeModel.objects.update(refuses_prewarm=None)
    forget()
    yield
    forget()


@pytest.fixture
def sent(monkeypatch):
    """The tasks of reading beforehand that a worker would get."""
    tasks_sent = []

    def send(name, args, **options):
        if name == "qa.tasks.warm":
            tasks_sent.append((name, args))

    monkeypatch.setattr(warming.current_app, "send_task", send)
    return tasks_sent


@pytest.fixture
def contract(workspace, owner):
    made = upload(workspace, owner, BIG)
    read(made)
    return made


@pytest.fixture
def thread(workspace, owner, contract):
    made = Thread.objects.create(workspace=workspace, author=owner, title="Open")
    made.documents.add(contract)
    return made


def desk(thread, user, model=QUIET, effort=None):
    made = desks.of_thread(thread, user, model)
    assert made is not None
    return desks.Desk(thread, user, made.model, effort)


def carried(contract, model=QUIET):
    """The text is with the Files API, as a few seconds after it was read."""
    remote.ensure_uploaded(contract.current, connect())


def warm_rows():
    return ApiCall.objects.filter(purpose=ApiCall.Purpose.WARM)


# the work --------------------------------------------------------------------------------------


def test_the_first_question_reads_what_was_read_beforehand(emulator, thread, contract, owner):
    row = warming.warm(desk(thread, owner))
    assert row.purpose == ApiCall.Purpose.WARM
    assert (row.thread, row.user, row.workspace) == (thread, owner, thread.workspace)
    assert row.cache_write_5m_tokens >= document_tokens(contract)
    assert row.output_tokens == 0
    assert row.cost_usd > 0
    assert row.message_id
    assert warmth.of(row.prefix).seconds_left > 290
    call = written(put(contract, owner, thread=thread, model=QUIET)).calls.get(purpose="answer")
    assert call.prefix == row.prefix
    assert call.cache_read_tokens >= document_tokens(contract)
    assert call.cache_miss_reason == ""


def test_the_next_question_of_a_conversation_reads_its_history_too(
    emulator, thread, contract, owner
):
    first = written(put(contract, owner, thread=thread, model=QUIET))
    earlier(400)
    emulator.advance(400)
    row = warming.warm(desk(thread, owner))
    assert row.cache_read_tokens == 0
    again = written(
        put(contract, owner, "Who may end it?", thread=thread, follows=first, model=QUIET)
    )
    call = again.calls.get(purpose="answer")
    assert call.cache_read_tokens == row.cache_write_5m_tokens + row.cache_write_1h_tokens
    assert call.cache_write_5m_tokens + call.cache_write_1h_tokens < 100


def test_reading_beforehand_looks_for_what_the_same_model_left(emulator, thread, contract, owner):
    own = written(put(contract, owner, thread=thread, model=QUIET))
    written(put(contract, owner, "And when?", thread=thread, follows=own, model=ALWAYS))
    earlier(400)
    emulator.advance(400)
    warming.warm(desk(thread, owner))
    [row] = warm_rows()
    before = own.calls.get(purpose=ApiCall.Purpose.ANSWER).message_id
    assert row.parameters["diagnostics"]["previous_message_id"] == before


def test_what_is_warm_is_not_read_again(emulator, thread, owner):
    assert warming.warm(desk(thread, owner))
    assert warming.warm(desk(thread, owner)) is None
    assert warm_rows().count() == 1


def test_a_model_that_refuses_is_asked_once_and_remembered(emulator, thread, contract, owner):
    row = warming.warm(desk(thread, owner, ALWAYS))
    assert row.error_type == "invalid_request_error"
    assert row.cost_usd == 0
    assert row.warm_until is None
    assert ClaudeModel.objects.get(key=ALWAYS).refuses_prewarm is True
    assert warming.warm(desk(thread, owner, ALWAYS)) is None
    assert not warming.opened(desk(thread, owner, ALWAYS))
    assert warm_rows().count() == 1
    call = written(put(contract, owner, thread=thread, model=ALWAYS)).calls.get(purpose="answer")
    assert call.cache_write_5m_tokens >= document_tokens(contract)


def test_a_model_that_could_stop_thinking_is_not_blamed_for_the_question_that_thinks(
    emulator, thread, owner
):
    assert warming.warm(desk(thread, owner, SOMETIMES)) is None
    assert warm_rows().count() == 0
    assert ClaudeModel.objects.get(key=SOMETIMES).refuses_prewarm is None
    row = warming.warm(desk(thread, owner, SOMETIMES, "off"))
    assert row.error_type == ""
    assert row.warm_until


@pytest.mark.parametrize("kind", ["overloaded", "own_limit", "billing", "rate_limit"])
def test_what_the_account_refuses_is_no_trait_of_the_model(emulator, thread, owner, kind):
    emulator.faults({"kind": kind, "path": "messages"})
    row = warming.warm(desk(thread, owner))
    assert row.error_type
    assert ClaudeModel.objects.get(key=QUIET).refuses_prewarm is None


def test_what_is_too_short_to_be_cached_is_not_sent(emulator, thread, document, owner):
    thread.documents.set([document])
    assert warming.warm(desk(thread, owner)) is None
    assert warm_rows().count() == 0


def test_it_does_not_say_who_has_a_conversation_open(emulator, thread, owner):
    warming.warm(desk(thread, owner))
    body = emulator.requests(1)["requests"][0]["body"]
    assert body["max_tokens"] == 0
    assert owner.email not in str(body)


# when ------------------------------------------------------------------------------------------


def test_opening_sends_a_worker_once_for_all_who_open_the_same(
    emulator, sent, thread, contract, owner, mate
):
    carried(contract)
    assert warming.opened(desk(thread, owner))
    assert not warming.opened(desk(thread, owner))
    other = Thread.objects.create(workspace=thread.workspace, author=mate, title="Other")
    other.documents.add(contract)
    assert not warming.opened(desk(other, mate))
    assert sent == [("qa.tasks.warm", (thread.pk, owner.pk, QUIET, None))]


def test_other_documents_or_another_model_are_another_matter(
    emulator, sent, workspace, thread, contract, owner
):
    assert warming.opened(desk(thread, owner))
    assert warming.opened(desk(thread, owner, SOMETIMES, "off"))
    more = upload(workspace, owner, BIG + "More.", "more.txt")
    read(more)
    thread.documents.add(more)
    assert warming.opened(desk(thread, owner))
    assert len(sent) == 3


def test_the_task_does_what_was_sent(emulator, sent, thread, contract, owner):
    warming.opened(desk(thread, owner))
    tasks.warm(*sent[0][1])
    assert warm_rows().get().warm_until
    assert Warming.objects.get().ended_at
    # long after the pause: it is warm
    Warming.objects.update(begun_at=None, ended_at=None)
    assert not warming.opened(desk(thread, owner))
    earlier(301)
    assert warming.opened(desk(thread, owner))


def test_many_who_open_at_once_do_not_keep_the_sweep_from_its_worker(emulator, sent, thread, owner):
    warming.opened(desk(thread, owner))
    for _ in range(2):
        assert warming._at_once.acquire(blocking=False)
    try:
        tasks.warm(*sent[0][1])
        assert warm_rows().count() == 0
        assert Warming.objects.get().ended_at  # or the page would say that it is being read
    finally:
        warming._at_once.release(2)
    tasks.warm(*sent[0][1])
    assert warm_rows().count() == 1


def test_a_workspace_or_an_installation_may_switch_it_off(emulator, sent, settings, thread, owner):
    chosen = ClaudeSettings.objects.create(workspace=thread.workspace, prewarm=False)
    assert not warming.opened(desk(thread, owner))
    chosen.prewarm = True
    chosen.save()
    settings.PREWARM = False
    assert not warming.opened(desk(thread, owner))
    settings.PREWARM = True
    assert warming.opened(desk(thread, owner))


def test_opening_a_conversation_about_much_spends_nothing_that_nobody_asked_for(
    emulator, sent, settings, thread, contract, owner
):
    settings.PREWARM_USD = 0
    assert not warming.opened(desk(thread, owner))
    assert warming.warm(desk(thread, owner)) is None
    assert Warming.objects.count() == 0
    assert warm_rows().count() == 0
    tokens = document_tokens(contract)
    cost = catalogue.cost(
        engine.Usage(cache_creation_input_tokens=tokens), desk(thread, owner).model
    )
    settings.PREWARM_USD = cost - Decimal("1e-9")
    assert not warming.opened(desk(thread, owner))
    settings.PREWARM_USD = cost
    assert warming.opened(desk(thread, owner))


def test_what_proves_too_dear_when_it_is_counted_is_not_read(
    emulator, sent, settings, thread, contract, owner
):
    guess = contract.current.chars // askable.CHARS_PER_TOKEN
    settings.PREWARM_USD = catalogue.cost(
        engine.Usage(cache_creation_input_tokens=guess), desk(thread, owner).model
    )
    assert warming.opened(desk(thread, owner))
    tasks.warm(*sent[0][1])
    assert warm_rows().count() == 0
    # the next who opens it knows
    Warming.objects.update(begun_at=None, ended_at=None)
    assert not warming.opened(desk(thread, owner))


def test_nothing_is_read_while_a_question_is_being_answered(
    emulator, sent, thread, contract, owner
):
    put(contract, owner, thread=thread, model=QUIET)
    assert not warming.opened(desk(thread, owner))


def test_nothing_is_read_for_documents_that_cannot_be_asked_about(
    emulator, sent, workspace, owner, thread
):
    thread.documents.add(upload(workspace, owner, "Unread.", "unread.txt"))
    assert not warming.opened(desk(thread, owner))
    assert warming.warm(desk(thread, owner)) is None


def test_nothing_is_read_where_the_next_question_is_searched(
    emulator, sent, thread, owner, monkeypatch
):
    thread.scope = Scope.objects.whole(thread.workspace)
    thread.save()
    monkeypatch.setattr(modes, "WHOLE", 0)
    assert not warming.opened(desk(thread, owner))
    assert warming.warm(desk(thread, owner)) is None
    assert warm_rows().count() == 0


def test_what_is_read_whole_of_a_workspace_is_read_beforehand_and_said_to_be_warm(
    emulator, sent, as_owner, thread, contract, owner
):
    carried(contract)
    thread.documents.clear()
    thread.scope = Scope.objects.whole(thread.workspace)
    thread.save()
    assert warming.opened(desk(thread, owner))
    tasks.warm(*sent[0][1])
    row = warm_rows().get()
    assert row.cache_write_5m_tokens >= document_tokens(contract)
    where = f"/w/{thread.workspace.slug}/threads/{thread.public_id}/warm/"
    assert "warm until" in as_owner.post(where, {"model": QUIET}).content.decode()
    answer, _new = asking.ask(
        question="Who may end it?",
        documents=[],
        scope=thread.scope,
        model=QUIET,
        workspace=thread.workspace,
        by=owner,
        thread=thread,
    )
    call = written(answer).calls.get(purpose="answer")
    assert (call.prefix, answer.mode) == (row.prefix, "full")
    assert call.cache_read_tokens >= document_tokens(contract)


def test_what_is_switched_off_after_a_worker_was_sent_is_not_paid_for(
    emulator, sent, workspace, mate, thread, contract, settings
):
    carried(contract)
    thread.author = mate
    thread.save()
    assert warming.opened(desk(thread, mate))
    task = sent[0][1]
    settings.PREWARM = False
    tasks.warm(*task)
    settings.PREWARM = True
    chosen = ClaudeSettings.objects.create(workspace=workspace, prewarm=False)
    tasks.warm(*task)
    chosen.delete()
    Member.objects.filter(user=mate).delete()
    tasks.warm(*task)
    assert warm_rows().count() == 0


def test_nobody_reads_beforehand_with_a_model_they_may_not_ask_with(
    emulator, sent, as_mate, owner, mate, thread, contract
):
    carried(contract)
    written(put(contract, owner, thread=thread, model=QUIET))
    ClaudeModel.objects.filter(key=QUIET).update(minimum_role=Role.ADMIN)
    forget()
    assert desks.of_thread(thread, mate) is None
    assert as_mate.get(f"/w/{thread.workspace.slug}/threads/{thread.public_id}/").status_code == 200
    begin(as_mate, contract)
    assert sent == []


def test_a_place_that_a_model_does_not_know_is_not_held_against_it(
    emulator, sent, workspace, thread, contract, owner
):
    carried(contract)
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    assert not warming.opened(desk(thread, owner))
    assert warming.warm(desk(thread, owner)) is None
    assert ClaudeModel.objects.get(key=QUIET).refuses_prewarm is None
    assert warm_rows().count() == 0


def test_a_conversation_with_a_picture_has_a_prefix_of_its_own(
    emulator, workspace, thread, contract, owner
):
    picture = pictures.take(file(), workspace, owner)
    plain = written(put(contract, owner, model=QUIET)).calls.get(purpose="answer")
    asked = written(put(contract, owner, thread=thread, model=QUIET, pictures=[picture]))
    call = asked.calls.get(purpose="answer")
    assert call.prefix != plain.prefix
    assert call.cache_read_tokens < document_tokens(contract)
    assert desk(thread, owner).prefix(connect()) == call.prefix


# before there is a conversation -----------------------------------------------------------------


def begin(client, document, question="Who may end it?", **more):
    fields = {"documents": [document.public_id], "question": question, "model": QUIET, **more}
    response = client.post(f"/w/{document.workspace.slug}/ask/warm/", fields)
    assert response.status_code == 204


def test_while_a_first_question_is_written_its_documents_are_read(
    emulator, sent, as_owner, contract, owner
):
    carried(contract)
    for question in ("", "Who"):
        begin(as_owner, contract, question)
    assert sent == [], "documents may be chosen only to be looked at"
    begin(as_owner, contract)
    begin(as_owner, contract, "Who may end it? And how?")
    assert sent == [("qa.tasks.warm", (None, owner.pk, QUIET, None, [contract.pk]))]
    tasks.warm(*sent[0][1])
    row = warm_rows().get()
    assert (row.thread, row.workspace, row.user) == (None, contract.workspace, owner)
    assert row.cost_usd > 0
    Warming.objects.all().delete()
    begin(as_owner, contract)
    assert len(sent) == 1, "they are warm"
    call = written(put(contract, owner, model=QUIET)).calls.get(purpose="answer")
    assert call.cache_read_tokens >= document_tokens(contract)


def test_a_first_question_about_a_whole_workspace_is_prepared_too(
    emulator, sent, as_owner, contract, owner
):
    carried(contract)
    begin(as_owner, contract, scope="workspace", search="on")
    assert sent == [], "it is to be searched"
    begin(as_owner, contract, scope="workspace")
    assert sent[0][1][4] == []
    tasks.warm(*sent[0][1])
    assert warm_rows().get().cache_write_5m_tokens >= document_tokens(contract)


def test_nothing_is_read_for_a_first_question_where_it_is_not_wanted_or_not_taken(
    emulator, sent, as_owner, as_stranger, contract, settings
):
    carried(contract)
    begin(as_owner, contract, scope="all")
    ClaudeModel.objects.filter(key=ALWAYS).update(refuses_prewarm=True)
    forget()
    begin(as_owner, contract, model=ALWAYS)
    begin(as_owner, contract, model="gpt-9")
    settings.PREWARM = False
    begin(as_owner, contract)
    settings.PREWARM = True
    address = f"/w/{contract.workspace.slug}/ask/warm/"
    assert as_stranger.post(address, {"documents": [contract.public_id]}).status_code == 404
    assert sent == []
    begin(as_owner, contract)
    assert len(sent) == 1


# while it is read ------------------------------------------------------------------------------


def almost_cold(seconds=270):
    earlier(seconds)
    Warming.objects.update(begun_at=None, ended_at=None)


def test_a_reader_keeps_documents_warm_shortly_before_they_run_out(emulator, sent, thread, owner):
    first = warming.warm(desk(thread, owner))
    assert not warming.being_read(desk(thread, owner))
    almost_cold()
    emulator.advance(270)
    assert warming.being_read(desk(thread, owner))
    again = warming.warm(desk(thread, owner))
    assert again.cache_read_tokens == first.cache_write_5m_tokens
    assert again.cost_usd < first.cost_usd / 5
    assert warmth.of(first.prefix).seconds_left > 290


def test_what_is_too_dear_to_write_beforehand_is_still_kept_where_reading_it_is_cheap(
    emulator, sent, settings, thread, contract, owner
):
    first = written(put(contract, owner, thread=thread, model=QUIET)).calls.get(purpose="answer")
    settings.PREWARM_USD = first.cost_usd / 2
    almost_cold()
    emulator.advance(270)
    assert warming.being_read(desk(thread, owner))
    again = warming.warm(desk(thread, owner))
    assert again.cache_read_tokens >= document_tokens(contract)
    earlier(400)
    emulator.advance(400)
    assert warming.warm(desk(thread, owner)) is None


def test_what_ran_out_is_not_written_again_for_a_page_that_is_only_open(
    emulator, sent, thread, owner
):
    warming.warm(desk(thread, owner))
    almost_cold(400)
    assert not warming.being_read(desk(thread, owner))


def test_a_forgotten_page_stops_keeping_documents_warm_until_something_is_asked(
    emulator, sent, thread, contract, owner
):
    warming.warm(desk(thread, owner))
    rounds = 0
    almost_cold()
    emulator.advance(270)
    while warming.being_read(desk(thread, owner)):
        rounds += 1
        assert rounds < 20
        warming.warm(desk(thread, owner))
        almost_cold()
        emulator.advance(270)
    assert rounds == 5  # the first reading counts too
    answer = written(put(contract, owner, thread=thread, model=QUIET))
    assert answer.status == Answer.Status.DONE
    almost_cold()
    assert warming.being_read(desk(thread, owner))


def test_a_claim_is_over_when_its_worker_died(db):
    assert Warming.claim("k")
    assert not Warming.claim("k")
    assert Warming.running("k")
    Warming.objects.update(begun_at=Warming.objects.get().begun_at - timedelta(minutes=1))
    assert not Warming.running("k")
    assert Warming.claim("k")
    Warming.end("k")
    assert not Warming.running("k")
    assert Warming.tidy(Warming.objects.get().begun_at + timedelta(seconds=1)) == 1


def test_nothing_is_read_beforehand_with_money_that_is_not_there(
    emulator, thread, owner, contract, workspace
):
    carried(contract)
    Budget.objects.create(workspace=workspace, scope="workspace", period="day", limit_usd=0)
    assert warming.warm(desk(thread, owner)) is None
    assert not warm_rows()
    Budget.objects.update(limit_usd=5)
    assert warming.warm(desk(thread, owner))
