"""Where characters of a version stand on its pages. A look-up, never a search."""

from __future__ import annotations

from dataclasses import dataclass

from documents import ingest
from documents.ingest import words
from documents.models import Page, Version, Words
from documents.reading import limits

LOOK_SECONDS = 10.0  # for showing one place


@dataclass(frozen=True)
class Boxes:
    """The rectangles of a range on one page: fractions of the page as shown, y down.

    Empty where nothing of the range can be seen. ``changed``: the installed PDF library reads the
    page differently from when its text was made.
    """

    page: int
    rects: tuple[ingest.Rect, ...]
    changed: bool = False


def boxes(version: Version, start: int, end: int) -> list[Boxes]:
    """The boxes of ``text[start:end]``, one entry for each page the range touches, in order.

    Empty for a range outside the text and for kinds without pages to look at. Raises
    `ingest.Unreadable` when the file cannot be opened any more.
    """
    touching = Page.objects.filter(version=version, start__lt=end, end__gt=start)
    pages = list(touching.order_by("number"))
    recognised = [page for page in pages if page.source == "ocr"]
    found = {page.number: _recognised(page, start, end) for page in recognised}
    drawn = [page for page in pages if page.source == "text"]
    if drawn and version.blob.kind == ingest.Kind.PDF:
        ranges = [
            ingest.PageRange(
                page.number,
                max(start - page.start, 0),
                min(end, page.end) - page.start,
                page.raw_sha256,
            )
            for page in drawn
        ]
        for one in ingest.boxes(version.blob.file.path, limits(LOOK_SECONDS), ranges):
            found[one.page] = Boxes(one.page, one.rects, one.changed)
    return [found[number] for number in sorted(found)]


def _recognised(page: Page, start: int, end: int) -> Boxes:
    """From the boxes that were kept when the page was recognised: one rectangle a word."""
    row = Words.objects.filter(page=page).first()
    rects = []
    for word in words.unpack(bytes(row.packed)) if row else []:
        if page.start + word.start < end and page.start + word.end > start:
            corner = (word.left / words.SCALE, word.top / words.SCALE)
            size = ((word.right - word.left) / words.SCALE, (word.bottom - word.top) / words.SCALE)
            rects.append((*corner, *size))
    return Boxes(page.number, tuple(rects))
