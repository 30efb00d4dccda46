"""Reading a version: the ingest run itself, and its pages as a person sees them."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models.functions import Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from config.keeper import Keeper
from documents import ingest, search
from documents.models import LEASE, MAX_ATTEMPTS, Page, Text, Version
from documents.numbers import grouped
from documents.unpacking import MAX_DOCUMENTS, Unpacked, Unpacking

logger = logging.getLogger(__name__)
PAGE_SECONDS = 120.0  # for recognising one page; a usual one takes two
WINDOW = 40  # pages shown at once
# of these a line is a paragraph or a row of a table; elsewhere it may be one that a printer wrapped
LINED = {"csv", "xlsx", "zip", "word", "slides", "web"}


def _renew(held: dict[int, str]) -> None:
    for pk, owner in held.items():
        Version.objects.filter(pk=pk, lease_owner=owner, status=Version.Status.READING).update(
            lease_until=timezone.now() + LEASE
        )


_keeper: Keeper[str] = Keeper("version-leases", LEASE.total_seconds() / 4, _renew)


def owner_name() -> str:
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{threading.get_ident() % 100_000}"


def limits(seconds: float | None = None, *, recognise: bool = False) -> ingest.Limits:
    """What one document may take; ``seconds`` in place of the time to read it. To ``recognise``
    text in pictures is allowed, and takes its time, only where it is said."""
    return ingest.Limits(
        bytes=settings.MAX_UPLOAD_MB * 1_000_000,
        pages=settings.MAX_PAGES,
        memory_mb=settings.READER_MEMORY_MB,
        seconds=float(settings.READER_SECONDS) if seconds is None else seconds,
        parts=MAX_DOCUMENTS,
        page_seconds=PAGE_SECONDS if recognise else 0.0,
        total_seconds=settings.OCR_MINUTES * 60.0 if recognise else 0.0,
        ocr=recognise,
        languages=settings.OCR_LANGUAGES,
    )


def ingest_version(
    version: Version,
    told: Callable[[Unpacked], None] | None = None,
    *,
    recognise: bool = False,
    then: Callable[[Version], object] = search.index,
) -> bool:
    """Read a version that is due. Ends it ready or failed, or leaves it to the slow lane when text
    must be recognised and ``recognise`` does not say to do it here. False when another worker
    has it.

    ``told`` hears of each file within: the new documents are due too. ``then`` is called with a
    version that has become ready, and sees to it that it can be found.
    """
    if not version.claim(owner_name()):
        return False
    if version.attempts > MAX_ATTEMPTS:
        version.fail(
            "crashed", _("Reading this file stopped the reader several times; it was given up.")
        )
        return True
    with _keeper.holding(version.pk, version.lease_owner):
        unpacking = Unpacking(version, told or _untold)
        if _read(version, unpacking, recognise or version.lane == Version.Lane.SLOW):
            then(version)
    return True


def _untold(unpacked: Unpacked) -> None:
    """Nobody wants to know: the sweep finds what is due."""


def ingest_due(
    lane: str,
    seconds: float = 0.0,
    told: Callable[[Unpacked], None] | None = None,
    then: Callable[[Version], object] = search.index,
) -> int:
    """Read the version whose turn it is, and others after it while ``seconds`` last; how many."""
    began = time.monotonic()
    count = 0
    while (version := Version.objects.next_due(lane)) is not None:
        # another worker may have been quicker: then it is the turn of another one
        count += ingest_version(version, told, then=then)
        if count and time.monotonic() - began >= seconds:
            break
    return count


def _read(version: Version, unpacking: Unpacking, recognise: bool) -> bool:
    """Whether the version is ready now."""
    began = time.monotonic()
    last = began

    def progress(done: int, total: int) -> None:
        nonlocal last
        # after the last page the version is ready, or as good as
        if not done or (done < total and time.monotonic() - last > 0.4):
            last = time.monotonic()
            version.progress(done, total)

    try:
        kind = ingest.Kind(version.blob.kind)
        within = limits(recognise=recognise)
        with version.blob.file.open("rb"):
            reading = ingest.read(version.blob.file.path, kind, within, progress, unpacking.take)
    except ingest.Unreadable as error:
        if error.code == "needs_ocr" and version.to_slow_lane():
            logger.info("version=%s to be recognised", version.public_id)
            return False
        version.fail(error.code, sentence(error))
        logger.info("version=%s failed code=%s", version.public_id, error.code)
    except OSError:
        logger.exception("version=%s file not readable", version.public_id)
        version.fail("file", _("The stored file could not be opened. Upload it again."))
    else:
        seconds = time.monotonic() - began
        reading = replace(reading, warnings=(*reading.warnings, *unpacking.warnings()))
        won = version.mark_ready(reading, seconds)
        logger.info(
            "version=%s ready pages=%d ms=%d",
            version.public_id,
            len(reading.pages),
            int(seconds * 1000),
        )
        return won
    return False


def sentence(error: ingest.Unreadable) -> str:
    """What a user is told, in their language."""
    fields = {name: grouped(value) for name, value in error.fields.items()}
    return _(ingest.SENTENCES[error.code]) % fields


@dataclass(frozen=True)
class Leaf:
    """A page's text cut at the marked range: before, marked (may be empty), after.

    ``source``, ``confidence`` and ``legible`` say how it was read, as `ingest.PageReading` does.
    ``also`` are other cited ranges of the page's text; it begins at ``start`` of the version's.
    ``lined`` when a new line is never the same paragraph going on.
    """

    number: int
    before: str
    marked: str
    after: str
    source: str = "text"
    confidence: float | None = None
    legible: bool = True
    start: int = 0
    also: tuple[tuple[int, int], ...] = ()
    lined: bool = False


@dataclass(frozen=True)
class Leaves:
    """A window of pages. ``first_marked`` is the page to scroll to, None without a mark."""

    pages: list[Leaf]
    total: int
    first_marked: int | None

    @property
    def previous(self) -> int | None:
        first = self.pages[0].number if self.pages else 1
        return max(1, first - WINDOW) if first > 1 else None

    @property
    def following(self) -> int | None:
        last = self.pages[-1].number if self.pages else self.total
        return last + 1 if last < self.total else None


def leaves(
    version: Version,
    start: int | None,
    end: int | None,
    page: int | None = None,
    cited: Sequence[tuple[int, int]] = (),
) -> Leaves:
    """The pages of a ready version from ``page`` on, each with its text; without it, round the
    mark, or the first ones. ``cited`` are all ranges that are cited, the marked one among them."""
    marked = start is not None and end is not None and start < end
    rows = Page.objects.filter(version=version)
    first_marked = None
    if marked:
        touching = rows.filter(start__lt=end, end__gt=start).order_by("number").first()
        first_marked = touching.number if touching else None
        page = page or max(1, (first_marked or 1) - WINDOW // 4)
    window = list(rows.filter(number__gte=page or 1).order_by("number")[:WINDOW])
    if not window:
        return Leaves([], version.page_count, None)
    offset = window[0].start
    length = window[-1].end - offset
    # only the window's characters leave the database; Substr counts from 1
    content = (
        Text.objects.filter(version=version)
        .annotate(part=Substr("content", offset + 1, max(length, 1)))
        .values_list("part", flat=True)
        .first()
    ) or ""
    pages = []
    for row in window:
        text = content[row.start - offset : row.end - offset]
        a = b = len(text)
        if marked and row.start < end and row.end > start:  # type: ignore[operator]
            a, b = max(start - row.start, 0), min(end - row.start, len(text))  # type: ignore[operator]
        also = tuple(
            (max(first, row.start) - row.start, min(last, row.end) - row.start)
            for first, last in cited
            if row.start < last and row.end > first and (first, last) != (start, end)
        )
        cut = (text[:a], text[a:b], text[b:])
        read = (row.source, row.confidence, row.legible)
        lined = version.reader in LINED
        pages.append(Leaf(row.number, *cut, *read, row.start, also, lined))
    return Leaves(pages, version.page_count, first_marked)
