"""What differs between models: capabilities, limits and dated prices.

Everything that treats one model unlike another asks here, never the model's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from .events import Usage
from .lineup import DEFAULT, FEATURED, MODELS, RATES_DATE
from .model import EFFORTS, Model, Rates

__all__ = [
    "DEFAULT",
    "EFFORTS",
    "FEATURED",
    "MODELS",
    "RATES_DATE",
    "SELECTABLE",
    "Model",
    "Rates",
    "UnknownModel",
    "cost",
    "find",
    "get",
    "normalise",
    "saved",
    "sight",
    "undated",
]

MILLION = Decimal(1_000_000)
WEB_SEARCH = Decimal("0.01")
"""US dollars for one server-side web search."""
BATCH = Decimal("0.5")
US_ONLY = Decimal("1.1")
"""The factor on every token when inference is kept in the United States."""


class UnknownModel(LookupError):
    """No such model in the catalogue; the message lists those there are."""


SELECTABLE: tuple[str, ...] = tuple(model.key for model in MODELS if model.retires_on is None)

_DATED = re.compile(r"-\d{8}$")


def normalise(model: Model | str) -> str:
    """The id to send to the API: trimmed, and without the ``[1m]`` suffix of a key."""
    if isinstance(model, Model):
        return model.id
    return model.strip().removesuffix("[1m]")


def undated(model: Model | str) -> str:
    """The id without the day it may end with: the API lists one with it, answers to both."""
    return _DATED.sub("", normalise(model))


def get(model: Model | str) -> Model:
    """The model of this key, or of this id, dated or not; a model is itself.

    Raises ``UnknownModel``.
    """
    return model if isinstance(model, Model) else find(model, MODELS)


def find(asked: str, models: Sequence[Model]) -> Model:
    """The one of `models` with this key, or else with this id, dated or not.

    Raises ``UnknownModel``.
    """
    key, wanted = asked.strip(), normalise(asked)
    tests: tuple[Callable[[Model], bool], ...] = (
        lambda model: model.key == key,
        lambda model: model.id == wanted,
        lambda model: undated(model) == undated(asked),
    )
    for test in tests:
        for model in models:
            if test(model):
                return model
    known = ", ".join(model.key for model in models)
    raise UnknownModel(f"Unknown model {asked!r}. Known models: {known}.")


def sight(model: Model | str) -> tuple[int, int]:
    """Pixels of a picture's longer side that the model takes it down to, and the most tokens that
    one picture costs it. Of a model that this release does not know, what newer ones have."""
    known = next((one for one in MODELS if undated(one.id) == undated(model)), None)
    return (known.picture_side, known.picture_tokens) if known else (2_576, 4_784)


def cost(usage: Usage, model: Model) -> Decimal:
    """What the request cost, in US dollars, exactly."""
    rates = model.rates_for(usage.prompt_tokens)
    tokens = (
        usage.input_tokens * rates.input
        + _cached_cost(usage, rates)
        + usage.output_tokens * rates.output
    )
    return tokens / MILLION * _factor(usage, model) + usage.web_search_requests * WEB_SEARCH


def saved(usage: Usage, model: Model) -> Decimal:
    """US dollars the prompt cache saved against reading everything uncached.

    Negative when writing the cache cost more than reading it brought.
    """
    rates = model.rates_for(usage.prompt_tokens)
    cached = usage.cache_creation_input_tokens + usage.cache_read_input_tokens
    difference = cached * rates.input - _cached_cost(usage, rates)
    return difference / MILLION * _factor(usage, model)


def _cached_cost(usage: Usage, rates: Rates) -> Decimal:
    one_hour = usage.ephemeral_1h_input_tokens
    # the split may be absent while the total is there: what is not known to be 1h is 5m
    five_minutes = usage.cache_creation_input_tokens - one_hour
    return (
        five_minutes * rates.write_5m
        + one_hour * rates.write_1h
        + usage.cache_read_input_tokens * rates.read
    )


def _factor(usage: Usage, model: Model) -> Decimal:
    factor = BATCH if usage.service_tier == "batch" else Decimal(1)
    if model.us_only and usage.inference_geo == "us":
        factor *= US_ONLY
    return factor
