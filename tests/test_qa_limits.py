"""The account's limits: nothing is sent that would be refused, and each refusal is its own."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from qa import allowances, claude, engine, suggestions
from qa.models import AccountLimits, Answer, ClaudeSettings, Suggestion
from qa.waiting import Postponed
from tests.asked import put, written
from tests.conftest import read, upload

CLAUSES = "\n\n".join(f"{n}. Clause {n} says that party {n} pays {n} euros." for n in range(150))


@pytest.fixture
def own_account(emulator, settings):
    """An account that no other test has used up."""
    settings.ANTHROPIC_API_KEY = f"sk-limits-{time.time_ns()}"
    settings.ANTHROPIC_BASE_URL = emulator.url
    return emulator


def due(answer):
    Answer.objects.filter(pk=answer.pk).update(next_try_at=None)
    return written(answer)


def statuses(emulator):
    return [
        one["status"] for one in emulator.requests(100)["requests"] if one["path"] == "messages"
    ]


def sent_to(emulator):
    return emulator.requests(1)["counts"].get("messages", 0)


def test_every_response_says_what_is_left_and_it_is_kept(own_account, document, owner):
    own_account.limits(requests=100, input_tokens=50_000, output_tokens=20_000)
    written(put(document, owner))
    row = AccountLimits.objects.get(line="sonnet")
    assert (row.account, row.line) == (claude.connect().account, "sonnet")
    assert row.limits.requests.limit == 100
    assert row.limits.requests.remaining == 99
    assert 0 < row.limits.input_tokens.remaining < 50_000
    assert row.on_way == 0
    written(put(document, owner, model="claude-haiku-5-5"))
    lines = set(AccountLimits.objects.values_list("line", flat=True))
    assert lines == {"sonnet", "haiku", "count_tokens", "files"}


@pytest.mark.parametrize(("path", "line"), [("count_tokens", "count_tokens"), ("files", "files")])
def test_counting_and_uploading_have_limits_of_their_own(own_account, document, owner, path, line):
    own_account.faults({"kind": "rate_limit", "retry_after": 40, "path": path})
    waiting = written(put(document, owner))
    assert waiting.status == "queued"
    assert AccountLimits.objects.get(line=line).blocked_until > timezone.now()
    asked = own_account.requests(1)["counts"].get(path, 0)
    again = due(waiting)
    assert again.status == "queued"
    assert "Claude is busy with too many requests" in again.notice
    assert 35 < (again.next_try_at - timezone.now()).total_seconds() < 43
    assert own_account.requests(1)["counts"].get(path, 0) == asked, "nothing was sent"
    AccountLimits.objects.update(blocked_until=timezone.now())
    assert due(again).status == "done"


def test_what_nobody_waits_for_says_what_is_left_too(own_account, document, owner):
    own_account.limits(requests=50)
    suggestions.about([document], owner)
    suggestions.make(document.current, owner)
    assert Suggestion.objects.get().questions
    [row] = AccountLimits.objects.filter(line__in=["haiku", "sonnet"])
    assert row.limits.requests.remaining == 49


def test_the_queue_slows_down_before_a_429(own_account, document, owner):
    own_account.limits(requests=2)
    for n in range(2):
        assert written(put(document, owner, f"Which law governs clause {n}?")).status == "done"
    sent = sent_to(own_account)
    waiting = written(put(document, owner, "Which law governs the rest?"))
    assert waiting.status == "queued"
    assert "Claude takes 2 requests a minute from this account, going on in" in waiting.notice
    assert 20 < (waiting.next_try_at - timezone.now()).total_seconds() < 35
    assert waiting.times_tried == 0
    assert sent_to(own_account) == sent, "nothing was sent"


def test_a_prompt_larger_than_what_is_left_waits_as_long_as_that_takes(
    own_account, workspace, owner
):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    long = upload(workspace, owner, CLAUSES)
    read(long)
    own_account.limits(input_tokens=9_000)
    first = written(put(long, owner, "What does party 17 pay?"))
    assert first.status == "done"
    other = upload(workspace, owner, CLAUSES.replace("euros", "dollars"))
    read(other)
    again = upload(workspace, owner, CLAUSES.replace("euros", "francs"))
    read(again)
    states = [written(put(one, owner, "What does party 18 pay?")).status for one in (other, again)]
    assert "queued" in states
    assert 429 not in statuses(own_account)[-3:]
    waiting = Answer.objects.get(status="queued")
    assert "9,000 tokens a minute" in waiting.notice
    time.sleep(max(0, (waiting.next_try_at - timezone.now()).total_seconds()))
    assert written(waiting).status == "done"


def test_what_is_in_the_cache_does_not_wait(own_account, workspace, owner):
    long = upload(workspace, owner, CLAUSES)
    read(long)
    own_account.limits(input_tokens=8_000)
    first = written(put(long, owner, "What does party 17 pay?"))
    used = first.calls.get()
    assert used.cache_write_5m_tokens > 2_500
    second = written(
        put(long, owner, "What does party 18 pay?", thread=first.thread, follows=first)
    )
    assert second.status == "done"
    assert second.calls.get().cache_read_tokens > 2_500


def test_retry_after_holds_everybody_back_who_uses_the_same(own_account, document, owner, mate):
    own_account.faults({"kind": "rate_limit", "retry_after": 40, "path": "messages"})
    written(put(document, owner))
    sent = sent_to(own_account)
    other = written(put(document, mate, "What are the fees?"))
    assert other.status == "queued"
    assert "Claude is busy with too many requests" in other.notice
    assert 38 < (other.next_try_at - timezone.now()).total_seconds() < 43
    # another line of models has limits of its own
    assert written(put(document, mate, model="claude-haiku-5-5")).status == "done"
    assert sent_to(own_account) == sent + 1
    AccountLimits.objects.update(blocked_until=timezone.now() - timedelta(seconds=1))
    assert due(other).status == "done"
    assert AccountLimits.objects.get(line="sonnet").blocked_until is None


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_are_let_through_as_there_is_room(own_account, document, owner):
    own_account.limits(requests=6)
    asked = [put(document, owner, f"Which law governs clause {n}?") for n in range(11)]
    written(asked[0])
    done = []

    def write(answer):
        try:
            done.append(written(answer).status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(answer,)) for answer in asked[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Answer.objects.filter(status="failed").count() == 0
    assert done.count("done") >= 3
    assert done.count("done") + done.count("queued") == 10


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ({"kind": "spend_limit"}, "spend_limit", "spending limit of the Claude account is reached"),
        ({"kind": "own_limit"}, "own_limit", "that was set for the Claude account is reached"),
        ({"kind": "billing"}, "billing", "billing problem"),
        ({"kind": "on_hold"}, "on_hold", "on hold"),
        ({"kind": "permission"}, "permission", "may not do this"),
        ({"kind": "too_large"}, "too_large", "too large to send"),
        ({"kind": "proxy_too_large"}, "too_large", "too large to send"),
        ({"kind": "invalid"}, "invalid", "refused the request as invalid"),
    ],
)
def test_what_waiting_does_not_help_ends_at_once_with_its_own_sentence(
    emulator, document, owner, fault, code, says
):
    emulator.faults({**fault, "path": "messages"})
    sent = sent_to(emulator)
    answer = written(put(document, owner))
    assert (answer.status, answer.error_code) == ("failed", code)
    assert says in answer.error
    assert sent_to(emulator) == sent + 1, "it is not tried again"


@pytest.mark.parametrize(
    ("fault", "notice"),
    [
        ({"kind": "rate_limit", "retry_after": 7}, "Claude is busy with too many requests"),
        ({"kind": "ramp_limit", "retry_after": 7}, "lets the number of requests grow only slowly"),
        ({"kind": "overloaded", "retry_after": 7}, "Claude is overloaded"),
        ({"kind": "api_error"}, "Claude had a problem"),
    ],
)
def test_what_waiting_helps_waits_with_its_own_sentence(emulator, document, owner, fault, notice):
    emulator.faults({**fault, "path": "messages"})
    waiting = written(put(document, owner))
    assert waiting.status == "queued"
    assert notice in waiting.notice
    if "retry_after" in fault:
        assert 6 < (waiting.next_try_at - timezone.now()).total_seconds() < 9
    AccountLimits.objects.update(blocked_until=timezone.now())
    assert due(waiting).status == "done"


def test_a_request_whose_worker_died_on_the_way_is_forgotten_within_a_minute(
    own_account, document, owner
):
    own_account.limits(input_tokens=10_000)
    written(put(document, owner))
    connection = claude.connect()
    assert allowances.admit(connection, "sonnet", 9_000)
    with pytest.raises(Postponed):
        allowances.admit(connection, "sonnet", 9_000)
    AccountLimits.objects.update(on_way_at=timezone.now() - timedelta(minutes=1))
    assert allowances.admit(connection, "sonnet", 9_000)


def test_while_there_is_plenty_nothing_is_written_down(own_account, document, owner):
    connection = claude.connect()
    told = engine.read_limits(
        {
            "anthropic-ratelimit-input-tokens-limit": "2000000",
            "anthropic-ratelimit-input-tokens-remaining": "1900000",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-25T12:00:03Z",
        }
    )
    allowances.heard(connection, "opus", told)
    before = AccountLimits.objects.values().get()
    assert not allowances.admit(connection, "opus", 100_000)
    allowances.heard(connection, "opus", told)
    assert AccountLimits.objects.values().get() == before
