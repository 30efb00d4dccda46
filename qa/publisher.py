"""What a worker says goes into the stream log in batches: the first text at once, the rest soon."""

from __future__ import annotations

import logging
import threading
import time

from config.keeper import Keeper
from qa import streams
from qa.models import Answer

logger = logging.getLogger(__name__)
FLUSH = 0.1  # seconds between two batches of a stream
REST = 1.0  # seconds before a log that was out of reach is tried again


class Publisher:
    """Collects stream events into batches: the first text goes at once, later ones in time.

    A log that is out of reach, or was lost, keeps nobody from writing the answer: all that was said
    is kept here, and said again when there is a log.
    """

    _rest_until = 0.0  # of all publishers of the process: they share the log

    def __init__(self, answer: Answer) -> None:
        self._answer, self._attempt = answer.public_id, answer.attempts
        self._published: list[streams.Event] = []
        self._batches = 0
        self._events: list[streams.Event] = []
        self._doubtful = False  # whether what was published is still there
        self._lock = threading.Lock()
        self.said_text = False

    def add(self, event: streams.Event) -> None:
        with self._lock:
            last = self._events[-1] if self._events else {}
            kind = event["type"]
            more = kind in ("text", "thought") and kind == last.get("type")
            if more and event.get("block") == last.get("block"):
                last["text"] += event["text"]
            else:
                self._events.append(event)
            first = event["type"] == "text" and not self.said_text
            self.said_text = self.said_text or first
        if first or event["type"] in ("status", "step", "broke", "end"):
            self.flush()

    def flush(self) -> None:
        with self._lock:
            # published under the lock: two flushes must not change places
            if not self._events or time.monotonic() < Publisher._rest_until:
                return
            try:
                self._publish()
            except streams.Unreachable as error:
                Publisher._rest_until = time.monotonic() + REST
                self._doubtful = True
                logger.warning("answer=%s stream out of reach: %s", self._answer, error)
            else:
                self._published += self._events
                self._events, self._doubtful = [], False

    def _publish(self) -> None:
        if not self._doubtful and streams.publish(
            self._answer, self._attempt, self._events, self._batches
        ):
            self._batches += 1
            return
        everything = [*self._published, *self._events]
        streams.publish(self._answer, self._attempt, everything, 0)
        self._batches = 1


def _flush(held: dict[int, Publisher]) -> None:
    for publisher in held.values():
        publisher.flush()


flusher: Keeper[Publisher] = Keeper("stream-flusher", FLUSH, _flush)
