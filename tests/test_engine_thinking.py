"""How hard a model thinks: the levels it has, and what of them goes into a request."""

from dataclasses import replace

import pytest

from qa.engine import Question, build, catalogue, thinking

SONNET, HAIKU = catalogue.get("claude-sonnet-5-5"), catalogue.get("claude-haiku-5-5")
OLD_HAIKU, OLD_SONNET = catalogue.get("claude-haiku-4-5"), catalogue.get("claude-sonnet-4-6")


def params(model, effort=None, **more):
    return build(Question("When?", model, effort=effort, **more)).params


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        (SONNET, ("low", "medium", "high", "xhigh", "max")),
        (HAIKU, ("off", "low", "medium", "high", "xhigh", "max")),
        (OLD_SONNET, ("off", "low", "medium", "high", "max")),
        (catalogue.get("claude-opus-4-5"), ("off", "low", "medium", "high")),
        (OLD_HAIKU, ("off", "low", "medium", "high")),
        (replace(SONNET, efforts=frozenset()), ()),
    ],
    ids=lambda value: value.key if isinstance(value, catalogue.Model) else "",
)
def test_a_model_offers_the_levels_it_has(model, levels):
    assert thinking.levels(model) == levels


def test_without_a_choice_it_is_the_models_default_and_said_to_be():
    assert params(SONNET)["output_config"] == {"effort": "high"}
    assert params(HAIKU)["output_config"] == {"effort": "medium"}
    assert params(replace(HAIKU, default_effort="low")) == params(HAIKU, "low")
    assert params(OLD_SONNET, "xhigh") == params(OLD_SONNET), "a level it does not have"


def test_off_is_said_where_the_model_would_think_and_keeps_to_the_effort_that_allows_it():
    assert params(HAIKU, "off")["thinking"] == {"type": "disabled"}
    assert params(replace(HAIKU, default_effort="max"), "off")["output_config"] == {
        "effort": "high"
    }
    assert "thinking" not in params(OLD_SONNET, "off")
    assert "thinking" not in params(OLD_HAIKU)


def test_a_budget_leaves_room_for_the_answer():
    for level in ("low", "medium", "high"):
        sent = params(OLD_HAIKU, level)
        assert sent["thinking"]["type"] == "enabled"
        budget = sent["thinking"]["budget_tokens"]
        assert 1_024 <= budget == sent["max_tokens"] - thinking.ANSWER
        assert "output_config" not in sent
    assert "thinking" not in params(OLD_HAIKU, "low", max_tokens=12_500)


def test_the_harder_it_thinks_the_more_room_it_has():
    rooms = [params(SONNET, level)["max_tokens"] for level in thinking.levels(SONNET)]
    assert rooms == sorted(rooms)
    assert rooms[0] >= thinking.ANSWER
    assert params(OLD_SONNET, "max")["max_tokens"] <= OLD_SONNET.max_output
    assert params(catalogue.get("claude-opus-4-5"), "high")["max_tokens"] <= 64_000
