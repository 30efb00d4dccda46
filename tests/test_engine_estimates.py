"""The worst case of a request: never below what the API then counts, and not far beyond it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from qa.engine import (
    AnswerBlock,
    Finished,
    Lifetimes,
    Question,
    Source,
    Turn,
    build,
    catalogue,
    count,
    count_params,
    estimate,
    make_client,
    run,
)
from tests.emulator_support import LEASE

SONNET = catalogue.get("claude-sonnet-5-5")
HAIKU = catalogue.get("claude-haiku-5-5")
CHINESE = "第一条 租赁期限为五年，自二〇二四年三月一日起。承租人应按月支付租金。" * 40
TEXTS = {"english": LEASE * 20, "chinese": CHINESE, "signs": "€ – ½ ∑ 😀 " * 300}


def question(text=LEASE, **more):
    return Question("What is the rent?", SONNET, (Source("v", "Lease.txt", text=text),), **more)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("counted", [True, False])
def test_it_is_no_less_than_what_the_api_then_bills(emulator, name, counted):
    text = TEXTS[name]
    client = make_client("sk-estimates", emulator.url)
    turn = Turn("And before?", (AnswerBlock(text[:400]),))
    request = build(question(text, history=(turn,)))
    tokens = {"v": count(client, count_params(text, SONNET)).tokens} if counted else {}
    guess = estimate(request, SONNET, tokens)
    usage = next(e for e in run(client, request) if isinstance(e, Finished)).usage
    client.close()
    assert guess.prompt_tokens >= usage.prompt_tokens
    assert guess.usd >= catalogue.cost(usage, SONNET)
    if counted:
        assert guess.prompt_tokens <= usage.prompt_tokens * 1.3 + 1_500


def test_the_rule_is_the_stated_one():
    request = build(replace(question("x"), history=(), max_tokens=1_000))
    guess = estimate(request, SONNET, {"v": 100_000})
    frame = guess.prompt_tokens - 102_000
    assert 100 < frame < 5_000
    assert guess.output_tokens == 1_000
    expected = guess.prompt_tokens * Decimal("2.50") + 1_000 * 10
    assert guess.usd == expected / 1_000_000


def test_an_hour_in_the_cache_costs_more_and_so_does_the_united_states():
    plain = estimate(build(question()), SONNET, {"v": 100_000})
    hour = build(question(lifetimes=Lifetimes(documents="1h")))
    assert estimate(hour, SONNET, {"v": 100_000}).usd > plain.usd + Decimal("0.14")
    there = estimate(build(question(inference_geo="us")), SONNET, {"v": 100_000})
    assert there.usd == plain.usd * Decimal("1.1")


def test_a_prompt_in_the_dearer_tier_is_all_of_it_dearer():
    request = build(replace(question(), model=HAIKU))
    low, high = (estimate(request, HAIKU, {"v": tokens}) for tokens in (80_000, 110_000))
    assert high.usd > 5 * low.usd


def test_a_stored_document_that_was_not_counted_may_fill_the_window():
    request = build(Question("Rent?", SONNET, (Source("v", "L", file_id="file_1"),)))
    assert estimate(request, SONNET, {}).prompt_tokens == SONNET.window


def test_looking_at_the_web_is_in_it():
    plain = estimate(build(question()), SONNET, {})
    web = estimate(build(question(domains=("example.com",))), SONNET, {})
    # five searches at a cent each, ten results of up to 20,000 tokens
    assert web.usd > plain.usd + Decimal("0.05") + 200_000 * SONNET.rates.input / 1_000_000


def test_pictures_are_not_counted_by_their_bytes():
    request = build(question())
    picture = {"type": "image", "source": {"type": "base64", "data": "A" * 3_000_000}}
    messages = [dict(message) for message in request.params["messages"]]
    messages[-1]["content"] = [picture, *messages[-1]["content"]]
    with_it = replace(request, params=request.params | {"messages": messages})
    more = estimate(with_it, SONNET, {}).prompt_tokens - estimate(request, SONNET, {}).prompt_tokens
    assert more == 4_784
