"""What differs between models: capabilities, limits and dated prices.

Everything that treats one model unlike another asks here, never the model's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .events import Usage

RATES_DATE = date(2026, 11, 22)
"""The day the rates below were read from the price list; a ledger row keeps it with its rates."""

MILLION = Decimal(1_000_000)
WEB_SEARCH = Decimal("0.01")
"""US dollars for one server-side web search."""
BATCH = Decimal("0.5")
US_ONLY = Decimal("1.1")
"""The factor on every token when inference is kept in the United States."""


class UnknownModel(LookupError):
    """No such model in the catalogue; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens of each kind."""

    input: Decimal
    output: Decimal
    write_5m: Decimal
    write_1h: Decimal
    read: Decimal

    def as_dict(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Model:
    """One model as the API knows it. Token counts are this model's own tokens."""

    id: str
    name: str
    best_for: str
    rates: Rates
    window: int = 1_000_000
    max_output: int = 128_000
    thinking: frozenset[str] = frozenset({"adaptive"})
    thinking_default_on: bool = True
    efforts: frozenset[str] = frozenset({"low", "medium", "high", "xhigh", "max"})
    default_effort: str | None = "high"
    cache_minimum: int = 512
    forced_tools: bool = False
    long_rates: Rates | None = None
    long_threshold: int | None = None
    us_only: bool = True
    retires_on: date | None = None

    def rates_for(self, prompt_tokens: int) -> Rates:
        """The rates of a whole request, its output included, by the length of its prompt."""
        if (
            self.long_rates
            and self.long_threshold is not None
            and prompt_tokens > self.long_threshold
        ):
            return self.long_rates
        return self.rates


def _rates(*dollars: str) -> Rates:
    return Rates(*map(Decimal, dollars))


_ADAPTIVE = frozenset({"adaptive"})
_SWITCHABLE = frozenset({"adaptive", "disabled"})
_LEGACY = frozenset({"disabled", "enabled"})
_UP_TO_HIGH = frozenset({"low", "medium", "high"})
_UP_TO_MAX = _UP_TO_HIGH | {"max"}
_FABLE_5_2 = _rates("8", "40", "10", "16", "0.20")
_FABLE_5_1 = _rates("10", "50", "12.50", "20", "0.25")
_FABLE_5 = _rates("10", "50", "12.50", "20", "1.00")
_OPUS_5_5 = _rates("4", "20", "5", "8", "0.20")
_OPUS = _rates("5", "25", "6.25", "10", "0.50")
_SONNET_5_5 = _rates("2", "10", "2.50", "4", "0.10")
_SONNET_5 = _rates("2", "10", "2.50", "4", "0.20")
_SONNET_4 = _rates("3", "15", "3.75", "6", "0.30")
_HAIKU_5_5 = _rates("0.10", "0.50", "0.125", "0.20", "0.01")
_HAIKU_5_5_LONG = _rates("0.50", "2.50", "0.625", "1.00", "0.05")
_HAIKU_4_5 = _rates("1", "5", "1.25", "2", "0.10")

DEFAULT = "claude-sonnet-5-5"

MODELS: tuple[Model, ...] = (
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "Everyday questions: precise and quick",
        _SONNET_5_5,
        thinking=frozenset({"adaptive", "between_tools"}),
    ),
    Model(
        "claude-opus-5-5",
        "Claude Opus 5.5",
        "Difficult questions over long contracts",
        _OPUS_5_5,
        default_effort="medium",
    ),
    Model(
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "Simple look-ups at the lowest price",
        _HAIKU_5_5,
        thinking=_SWITCHABLE,
        default_effort="medium",
        forced_tools=True,
        long_rates=_HAIKU_5_5_LONG,
        long_threshold=100_000,
    ),
    Model(
        "claude-fable-5-2",
        "Claude Fable 5.2",
        "The hardest analysis, at the highest price",
        _FABLE_5_2,
    ),
    Model(
        "claude-mythos-5-2",
        "Claude Mythos 5.2",
        "The hardest analysis, for accounts with access",
        _FABLE_5_2,
    ),
    Model("claude-fable-5-1", "Claude Fable 5.1", "Earlier Fable", _FABLE_5_1),
    Model("claude-mythos-5-1", "Claude Mythos 5.1", "Earlier Mythos", _FABLE_5_1),
    Model("claude-fable-5", "Claude Fable 5", "Earlier Fable", _FABLE_5, forced_tools=True),
    Model("claude-mythos-5", "Claude Mythos 5", "Earlier Mythos", _FABLE_5, forced_tools=True),
    Model(
        "claude-opus-5",
        "Claude Opus 5",
        "Earlier Opus",
        _OPUS,
        thinking=_SWITCHABLE,
        forced_tools=True,
    ),
    Model(
        "claude-sonnet-5",
        "Claude Sonnet 5",
        "Earlier Sonnet",
        _SONNET_5,
        thinking=_SWITCHABLE,
        cache_minimum=1_024,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        "Earlier Opus",
        _OPUS,
        thinking=_SWITCHABLE,
        thinking_default_on=False,
        cache_minimum=1_024,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        "Earlier Opus",
        _OPUS,
        thinking=_SWITCHABLE,
        thinking_default_on=False,
        cache_minimum=2_048,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-6",
        "Claude Opus 4.6",
        "Earlier Opus",
        _OPUS,
        thinking=_SWITCHABLE | _LEGACY,
        thinking_default_on=False,
        efforts=_UP_TO_MAX,
        cache_minimum=4_096,
        forced_tools=True,
    ),
    Model(
        "claude-sonnet-4-6",
        "Claude Sonnet 4.6",
        "Earlier Sonnet",
        _SONNET_4,
        thinking=_SWITCHABLE | _LEGACY,
        thinking_default_on=False,
        efforts=_UP_TO_MAX,
        cache_minimum=1_024,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-5-20251101",
        "Claude Opus 4.5",
        "Earlier Opus",
        _OPUS,
        window=200_000,
        max_output=64_000,
        thinking=_LEGACY,
        thinking_default_on=False,
        efforts=_UP_TO_HIGH,
        cache_minimum=4_096,
        forced_tools=True,
        us_only=False,
    ),
    Model(
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5",
        "Retires on 30 November 2026",
        _SONNET_4,
        window=200_000,
        max_output=64_000,
        thinking=_LEGACY,
        thinking_default_on=False,
        efforts=frozenset(),
        default_effort=None,
        cache_minimum=1_024,
        forced_tools=True,
        us_only=False,
        retires_on=date(2026, 11, 30),
    ),
    Model(
        "claude-haiku-4-5-20251001",
        "Claude Haiku 4.5",
        "Earlier Haiku",
        _HAIKU_4_5,
        window=200_000,
        max_output=64_000,
        thinking=_LEGACY,
        thinking_default_on=False,
        efforts=frozenset(),
        default_effort=None,
        cache_minimum=4_096,
        forced_tools=True,
        us_only=False,
    ),
)
"""In the order a picker shows them."""

SELECTABLE: tuple[str, ...] = tuple(model.id for model in MODELS if model.retires_on is None)

_BY_ID = {model.id: model for model in MODELS}
_DATED = re.compile(r"-\d{8}$")
_ALIASES = {_DATED.sub("", model.id): model.id for model in MODELS}


def normalise(model_id: str) -> str:
    """The id to send to the API: trimmed, and without the ``[1m]`` suffix some tools write."""
    return model_id.strip().removesuffix("[1m]")


def get(model_id: str) -> Model:
    """The model with this id, dated or not. Raises ``UnknownModel``."""
    wanted = normalise(model_id)
    undated = _DATED.sub("", wanted)
    try:
        return _BY_ID[wanted if wanted in _BY_ID else _ALIASES[undated]]
    except KeyError:
        known = ", ".join(_BY_ID)
        raise UnknownModel(f"Unknown model {model_id!r}. Known models: {known}.") from None


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
