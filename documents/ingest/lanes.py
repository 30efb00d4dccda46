"""Children that read and children that look, kept between files, and who may talk to them when.

They are started with ``subprocess``, never forked: the caller may have threads. There are two for
reading, so that a short document need not wait for a long one, and two for looking at pages, so
that nobody who looks waits for a reading, nor long for a page that is slow to draw; each does one
job at a time, and other threads wait.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import wire
from .process import Answer, Child, NotStarted
from .reading import Kind, Limits, Part, Progress, Unreadable

logger = logging.getLogger(__name__)


def close() -> None:
    """End this process's children, after the document each is at. Calling it again does nothing."""
    for lane in _all():
        with lane.lock:
            lane.end()


class _Lane:
    """A child and who may talk to it: one at a time. Other lanes do not wait for it.

    A ``quick`` lane's child is replaced at once when it ends, and loads its libraries before it is
    asked anything: somebody is looking.
    """

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.lock = threading.Lock()
        self.child: Child | None = None

    def serving(self, limits: Limits) -> Child:
        """A child that runs, started if it must be. Raise `Unreadable` if none can be."""
        if self.child is None or not self.child.serves(limits):
            self.end()
            try:
                self.child = Child(limits.memory_mb, self.quick)
            except OSError as error:
                raise Unreadable("crashed", f"no process could be started: {error!r}") from error
        return self.child

    def end(self) -> None:
        child, self.child = self.child, None
        if child:
            child.end()

    def renew(self, limits: Limits) -> None:
        self.end()
        if self.quick:
            with contextlib.suppress(Unreadable):
                self.serving(limits)


def asked(
    lane_name: str,
    job: str,
    path: Path,
    kind: Kind,
    limits: Limits,
    arguments: dict[str, Any],
    progress: Progress | None = None,
    part: Callable[[Part], None] | None = None,
) -> Answer:
    """What the child of a lane says to a job on a file; `Unreadable` is raised."""
    request = wire.message(
        wire.REQUEST,
        {
            "job": job,
            "path": os.fsencode(Path(path).absolute()).hex(),
            "kind": kind.value,
            "limits": vars(limits),
            "arguments": arguments,
        },
    )
    with _free(lane_name) as lane, lane.lock:
        for _ in range(2):
            child = lane.serving(limits)
            answer = Answer(limits, progress or _silent, part or _unwanted)
            try:
                child.ask(request, limits, answer)
            except NotStarted as error:
                # it died while idle, which says nothing about this file
                logger.warning("ingest_child_gone status=%s", error)
            else:
                return answer
            finally:
                if child.done:
                    lane.renew(limits)
    raise Unreadable("crashed", "the reading process does not start")


def _silent(done: int, total: int) -> None:
    """Nobody wants to know the progress."""


def _unwanted(part: Part) -> None:
    """Nobody wants the files inside."""


_COUNTS = {"reading": 2, "looking": 2}
_lanes: dict[str, list[_Lane]] = {}
_idle: dict[str, queue.LifoQueue[_Lane]] = {}


def _make() -> None:
    for name, count in _COUNTS.items():
        _lanes[name] = [_Lane(quick=name == "looking") for _ in range(count)]
        _idle[name] = queue.LifoQueue()
        for lane in _lanes[name]:
            _idle[name].put(lane)


@contextlib.contextmanager
def _free(name: str) -> Iterator[_Lane]:
    """A lane that does nothing, waited for if need be: the last one used, whose child is warm."""
    lane = _idle[name].get()
    try:
        yield lane
    finally:
        _idle[name].put(lane)


def _all() -> list[_Lane]:
    return [lane for lanes in _lanes.values() for lane in lanes]


def _end() -> None:
    for lane in _all():
        lane.end()


def _forget() -> None:
    """In a forked process: the children and the locks are the parent's."""
    inherited = _all()
    _make()
    for lane in inherited:
        if lane.child:
            lane.child.forget()


_make()


os.register_at_fork(after_in_child=_forget)
atexit.register(_end)  # without the lock: a thread that reads must not keep the process alive
