"""A model and its rates, as everything else knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

EFFORTS = ("low", "medium", "high", "xhigh", "max")
"""Every level of effort there is, the least first."""


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
    """One entry of a picker: a model of the API, and how much of its window we use.

    `id` is what the API calls it. Several entries may be one model of the API: `key` tells them
    apart, and is the `id` unless it says otherwise. Token counts are this model's own tokens.
    """

    id: str
    name: str
    best_for: str
    rates: Rates
    key: str = ""
    line: str = ""
    window: int = 1_000_000
    prompt_cap: int | None = None
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
    released_on: date | None = None
    rates_on: date | None = None
    citations: bool = True
    pdf: bool = True
    images: bool = True
    batch: bool = True
    structured: bool = True
    picture_side: int = 2_576
    picture_tokens: int = 4_784

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", self.id)

    @property
    def reads(self) -> int:
        """Tokens a prompt may have at most: our cap on it, or else the window."""
        return self.window if self.prompt_cap is None else min(self.prompt_cap, self.window)

    def rates_for(self, prompt_tokens: int) -> Rates:
        """The rates of a whole request, its output included, by the length of its prompt."""
        if (
            self.long_rates
            and self.long_threshold is not None
            and prompt_tokens > self.long_threshold
        ):
            return self.long_rates
        return self.rates
