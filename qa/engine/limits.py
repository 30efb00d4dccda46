"""The rate limits of an account, as the headers of its responses tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PREFIX = "anthropic-ratelimit-"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit a minute. What was used comes back steadily; all of it is there at `full_at`."""

    limit: int
    remaining: int
    full_at: datetime

    def left(self, seen_at: datetime, now: datetime) -> float:
        """How much there is at `now`, when `remaining` was read at `seen_at`."""
        passed = max(0.0, (now - seen_at).total_seconds())
        return min(float(self.limit), self.remaining + passed * self.per_second(seen_at))

    def wait(self, amount: float, seen_at: datetime, now: datetime) -> float:
        """Seconds until `amount` is there. One larger than the limit waits until all is there."""
        missing = min(amount, self.limit) - self.left(seen_at, now)
        return max(0.0, missing / self.per_second(seen_at))

    def per_second(self, seen_at: datetime) -> float:
        used = self.limit - self.remaining
        until_full = (self.full_at - seen_at).total_seconds()
        if used > 0 and until_full > 0:
            return used / until_full
        # all is there, or the clocks differ: a limit is one of a minute
        return max(self.limit, 1) / 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a response said; a limit that it did not name is None. `input_tokens` are those that
    are not read from the cache."""

    seen_at: datetime
    requests: Allowance | None = None
    input_tokens: Allowance | None = None
    output_tokens: Allowance | None = None


KINDS = ("requests", "input_tokens", "output_tokens")


def read_limits(headers: Mapping[str, str], now: datetime | None = None) -> Limits | None:
    """The limits in the headers of a response; None when it names none."""
    seen_at = now or datetime.now(UTC)
    found = {kind: _allowance(headers, kind, seen_at) for kind in KINDS}
    return Limits(seen_at, **found) if any(found.values()) else None


def _allowance(headers: Mapping[str, str], kind: str, seen_at: datetime) -> Allowance | None:
    name = PREFIX + kind.replace("_", "-")
    try:
        limit = int(headers[f"{name}-limit"])
        remaining = int(headers[f"{name}-remaining"])
        full_at = datetime.fromisoformat(headers[f"{name}-reset"])
    except (KeyError, ValueError):
        return None
    if full_at.tzinfo is None:
        full_at = full_at.replace(tzinfo=UTC)
    # a clock that goes wrong by hours must not hold questions back for hours
    latest = seen_at + timedelta(minutes=1)
    return Allowance(max(0, limit), max(0, remaining), min(full_at, latest))
