"""Readers run in a process of their own, kept between documents and replaced when it was killed.

It is started with ``subprocess``, never forked: the caller may have threads. One document at a
time per process of ours; other threads wait their turn.
"""

import atexit
import contextlib
import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import wire
from .reading import Kind, Limits, PageReading, Progress, Reading, Unreadable

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
# The child needs no secret, so it is given none: only what Python needs to start.
_ENVIRONMENT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
_STDERR_LINES = 40
_CHUNK = 1 << 18


def read(path: Path, kind: Kind, limits: Limits, progress: Progress | None = None) -> Reading:
    """Read the file at ``path`` within ``limits``. Raise `Unreadable`, and nothing else but what
    ``progress`` raises; that stops the reading."""
    global _child
    request = wire.message(
        wire.REQUEST,
        {
            "path": os.fsencode(Path(path).absolute()).hex(),
            "kind": kind.value,
            "limits": vars(limits),
        },
    )
    with _lock:
        for _ in range(2):
            if _child is None or not _child.serves(limits):
                _end()
                _child = _started(limits)
            try:
                return _child.read(request, limits, progress or _silent)
            except _NotStarted as error:
                # it died while idle, which says nothing about this file
                logger.warning("ingest_child_gone status=%s", error)
            finally:
                if _child.done:
                    _end()
    raise Unreadable("crashed", "the reading process does not start")


def close() -> None:
    """End this process's child, after the document it is at. Calling it again does nothing."""
    with _lock:
        _end()


def _started(limits: Limits) -> "_Child":
    try:
        return _Child(limits.memory_mb)
    except OSError as error:
        raise Unreadable("crashed", f"no process could be started: {error!r}") from error


def _silent(done: int, total: int) -> None:
    """Nobody wants to know the progress."""


class _NotStarted(Exception):
    """The child was gone before it began."""


@dataclass(frozen=True)
class _Exit:
    """How a child ended: its wait status (None if somebody else took it) and its peak in MB."""

    status: int | None
    peak_mb: float


class _Child:
    """A running ``documents.ingest.child``. ``done`` once it must not be used again."""

    def __init__(self, memory_mb: int) -> None:
        self.done = False
        self._memory_mb = memory_mb
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # One arena: glibc would reserve 64 MB of the address space for each thread.
        environment["MALLOC_ARENA_MAX"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "documents.ingest.child", str(memory_mb), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            env=environment,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        self._stderr = self._process.stderr
        os.set_blocking(self._stdout.fileno(), False)
        os.set_blocking(self._stderr.fileno(), False)
        self._complaints: deque[bytes] = deque(maxlen=_STDERR_LINES)

    @property
    def pid(self) -> int:
        return self._process.pid

    def serves(self, limits: Limits) -> bool:
        return (
            not self.done and self._memory_mb == limits.memory_mb and self._process.poll() is None
        )

    def read(self, request: bytes, limits: Limits, progress: Progress) -> Reading:
        """Have a document read. Unless the child answered to the end and feels fit, it is ``done``
        afterwards."""
        self.done = True
        answer = self._converse(request, limits, progress)
        if not answer.tired:
            self.done = False
        if isinstance(answer.outcome, Unreadable):
            raise answer.outcome
        return answer.outcome

    def end(self) -> _Exit:
        """Kill the process, wait for it, close the pipes."""
        status: int | None = self._process.returncode
        peak_mb = 0.0
        if status is None:
            try:
                # Popen.kill() would reap a dead process, and its peak would be lost
                os.kill(self.pid, signal.SIGKILL)
                _, wait_status, usage = os.wait4(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                self._process.returncode = 0
            else:
                status = self._process.returncode = os.waitstatus_to_exitcode(wait_status)
                peak_mb = usage.ru_maxrss / 1024
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()
        return _Exit(status, peak_mb)

    def forget(self) -> None:
        """Let go of it without ending it: after a fork it is another process's child."""
        self._process.returncode = 0
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()

    def _converse(self, request: bytes, limits: Limits, progress: Progress) -> "_Answer":
        deadline = time.monotonic() + limits.seconds
        answer = _Answer(limits)
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(request)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stderr, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    self.end()
                    raise Unreadable("too_slow", seconds=f"{limits.seconds:g}")
                for key, _ in selector.select(left):
                    data = os.read(key.fd, _CHUNK)
                    if key.fileobj is self._stderr:
                        if not data:
                            selector.unregister(self._stderr)
                        self._complaints.append(data[-4000:])
                    elif not data:
                        raise self._death(answer.started)
                    else:
                        before = time.monotonic()
                        answer.take(data, progress)
                        if answer.complete:
                            return answer
                        # the caller's own time is not the document's
                        deadline += time.monotonic() - before

    def _death(self, started: bool) -> Exception:
        """What the end of its output means."""
        exit = self.end()
        complaint = b"".join(self._complaints).decode(errors="replace")[-2000:].strip()
        detail = f"exit {exit.status}, peak {exit.peak_mb:.0f} MB, {complaint}"
        if not started:
            return _NotStarted(detail)
        logger.warning("ingest_child_died exit=%s peak_mb=%.0f", exit.status, exit.peak_mb)
        # An allocation that fails within a library ends the process in any of several ways.
        if exit.peak_mb > self._memory_mb / 2:
            return Unreadable("too_much_memory", detail, megabytes=self._memory_mb)
        return Unreadable("crashed", detail)


class _Answer:
    """What the child has said so far about one document."""

    def __init__(self, limits: Limits) -> None:
        # JSON of a page takes some 250 bytes; a character at most four.
        self._frames = wire.Frames(4 * limits.chars + 1000 * limits.pages + 1_000_000)
        self._text = ""
        self.started = False
        self.complete = False
        self.tired = True
        self.outcome: Reading | Unreadable = Unreadable("crashed", "no answer")

    def take(self, data: bytes, progress: Progress) -> None:
        """Raise `Unreadable` for what no child of ours says: a file may have taken it over."""
        try:
            frames = self._frames.feed(data)
        except ValueError as error:
            raise Unreadable("crashed", repr(error)) from error
        for tag, payload in frames:
            if tag == wire.STARTED:
                self.started = True
                continue
            try:
                told = self._told(tag, payload)
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise Unreadable("crashed", repr(error)) from error
            if told:
                progress(*told)

    def _told(self, tag: bytes, payload: bytes) -> tuple[int, int] | None:
        if tag == wire.TEXT:
            self._text = payload.decode()
            return None
        fields: dict[str, Any] = json.loads(payload)
        if tag == wire.PROGRESS:
            return int(fields["done"]), int(fields["total"])
        self.tired = bool(fields.pop("tired"))
        if tag == wire.FAILED:
            self.outcome = Unreadable(fields["code"], fields["detail"], **fields["fields"])
        elif tag == wire.READING:
            fields["text"] = self._text
            fields["pages"] = tuple(PageReading(**page) for page in fields["pages"])
            fields["warnings"] = tuple(fields["warnings"])
            self.outcome = Reading(**fields)
        else:
            raise ValueError(f"tag {tag!r}")
        self.complete = True
        return None


_lock = threading.Lock()
_child: _Child | None = None


def _end() -> None:
    global _child
    child, _child = _child, None
    if child:
        child.end()


def _forget() -> None:
    """In a forked process: the child and the lock are the parent's."""
    global _child, _lock
    child, _child, _lock = _child, None, threading.Lock()
    if child:
        child.forget()


os.register_at_fork(after_in_child=_forget)
atexit.register(_end)  # without the lock: a thread that reads must not keep the process alive
