"""A folder as Celery's broker: what makes Pincite run with nothing to install.

A message is a file in ``<folder>/<queue>/``. It is written under a temporary name and renamed, so
nobody reads half of one, and it is taken by unlinking it: the process whose ``unlink`` succeeds has
the message, everyone else gets FileNotFoundError. Nothing taken stays on disk, nothing is locked,
and a process may be killed at any line. File names begin with the time, so a queue is first in,
first out. Messages a worker had taken but not begun are put back when it ends in good order; those
of a killed worker are gone, which is fine because a message is only a hint: the rows are the queue.

A worker lists its folders every 50 ms. To be faster than that it also listens to a named pipe in
each (the bell), into which a publisher writes one byte; losing a byte costs 50 ms, never a message.

There is no fanout, so Celery's remote control, gossip and mingle are off. Settings:
``broker_url = BROKER_URL`` and ``broker_transport_options = {"folder": ...}``. kombu takes no
dotted path in a URL, so importing this module gives the transport the name ``folder``.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import re
import select
import stat
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.json import dumps, loads

# The host says nothing; without one kombu warns that it chose localhost.
BROKER_URL = "folder://localhost"
TRANSPORT_ALIASES["folder"] = "config.folder_transport:Transport"

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
# Celery looks whether it should stop only between two drains, and asks for drains of two seconds.
DRAIN_SECONDS = 0.25
STALE_SECONDS = 3600

_QUEUE_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_@.-]*")
_serial = itertools.count()


class Channel(virtual.Channel):
    """A channel over ``transport_options["folder"]``; each queue is a folder in it."""

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        options = connection.client.transport_options
        if not options.get("folder"):
            raise ChannelError('The folder transport needs broker_transport_options["folder"].')
        self._root = Path(options["folder"])
        self._listed: dict[str, deque[str]] = {}
        self._bells: dict[str, int] = {}

    def bells(self) -> list[int]:
        """File descriptors that become readable when a consumed queue got a message."""
        return list(self._bells.values())

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> Any:
        self._open_bell(queue)
        return super().basic_consume(queue, *args, **kwargs)

    def close(self) -> None:
        super().close()
        while self._bells:
            os.close(self._bells.popitem()[1])

    def _folder(self, queue: str) -> Path:
        """The queue's folder. ChannelError if the name could lead anywhere else."""
        if not _QUEUE_NAME.fullmatch(queue):
            raise ChannelError(f"Invalid queue name: {queue!r}")
        return self._root / queue

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        folder = self._folder(queue)
        folder.mkdir(parents=True, exist_ok=True)
        # A publisher killed between writing and renaming leaves its temporary file.
        limit = time.time() - STALE_SECONDS
        for temporary in folder.glob(".*.tmp"):
            with contextlib.suppress(FileNotFoundError):
                if temporary.stat().st_mtime < limit:
                    temporary.unlink()

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        folder = self._folder(queue)
        name = f"{time.time_ns():020d}-{next(_serial):08d}-{uuid.uuid4().hex}"
        temporary = folder / f".{name}.tmp"
        content = dumps(message)
        try:
            temporary.write_text(content, encoding="utf-8")
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(content, encoding="utf-8")
        temporary.rename(folder / f"{name}.msg")
        _ring(folder)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """Take the oldest message; Empty if there is none.

        The listing is kept until it is used up: whatever came later has a later name.
        """
        folder = self._folder(queue)
        names = self._listed.setdefault(queue, deque())
        if not names:
            names.extend(sorted(_names(folder)))
        while names:
            path = folder / names.popleft()
            try:
                content = path.read_bytes()
                path.unlink()
            except FileNotFoundError:
                continue  # another worker has it
            try:
                message: dict[str, Any] = loads(content)
                return message
            except ValueError:
                # After a power cut a file may be empty: nothing is written through to the disk.
                logger.error("queue=%s dropped an unreadable message", queue)
        raise Empty

    def _purge(self, queue: str) -> int:
        purged = 0
        for name in _names(self._folder(queue)):
            with contextlib.suppress(FileNotFoundError):
                (self._folder(queue) / name).unlink()
                purged += 1
        return purged

    def _size(self, queue: str) -> int:
        return len(_names(self._folder(queue)))

    def _open_bell(self, queue: str) -> None:
        """Listen for messages. A file system without named pipes leaves the polling."""
        if queue in self._bells:
            return
        path = _bell(self._folder(queue))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            if stat.S_ISFIFO(path.stat().st_mode):
                # Reading and writing, so that it never reports the end of file.
                self._bells[queue] = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            logger.info("queue=%s has no bell: %s", queue, error)


class Transport(virtual.Transport):
    """Registered with kombu as ``folder://``."""

    Channel = Channel
    driver_type = "folder"
    driver_name = "folder"
    polling_interval = POLL_SECONDS

    def driver_version(self) -> str:
        return "1"

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver one message; socket.timeout after ``timeout`` seconds, or sooner, without one."""
        assert self.cycle is not None
        deadline = time.monotonic() + min(timeout or DRAIN_SECONDS, DRAIN_SECONDS)
        while True:
            with contextlib.suppress(Empty):
                self.cycle.get(self._deliver, timeout=timeout)
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                if timeout is not None:
                    raise TimeoutError
                remaining = self.polling_interval
            self._wait(min(self.polling_interval, remaining))

    def _wait(self, seconds: float) -> None:
        bells = [bell for channel in self.channels for bell in channel.bells()]
        if not bells:
            time.sleep(seconds)
            return
        for bell in select.select(bells, [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):  # another worker was quicker
                os.read(bell, 65536)


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith(".msg")]
    except FileNotFoundError:
        return []


def _bell(folder: Path) -> Path:
    return folder / ".bell"


def _ring(folder: Path) -> None:
    """Wake the queue's workers. Without one, without a pipe or with a full one there is no need."""
    with contextlib.suppress(OSError):
        bell = os.open(_bell(folder), os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(bell, b"\0")
        finally:
            os.close(bell)
