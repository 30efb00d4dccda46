"""Rate limits as the API has them, faults that are limits, and where a request is answered."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import anthropic
import pytest

from emulator.errors import ApiError
from emulator.limits import Limits
from tests.emulator_support import LEASE, Emulator, asking, document

QUESTION = asking("How much rent does the Tenant pay?", document(LEASE))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(shared: Emulator) -> Iterator[Emulator]:
    yield shared
    shared.forget_faults()
    shared.limits()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def headers(client, **more):
    raw = client.messages.with_raw_response.create(**{**QUESTION, **more})
    found = {k.removeprefix("anthropic-ratelimit-"): v for k, v in raw.headers.items()}
    return raw, found


def test_the_headers_count_down_and_say_when_all_is_there_again(emulator, client):
    emulator.limits(requests=10, input_tokens=6_000)
    raw, first = headers(client)
    spent = raw.parse().usage.input_tokens
    assert (first["requests-limit"], first["requests-remaining"]) == ("10", "9")
    assert first["input-tokens-limit"] == "6000"
    assert 6_000 - spent <= int(first["input-tokens-remaining"]) <= 6_000 - spent + 100
    _raw, second = headers(client)
    assert int(second["input-tokens-remaining"]) < int(first["input-tokens-remaining"])
    full = datetime.fromisoformat(second["requests-reset"])
    # two of ten a minute: full after twelve seconds
    assert 9 <= (full - datetime.now(UTC)).total_seconds() <= 12


def test_too_many_requests_are_refused_with_the_time_to_come_back(emulator, client):
    emulator.limits(requests=2)
    headers(client)
    headers(client)
    with pytest.raises(anthropic.RateLimitError) as refused:
        client.messages.create(**QUESTION)
    assert 25 <= float(refused.value.response.headers["retry-after"]) <= 30
    assert refused.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"
    # another account, and another line of models, have limits of their own
    headers(emulator.client("sk-other"))
    headers(client, model="claude-haiku-5-5")


def test_what_is_read_from_the_cache_is_no_input_to_the_limit(emulator, client):
    long = "\n\n".join(
        f"{n}. Clause {n} is about matter {n} and what it costs." for n in range(300)
    )
    cached = {**document(long), "cache_control": {"type": "ephemeral"}}
    question = asking("What is clause 17 about?", cached)
    emulator.limits(input_tokens=10_000)
    first = client.messages.create(**question).usage
    assert first.cache_creation_input_tokens > 3_500
    for _again in range(3):
        assert client.messages.create(**question).usage.cache_read_input_tokens > 3_500


def test_output_counts_when_it_is_written():
    now = [1_000.0]
    limits = Limits(lambda: now[0])
    limits.set({"output_tokens": 60})
    limits.take("a", "opus", 10)
    limits.wrote("a", "opus", 90)
    with pytest.raises(ApiError) as refused:
        limits.take("a", "opus", 10)
    assert refused.value.headers == {"retry-after": "31"}
    now[0] += 31
    limits.take("a", "opus", 10)


def test_without_limits_nothing_is_refused(emulator, client):
    for _n in range(5):
        _raw, found = headers(client)
        assert found["requests-remaining"] == found["requests-limit"] == "1000"


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"bananas": 3}, {"requests": "many"}, []])
def test_limits_that_are_none_are_refused(emulator, wrong):
    assert emulator.call("POST", "/emulator/limits", wrong)[0] == 400
    assert emulator.call("GET", "/emulator/limits") == (200, {"limits": None})


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("ramp_limit", anthropic.RampLimitExceededError, "ramp_limit_exceeded"),
        ("spend_limit", anthropic.EnforcedSpendLimitReachedError, "enforced_spend_limit_reached"),
        ("on_hold", anthropic.OrganizationOnHoldError, "organization_on_hold"),
        ("own_limit", anthropic.BadRequestError, None),
        ("permission", anthropic.PermissionDeniedError, None),
        ("too_large", anthropic.RequestTooLargeError, None),
        ("proxy_too_large", anthropic.RequestTooLargeError, None),
        ("invalid", anthropic.BadRequestError, None),
    ],
)
def test_limits_and_refusals_on_demand(emulator, client, kind, error, code):
    emulator.faults({"kind": kind})
    with pytest.raises(error) as raised:
        client.messages.create(**QUESTION)
    assert raised.value.error_code == code
    told = "retry-after" in raised.value.response.headers
    assert told == (kind == "ramp_limit")
    assert isinstance(raised.value.body, str) == (kind == "proxy_too_large")


def test_where_it_runs_is_accepted_and_told_back(emulator, client):
    there = client.messages.create(**QUESTION, inference_geo="us")
    assert there.usage.inference_geo == "us"
    assert client.messages.create(**QUESTION).usage.inference_geo != "us"


@pytest.mark.parametrize("more", [{"inference_geo": "moon"}, {"model": "claude-haiku-4-5"}])
def test_where_it_cannot_run_is_refused(emulator, client, more):
    with pytest.raises(anthropic.BadRequestError, match="inference_geo"):
        client.messages.create(**{**QUESTION, "inference_geo": "us", **more})
