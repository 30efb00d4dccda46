"""How long a cached prefix should live, and whether to keep it alive: what costs less.

All prices here are per token of the prefix, so its length cancels out: what is the better choice
for a page is the better one for a thousand. Only whether there is anything to gain depends on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .catalogue import Rates

Ttl = Literal["5m", "1h"]
SECONDS: dict[Ttl, int] = {"5m": 300, "1h": 3_600}
MOST_REFRESHES = 6
"""Between two questions, whatever a refresh costs: an open page may have been forgotten."""
MARGIN = 60.0
"""Seconds before its end in which a cache is refreshed: later is cheaper, too late is dear."""

Gaps = Sequence[float]
"""Seconds between the uses of a prefix, one after another."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Of the prefix that all questions about the documents share, and of the turns after it.

    The API takes no longer lifetime after a shorter one. Raises ``ValueError``.
    """

    documents: Ttl = "5m"
    turns: Ttl = "5m"

    def __post_init__(self) -> None:
        if SECONDS[self.turns] > SECONDS[self.documents]:
            raise ValueError("Turns cannot be kept longer than the documents before them.")


def cost(rates: Rates, ttl: Ttl, gaps: Gaps) -> Decimal:
    """Dollars for a million tokens written now and used again after each of `gaps`.

    A use within the lifetime reads and renews it; a later one writes again.
    """
    write = rates.write_1h if ttl == "1h" else rates.write_5m
    alive = sum(gap < SECONDS[ttl] for gap in gaps)
    return write + alive * rates.read + (len(gaps) - alive) * write


def choose(rates: Rates, futures: Sequence[Gaps]) -> Ttl:
    """The lifetime whose expected cost is lowest when `futures` are equally likely.

    A future is what may follow this use: the gaps until the next ones. An hour costs 0.75 of the
    input price more to write; each gap between five minutes and an hour then saves a write. So it
    pays as soon as about one such gap is expected, and without any the five minutes are kept.
    """
    five, hour = (
        sum((cost(rates, ttl, gaps) for gaps in futures), Decimal(0)) for ttl in ("5m", "1h")
    )
    return "1h" if hour < five else "5m"


def gaps(times: Sequence[float]) -> list[float]:
    """The gaps between points in time, given in any order."""
    ordered = sorted(times)
    return [later - earlier for earlier, later in itertools.pairwise(ordered)]


def most_refreshes(rates: Rates, ttl: Ttl) -> int:
    """How often a prefix may be read only to keep it, from one question to the next.

    So often that all refreshes and the next question's reading together cost no more than writing
    it again would, and never more than ``MOST_REFRESHES`` times.
    """
    write = rates.write_1h if ttl == "1h" else rates.write_5m
    if not rates.read:
        return MOST_REFRESHES
    return min(MOST_REFRESHES, max(0, int((write - rates.read) / rates.read)))


def worth_refreshing(rates: Rates, ttl: Ttl, refreshes: int, seconds_left: float) -> bool:
    """Whether a prefix that runs out in `seconds_left` is read now, after so many `refreshes`."""
    return 0 < seconds_left <= MARGIN and refreshes < most_refreshes(rates, ttl)


SHORT = Lifetimes()
