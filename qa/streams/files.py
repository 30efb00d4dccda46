"""Stream logs as files in the data folder: what runs with nothing to install."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

from qa.streams.log import Cursor, Event

# seconds between two looks: until text comes, between its batches, and in silence
FIRST, LIVELY, STEADY, SILENT = 0.002, 0.004, 0.02, 0.04


class Files:
    """An append-only file per attempt; what follows the last newline waits for the next read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, answer: UUID, attempt: int) -> str:
        # no Path: it would be half the time of a look
        return f"{self.folder}/{answer}/{attempt}.jsonl"

    def append(
        self, answer: UUID, attempt: int, events: list[Event], position: int | None = None
    ) -> bool:
        path = self._path(answer, attempt)
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        if not position:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | (0 if position else os.O_CREAT)
        try:
            handle = os.open(path, flags, 0o666)
        except FileNotFoundError:
            return False
        with open(handle, "ab", buffering=0) as file:
            file.write(lines.encode())
        return True

    def read(self, answer: UUID, cursor: Cursor) -> list[Event]:
        found: list[Event] = []
        newest = self._newest(answer)
        if newest > cursor.attempt:
            if cursor.attempt:
                found.append({"type": "restart"})
            cursor.attempt, cursor.offset, cursor.rest = newest, 0, b""
        path = self._path(answer, cursor.attempt)
        try:
            if os.stat(path).st_size == cursor.offset:
                return found  # as nearly every time: nothing was opened for that
            with open(path, "rb") as file:
                if os.fstat(file.fileno()).st_size < cursor.offset:
                    # it was lost, and its writer has begun it again
                    found.append({"type": "again"})
                    cursor.offset, cursor.rest = 0, b""
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
            names = os.listdir(f"{self.folder}/{answer}")
        except FileNotFoundError:
            return 0
        return max((int(name.removesuffix(".jsonl")) for name in names), default=0)

    async def follow(self, answer: UUID, keep_alive: float) -> AsyncGenerator[list[Event], None]:
        """The wait between two looks is short while the first text may come any moment. A batch
        that follows comes a tenth of a second later, and nobody sees whether a little later yet."""
        cursor, wait, quiet_since, reading = Cursor(), FIRST, time.monotonic(), False
        while True:
            if batch := self.read(answer, cursor):
                yield batch
                reading = any(event["type"] == "text" for event in batch) or reading
                reading = reading and batch[-1]["type"] not in ("broke", "restart", "again")
                wait, quiet_since = STEADY if reading else FIRST, time.monotonic()
            elif time.monotonic() - quiet_since > keep_alive:
                yield []
                quiet_since = time.monotonic()
            await asyncio.sleep(wait)
            # a look costs some 15 µs: seldom enough for a hundred watchers, often enough for one
            lively = STEADY if reading else LIVELY
            wait = min(wait * 1.2, lively if time.monotonic() - quiet_since < 2 else SILENT)

    def tidy(self, older_than: float) -> int:
        removed = 0
        for folder in self.folder.iterdir():
            if folder.is_dir() and time.time() - folder.stat().st_mtime > older_than:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed
