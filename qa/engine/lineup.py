"""The models there are, with the prices of ``RATES_DATE``: what an installation begins with.

What changes afterwards, the API's list of models and an administrator say.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .model import Model, Rates

RATES_DATE = date(2026, 11, 22)
"""The day the rates below were read from the price list; a ledger row keeps it with its rates."""


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
FEATURED = (
    *("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2"),
    *("claude-opus-4-7", "claude-opus-4-7[1m]", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"),
)
"""The keys that a picker shows first, in this order: the current line, then four earlier ones."""

MODELS: tuple[Model, ...] = (
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "Everyday questions: precise and quick",
        _SONNET_5_5,
        line="sonnet",
        released_on=date(2026, 9, 28),
        thinking=frozenset({"adaptive", "between_tools"}),
    ),
    Model(
        "claude-opus-5-5",
        "Claude Opus 5.5",
        "Difficult questions over long contracts",
        _OPUS_5_5,
        line="opus",
        released_on=date(2026, 9, 22),
        default_effort="medium",
    ),
    Model(
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "Simple look-ups at the lowest price",
        _HAIKU_5_5,
        line="haiku",
        released_on=date(2026, 10, 7),
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
        line="fable",
        released_on=date(2026, 11, 9),
    ),
    Model(
        "claude-mythos-5-2",
        "Claude Mythos 5.2",
        "The hardest analysis, for accounts with access",
        _FABLE_5_2,
        line="mythos",
        released_on=date(2026, 11, 9),
    ),
    Model(
        "claude-fable-5-1",
        "Claude Fable 5.1",
        "Earlier Fable",
        _FABLE_5_1,
        line="fable",
        released_on=date(2026, 9, 1),
    ),
    Model(
        "claude-mythos-5-1",
        "Claude Mythos 5.1",
        "Earlier Mythos",
        _FABLE_5_1,
        line="mythos",
        released_on=date(2026, 9, 1),
    ),
    Model(
        "claude-fable-5",
        "Claude Fable 5",
        "Earlier Fable",
        _FABLE_5,
        line="fable",
        released_on=date(2026, 6, 9),
        forced_tools=True,
    ),
    Model(
        "claude-mythos-5",
        "Claude Mythos 5",
        "Earlier Mythos",
        _FABLE_5,
        line="mythos",
        released_on=date(2026, 6, 9),
        forced_tools=True,
    ),
    Model(
        "claude-opus-5",
        "Claude Opus 5",
        "Earlier Opus",
        _OPUS,
        line="opus",
        released_on=date(2026, 7, 24),
        thinking=_SWITCHABLE,
        forced_tools=True,
    ),
    Model(
        "claude-sonnet-5",
        "Claude Sonnet 5",
        "Earlier Sonnet",
        _SONNET_5,
        line="sonnet",
        released_on=date(2026, 6, 30),
        thinking=_SWITCHABLE,
        cache_minimum=1_024,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        "Earlier Opus",
        _OPUS,
        line="opus",
        released_on=date(2026, 5, 28),
        thinking=_SWITCHABLE,
        thinking_default_on=False,
        cache_minimum=1_024,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        "Earlier Opus, for documents of up to 200,000 tokens",
        _OPUS,
        line="opus",
        released_on=date(2026, 4, 16),
        prompt_cap=200_000,
        thinking=_SWITCHABLE,
        thinking_default_on=False,
        cache_minimum=2_048,
        forced_tools=True,
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7 (1M)",
        "Earlier Opus, with all of its window",
        _OPUS,
        key="claude-opus-4-7[1m]",
        line="opus",
        released_on=date(2026, 4, 16),
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
        line="opus",
        picture_side=1_568,
        picture_tokens=1_568,
        released_on=date(2026, 2, 5),
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
        line="sonnet",
        picture_side=1_568,
        picture_tokens=1_568,
        released_on=date(2026, 2, 17),
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
        line="opus",
        picture_side=1_568,
        picture_tokens=1_568,
        released_on=date(2025, 11, 24),
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
        line="sonnet",
        picture_side=1_568,
        picture_tokens=1_568,
        released_on=date(2025, 9, 29),
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
        line="haiku",
        picture_side=1_568,
        picture_tokens=1_568,
        released_on=date(2025, 10, 15),
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
"""The newest of each line, then earlier ones."""
