"""Capabilities and prices come from the catalogue, to the last fraction of a cent."""

from decimal import Decimal

import pytest

from qa.engine import UnknownModel, Usage, catalogue

CACHED = Usage(
    input_tokens=1_000,
    output_tokens=2_000,
    cache_creation_input_tokens=30_000,
    ephemeral_5m_input_tokens=10_000,
    ephemeral_1h_input_tokens=20_000,
    cache_read_input_tokens=50_000,
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("claude-sonnet-5-5[1m]", "claude-sonnet-5-5"),
        (" claude-opus-4-7 ", "claude-opus-4-7"),
        ("claude-opus-4-7-20260416", "claude-opus-4-7"),
    ],
)
def test_a_model_is_found_by_id_alias_and_dated_id(asked, found):
    assert catalogue.get(asked).id == found


def test_an_unknown_model_is_refused():
    with pytest.raises(UnknownModel, match="gpt-9"):
        catalogue.get("gpt-9")


def test_the_default_can_be_selected_and_every_selectable_model_is_known():
    assert catalogue.DEFAULT in catalogue.SELECTABLE
    assert [catalogue.get(model).key for model in catalogue.SELECTABLE] == list(
        catalogue.SELECTABLE
    )
    for expected in ("claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"):
        assert expected in catalogue.SELECTABLE
    assert "claude-sonnet-4-5-20250929" not in catalogue.SELECTABLE


def test_every_kind_of_token_has_its_price():
    sonnet = catalogue.get("claude-sonnet-5-5")
    # 1,000 x 2 + 10,000 x 2.50 + 20,000 x 4 + 50,000 x 0.10 + 2,000 x 10, by the million
    assert catalogue.cost(CACHED, sonnet) == Decimal("0.132")
    # 80,000 tokens uncached would be 0.16; cached they were 0.110
    assert catalogue.saved(CACHED, sonnet) == Decimal("0.05")


def test_writing_a_cache_that_is_never_read_is_a_loss():
    usage = Usage(cache_creation_input_tokens=1_000_000, ephemeral_5m_input_tokens=1_000_000)
    assert catalogue.saved(usage, catalogue.get("claude-sonnet-5-5")) == Decimal("-0.50")


def test_cache_writes_without_a_split_count_as_five_minutes():
    usage = Usage(cache_creation_input_tokens=1_000_000)
    assert catalogue.cost(usage, catalogue.get("claude-sonnet-5-5")) == Decimal("2.50")


def test_a_long_prompt_moves_the_whole_request_to_the_higher_rates():
    haiku = catalogue.get("claude-haiku-5-5")
    within = Usage(input_tokens=40_000, cache_read_input_tokens=60_000, output_tokens=1_000)
    beyond = Usage(input_tokens=40_001, cache_read_input_tokens=60_000, output_tokens=1_000)
    assert catalogue.cost(within, haiku) == Decimal("0.0051")
    assert catalogue.cost(beyond, haiku) == Decimal("0.0255005")
    assert catalogue.saved(within, haiku) == Decimal("0.0054")
    assert catalogue.saved(beyond, haiku) == Decimal("0.027")
    assert haiku.rates_for(100_000).as_dict()["input"] == "0.10"
    assert haiku.rates_for(100_001).as_dict()["input"] == "0.50"


def test_batches_cost_half_and_searches_are_charged_apiece():
    sonnet = catalogue.get("claude-sonnet-5-5")
    usage = Usage(input_tokens=1_000_000, web_search_requests=3, service_tier="batch")
    assert catalogue.cost(usage, sonnet) == Decimal("1.03")


def test_inference_kept_in_the_united_states_costs_a_tenth_more_where_it_is_offered():
    usage = Usage(input_tokens=1_000_000, inference_geo="us")
    assert catalogue.cost(usage, catalogue.get("claude-sonnet-5-5")) == Decimal("2.2")
    assert catalogue.cost(usage, catalogue.get("claude-haiku-4-5")) == Decimal("1")


@pytest.mark.parametrize("model", catalogue.MODELS, ids=lambda model: model.id)
def test_the_rates_of_every_model_keep_their_proportions(model):
    for rates in filter(None, (model.rates, model.long_rates)):
        assert rates.write_5m == rates.input * Decimal("1.25")
        assert rates.write_1h == rates.input * 2
        assert rates.read <= rates.input / 10
        assert rates.output == rates.input * 5
    assert (model.default_effort is None) == (not model.efforts)
    assert model.max_output < model.window
