"""A question's way: asked, claimed, written, cited, shown; and what goes wrong on it."""

from __future__ import annotations

import html
import re
import threading
import time
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Event
from documents.models import RemoteFile, Text, Version
from qa import answering, asking, remote, tasks
from qa.models import Answer, ApiCall, Citation, Source, Thread, TokenCount
from tests.conftest import read, upload
from tests.test_documents import marked

GOVERNING = "Which law governs this agreement?"


def put(document, by, question=GOVERNING, **fields):
    """A queued answer about one document, in a thread of its own unless told otherwise."""
    if "thread" not in fields:
        fields["thread"] = Thread.objects.create(
            workspace=document.workspace, author=by, title=question
        )
        fields["thread"].documents.add(document)
    answer, created = asking.ask(
        question=question,
        documents=[document],
        model=fields.pop("model", "claude-sonnet-5-5"),
        workspace=document.workspace,
        by=by,
        **fields,
    )
    assert created
    return answer


def written(answer):
    answering.write(Answer.objects.get(pk=answer.pk))
    return Answer.objects.get(pk=answer.pk)


def test_an_answer_is_written_with_exact_citations(emulator, document, owner):
    answer = written(put(document, owner))
    text = Text.objects.get(version=document.current).content
    assert answer.status == "done"
    assert answer.text == "".join(block["text"] for block in answer.blocks)
    citations = list(answer.citations.all())
    assert any("laws of Ireland" in citation.cited_text for citation in citations)
    for citation in citations:
        assert citation.state == "exact"
        assert text[citation.start : citation.end] == citation.cited_text
        assert citation.page_start == 1
    assert [c.number for c in citations] == list(range(1, len(citations) + 1))


def test_it_stores_who_answered_and_how(emulator, document, owner):
    answer = written(put(document, owner))
    assert (answer.backend, answer.model) == ("emulator", "claude-sonnet-5-5")
    assert answer.prompt_version
    assert answer.parameters["model"] == "claude-sonnet-5-5"
    assert "messages" not in answer.parameters
    assert Source.objects.get(answer=answer).index == 0
    call = answer.calls.get()
    assert call.document_map == [str(document.current.public_id)]


def test_every_api_request_is_one_row_of_the_ledger(emulator, document, owner):
    before = emulator.requests(1)
    answer = written(put(document, owner))
    purposes = list(ApiCall.objects.order_by("pk").values_list("purpose", flat=True))
    assert purposes == ["count", "upload", "answer"]
    after = emulator.requests(1)
    sent = sum(after["counts"].values()) - sum(before["counts"].values())
    assert sent == len(purposes)
    call = answer.calls.get()
    assert call.request_id.startswith("req_")
    assert call.cost_usd > 0
    assert call.rates["output"] == "10"
    assert call.first_text_ms is not None
    assert call.total_ms >= call.first_text_ms
    assert call.stop_reason == "end_turn"


def test_the_second_question_reads_the_document_from_the_cache(emulator, workspace, owner):
    long = "\n\n".join(
        f"{n}. Clause {n} says that party {n} pays {n * 100} euros on day {n}." for n in range(400)
    )
    document = upload(workspace, owner, long)
    read(document)
    first = written(put(document, owner, "What does party 17 pay?"))
    second = written(
        put(document, owner, "What does party 18 pay?", thread=first.thread, follows=first)
    )
    assert first.calls.get().cache_write_5m_tokens > 1000
    call = second.calls.get()
    assert call.cache_read_tokens > 0.9 * (call.cache_read_tokens + call.input_tokens)
    assert call.saved_usd > Decimal(0)
    assert RemoteFile.objects.count() == TokenCount.objects.count() == 1


def test_a_follow_up_carries_the_history_with_its_citations(emulator, document, owner):
    first = written(put(document, owner))
    second = written(put(document, owner, "And the fees?", thread=first.thread, follows=first))
    assert second.status == "done"
    sent = emulator.requests(1)["requests"][-1]["body"]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    cited = [b for b in sent[1]["content"] if b.get("citations")]
    assert cited
    assert cited[0]["citations"][0]["document_index"] == 0
    assert "thinking" not in {block["type"] for block in sent[1]["content"]}


def test_a_document_missing_at_the_other_side_is_uploaded_again(emulator, document, owner):
    written(put(document, owner))
    RemoteFile.objects.update(file_id="file_gone")
    answer = put(document, owner, "What are the fees?")
    assert written(answer).status == "queued"
    assert written(answer).status == "done"
    assert RemoteFile.objects.get().file_id != "file_gone"


def test_a_copy_about_to_expire_is_renewed_before_it_is_used(emulator, document, owner):
    written(put(document, owner))
    old = RemoteFile.objects.get().file_id
    RemoteFile.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert written(put(document, owner, "What are the fees?")).status == "done"
    assert RemoteFile.objects.get().file_id != old


def test_a_file_id_never_reaches_the_browser(emulator, document, owner, as_owner):
    answer = written(put(document, owner))
    file_id = RemoteFile.objects.get().file_id
    where = f"/w/{document.workspace.slug}/threads/{answer.thread.public_id}/"
    assert file_id not in as_owner.get(where).content.decode()


# failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ({"kind": "auth"}, "bad_key", "refused the API key"),
        ({"kind": "billing"}, "billing", "billing problem"),
        ({"kind": "too_long"}, "too_long", "too long for this model"),
        ({"kind": "refusal"}, "refusal", "declined to answer"),
        ({"kind": "no_text"}, "no_answer", "ended without an answer"),
        ({"kind": "max_tokens"}, "max_tokens_without_text", "all its room for thinking"),
    ],
)
def test_a_permanent_failure_ends_with_a_sentence(emulator, document, owner, fault, code, says):
    remote.ensure_uploaded(document.current, answering.connect())
    emulator.faults({**fault, "path": "messages"})
    answer = written(put(document, owner))
    assert (answer.status, answer.error_code) == ("failed", code)
    assert says in answer.error
    assert answer.calls.get().error_type or answer.calls.get().stop_reason


@pytest.mark.parametrize(
    ("fault", "notice"),
    [
        ({"kind": "overloaded"}, "Claude is overloaded"),
        ({"kind": "rate_limit", "retry_after": 3}, "too many requests"),
        ({"kind": "api_error"}, "Claude had a problem"),
        ({"kind": "mid_stream_error"}, "Claude is overloaded"),
        ({"kind": "reset"}, "could not be reached"),
        ({"kind": "truncate"}, "The answer broke off"),
    ],
)
def test_a_temporary_failure_waits_visibly_and_then_answers(
    emulator, document, owner, fault, notice
):
    emulator.faults({**fault, "path": "messages"})
    answer = put(document, owner)
    waiting = written(answer)
    assert waiting.status == "queued"
    assert notice in waiting.notice
    assert "trying again in" in waiting.notice
    assert waiting.next_try_at > timezone.now()
    assert written(answer).status == "queued", "its time has not come"
    Answer.objects.update(next_try_at=timezone.now())
    done = written(answer)
    assert (done.status, done.notice) == ("done", "")
    assert done.calls.count() == 2
    assert done.calls.exclude(error_type="").count() == 1


def test_retry_after_is_obeyed(emulator, document, owner):
    emulator.faults({"kind": "rate_limit", "retry_after": 40, "path": "messages"})
    waiting = written(put(document, owner))
    assert 38 < (waiting.next_try_at - timezone.now()).total_seconds() < 42


def test_it_does_not_try_for_ever(emulator, document, owner):
    emulator.faults({"kind": "overloaded", "path": "messages", "times": 50})
    answer = put(document, owner)
    for _try in range(answering.MAX_TRIES):
        Answer.objects.update(next_try_at=None)
        final = written(answer)
    assert final.status == "failed"
    assert "overloaded" in final.error


def test_without_a_key_and_an_emulator_it_says_so(document, owner, settings):
    settings.EMULATOR_URL = ""
    answer = written(put(document, owner))
    assert answer.status == "failed"
    assert "No API key is set" in answer.error


@pytest.mark.parametrize(
    "kind",
    ["offsets_utf16", "offsets_bytes", "offsets_off_by_one", "quote_collapsed_whitespace",
     "quote_folded"],
)  # fmt: skip
def test_wrong_offsets_end_at_the_right_place_or_unverified(emulator, workspace, owner, kind):
    astral = "\U0001f4dc Präambel “Birch” – ‘Alder’\n" * 6
    law = "3. Governing  law. This Agreement – the “Deed” – is governed\nby the laws of Ireland."
    document = upload(workspace, owner, f"{astral}\n{law}\n\n4. Fees. Alder pays 12,000 €.\n")
    text = Text.objects.get(version=read(document)).content
    emulator.faults({"kind": kind, "path": "messages"})
    answer = written(put(document, owner))
    citations = list(answer.citations.all())
    assert citations
    assert any("Ireland" in citation.cited_text for citation in citations)
    for citation in citations:
        assert citation.state in ("realigned", "unverified"), kind
        if citation.state == "realigned":
            assert text[citation.start : citation.end] == citation.cited_text


@pytest.mark.parametrize("kind", ["quote_invented"])
def test_an_invented_quote_is_shown_as_unverified(emulator, document, owner, as_owner, kind):
    emulator.faults({"kind": kind, "path": "messages"})
    answer = written(put(document, owner))
    assert set(answer.citations.values_list("state", flat=True)) == {"unverified"}
    assert set(answer.citations.values_list("start", flat=True)) == {None}
    where = f"/w/{document.workspace.slug}/threads/{answer.thread.public_id}/"
    assert "unverified: not found in the document" in as_owner.get(where).content.decode()


def test_a_worker_that_dies_leaves_an_answer_that_another_takes_over(emulator, document, owner):
    answer = put(document, owner)
    dead = Answer.objects.get(pk=answer.pk)
    assert dead.claim("dead")
    assert not Answer.objects.get(pk=answer.pk).claim("early")
    Answer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    done = written(answer)
    assert (done.status, done.attempts, done.crashes) == ("done", 2, 1)
    assert not dead.finish([], text="too late")
    assert "too late" not in Answer.objects.get(pk=answer.pk).text


def test_an_answer_that_kills_its_worker_again_and_again_fails_clearly(document, owner):
    answer = put(document, owner)
    Answer.objects.update(
        status="running", crashes=2, lease_until=timezone.now() - timedelta(seconds=1)
    )
    failed = written(answer)
    assert failed.status == "failed"
    assert "stopped the worker several times" in failed.error


def test_the_sweep_sends_what_is_due_and_only_that(document, owner, monkeypatch):
    due, later, running = (put(document, owner, f"Question {n}?") for n in range(3))
    Answer.objects.filter(pk=later.pk).update(next_try_at=timezone.now() + timedelta(minutes=1))
    Answer.objects.get(pk=running.pk).claim("busy")
    sent = []
    monkeypatch.setattr(tasks, "hint", sent.append)
    monkeypatch.setattr(tasks.carry_files, "delay", lambda: None)
    monkeypatch.setattr(tasks.ask_whether_claude_answers, "delay", lambda: None)
    tasks.sweep()
    assert sent == [due.pk]


def test_a_document_deleted_while_the_question_waits_is_a_sentence(emulator, document, owner):
    answer = put(document, owner)
    document.mark_deleted(owner)
    failed = written(answer)
    assert failed.status == "failed"
    assert "contract.txt was deleted." in failed.error


# asking --------------------------------------------------------------------------------------


def ask_form(client, workspace, document, **fields):
    data = {
        "question": GOVERNING,
        "model": "claude-sonnet-5-5",
        "documents": [str(document.public_id)],
        "submission": str(uuid.uuid4()),
        **fields,
    }
    return client.post(f"/w/{workspace.slug}/ask/", data)


def test_asking_opens_a_thread_and_writes_an_event(as_owner, owner, workspace, document):
    answer = ask_form(as_owner, workspace, document)
    thread = Thread.objects.get()
    assert answer.url == f"/w/{workspace.slug}/threads/{thread.public_id}/"
    assert thread.title == GOVERNING
    assert Event.objects.get(verb="ask").object_id == thread.answers.get().public_id


def test_pressing_ask_twice_asks_once(as_owner, workspace, document):
    submission = str(uuid.uuid4())
    first = ask_form(as_owner, workspace, document, submission=submission)
    second = ask_form(as_owner, workspace, document, submission=submission)
    assert first.url == second.url
    assert Answer.objects.count() == Thread.objects.count() == 1
    follow = {"question": "Fees?", "model": "claude-sonnet-5-5", "submission": str(uuid.uuid4())}
    Answer.objects.update(status="done")
    for _press in range(2):
        assert as_owner.post(f"{first.url}ask/", follow).status_code == 302
    assert Answer.objects.count() == 2


def test_a_question_about_a_document_still_being_read_is_refused_with_its_name(
    as_owner, owner, workspace
):
    waiting = upload(workspace, owner, name="slow.txt")
    answer = ask_form(as_owner, workspace, waiting)
    assert answer.status_code == 422
    assert "slow.txt is still being read" in answer.content.decode()
    assert not Answer.objects.exists()
    assert not Thread.objects.exists()


def test_documents_that_do_not_fit_are_refused_before_anything_is_spent(
    as_owner, workspace, document
):
    TokenCount.objects.create(
        version=document.current, model="claude-haiku-4-5-20251001", tokens=250_000
    )
    answer = ask_form(as_owner, workspace, document, model="claude-haiku-4-5-20251001")
    assert answer.status_code == 422
    assert "250,000 tokens" in answer.content.decode()
    assert not ApiCall.objects.exists()


def test_what_the_count_finds_too_long_is_not_sent(emulator, document, owner):
    answer = put(document, owner, model="claude-haiku-4-5-20251001")
    TokenCount.objects.create(
        version=document.current, model="claude-haiku-4-5-20251001", tokens=250_000
    )
    failed = written(answer)
    assert failed.status == "failed"
    assert "Choose fewer documents" in failed.error
    assert not ApiCall.objects.filter(purpose="answer").exists()


@pytest.mark.parametrize(
    "model",
    ["claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5-20251001", "claude-opus-5-5",
     "claude-opus-5", "claude-sonnet-5", "claude-haiku-5-5", "claude-fable-5-2",
     "claude-opus-4-7[1m]"],
)  # fmt: skip
def test_every_model_answers(emulator, document, owner, model):
    answer = written(put(document, owner, model=model))
    assert answer.status == "done", answer.error
    assert answer.model == model.removesuffix("[1m]")


@pytest.mark.parametrize("question", ["", "   ", "x" * 20_001])
def test_a_question_of_no_use_is_refused_where_it_was_written(
    as_owner, workspace, document, question
):
    answer = ask_form(as_owner, workspace, document, question=question)
    assert answer.status_code == 422
    assert not Answer.objects.exists()


def test_a_follow_up_waits_for_the_answer_before_it(as_owner, workspace, document):
    thread = ask_form(as_owner, workspace, document).url
    follow = {"question": "Fees?", "model": "claude-sonnet-5-5", "submission": str(uuid.uuid4())}
    refused = as_owner.post(f"{thread}ask/", follow, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "still being written" in refused.content.decode()
    assert "Fees?" in refused.content.decode(), "what was typed is not lost"


def test_trying_again_makes_a_new_answer_and_keeps_the_old(
    emulator, as_owner, owner, workspace, document
):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    where = f"/w/{workspace.slug}/answers/{failed.public_id}/retry/"
    for _press in range(2):
        as_owner.post(where)
    again = Answer.objects.exclude(pk=failed.pk).get()
    assert written(again).status == "done"
    assert [a.pk for a in failed.thread.path()] == [again.pk]
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_a_waiting_answer_is_stopped_at_once(as_owner, owner, workspace, document):
    answer = put(document, owner)
    as_owner.post(f"/w/{workspace.slug}/answers/{answer.public_id}/stop/")
    answer.refresh_from_db()
    assert answer.status == "stopped"
    assert not answer.claim("late")


# pages ---------------------------------------------------------------------------------------


def test_a_thread_shows_answer_footnotes_cost_and_who_made_it(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert "not by Claude" in text
    assert "✓ exact" in text
    assert "Olive Owner" in text
    assert re.search(r"contract\.txt, pp?\. 1", text)
    assert "would cost $" in text
    citation = answer.citations.first()
    assert f"start={citation.start}&end={citation.end}#cited" in html.unescape(page)


def test_nothing_is_called_saved_before_it_is(emulator, as_owner, owner, workspace):
    document = upload(workspace, owner, f"{uuid.uuid4()}. The laws of Malta govern. " * 300)
    read(document)
    answer = written(put(document, owner))
    assert answer.ledger.saved_usd < 0
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    assert "saved" not in page
    assert "$-" not in page


def test_a_footnotes_link_opens_the_source_beside_the_answer_with_exactly_its_range_marked(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    links = re.findall(r'<a class="n" href="([^"]+)"', page)
    assert len(links) >= answer.citations.count()
    for citation, link in zip(answer.citations.all(), dict.fromkeys(links), strict=True):
        opened = as_owner.get(html.unescape(link)).content.decode()
        # the separator between two pages belongs to neither
        assert marked(opened) == citation.cited_text.replace("\n\nSCHEDULE", "SCHEDULE")
        assert opened.count('id="cited"') == 1
        assert 'id="answer-' in opened


def test_the_finished_fragment_is_byte_for_byte_the_same_later_and_carries_no_secret(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    where = f"/w/{workspace.slug}/answers/{answer.public_id}/"
    htmx = {"HX-Request": "true"}
    first, second = (as_owner.get(where, headers=htmx).content for _load in range(2))
    assert first == second
    assert first.strip() in as_owner.get(where).content
    thread = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content
    assert first.strip() in thread
    assert b"csrf" not in first.lower()
    assert b"nonce" not in first


def test_an_answer_stays_with_its_quotes_when_its_source_is_deleted(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    document.mark_deleted(owner)
    document.erase()
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert emulator.client("emulator").files.list().data == [] or all(
        str(document.current.public_id) not in file.filename
        for file in emulator.client("emulator").files.list().data
    )
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    assert "source deleted on" in page
    assert f"version={document.current.public_id}" not in page, "there is nothing left to open"
    assert f'href="#answer-{answer.public_id}-note-1"' in page
    assert "laws of Ireland" in html.unescape(page)
    link = f"?version={document.current.public_id}&start=0&end=5"
    opened = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/{link}")
    assert "That source is not here any more" in opened.content.decode()


def test_carrying_files_uploads_ready_texts_once(emulator, document):
    tasks.carry_files()
    tasks.carry_files()
    assert ApiCall.objects.filter(purpose="upload").count() == 1
    assert TokenCount.objects.get().model == "claude-sonnet-5-5"


def test_an_upload_that_fails_does_not_fail_the_document(emulator, document, monkeypatch):
    monkeypatch.setattr(tasks, "rests", tasks.Rests())
    emulator.faults({"kind": "api_error", "path": "files"})
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert Version.objects.get().status == "ready"
    tasks.carry_files()
    assert not RemoteFile.objects.exists(), "it rests before the next try"
    monkeypatch.setattr(tasks, "rests", tasks.Rests())
    tasks.carry_files()
    assert RemoteFile.objects.count() == 1


def test_tidying_removes_our_strays_and_nobody_elses(emulator, document, monkeypatch):
    client = emulator.client("emulator")
    tasks.carry_files()
    stray = client.files.upload(file=(remote.file_name(document.current), b"x", "text/plain"))
    foreign = client.files.upload(file=("somebody-else.txt", b"x", "text/plain"))
    tasks.tidy_remote_files()
    assert {f.id for f in client.files.list()} >= {stray.id, foreign.id}, "young files are left"
    real = timezone.now
    monkeypatch.setattr(remote.timezone, "now", lambda: real() + timedelta(hours=2))
    tasks.tidy_remote_files()
    left = {file.id for file in client.files.list()}
    assert stray.id not in left
    assert {foreign.id, RemoteFile.objects.get().file_id} <= left


# with real transactions ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_stop_works_within_a_second_in_silence_and_keeps_what_was_written(
    emulator, document, owner
):
    emulator.faults({"kind": "silence", "ms": 20_000, "path": "messages"})
    answer = put(document, owner)
    writer = threading.Thread(target=in_thread, args=(answer.pk,))
    writer.start()
    wait_for(lambda: Answer.objects.filter(pk=answer.pk, status="running").exists())
    time.sleep(1.0)
    pressed = time.monotonic()
    Answer.objects.get(pk=answer.pk).request_stop()
    writer.join(5)
    assert time.monotonic() - pressed < 1.0
    stopped = Answer.objects.get(pk=answer.pk)
    assert stopped.status == "stopped"
    assert stopped.text
    assert stopped.calls.count() == 1


@pytest.mark.django_db(transaction=True)
def test_stop_works_before_the_first_byte(emulator, document, owner):
    remote.ensure_counted(document.current, "claude-sonnet-5-5", answering.connect())
    emulator.faults({"kind": "delay", "ms": 20_000, "path": "messages"})
    answer = put(document, owner)
    writer = threading.Thread(target=in_thread, args=(answer.pk,))
    writer.start()
    wait_for(lambda: Answer.objects.filter(pk=answer.pk, status="running").exists())
    time.sleep(0.5)
    pressed = time.monotonic()
    Answer.objects.get(pk=answer.pk).request_stop()
    writer.join(5)
    assert time.monotonic() - pressed < 1.0
    assert Answer.objects.get(pk=answer.pk).status == "stopped"


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_ninety_seconds_of_pings_are_not_taken_over_and_not_billed_twice(emulator, document, owner):
    emulator.faults({"kind": "silence", "ms": 90_000, "path": "messages"})
    answer = put(document, owner)
    writer = threading.Thread(target=in_thread, args=(answer.pk,))
    writer.start()
    wait_for(lambda: Answer.objects.filter(pk=answer.pk, status="running").exists())
    began = time.monotonic()
    while writer.is_alive() and time.monotonic() - began < 120:
        taken = [a for a in Answer.objects.due() if a.claim("thief")]
        assert not taken, "the lease ran out while its worker lived"
        writer.join(2)
    assert time.monotonic() - began > 85
    done = Answer.objects.get(pk=answer.pk)
    assert (done.status, done.attempts) == ("done", 1)
    assert done.calls.count() == 1


def in_thread(pk: int) -> None:
    try:
        answering.write(Answer.objects.get(pk=pk))
    finally:
        connections.close_all()


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_message_write_one_answer(emulator, document, owner):
    answer = put(document, owner)
    writers = [threading.Thread(target=in_thread, args=(answer.pk,)) for _n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    done = Answer.objects.get(pk=answer.pk)
    assert (done.status, done.attempts) == ("done", 1)
    assert done.calls.count() == 1
    assert Citation.objects.filter(answer=done).count() == len(
        {n for block in done.blocks for n in block["citations"]}
    )
    assert connection.vendor in ("sqlite", "postgresql")
