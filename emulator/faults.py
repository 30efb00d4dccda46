"""Misbehaviour on demand: a queue of faults, each consumed by the next request it fits; or at
random."""

import random
import threading
from dataclasses import dataclass, fields, replace
from typing import Any

from .errors import ApiError, invalid, overloaded, rate_limited, too_large, unauthenticated

ANY_PATH = frozenset(
    {
        *("delay", "rate_limit", "ramp_limit", "spend_limit", "own_limit", "overloaded"),
        *("api_error", "billing", "auth", "permission", "on_hold", "too_large", "proxy_too_large"),
        "invalid",
    }
)
STREAM = frozenset({"slow_first_byte", "silence", "mid_stream_error", "reset", "truncate"})
REPLY = frozenset(
    {
        "refusal",
        "max_tokens",
        "context_window",
        "no_text",
        "no_last_line",
        "pause_turn",
        "keeps_pausing",
        "more_tools",
    }
)
OFFSETS = frozenset(
    {
        "offsets_utf16",
        "offsets_bytes",
        "offsets_off_by_one",
        "offsets_out_of_range",
        "quote_collapsed_whitespace",
        "quote_folded",
        "quote_invented",
    }
)
KINDS = ANY_PATH | STREAM | REPLY | OFFSETS | {"too_long"}
PATHS = ("messages", "count_tokens", "files", "models", "batches", "batch_item")


@dataclass(frozen=True)
class Fault:
    """One fault. `path` None fits every path the kind makes sense on; `after` counts text
    deltas."""

    kind: str
    times: int = 1
    path: str | None = None
    ms: int = 1_000
    after: int = 3
    retry_after: float | None = 1
    with_text: bool = False
    message: str | None = None

    def fits(self, path: str) -> bool:
        if self.path is not None:
            return self.path == path
        return (
            self.kind in ANY_PATH
            or path == "messages"
            or (self.kind == "too_long" and path == "count_tokens")
        )

    def refusal(self) -> ApiError | None:
        """The error answer this fault is, if it is one."""
        headers = {} if self.retry_after is None else {"retry-after": f"{self.retry_after:g}"}
        errors = {
            "rate_limit": rate_limited(
                "Number of requests has exceeded your rate limit.", self.retry_after
            ),
            "ramp_limit": rate_limited(
                "Your usage has grown too quickly. Ramp up more gradually.",
                self.retry_after,
                "ramp_limit_exceeded",
            ),
            # nothing but a raised limit helps: it never says when to come back
            "spend_limit": rate_limited(
                "You have reached your monthly spend limit.", None, "enforced_spend_limit_reached"
            ),
            "own_limit": invalid(
                "You have reached your specified API usage limits. You will regain access on "
                "2026-12-01 at 00:00 UTC."
            ),
            "overloaded": overloaded(headers),
            "api_error": ApiError(500, "api_error", "Internal server error"),
            "billing": ApiError(
                402, "billing_error", "Your credit balance is too low to access the Claude API."
            ),
            "auth": unauthenticated(),
            "permission": ApiError(
                403, "permission_error", "Your API key does not have permission to do this."
            ),
            "on_hold": invalid("This organization is on hold.", "organization_on_hold"),
            "too_large": too_large("Request exceeds the maximum size"),
            "proxy_too_large": ApiError(413, "", "413 Request Entity Too Large", page=True),
            "invalid": invalid("messages.0: Input should be a valid dictionary"),
            "too_long": invalid("prompt is too long: 1200000 tokens > 1000000 maximum"),
        }
        error = errors.get(self.kind)
        if error and self.message:
            error.message = self.message
        return error


class Chance:
    """`{"rate": 0.2, "seed": 7, "faults": […]}`: that share of the message requests meets one of
    these faults, chosen by a seeded generator; streams break after 1 to 8 text deltas."""

    def __init__(self, description: Any) -> None:
        rate = description.get("rate") if isinstance(description, dict) else None
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise invalid("random.rate: expected a number from 0 to 1")
        self._rate = rate
        self._faults = [_fault(item) for item in description.get("faults") or ()]
        if not self._faults:
            raise invalid("random.faults: expected at least one")
        self._random = random.Random(description.get("seed"))

    def take(self, path: str) -> Fault | None:
        if path != "messages" or self._random.random() >= self._rate:
            return None
        return replace(self._random.choice(self._faults), after=1 + self._random.randrange(8))


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[tuple[Fault, int]] = []
        self._chance: Chance | None = None

    def add(self, description: Any) -> None:
        """Queue `{"faults": [{"kind": …}, …]}`, and set a `Chance` if there is one as `random`.
        Raises `ApiError` 400 and does neither if one is wrong."""
        listed = description.get("faults") if isinstance(description, dict) else None
        if not isinstance(listed, list):
            raise invalid("faults: expected a list")
        faults = [_fault(item) for item in listed]
        chance = Chance(description["random"]) if "random" in description else None
        with self._lock:
            self._queue += [(fault, fault.times) for fault in faults]
            self._chance = chance or self._chance

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()
            self._chance = None

    def waiting(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{"kind": f.kind, "path": f.path, "left": left} for f, left in self._queue]

    def take(self, path: str) -> Fault | None:
        """The first queued fault that fits, counted down; else what chance brings."""
        with self._lock:
            for i, (fault, left) in enumerate(self._queue):
                if fault.fits(path):
                    self._queue[i : i + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
            return self._chance.take(path) if self._chance else None


def _fault(item: Any) -> Fault:
    known = {field.name for field in fields(Fault)}
    if not isinstance(item, dict) or item.get("kind") not in KINDS:
        raise invalid(f"kind: expected one of {', '.join(sorted(KINDS))}")
    if unknown := set(item) - known:
        raise invalid(f"{min(unknown)}: Extra inputs are not permitted")
    if item.get("path") not in (None, *PATHS):
        raise invalid(f"path: expected one of {', '.join(PATHS)}")
    for name in ("times", "ms", "after"):
        if name in item and (type(item[name]) is not int or item[name] < 0):
            raise invalid(f"{name}: expected a whole number, at least 0")
    return Fault(**item)
