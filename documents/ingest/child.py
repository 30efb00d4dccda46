"""The process that reads: ``python -m documents.ingest.child MEMORY_MB PARENT_PID``.

It limits itself, then reads one document per request until its standard input ends. Whatever a
file does to it - eat memory, crash, never end - is confined here, and the parent goes on.
"""

import json
import logging
import os
import resource
import select
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from . import wire
from .reading import Kind, Limits, Reader, Reading, Unreadable

_DOCUMENTS = 200  # a library that leaks a little per document is given a fresh process
_PROGRESS_SECONDS = 0.05
_REQUEST_BYTES = 1_000_000


def main() -> None:
    memory_mb, parent = int(sys.argv[1]), int(sys.argv[2])
    _limit(memory_mb)
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    logging.disable()
    from .readers import READERS  # within the limits, for its libraries are large

    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    # The stack counts as address space.
    threading.stack_size(256 * 1024)
    threading.Thread(target=_listen, args=(requests, parent), daemon=True).start()
    documents = 0
    while True:
        request = requests.get()
        documents += 1
        _answer(request, READERS, lambda data: _write(out, data), memory_mb, documents)


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
    request: dict[str, Any],
    readers: dict[Kind, Reader],
    send: Callable[[bytes], None],
    memory_mb: int,
    documents: int,
) -> None:
    """Read one document and say how it ended, and whether this process has had its day."""
    limits = Limits(**request["limits"])
    tired = documents >= _DOCUMENTS
    send(wire.frame(wire.STARTED))
    _limit_cpu(limits.seconds)
    try:
        path = Path(os.fsdecode(bytes.fromhex(request["path"])))
        reading = _read(path, readers[Kind(request["kind"])], limits, send)
        text = reading.text.encode()
        fields = vars(reading) | {"text": "", "pages": [vars(page) for page in reading.pages]}
        answer = wire.frame(wire.TEXT, text), wire.READING, fields
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
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before, tag, fields = answer
    fields["tired"] = tired or peak_mb > memory_mb / 3
    send(before + wire.message(tag, fields))


def _failed(error: Unreadable) -> tuple[bytes, bytes, dict[str, Any]]:
    fields = {"code": error.code, "detail": error.detail[:2000], "fields": error.fields}
    return b"", wire.FAILED, fields


def _read(path: Path, reader: Reader, limits: Limits, send: Callable[[bytes], None]) -> Reading:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("missing", "not a regular file")
    if status.st_size == 0:
        raise Unreadable("empty")
    if status.st_size > limits.bytes:
        megabytes = {"megabytes": _mb(status.st_size), "limit": _mb(limits.bytes)}
        raise Unreadable("too_large", f"{status.st_size} bytes", **megabytes)
    told = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if done == total or now - told >= _PROGRESS_SECONDS:
            told = now
            send(wire.message(wire.PROGRESS, {"done": done, "total": total}))

    return reader.read(path, limits, progress)


def _mb(size: int) -> float:
    return round(size / 1_000_000, 1)


if __name__ == "__main__":
    main()
