"""What the headers say of the account's rate limits, and how long to wait for what is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qa.engine import EngineError, Question, Source, Started, build, make_client, read_limits, run
from tests.emulator_support import LEASE

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def headers(kind="input-tokens", limit=60_000, remaining=30_000, reset="2026-11-25T12:00:30Z"):
    prefix = f"anthropic-ratelimit-{kind}"
    return {f"{prefix}-limit": f"{limit}", f"{prefix}-remaining": f"{remaining}",
            f"{prefix}-reset": reset}  # fmt: skip


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def test_what_was_used_comes_back_steadily():
    limits = read_limits(headers(), NOW)
    assert (limits.requests, limits.output_tokens) == (None, None)
    tokens = limits.input_tokens
    assert tokens.left(NOW, NOW) == 30_000
    assert tokens.left(NOW, later(10)) == 40_000
    assert tokens.left(NOW, later(600)) == 60_000
    assert tokens.wait(20_000, NOW, NOW) == 0
    assert tokens.wait(40_000, NOW, NOW) == pytest.approx(10)
    assert tokens.wait(40_000, NOW, later(4)) == pytest.approx(6)


def test_more_than_the_whole_limit_waits_until_all_is_there():
    tokens = read_limits(headers(), NOW).input_tokens
    assert tokens.wait(900_000, NOW, NOW) == pytest.approx(30)
    assert tokens.wait(900_000, NOW, later(30)) == 0


def test_an_empty_bucket_whose_reset_has_passed_fills_within_a_minute():
    tokens = read_limits(headers(remaining=0, reset="2026-11-25T11:59:00Z"), NOW).input_tokens
    assert tokens.wait(60_000, NOW, NOW) == pytest.approx(60)


def test_a_clock_that_goes_wrong_does_not_hold_questions_back_for_hours():
    tokens = read_limits(headers(remaining=0, reset="2026-11-25T20:00:00Z"), NOW).input_tokens
    assert tokens.wait(60_000, NOW, NOW) <= 60


@pytest.mark.parametrize(
    "wrong", [{}, headers(limit="many"), headers(reset="soon"), {"anthropic-ratelimit-x": "1"}]
)
def test_headers_that_say_nothing_are_no_limits(wrong):
    assert read_limits(wrong) is None


SOURCES = (Source("v", "L", text=LEASE),)


def request(**more):
    return build(Question("What is the rent?", "claude-sonnet-5-5", SOURCES, **more))


def test_every_answer_and_every_refusal_carries_the_limits(emulator):
    emulator.limits(requests=1)
    client = make_client("sk-limits", emulator.url)
    started = next(event for event in run(client, request()) if isinstance(event, Started))
    assert (started.limits.requests.limit, started.limits.requests.remaining) == (1, 0)
    with pytest.raises(EngineError) as refused:
        list(run(client, request()))
    assert refused.value.limits.requests.remaining == 0
    assert refused.value.retry_after >= 50
    client.close()


def test_a_request_says_for_whom_and_where_and_nothing_else_of_it_changes():
    plain, told = request(), request(user_id="3f2a", inference_geo="us")
    assert told.params == plain.params | {"metadata": {"user_id": "3f2a"}, "inference_geo": "us"}
    assert not {"metadata", "inference_geo"} & set(plain.params)
