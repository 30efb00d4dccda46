"""What was asked of this server and what it said it used, for tests that compare books."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 1_000
KEPT_BYTES = 64 * 1024 * 1024


@dataclass
class Entry:
    """One request. `notes` are things accepted but worth knowing (a replayed `file_id`, for
    one)."""

    path: str
    request_id: str
    body: Any = None
    size: int = 0
    status: int | None = None
    usage: dict[str, Any] | None = None
    message_id: str | None = None
    fault: str | None = None
    at: float = field(default_factory=time.time)  # seconds since 1970, as all clocks here
    spoke_at: float | None = None  # when its first text was sent
    begun: bool = False  # the answer, and with it what it costs
    disconnected: bool = False
    notes: list[str] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "size"}


class Ledger:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._entries: deque[Entry] = deque()
        self._forgotten: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._counts[entry.path] += 1
            self._entries.append(entry)
            while len(self._entries) > KEPT or (
                len(self._entries) > 1 and sum(e.size for e in self._entries) > KEPT_BYTES
            ):
                self._forgotten += _usage(self._entries.popleft())

    def report(self, last: int) -> dict[str, Any]:
        """Counts per path, usage totals, and the last requests, oldest first."""
        with self._lock:
            totals = sum((_usage(entry) for entry in self._entries), self._forgotten)
            return {
                "counts": dict(self._counts),
                "usage": dict(totals),
                "requests": [entry.public() for entry in list(self._entries)[-last:]],
            }


def _usage(entry: Entry) -> Counter[str]:
    numbers = {k: v for k, v in (entry.usage or {}).items() if isinstance(v, int)}
    return Counter(numbers)
