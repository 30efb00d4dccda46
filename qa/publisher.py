"""What a worker says goes into the stream log in batches: the first text at once, the rest soon."""

from __future__ import annotations

import threading

from config.keeper import Keeper
from qa import streams
from qa.models import Answer

FLUSH = 0.1  # seconds between two batches of a stream


class Publisher:
    """Collects stream events into batches: the first text goes at once, later ones in time."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self._attempt = answer.public_id, answer.attempts
        self._events: list[streams.Event] = []
        self._lock = threading.Lock()
        self._said_text = False

    def add(self, event: streams.Event) -> None:
        with self._lock:
            last = self._events[-1] if self._events else {}
            if event["type"] == "text" == last.get("type") and event["block"] == last["block"]:
                last["text"] += event["text"]
            else:
                self._events.append(event)
            first = event["type"] == "text" and not self._said_text
            self._said_text = self._said_text or first
        if first or event["type"] in ("status", "end"):
            self.flush()

    def flush(self) -> None:
        with self._lock:
            # published under the lock: two flushes must not change places
            streams.publish(self._answer, self._attempt, self._events)
            self._events = []


def _flush(held: dict[int, Publisher]) -> None:
    for publisher in held.values():
        publisher.flush()


flusher: Keeper[Publisher] = Keeper("stream-flusher", FLUSH, _flush)
