"""How long the cache is paid to live: never the dearer choice, under what is expected."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.engine import catalogue
from qa.engine.lifetime import (
    MARGIN,
    MOST_REFRESHES,
    SECONDS,
    Lifetimes,
    choose,
    cost,
    gaps,
    most_refreshes,
    worth_refreshing,
)

MODELS = [catalogue.get(model) for model in catalogue.SELECTABLE]
SONNET = catalogue.get("claude-sonnet-5-5").rates
MINUTE = 60.0

rates = st.sampled_from([model.rates for model in MODELS])
ttls = st.sampled_from(["5m", "1h"])
waits = st.floats(0, 3 * 3_600, allow_nan=False)
futures = st.lists(st.lists(waits, max_size=8), max_size=6)


def paid(rates, ttl, waits):
    """What the API charges for a million tokens, use by use, by its own rules."""
    write = {"5m": rates.write_5m, "1h": rates.write_1h}[ttl]
    now, until, total = 0.0, 0.0, Decimal(0)
    for wait in [0.0, *waits]:
        now += wait
        total += rates.read if now < until else write
        until = now + {"5m": 300, "1h": 3_600}[ttl]
    return total


@given(rates, ttls, st.lists(waits, max_size=8))
def test_the_expected_cost_is_what_the_api_charges(rates, ttl, waits):
    assert cost(rates, ttl, waits) == paid(rates, ttl, waits)


@given(rates, futures)
def test_the_choice_never_costs_more_than_the_other_in_what_is_expected(rates, futures):
    chosen = choose(rates, futures)
    other = "5m" if chosen == "1h" else "1h"
    mine = sum(paid(rates, chosen, waits) for waits in futures)
    assert mine <= sum(paid(rates, other, waits) for waits in futures)


@given(rates, st.lists(st.floats(0, 299), max_size=8))
def test_quick_questions_never_pay_for_an_hour(rates, waits):
    assert choose(rates, [waits]) == "5m"


@given(rates, st.lists(st.floats(3_600, 10**6), max_size=8))
def test_rare_questions_never_pay_for_an_hour(rates, waits):
    assert choose(rates, [waits]) == "5m"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_one_return_after_more_than_five_minutes_pays_for_the_hour(model):
    assert choose(model.rates, [[20 * MINUTE]]) == "1h"
    assert choose(model.rates, [[20 * MINUTE], [], []]) == "5m"  # a third of the sittings


def test_knowing_nothing_the_cheaper_write_is_chosen():
    assert choose(SONNET, []) == "5m"
    assert choose(SONNET, [[]]) == "5m"


def test_gaps_are_those_between_neighbours_in_time():
    assert gaps([50.0, 10.0, 20.0]) == [10.0, 30.0]
    assert gaps([7.0]) == gaps([]) == []


def test_a_longer_lifetime_cannot_come_after_a_shorter_one():
    assert Lifetimes("1h", "5m").documents == "1h"
    with pytest.raises(ValueError, match="longer"):
        Lifetimes("5m", "1h")


# keeping it warm -------------------------------------------------------------------------------


@given(rates, ttls)
def test_all_refreshes_and_the_reading_cost_no_more_than_writing_again(rates, ttl):
    write = {"5m": rates.write_5m, "1h": rates.write_1h}[ttl]
    most = most_refreshes(rates, ttl)
    assert 0 <= most <= MOST_REFRESHES
    assert (most + 1) * rates.read <= write


@given(rates, ttls, st.integers(0, 40), st.floats(-600, 4_000, allow_nan=False))
def test_it_is_refreshed_only_shortly_before_its_end_and_only_so_often(rates, ttl, done, left):
    if worth_refreshing(rates, ttl, done, left):
        assert 0 < left <= MARGIN < SECONDS[ttl]
        assert done < MOST_REFRESHES


def test_a_reader_keeps_the_cache_for_a_while_and_not_for_ever():
    times, left = 0, 30.0
    while worth_refreshing(SONNET, "5m", times, left):
        times += 1
    assert times == MOST_REFRESHES


def test_reading_that_costs_more_than_writing_is_never_worth_it():
    dear = catalogue.Rates(*map(Decimal, ("1", "1", "1.25", "2", "1.30")))
    assert most_refreshes(dear, "5m") == 0
    assert not worth_refreshing(dear, "5m", 0, 10.0)
