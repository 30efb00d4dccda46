"""What goes wrong on a question's way: said in a sentence, tried again, or ended clearly."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from documents.models import Text
from qa import answering, remote, tasks
from qa.models import AccountLimits, Answer, Citation
from tests.asked import in_thread, put, wait_for, written
from tests.conftest import read, upload


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
    AccountLimits.objects.update(blocked_until=timezone.now())
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
        status="running",
        crashes=answering.MAX_CRASHES - 1,
        lease_until=timezone.now() - timedelta(seconds=1),
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


def test_a_request_that_has_begun_is_in_the_ledger_though_its_worker_is_killed(
    emulator, document, owner, monkeypatch
):
    answer = put(document, owner)

    class Killed(BaseException):
        """Nothing catches it, as nothing catches a kill -9."""

    def killed(*_args):
        raise Killed

    monkeypatch.setattr(answering.Attempt, "_remember", killed)
    with pytest.raises(Killed):
        written(answer)
    left = answer.calls.get()
    assert left.error_type == "unfinished"
    assert left.cost_usd > 0
    sent = emulator.requests(1)["requests"][-1]
    assert left.request_id == sent["request_id"]
    assert left.input_tokens + left.cache_write_5m_tokens + left.cache_read_tokens > 0


def test_an_answer_that_broke_off_costs_what_it_had_written_until_then(emulator, document, owner):
    emulator.faults({"kind": "truncate", "path": "messages", "after": 8})
    answer = put(document, owner)
    written(answer)
    call = answer.calls.get()
    told = emulator.requests(1)["requests"][-1]["usage"]
    assert call.input_tokens == told["input_tokens"]
    assert 0.5 * told["output_tokens"] < call.output_tokens < 1.5 * told["output_tokens"]
    assert call.output_tokens > 5
