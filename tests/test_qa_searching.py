"""Questions that are answered by searching: found, cited exactly, limited, and kept to what the
author may see."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.models import Member
from documents import tags, visual
from documents.models import Document, Folder, Text
from qa import askable, asking, budgets, claude, gate, shelf, streams
from qa.answering import AGAIN, PAID_TRIES
from qa.engine import Called
from qa.models import Answer, ApiCall, Budget, Reservation, Scope, Thread, TokenCount
from qa.render import Draft
from qa.searching import bounds
from qa.shelf import Shelf
from qa.steps import sentence
from tests.asked import GOVERNING, in_thread, put, wait_for, written
from tests.conftest import read, upload
from tests.test_qa_unread import unread

NDA = """MUTUAL NON-DISCLOSURE AGREEMENT

1. Parties. This Agreement is made between Cedar Inc and Dogwood SA.

2. Term. Confidentiality lasts for five years after disclosure.

3. Governing law. This Agreement is governed by the laws of Malta.
"""


@pytest.fixture
def nda(workspace, owner):
    made = upload(workspace, owner, NDA, "nda.txt")
    read(made)
    return made


@pytest.fixture
def library(document, nda):
    """Two contracts, in a workspace that is asked about as a whole."""
    return Scope.objects.whole(document.workspace)


def ask(scope, by, question=GOVERNING, **fields):
    if "thread" not in fields:
        fields["thread"] = Thread.objects.create(
            workspace=scope.workspace, author=by, title=question, scope=scope
        )
    answer, _created = asking.ask(
        question=question,
        documents=[],
        model=fields.pop("model", "claude-sonnet-5-5"),
        workspace=scope.workspace,
        by=by,
        scope=scope,
        search=fields.pop("search", True),
        **fields,
    )
    return answer


def bodies(emulator, answer):
    """What was sent for the answer, oldest first."""
    count = answer.calls.filter(purpose="answer").count()
    return [entry["body"] for entry in emulator.requests(count)["requests"]]


def exact(answer):
    for citation in answer.citations.all():
        text = Text.objects.get(version=citation.version).content
        assert citation.state == "exact"
        assert citation.kind == "text"
        assert text[citation.start : citation.end] == citation.cited_text
        assert citation.page_start
    return list(answer.citations.all())


def test_a_whole_workspace_is_searched_and_cited_exactly(emulator, library, owner, nda, document):
    answer = written(ask(library, owner))
    assert (answer.status, answer.mode) == ("done", "search")
    citations = exact(answer)
    quotes = " ".join(citation.cited_text for citation in citations)
    assert "laws of Ireland" in quotes
    assert "laws of Malta" in quotes
    assert {c.version for c in citations} == {nda.current, document.current}
    assert set(answer.sources.all()) == {nda.current, document.current}


def test_each_request_is_a_row_of_the_ledger_with_the_map_of_what_was_found(
    emulator, library, owner
):
    answer = written(ask(library, owner))
    first, second = answer.calls.filter(purpose="answer").order_by("pk")
    assert (first.stop_reason, second.stop_reason) == ("tool_use", "end_turn")
    assert first.found_map == []
    for version, start, end in second.found_map:
        content = Text.objects.get(version__public_id=version).content
        assert content[start:end].strip()
    assert first.parameters["tools"] == second.parameters["tools"]
    assert first.request_id != second.request_id
    assert not ApiCall.objects.filter(purpose__in=["upload", "count"]).exists()
    assert answer.total_ms >= first.total_ms + second.total_ms
    assert answer.first_text_ms >= first.total_ms
    assert answer.ledger.cost_usd == first.cost_usd + second.cost_usd


def test_its_steps_are_kept_with_the_answer(emulator, library, owner):
    answer = written(ask(library, owner))
    kinds = [step["kind"] for step in answer.steps]
    assert sorted(kinds) == ["list", "search"]
    (search,) = [step for step in answer.steps if step["kind"] == "search"]
    assert search["documents"] == 2
    assert search["passages"] >= 2
    assert all(isinstance(query, str) for query in search["queries"])


def test_calls_of_one_turn_are_all_answered_in_their_order(emulator, library, owner):
    answer = written(ask(library, owner))
    _first, second = bodies(emulator, answer)
    assistant, user = second["messages"][-2:]
    asked = [block["id"] for block in assistant["content"] if block["type"] == "tool_use"]
    given = [b["tool_use_id"] for b in user["content"] if b["type"] == "tool_result"]
    assert len(asked) == 2
    assert asked == given
    assert assistant["content"][0]["type"] == "thinking"
    results = json.dumps(user["content"])
    assert "pincite:" in results
    assert str(library.workspace.public_id) not in results


@pytest.mark.django_db(transaction=True)
def test_calls_of_one_turn_run_beside_each_other(library, owner, monkeypatch):
    together = threading.Barrier(2, timeout=5)
    searched = shelf.search.search

    def at_once(*args, **options):
        together.wait()
        return searched(*args, **options)

    monkeypatch.setattr(shelf.search, "search", at_once)
    calls = [
        Called(f"toolu_{n}", "search_documents", {"queries": [word], "documents": []})
        for n, word in enumerate(("termination notice", "governing law"))
    ]
    results, steps, _note = Shelf.of(ask(library, owner)).run(calls)
    assert [result.call for result in results] == ["toolu_0", "toolu_1"]
    assert "sixty days" in results[0].passages[0].text
    assert "laws of" in results[1].passages[0].text
    assert [step["kind"] for step in steps] == ["search", "search"]


def test_a_list_says_what_there_is_page_by_page(library, owner, document, monkeypatch):
    tags.put(Document.objects.filter(pk=document.pk), "services", document.workspace, owner)
    at = Shelf.of(ask(library, owner))
    text = run(at, "list_documents", title_contains="", page=1).text
    head, first, second = text.splitlines()
    assert head == "2 documents, page 1 of 1:"
    assert json.loads(first)["title"] == "contract.txt"
    assert json.loads(first)["tags"] == ["services"]
    assert json.loads(second) == {"id": "d2", "title": "nda.txt", "kind": "Text", "pages": 1}
    assert "nda.txt" in run(at, "list_documents", title_contains="NDA", page=1).text
    assert run(at, "list_documents", title_contains="zzz", page=7).text == (
        "There is no such document."
    )


def run(at, name, **given):
    (result,), _steps, _note = at.run([Called("toolu_1", name, given)])
    return result


def test_pages_and_characters_are_read_as_they_stand(library, owner, document):
    at = Shelf.of(ask(library, owner))
    found = run(at, "search_documents", queries=["fees invoice"], documents=[])
    handle = at.handle(document.pk)
    assert found.passages[0].handle == handle
    content = Text.objects.get(version=document.current).content
    page = run(at, "read_passages", document=handle, unit="pages", first=2, last=9)
    (passage,) = page.passages
    assert passage.text.startswith("SCHEDULE")
    assert passage.place.startswith("p. 2")
    at_fees = content.index("Fees.")
    part = run(
        at, "read_passages", document=handle, unit="characters", first=at_fees, last=at_fees + 12
    )
    start, end = part.passages[0].found.spans[0][0], part.passages[0].found.spans[-1][1]
    assert content[start:end] == part.passages[0].text == "Fees. Alder"
    beyond = run(at, "read_passages", document=handle, unit="pages", first=7, last=9)
    assert beyond.is_error
    assert "2 pages" in beyond.text


# whose documents ----------------------------------------------------------------------------------


def test_a_strangers_document_cannot_be_searched_listed_or_read(
    library, owner, stranger, elsewhere, document
):
    theirs = upload(elsewhere, stranger, "The secret fee is 99 euros. Governed by Oz law.")
    read(theirs)
    at = Shelf.of(ask(library, owner))
    at.handles["d9"] = theirs.pk
    assert "secret" not in run(at, "list_documents", title_contains="", page=1).text
    hits = run(at, "search_documents", queries=["secret fee"], documents=[]).passages
    assert not any("secret" in passage.text for passage in hits)
    for call in (
        {"name": "read_passages", "document": "d9", "unit": "pages", "first": 1, "last": 1},
        {"name": "search_documents", "queries": ["secret fee"], "documents": ["d9"]},
        {"name": "read_passages", "document": str(theirs.public_id), "unit": "pages"},
        {"name": "read_passages", "document": str(theirs.pk), "unit": "pages"},
        {"name": "search_documents", "queries": ["fee"], "documents": ["d1", "../d9"]},
    ):
        result = run(at, call.pop("name"), **call)
        assert result.is_error
        assert not result.passages


def test_handles_of_one_answer_mean_nothing_in_another(library, owner, document):
    first, second = Shelf.of(ask(library, owner)), Shelf.of(ask(library, owner))
    handle = first.handle(document.pk)
    assert run(first, "read_passages", document=handle, unit="pages", first=1, last=1).passages
    assert run(second, "read_passages", document=handle, unit="pages", first=1, last=1).is_error


def test_who_has_left_the_workspace_finds_nothing_more_for_a_question_on_its_way(
    emulator, library, mate, document
):
    answer = ask(library, mate)
    at = Shelf.of(answer)
    handle = at.handle(document.pk)
    Member.objects.filter(user=mate).delete()
    assert run(at, "read_passages", document=handle, unit="pages", first=1, last=1).is_error
    assert not run(at, "search_documents", queries=["governing law"], documents=[]).passages
    failed = written(answer)
    assert failed.status == "failed"
    assert "nothing left to search" in failed.error


def test_a_folder_is_searched_with_what_lies_below_it_and_nothing_else(
    emulator, workspace, owner, document, nda
):
    deals = Folder.objects.create(workspace=workspace, name="Deals", created_by=owner)
    inner = Folder.objects.create(workspace=workspace, name="2025", parent=deals, created_by=owner)
    Document.objects.filter(pk=nda.pk).update(folder=inner)
    answer = written(ask(Scope.objects.folder(deals), owner))
    assert {c.version for c in exact(answer)} == {nda.current}
    (search,) = [step for step in answer.steps if step["kind"] == "search"]
    assert search["documents"] == 1


def test_a_tag_is_searched_alone(emulator, workspace, owner, document, nda):
    tags.put(Document.objects.filter(pk=document.pk), "signed", workspace, owner)
    scope = Scope.objects.tag(document.tags.get())
    answer = written(ask(scope, owner))
    assert {c.version for c in exact(answer)} == {document.current}
    document.tags.get().delete()
    scope.refresh_from_db()
    assert scope.gone
    assert str(scope) == "Tag signed"
    with pytest.raises(askable.NotAskable, match="Tag signed was deleted"):
        ask(scope, owner)


def test_an_empty_scope_is_not_asked(workspace, owner):
    with pytest.raises(askable.NotAskable, match="no document to search"):
        ask(Scope.objects.whole(workspace), owner)


# when ---------------------------------------------------------------------------------------------


@pytest.fixture
def long(workspace, owner):
    """More than the smallest window has room for, by the counts and by the first guess."""
    clauses = "\n\n".join(
        f"{n}. Clause {n} says that party {n} shall pay {n * 100} euros on day {n} of each month."
        for n in range(12_000)
    )
    made = upload(workspace, owner, f"{clauses}\n\nThis Agreement is governed by the laws of Fiji.")
    read(made)
    return made


def test_documents_that_do_not_fit_are_searched_and_follow_ups_go_on_so(emulator, long, owner):
    answer = written(put(long, owner, model="claude-haiku-4-5"))
    assert (answer.status, answer.mode) == ("done", "search"), answer.error
    assert any("laws of Fiji" in c.cited_text for c in exact(answer))
    assert answer.scope is None
    assert answer.way == "searched: too long to be read whole"
    follow = written(
        put(
            long,
            owner,
            "How much shall party 117 pay?",
            model="claude-haiku-4-5",
            thread=answer.thread,
            follows=answer,
        )
    )
    assert follow.mode == "search"
    assert any("11700 euros" in c.cited_text for c in exact(follow))
    other = put(long, owner, thread=answer.thread, follows=answer)
    assert other.mode == "full", "another model reads it whole"


def test_a_scope_that_fits_is_read_whole(emulator, library, owner, nda, document, as_owner):
    answer = written(ask(library, owner, search=False))
    assert (answer.status, answer.mode, answer.way) == ("done", "full", "read whole")
    assert {c.version for c in exact(answer)} == {nda.current, document.current}
    assert set(answer.sources.all()) == {nda.current, document.current}
    [call] = answer.calls.filter(purpose="answer")
    assert "tools" not in call.parameters
    address = f"/w/{library.workspace.slug}/threads/{answer.thread.public_id}/"
    page = as_owner.get(address).content.decode()
    assert "<span>All documents, read whole</span>" in page
    follow = {"question": "Which fees?", "model": "claude-sonnet-5-5", "search": "on"}
    follow["submission"] = "6b1f6b0e-0000-4000-8000-000000000001"
    assert as_owner.post(f"{address}ask/", follow).status_code == 302
    searched = written(Answer.objects.latest("pk"))
    assert (searched.mode, searched.way) == ("search", "searched, as it was asked to")
    page = as_owner.get(address).content.decode()
    assert "<span>All documents, searched, as it was asked to</span>" in page
    assert 'name="search" checked' in page, "the next question is put as this one was"


def test_a_scope_of_many_documents_or_of_long_ones_is_searched(
    emulator, library, owner, document, monkeypatch
):
    monkeypatch.setattr("qa.modes.WHOLE", 1)
    many = ask(library, owner, search=False)
    assert many.way == "searched: too many documents to be read whole"
    assert not many.sources.exists()
    monkeypatch.undo()
    monkeypatch.setattr("qa.preparing.fit", lambda tokens, model: False)
    long = written(ask(library, owner, "What are the fees?", search=False))
    assert (long.mode, long.mode_reason) == ("search", "size")
    assert list(long.sources.all()) == [document.current], "that something was found in"


def test_what_the_budget_does_not_allow_to_read_whole_is_searched(emulator, long, owner, workspace):
    found = Budget.objects.create(workspace=workspace, period="day", limit_usd="0.60")
    answer = put(long, owner)
    assert (answer.mode, answer.mode_reason) == ("search", "budget")
    assert "the budget does not allow" in answer.way
    done = written(answer)
    assert done.status == "done", done.error
    assert any("laws of Fiji" in c.cited_text for c in exact(done))
    Budget.objects.filter(pk=found.pk).update(limit_usd="50")
    follow = put(long, owner, "And the fees?", thread=done.thread, follows=done)
    assert follow.mode == "full", "now it may"
    Budget.objects.filter(pk=found.pk).update(limit_usd="0.10")
    with pytest.raises(askable.NotAskable, match="This question may cost up to"):
        put(long, owner, "Which law?")


def test_money_that_others_have_set_aside_does_not_make_it_a_search(
    emulator, document, owner, mate, workspace
):
    TokenCount.objects.create(version=document.current, model="claude-sonnet-5-5", tokens=500_000)
    Budget.objects.create(workspace=workspace, period="day", limit_usd="2.00")
    theirs = budgets.reserve(workspace, mate, claude.connect(workspace), Decimal("0.80"))
    waiting = written(put(document, owner))
    assert (waiting.status, waiting.mode) == ("queued", "full")
    assert waiting.notice.startswith("Waiting for other questions to end")
    budgets.release(theirs)
    Answer.objects.filter(pk=waiting.pk).update(next_try_at=None)
    done = written(waiting)
    assert (done.status, done.mode) == ("done", "full"), done.error


def test_a_budget_that_shrinks_while_the_question_waits_has_it_searched(
    emulator, document, owner, workspace, monkeypatch
):
    answer = put(document, owner)
    Budget.objects.create(workspace=workspace, period="day", limit_usd="1")
    worst = gate.worst_case

    def dearer(request, model):
        whole = worst(request, model)
        return replace(whole, usd=whole.usd + 1) if request.document_map else whole

    monkeypatch.setattr(gate, "worst_case", dearer)
    done = written(answer)
    assert (done.status, done.mode, done.mode_reason) == ("done", "search", "budget"), done.error
    assert exact(done)


def test_what_turns_out_too_long_when_it_is_counted_is_searched(
    emulator, document, owner, monkeypatch
):
    answer = put(document, owner)
    assert answer.mode == "full"
    monkeypatch.setattr("qa.preparing.fit", lambda tokens, model: False)
    done = written(answer)
    assert (done.status, done.mode) == ("done", "search")
    assert exact(done)
    again = put(document, owner, "And the fees?", thread=done.thread, follows=done)
    assert again.mode == "search"
    assert set(again.sources.all()) == {document.current}


def test_earlier_answers_are_replayed_without_citations_that_point_nowhere(
    emulator, library, owner
):
    first = written(ask(library, owner))
    assert first.citations.exists()
    second = written(
        ask(
            library,
            owner,
            "And whose laws govern the Non-Disclosure Agreement?",
            thread=first.thread,
            follows=first,
        )
    )
    sent = bodies(emulator, second)[0]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    said = "".join(block["text"] for block in sent[1]["content"])
    assert "laws of Ireland" in said
    assert "search_result_location" not in json.dumps(sent)
    assert "tool_use" not in json.dumps(sent)
    assert any("laws of Malta" in c.cited_text for c in exact(second))


def test_trying_again_and_asking_anew_keep_the_scope(emulator, library, owner, nda):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(ask(library, owner))
    assert failed.status == "failed"
    again = asking.ask_again(failed, owner)
    assert (again.scope, again.mode) == (library, "search")
    done = written(again)
    assert exact(done)
    anew = asking.ask_anew(done, owner)
    assert (anew.scope, anew.follows) == (library, done)


# limits, stop, failure ----------------------------------------------------------------------------


def test_at_a_limit_it_answers_from_what_it_has(emulator, library, owner, settings):
    settings.SEARCH_REQUESTS = 3
    emulator.faults({"kind": "more_tools", "times": 5})
    answer = written(ask(library, owner))
    emulator.forget_faults()
    assert answer.status == "done"
    assert exact(answer)
    sent = bodies(emulator, answer)
    assert len(sent) == 3
    assert "tool_choice" not in sent[1]
    assert sent[2]["tool_choice"] == {"type": "none"}
    assert "No more tool calls" in sent[2]["messages"][-1]["content"][-1]["text"]


@pytest.mark.parametrize(
    ("name", "value"), [("SEARCH_TOKENS", 5_000), ("SEARCH_USD", 0)], ids=["tokens", "money"]
)
def test_tokens_and_money_are_limits_too(emulator, library, owner, settings, name, value):
    setattr(settings, name, value)
    emulator.faults({"kind": "more_tools", "times": 5})
    answer = written(ask(library, owner))
    emulator.forget_faults()
    assert answer.status == "done"
    assert answer.calls.filter(purpose="answer").count() == 2


def test_what_nobody_offered_is_no_limit_for_reading_everything(document, owner):
    answer = put(document, owner)
    assert bounds(answer).usd == float("inf")


@pytest.mark.django_db(transaction=True)
def test_stop_ends_it_between_two_requests_too(emulator, library, owner):
    emulator.faults({"kind": "more_tools", "times": 50}, {"kind": "delay", "ms": 20_000})
    emulator.forget_faults()
    emulator.faults({"kind": "delay", "ms": 1}, {"kind": "silence", "after": 0, "ms": 20_000})
    answer = ask(library, owner)
    worker = threading.Thread(target=in_thread, args=(answer.pk,))
    worker.start()
    wait_for(lambda: ApiCall.objects.filter(answer=answer).count() == 1)
    began = time.monotonic()
    Answer.objects.get(pk=answer.pk).request_stop()
    worker.join(5)
    assert not worker.is_alive()
    assert time.monotonic() - began < 3
    stopped = Answer.objects.get(pk=answer.pk)
    assert stopped.status == "stopped"
    assert stopped.steps, "what it did until then is kept"
    assert stopped.calls.filter(purpose="answer").count() == 2


def test_nothing_found_says_what_was_searched(emulator, library, owner):
    answer = written(ask(library, owner, "Which zebra quagga okapi is warranted?"))
    assert answer.status == "done"
    assert not answer.citations.exists()
    searches = [step for step in answer.steps if step["kind"] == "search"]
    assert len(searches) == 2, "it tries other words first"
    assert all(step["passages"] == 0 for step in searches)
    for query in searches[0]["queries"]:
        assert query in answer.text


@pytest.mark.parametrize("fault", ["quote_invented", "offsets_out_of_range"])
def test_what_no_tool_returned_is_shown_as_unverified(emulator, library, owner, fault):
    emulator.faults({"kind": "delay", "ms": 1}, {"kind": fault})
    answer = written(ask(library, owner))
    assert answer.status == "done"
    assert {c.state for c in answer.citations.all()} == {"unverified"}
    assert {c.start for c in answer.citations.all()} == {None}


def test_hidden_and_unread_places_are_told_with_the_results(library, owner, nda, monkeypatch):
    monkeypatch.setattr(shelf, "description", lambda version: "Page 7 could not be read.")
    at = Shelf.of(ask(library, owner))
    call = Called("t", "search_documents", {"queries": ["confidentiality years"], "documents": []})
    _results, _steps, note = at.run([call])
    assert f"{at.handle(nda.pk)}: Page 7 could not be read." in note
    assert at.run([call])[2] == "", "said once"


# when something goes wrong after requests that were paid for --------------------------------------


@pytest.fixture
def hurried(monkeypatch):
    """Waiting takes no time."""
    waits = []
    monkeypatch.setattr("qa.gate.time.sleep", lambda seconds: waits.append(seconds))
    monkeypatch.setattr("qa.answering.backoff", lambda tries, after: 0.001)
    return waits


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "overloaded", "retry_after": 0},
        {"kind": "reset"},
        {"kind": "mid_stream_error"},
        {"kind": "truncate"},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_temporary_failure_in_a_later_request_repeats_that_request_alone(
    emulator, library, owner, hurried, fault
):
    emulator.faults({"kind": "delay", "ms": 1}, fault, fault)
    done = written(ask(library, owner))
    assert (done.status, done.attempts) == ("done", 1)
    assert len(exact(done)) == len({(c.version_id, c.start, c.end) for c in exact(done)})
    assert [step["kind"] for step in done.steps].count("search") == 1
    first, *failed, last = done.calls.filter(purpose="answer").order_by("pk")
    assert (first.stop_reason, last.stop_reason) == ("tool_use", "end_turn")
    assert len(failed) == 2
    assert all(call.error_type for call in failed)
    assert done.ledger.cost_usd == sum(call.cost_usd for call in (first, *failed, last))
    cited = {number for block in done.blocks for number in block["citations"]}
    assert cited == {citation.number for citation in exact(done)}
    assert done.text.count("laws of Ireland") == 1


def test_what_a_broken_response_said_is_taken_off_the_page_and_the_steps_stay(
    emulator, library, owner, hurried
):
    emulator.faults({"kind": "delay", "ms": 1}, {"kind": "mid_stream_error", "after": 6})
    answer = ask(library, owner)
    done = written(answer)
    draft = Draft("answer")
    for event in published(answer):
        draft.apply(event)
    assert "answer broke off" in draft.notice
    assert draft.steps == done.steps
    assert "".join(block["text"] for block in draft.blocks) == done.text
    assert sorted(draft.notes) == [citation.number for citation in exact(done)]


def published(answer):
    """All events of the answer's stream log."""

    async def collect():
        return [event async for batch in streams.events(answer.public_id) for event in batch]

    return asyncio.run(collect())


def test_a_failure_that_lasts_gives_the_answer_back_after_a_few_times(
    emulator, library, owner, hurried
):
    fault = {"kind": "overloaded", "retry_after": 0, "times": AGAIN}
    emulator.faults({"kind": "delay", "ms": 1}, fault)
    waiting = written(ask(library, owner))
    assert waiting.status == "queued"
    assert waiting.calls.filter(error_type="overloaded_error").count() == AGAIN
    Answer.objects.update(next_try_at=None)
    assert written(waiting).status == "done"


def test_it_answers_from_what_it_has_when_there_is_money_for_one_request_more(
    emulator, library, owner, workspace
):
    emulator.faults({"kind": "more_tools", "times": 5})
    Budget.objects.create(workspace=workspace, period="day", limit_usd="0.70")
    answer = written(ask(library, owner))
    emulator.forget_faults()
    assert answer.status == "done", answer.error
    assert exact(answer)
    sent = bodies(emulator, answer)
    assert len(sent) == 2
    assert sent[-1]["tool_choice"] == {"type": "none"}


def test_money_that_others_have_set_aside_does_not_shorten_a_search(
    emulator, library, owner, mate, workspace
):
    emulator.faults({"kind": "more_tools", "times": 2})
    Budget.objects.create(workspace=workspace, period="day", limit_usd="5")
    budgets.reserve(workspace, mate, claude.connect(workspace), Decimal("4.30"))
    answer = written(ask(library, owner))
    emulator.forget_faults()
    assert answer.status == "done", answer.error
    assert len(bodies(emulator, answer)) > 2
    assert not any("tool_choice" in body for body in bodies(emulator, answer))


def test_money_that_ends_between_two_requests_ends_it_with_a_sentence(
    emulator, library, owner, workspace, monkeypatch
):
    found = Budget.objects.create(workspace=workspace, period="day", limit_usd="5")
    run_calls = Shelf.run

    def lowered(self, calls):
        Budget.objects.filter(pk=found.pk).update(limit_usd="0.01")
        return run_calls(self, calls)

    monkeypatch.setattr(Shelf, "run", lowered)
    failed = written(ask(library, owner))
    assert (failed.status, failed.error_code) == ("failed", "budget")
    assert "of this workspace's budget for today of $0.01" in failed.error
    assert sorted(step["kind"] for step in failed.steps) == ["list", "search"]
    [call] = failed.calls.filter(purpose="answer")
    assert failed.ledger.cost_usd == call.cost_usd > 0
    assert not Reservation.objects.exists()
    assert not written(failed).working, "it is not begun again"


def test_a_wait_between_two_requests_that_lasts_does_not_pay_without_end(
    emulator, library, owner, mate, workspace, hurried, monkeypatch
):
    monkeypatch.setattr("qa.gate.PATIENCE", 0.0)
    Budget.objects.create(workspace=workspace, period="day", limit_usd="2")
    theirs = ask(library, mate)
    assert theirs.claim("busy")
    connection = claude.connect(workspace)
    answer = ask(library, owner)
    run_calls = Shelf.run

    def taken(self, calls):
        """Somebody else's question sets money aside while ours looks something up."""
        budgets.reserve(workspace, mate, connection, Decimal("1.9"), theirs)
        return run_calls(self, calls)

    monkeypatch.setattr(Shelf, "run", taken)
    for turn in range(1, PAID_TRIES + 1):
        assert answer.working, turn
        Answer.objects.filter(pk=answer.pk).update(next_try_at=None)
        Reservation.objects.filter(answer=theirs).delete()
        answer = written(answer)
    assert (answer.status, answer.error_code) == ("failed", "postponed")
    assert "no room to finish" in answer.error
    assert "Waiting for other questions to end" in answer.error
    assert answer.calls.filter(purpose="answer").count() == PAID_TRIES
    assert not Reservation.objects.filter(answer=answer).exists()


# pages that are not there as text -----------------------------------------------------------------


def test_a_page_without_text_is_said_to_be_unknown_and_not_empty(workspace, owner, as_owner):
    scan = upload(workspace, owner, "One. The rent is due.\f\fThree. Signed in Cork.", "scan.txt")
    unread(read(scan), 2)
    at = Shelf.of(ask(Scope.objects.whole(workspace), owner))
    call = {"document": at.handle(scan.pk), "unit": "pages"}
    alone = run(at, "read_passages", **call, first=2, last=2)
    assert not alone.is_error
    assert "could not be read as text: 2" in alone.text
    _results, [step], note = at.run([Called("t", "read_passages", {**call, "first": 1, "last": 3})])
    assert "could not be read as text: 2. What they say is unknown." in note
    assert step["unread"] == [2]
    assert "Read pages 1–3 of scan.txt – page 2 could not be read as text" in sentence(step)
    _results, [step], _note = at.run(
        [Called("t", "read_passages", {**call, "first": 3, "last": 3})]
    )
    assert "unread" not in step


def test_pages_whose_text_does_not_say_all_are_named_once_with_what_is_found(
    library, owner, nda, monkeypatch
):
    drawn = (visual.Shown(1, 600, 800, 100, True),)
    monkeypatch.setattr(visual, "pages", lambda version: drawn if version == nda.current else ())
    at = Shelf.of(ask(library, owner))
    call = Called("t", "search_documents", {"queries": ["confidentiality years"], "documents": []})
    note = at.run([call])[2]
    assert f"{at.handle(nda.pk)}: The text of these pages does not say all" in note
    assert "read_passages" in note
    assert at.run([call])[2] == "", "said once"
