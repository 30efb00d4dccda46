"""The process that reads: ``python -m documents.ingest.child MEMORY_MB PARENT_PID [quick]``.

It limits itself, then does one job on one file per request until its standard input ends. Whatever
a file does to it - eat memory, crash, never end - is confined here, and the parent goes on.
"""

import json
import logging
import os
import re
import resource
import select
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from . import wire
from .jobs import JOBS, Job, load, rest
from .reading import Kind, Limits, Part, Unreadable

# a library that leaks a little per document is given a fresh process
_DOCUMENTS, _LOOKS = 200, 2000
_PROGRESS_SECONDS = 0.05
_REST_SECONDS = 30.0
_NICE = 5  # reading gives way to those who look and ask
_REQUEST_BYTES = 16_000_000
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)


def main() -> None:
    memory_mb, parent = int(sys.argv[1]), int(sys.argv[2])
    _limit(memory_mb)
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    logging.disable()

    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    # The stack counts as address space.
    threading.stack_size(256 * 1024)
    threading.Thread(target=_listen, args=(requests, parent), daemon=True).start()
    quick = sys.argv[3:] == ["quick"]
    if quick:
        load()
    else:
        os.nice(_NICE)
    most = _LOOKS if quick else _DOCUMENTS
    documents = 0
    while True:
        try:
            request = requests.get(timeout=_REST_SECONDS)
        except Empty:
            rest()
            continue
        documents += 1
        _answer(request, lambda data: _write(out, data), memory_mb, documents >= most)


def _limit(memory_mb: int) -> None:
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.dont_write_bytecode = True


def _limit_cpu(seconds: float) -> None:
    """Let the system end this process should the parent not: it counts since the process began."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    end = int(usage.ru_utime + usage.ru_stime + seconds) + 5
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (end, hard))


def _listen(requests: "SimpleQueue[dict[str, Any]]", parent: int) -> None:
    """Queue requests; end the process, whatever it is at, when the parent is gone.

    A thread sees this even while pdfium runs. PR_SET_PDEATHSIG would not do: it fires when the
    *thread* ends that started us. The end of the input may not come if the parent was forked, so
    its id is looked at too.
    """
    frames = wire.Frames(_REQUEST_BYTES)
    while os.getppid() == parent:
        if not select.select([0], [], [], 1.0)[0]:
            continue
        data = os.read(0, 65536)
        if not data:
            break
        for _, payload in frames.feed(data):
            requests.put(json.loads(payload))
    os._exit(0)


def _write(out: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]


def _answer(
    request: dict[str, Any], send: Callable[[bytes], None], memory_mb: int, tired: bool
) -> None:
    """Do one job and say how it ended, and whether this process has had its day."""
    limits = Limits(**request["limits"])
    send(wire.frame(wire.STARTED))
    _limit_cpu(limits.seconds)
    try:
        path = Path(os.fsdecode(bytes.fromhex(request["path"])))
        _check(path, limits)
        job = Job(path, Kind(request["kind"]), limits, request["arguments"], _Telling(send, limits))
        data, fields = JOBS[request["job"]](job)
        answer = (wire.frame(wire.DATA, data) if data else b""), wire.RESULT, fields
    except Unreadable as error:
        answer = _failed(error)
    except MemoryError:
        tired = True
        answer = _failed(Unreadable("too_much_memory", "MemoryError", megabytes=memory_mb))
    except OSError as error:
        answer = _failed(Unreadable("missing", repr(error)))
    except Exception as error:  # a reader's fault must not look like the file's, but ends like it
        tired = True
        answer = _failed(Unreadable("crashed", repr(error)))
    before, tag, fields = answer
    fields["tired"] = tired or _peak_mb() > memory_mb / 3
    send(before + wire.message(tag, fields))


def _peak_mb() -> float:
    """The most memory this process has had; 0 where the system does not tell.

    It is not ru_maxrss: that begins with what the parent had when it started this process.
    """
    try:
        found = _PEAK.search(Path("/proc/self/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _failed(error: Unreadable) -> tuple[bytes, bytes, dict[str, Any]]:
    fields = {"code": error.code, "detail": error.detail[:2000], "fields": error.fields}
    return b"", wire.FAILED, fields


def _check(path: Path, limits: Limits) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("missing", "not a regular file")
    if status.st_size == 0:
        raise Unreadable("empty")
    if status.st_size > limits.bytes:
        megabytes = {"megabytes": _mb(status.st_size), "limit": _mb(limits.bytes)}
        raise Unreadable("too_large", f"{status.st_size} bytes", **megabytes)


class _Telling:
    """What a job says while it runs, passed on to the parent."""

    def __init__(self, send: Callable[[bytes], None], limits: Limits) -> None:
        self._send = send
        self._page_seconds = limits.page_seconds
        self._told = 0.0

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        # what gives more time is always told
        if self._page_seconds:
            _limit_cpu(self._page_seconds)
        elif done != total and now - self._told < _PROGRESS_SECONDS:
            return
        self._told = now
        self._send(wire.message(wire.PROGRESS, {"done": done, "total": total}))

    def part(self, part: Part) -> None:
        self._send(wire.named(wire.PART, part.path, part.data))


def _mb(size: int) -> float:
    return round(size / 1_000_000, 1)


if __name__ == "__main__":
    main()
