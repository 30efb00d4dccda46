"""Rate limits: token buckets that fill continuously, for each account and line of models.

Out of the box nothing is ever refused, and the headers say so. Set to something (requests, input
and output tokens a minute), they are enforced the way the API does: what is read from the cache
does not count as input, and output counts when it has been written.
"""

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .errors import invalid, rate_limited

KINDS = ("requests", "input_tokens", "output_tokens")
UNLIMITED = {"requests": 1_000, "input_tokens": 2_000_000, "output_tokens": 400_000}
MINUTE = 60.0


class Bucket:
    def __init__(self, limit: int, now: float) -> None:
        self.limit = limit
        self._level, self._at = float(limit), now

    def level(self, now: float) -> float:
        """What is left; below zero after an answer that was longer than what was left."""
        filled = self._level + (now - self._at) * self.limit / MINUTE
        return min(float(self.limit), filled)

    def take(self, amount: float, now: float) -> None:
        self._level, self._at = self.level(now) - amount, now

    def seconds_until(self, amount: float, now: float) -> float:
        missing = min(amount, self.limit) - self.level(now)
        return max(0.0, missing * MINUTE / self.limit)


class Limits:
    """`clock` tells wall time in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limits: dict[str, int] | None = None
        self._buckets: dict[tuple[str, str], dict[str, Bucket]] = {}

    def set(self, description: Any) -> None:
        """Limits a minute, by kind; full buckets. `{}` lifts them. Raises `ApiError` 400."""
        if not isinstance(description, dict) or set(description) - set(KINDS):
            raise invalid(f"limits: expected some of {', '.join(KINDS)}")
        for name, value in description.items():
            if type(value) is not int or value < 1:
                raise invalid(f"{name}: expected a whole number, at least 1")
        with self._lock:
            self._limits = UNLIMITED | description if description else None
            self._buckets.clear()

    def now(self) -> dict[str, int] | None:
        return self._limits

    def take(self, account: str, line: str, input_tokens: int) -> None:
        """Let a request in, or raise the `ApiError` 429 that says when to come back."""
        with self._lock:
            now = self._clock()
            if (buckets := self._of(account, line, now)) is None:
                return
            wanted = {"requests": 1, "input_tokens": input_tokens, "output_tokens": 1}
            waits = {
                kind: buckets[kind].seconds_until(amount, now) for kind, amount in wanted.items()
            }
            late, wait = max(waits.items(), key=lambda one: one[1])
            if wait > 0 or input_tokens > buckets["input_tokens"].limit:
                raise rate_limited(
                    f"This request would exceed your organization's rate limit of "
                    f"{buckets[late].limit:,} {late.replace('_', ' ')} per minute.",
                    max(1, math.ceil(wait)),
                )
            buckets["requests"].take(1, now)
            buckets["input_tokens"].take(input_tokens, now)

    def wrote(self, account: str, line: str, output_tokens: int) -> None:
        with self._lock:
            now = self._clock()
            if (buckets := self._of(account, line, now)) is not None:
                buckets["output_tokens"].take(output_tokens, now)

    def headers(self, account: str, line: str) -> dict[str, str]:
        with self._lock:
            now = self._clock()
            buckets = self._of(account, line, now)
            if buckets is None:
                full = {kind: Bucket(limit, now) for kind, limit in UNLIMITED.items()}
                return _headers(full, now)
            return _headers(buckets, now)

    def _of(self, account: str, line: str, now: float) -> dict[str, Bucket] | None:
        if self._limits is None:
            return None
        fresh = {kind: Bucket(limit, now) for kind, limit in self._limits.items()}
        return self._buckets.setdefault((account, line), fresh)


def _headers(buckets: dict[str, Bucket], now: float) -> dict[str, str]:
    """Limit, what remains, and when it is full again; `tokens` is the tightest of the two kinds."""
    shown = {kind.replace("_", "-"): bucket for kind, bucket in buckets.items()}
    shown["tokens"] = min(
        (buckets["input_tokens"], buckets["output_tokens"]),
        key=lambda bucket: bucket.level(now) / bucket.limit,
    )
    headers: dict[str, str] = {}
    for name, bucket in shown.items():
        full = datetime.fromtimestamp(now + bucket.seconds_until(bucket.limit, now), UTC)
        headers |= {
            f"anthropic-ratelimit-{name}-limit": str(bucket.limit),
            f"anthropic-ratelimit-{name}-remaining": str(max(0, math.floor(bucket.level(now)))),
            f"anthropic-ratelimit-{name}-reset": full.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    return headers
