"""One thread per process that keeps the leases of whatever the process is working on.

The loop that reads a stream cannot do it: a model may think in silence for minutes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from config.database import release

logger = logging.getLogger(__name__)
Held = TypeVar("Held")


class Keeper(Generic[Held]):
    """Calls ``beat(held)`` every ``seconds`` while something is held, in one daemon thread.

    ``held`` maps a primary key to what was given to ``holding``. A beat that raises is logged and
    tried again at the next one: a lease outlives several missed beats.
    """

    def __init__(self, name: str, seconds: float, beat: Callable[[dict[int, Held]], None]) -> None:
        self._name, self._seconds, self._beat = name, seconds, beat
        self._held: dict[int, Held] = {}
        self._lock = threading.Lock()
        self._beating = threading.Lock()  # held during a beat; taken before _lock
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, key: int, value: Held) -> Iterator[None]:
        """Inside, ``key`` is beaten for; after it, no beat touches it any more."""
        with self._lock:
            self._held[key] = value
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._wake.set()
        try:
            yield
        finally:
            with self._beating, self._lock:
                del self._held[key]

    def _run(self) -> None:
        while True:
            self._wake.wait()
            threading.Event().wait(self._seconds)
            with self._beating:
                with self._lock:
                    held = dict(self._held)
                    if not held:
                        self._wake.clear()
                        continue
                self._beat_once(held)

    def _beat_once(self, held: dict[int, Held]) -> None:
        try:
            self._beat(held)
            release()
        except Exception:
            logger.exception("keeper=%s beat failed", self._name)
