"""Pictures of a version's pages, drawn when somebody looks and kept for the next who does.

They lie in `settings.PICTURES`, a folder a version, and the least recently shown go when they take
more room than they are given. Several processes may do all of this at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Full, Queue

from django.conf import settings

from documents import ingest
from documents.geometry import LOOK_SECONDS
from documents.models import Version
from documents.reading import limits

logger = logging.getLogger(__name__)

#: Pixels across: the thumbnail, then what screens of various densities show.
WIDTHS = (160, 600, 900, 1200, 1800, 2400)
KINDS = (ingest.Kind.PDF, ingest.Kind.IMAGE)
# what took long to fail is not tried again at once: it would keep others waiting
_COSTLY = ("too_slow", "too_much_memory", "crashed")
_AGAIN_SECONDS = 600.0
_SHOWN_SECONDS = 60.0  # how exactly it is known when a picture was last shown
_LEFT = 0.9  # of the room is full after a clean-up, so that the next is some time off
_STEP = 0.05  # of the room is filled between two looks at how full it is
# who is being answered comes first, and nobody waits long for what nobody asked for
_PAUSE_SECONDS = 0.03
_AHEAD_SECONDS = 2.0


def has(version: Version, page: int) -> bool:
    """Whether there is such a page (from 1) to look at; kinds without pages have none."""
    return ingest.Kind(version.blob.kind) in KINDS and 1 <= page <= version.page_count


def picture(version: Version, page: int, width: int) -> bytes:
    """Page ``page`` (from 1) of a ready version as an image file, about ``width`` pixels across.

    `has` says whether there is such a page. Raises `ingest.Unreadable` when it cannot be drawn.
    The pages beside it are drawn soon after.
    """
    kept = _path(version, page, width)
    data = _kept(kept)
    if data is None:
        try:
            data = _drawn(version, page, width, LOOK_SECONDS)
        except ingest.Unreadable as error:
            logger.info("version=%s page=%d not drawn: %s", version.public_id, page, error.detail)
            if error.code in _COSTLY:
                _keep(kept, b"")
            raise
    for beside in (page + 1, page - 1):
        if has(version, beside) and not _path(version, beside, width).exists():
            _ahead.do(partial(_drawn, version, beside, width, _AHEAD_SECONDS))
    return data


def snapped(width: int) -> int:
    """The width of `WIDTHS` that serves: the next wider one, or the widest."""
    return next((wide for wide in WIDTHS if wide >= width), WIDTHS[-1])


def expect(version: Version) -> None:
    """Somebody opens this version: what the first picture of it costs is spent at once."""
    kind = ingest.Kind(version.blob.kind)
    if kind in KINDS:
        path = Path(version.blob.file.path)
        _ahead.do(partial(ingest.get_ready, path, kind, limits(_AHEAD_SECONDS)), pause=0.0)


def forget(version: Version) -> None:
    """Remove all pictures of a version, for good: a file takes the place of their folder, so that
    what is being drawn at this moment is not kept either."""
    folder = _folder(version)
    for _attempt in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(FileExistsError):
            folder.touch(exist_ok=False)
            return
        if folder.is_file():
            return


def tidy() -> None:
    """Remove those shown least recently, if all of them take more room than they are given."""
    found = []
    for path in Path(settings.PICTURES).glob("*/*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    room = settings.PICTURES_MB * 1_000_000
    full = sum(size for _, size, _ in found)
    if full <= room:
        return
    for _, size, path in sorted(found):
        if full <= _LEFT * room:
            break
        path.unlink(missing_ok=True)
        full -= size


def wait() -> None:
    """Until nothing is being done ahead of time any more."""
    _ahead.wait()


def _folder(version: Version) -> Path:
    return Path(settings.PICTURES) / str(version.public_id)


def _path(version: Version, page: int, width: int) -> Path:
    return _folder(version) / f"{page}-{width}"


def _kept(path: Path) -> bytes | None:
    """Raises `ingest.Unreadable` for a page that could not be drawn a short time ago."""
    try:
        with path.open("rb") as file:
            age = time.time() - os.fstat(file.fileno()).st_mtime
            data = file.read()
    except OSError:
        return None
    if not data:
        if age < _AGAIN_SECONDS:
            raise ingest.Unreadable("crashed", "not drawn a short time ago")
        return None
    if age > _SHOWN_SECONDS:
        with contextlib.suppress(OSError):
            os.utime(path)
    return data


def _drawn(version: Version, page: int, width: int, seconds: float) -> bytes:
    """A new picture, and it is kept. Needs no database."""
    file, kind = Path(version.blob.file.path), ingest.Kind(version.blob.kind)
    data = ingest.picture(file, kind, limits(seconds), page, width)
    _keep(_path(version, page, width), data)
    return data


def _keep(path: Path, data: bytes) -> None:
    """In one step: others find a whole file or none. Nothing is kept when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    except OSError as error:
        logger.info("picture not kept: %r", error)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        logger.warning("picture not kept: %r", error)
        Path(temporary).unlink(missing_ok=True)
    _filled.add(len(data))


class _Filled:
    """How much this process has kept since it last looked how full the room is."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, size: int) -> None:
        self._bytes += size
        if self._bytes > _STEP * settings.PICTURES_MB * 1_000_000:
            self._bytes = 0
            _ahead.do(tidy)


class _Ahead:
    """A thread that does what can be done before somebody waits for it, and drops what is more
    than it can do soon."""

    def __init__(self) -> None:
        self._tasks: Queue[tuple[float, Callable[[], object]]] = Queue(maxsize=6)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def do(self, task: Callable[[], object], pause: float = _PAUSE_SECONDS) -> None:
        with contextlib.suppress(Full):
            self._tasks.put_nowait((pause, task))
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        self._tasks.join()

    def _run(self) -> None:
        while True:
            pause, task = self._tasks.get()
            try:
                time.sleep(pause)
                task()
            except ingest.Unreadable:
                pass  # whoever looks is told
            except Exception:
                logger.exception("drawing ahead failed")
            finally:
                self._tasks.task_done()


_ahead = _Ahead()
_filled = _Filled()
