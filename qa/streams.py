"""The stream log: what a running answer has said so far, for everybody who watches it.

A worker publishes, any number of web processes follow. Every attempt at an answer has a log of
its own, so a worker that lost its lease can never write into the stream of the one that took
over. Events are dicts with a ``type``:

- ``status``: ``sentence``, what is going on before the first text
- ``text``: ``block`` (text blocks only, from 0) and ``text``, to be appended
- ``cite``: ``block`` and the footnote (``number``, ``title``, …) that stands at its end
- ``end``: the answer is finished in the database
- ``restart``: made by ``events`` when another attempt began: what was said before is void
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings

Event = dict[str, Any]
# seconds between two looks: after something came, while more may come soon, and in silence
FIRST, LIVELY, SILENT = 0.002, 0.004, 0.04
KEEP_ALIVE = 15.0  # seconds without an event after which an empty batch is given


class Backend(Protocol):
    def append(self, answer: UUID, attempt: int, events: list[Event]) -> None: ...

    def read(self, answer: UUID, cursor: Cursor) -> list[Event]:
        """What came since the cursor, which moves on. Never waits."""
        ...

    def tidy(self, older_than: float) -> int:
        """Removes logs untouched for that many seconds; how many."""
        ...


@dataclass
class Cursor:
    attempt: int = 0
    offset: int = 0
    rest: bytes = field(default=b"", repr=False)


class Files:
    """An append-only file per attempt; what follows the last newline waits for the next read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, answer: UUID, attempt: int) -> Path:
        return self.folder / str(answer) / f"{attempt}.jsonl"

    def append(self, answer: UUID, attempt: int, events: list[Event]) -> None:
        path = self._path(answer, attempt)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        with path.open("ab", buffering=0) as file:
            file.write(lines.encode())

    def read(self, answer: UUID, cursor: Cursor) -> list[Event]:
        found: list[Event] = []
        newest = self._newest(answer)
        if newest > cursor.attempt:
            if cursor.attempt:
                found.append({"type": "restart"})
            cursor.attempt, cursor.offset, cursor.rest = newest, 0, b""
        try:
            with self._path(answer, cursor.attempt).open("rb") as file:
                file.seek(cursor.offset)
                data = file.read()
        except FileNotFoundError:
            return found
        cursor.offset += len(data)
        whole, _newline, cursor.rest = (cursor.rest + data).rpartition(b"\n")
        found += [json.loads(line) for line in whole.split(b"\n") if line]
        return found

    def _newest(self, answer: UUID) -> int:
        """The highest attempt that said something: one may have died before it spoke."""
        try:
            names = os.listdir(self.folder / str(answer))
        except FileNotFoundError:
            return 0
        return max((int(name.removesuffix(".jsonl")) for name in names), default=0)

    def tidy(self, older_than: float) -> int:
        removed = 0
        for folder in self.folder.iterdir():
            if folder.is_dir() and time.time() - folder.stat().st_mtime > older_than:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed


def backend() -> Backend:
    return Files(settings.STREAMS)


def publish(answer: UUID, attempt: int, events: list[Event]) -> None:
    if events:
        backend().append(answer, attempt, events)


async def events(answer: UUID) -> AsyncIterator[list[Event]]:
    """Batches of events from the newest attempt's beginning on, until after ``end``.

    An empty batch says that nothing came for ``KEEP_ALIVE`` seconds. The wait between two looks
    is short while text may come any moment and grows when nothing does.
    """
    log, cursor = backend(), Cursor()
    wait, quiet_since = FIRST, time.monotonic()
    while True:
        batch = log.read(answer, cursor)
        if batch:
            yield batch
            if any(event["type"] == "end" for event in batch):
                return
            wait, quiet_since = FIRST, time.monotonic()
        elif time.monotonic() - quiet_since > KEEP_ALIVE:
            yield []
            quiet_since = time.monotonic()
        await asyncio.sleep(wait)
        # a look costs some 50 µs: seldom enough for a hundred watchers, often enough for one
        wait = min(wait * 1.2, LIVELY if time.monotonic() - quiet_since < 2 else SILENT)
