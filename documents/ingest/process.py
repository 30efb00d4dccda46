"""The parent's side of one child: its process, what it is asked, what it answers."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import wire
from .reading import Limits, Part, Progress, Unreadable

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
    "TESSDATA_PREFIX",
)
_STDERR_LINES = 40
_NICE = 5
_CHUNK = 1 << 18


class NotStarted(Exception):
    """The child was gone before it began."""


@dataclass(frozen=True)
class _Exit:
    """How a child ended: its wait status (None if somebody else took it) and its peak in MB, 0
    where that is not known."""

    status: int | None
    peak_mb: float


class Child:
    """A running ``documents.ingest.child``. ``done`` once it must not be used again."""

    def __init__(self, memory_mb: int, quick: bool) -> None:
        self.done = False
        self._memory_mb = memory_mb
        # What a child is said to have had at most begins with what its parent had.
        self._inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # One arena: glibc would reserve 64 MB of the address space for each thread.
        environment["MALLOC_ARENA_MAX"] = "1"
        # One page, one core: more threads would be slower, and each has a stack.
        environment["OMP_THREAD_LIMIT"] = "1"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "documents.ingest.child", str(memory_mb)),
                *(str(os.getpid()), "quick" if quick else ""),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            env=environment,
        )
        if not quick:
            # who asks or looks goes first where there are few cores
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)
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

    def ask(self, request: bytes, limits: Limits, answer: Answer) -> None:
        """Have a job done. Unless the child answered to the end and feels fit, it is ``done``
        afterwards. Raise `Unreadable` when that was the answer."""
        self.done = True
        self._converse(request, limits, answer)
        if not answer.tired:
            self.done = False
        if answer.failure is not None:
            raise answer.failure

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
                if usage.ru_maxrss > self._inherited:
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

    def _converse(self, request: bytes, limits: Limits, answer: Answer) -> None:
        began = time.monotonic()
        deadline = began + limits.seconds
        last = began + (limits.total_seconds or math.inf)
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(request)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stderr, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                left = min(deadline, last) - now
                if left <= 0:
                    self.end()
                    raise Unreadable("too_slow", seconds=f"{round(now - began, 1):g}")
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
                        pages = answer.pages
                        answer.take(data)
                        if answer.complete:
                            return
                        # the caller's own time is not the document's
                        deadline += time.monotonic() - before
                        if limits.page_seconds and answer.pages > pages:
                            deadline = max(deadline, time.monotonic() + limits.page_seconds)

    def _death(self, started: bool) -> Exception:
        """What the end of its output means."""
        exit = self.end()
        complaint = b"".join(self._complaints).decode(errors="replace")[-2000:].strip()
        detail = f"exit {exit.status}, peak {exit.peak_mb:.0f} MB, {complaint}"
        if not started:
            return NotStarted(detail)
        logger.warning("ingest_child_died exit=%s peak_mb=%.0f", exit.status, exit.peak_mb)
        # An allocation that fails within a library ends the process in any of several ways.
        if exit.peak_mb > self._memory_mb / 2 or self._gave_up(exit):
            return Unreadable("too_much_memory", detail, megabytes=self._memory_mb)
        return Unreadable("crashed", detail)

    def _gave_up(self, exit: _Exit) -> bool:
        """Whether it ended as a library does that gets no memory, where its parent once had so much
        that the child's own peak cannot be told."""
        untold = not exit.peak_mb and self._inherited / 1024 > self._memory_mb / 2
        return untold and exit.status in (-signal.SIGABRT, -signal.SIGTRAP)


class Answer:
    """What the child has said so far to one job. Complete, it is either ``data`` and ``fields``,
    or ``failure``."""

    def __init__(self, limits: Limits, progress: Progress, part: Callable[[Part], None]) -> None:
        # JSON of a page takes some 250 bytes, of a recognised word 40; a character at most four.
        longest = 12 * limits.chars + 1000 * limits.pages + 1_000_000
        self._frames = wire.Frames(max(longest, limits.bytes + 1_000_000))
        self._limits = limits
        self._progress = progress
        self._part = part
        self._parts = self._parts_bytes = 0
        self.data = b""
        self.fields: dict[str, Any] = {}
        self.failure: Unreadable | None = None
        self.started = False
        self.complete = False
        self.tired = True
        self.pages = 0

    def take(self, data: bytes) -> None:
        """Raise `Unreadable` for what no child of ours says: a file may have taken it over."""
        try:
            frames = self._frames.feed(data)
        except ValueError as error:
            raise Unreadable("crashed", repr(error)) from error
        for tag, payload in frames:
            try:
                told = self._told(tag, payload)
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise Unreadable("crashed", repr(error)) from error
            if isinstance(told, Part):
                self._part(told)
            elif told:
                self._progress(*told)

    def _told(self, tag: bytes, payload: bytes) -> tuple[int, int] | Part | None:
        if tag == wire.STARTED:
            self.started = True
            return None
        if tag == wire.DATA:
            self.data = payload
            return None
        if tag == wire.PART:
            return self._counted(Part(*wire.unnamed(payload)))
        fields: dict[str, Any] = json.loads(payload)
        if tag == wire.PROGRESS:
            self.pages = int(fields["done"])
            return self.pages, int(fields["total"])
        self.tired = bool(fields.pop("tired"))
        if tag == wire.FAILED:
            self.failure = Unreadable(fields["code"], fields["detail"], **fields["fields"])
        elif tag == wire.RESULT:
            self.fields = fields
        else:
            raise ValueError(f"tag {tag!r}")
        self.complete = True
        return None

    def _counted(self, part: Part) -> Part:
        self._parts += 1
        self._parts_bytes += len(part.data)
        if self._parts > self._limits.parts or self._parts_bytes > self._limits.parts_bytes:
            raise ValueError("more parts than are allowed")
        return part
