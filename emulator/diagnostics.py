"""Why a request could not reuse the prefix of the one that its `diagnostics` name."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from .cache import CacheUse
from .pieces import Fingerprint

Json = dict[str, Any]
KEPT = 5_000  # messages remembered; older ones are not found, as with the API


@dataclass(frozen=True)
class Said:
    """A message that began: its request, and how many of its tokens were left in the cache."""

    identity: Fingerprint
    cached: int


class Diagnoses:
    """What was asked before, by account and message id, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: OrderedDict[tuple[str, str], Said] = OrderedDict()

    def remember(self, account: str, message_id: str, identity: Fingerprint, use: CacheUse) -> None:
        with self._lock:
            self._said[account, message_id] = Said(identity, use.read + use.written)
            while len(self._said) > KEPT:
                self._said.popitem(last=False)

    def diagnose(
        self, account: str, asked: Any, identity: Fingerprint, use: CacheUse
    ) -> Json | None:
        """The response's `diagnostics`; None where the request did not ask for any."""
        if not isinstance(asked, dict):
            return None
        previous = asked.get("previous_message_id")
        if previous is None:
            return {"cache_miss_reason": None}
        with self._lock:
            before = self._said.get((account, previous))
        if before is None:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        missed = before.cached - use.read
        if missed <= 0:
            return {"cache_miss_reason": None}
        reason: Json = {"type": _difference(before.identity, identity)}
        if reason["type"] != "unavailable":
            reason["cache_missed_input_tokens"] = missed
        return {"cache_miss_reason": reason}


def _difference(before: Fingerprint, now: Fingerprint) -> str:
    if before.model != now.model:
        return "model_changed"
    if before.tools != now.tools:
        return "tools_changed"
    if before.system != now.system:
        return "system_changed"
    if now.messages[: len(before.messages)] != before.messages:
        return "messages_changed"
    # other parameters differ, or the entry ran out: the API does not tell these apart
    return "unavailable"
