"""Where ranges of a PDF's text stand on its pages, and the lines of a page."""

from collections.abc import Sequence
from pathlib import Path

import pypdfium2

from .glyphs import Glyphs, glyphs_of
from .joining import Box
from .pdf import open_pdf
from .places import PageBoxes, PageLine, PageLines, PageRange, Rect


def find(path: Path, ranges: Sequence[PageRange]) -> list[PageBoxes]:
    """The boxes of each range, in the order asked. Raise `Unreadable`."""
    document = open_pdf(path)
    try:
        return [_on_page(document, PageRange(*wanted)) for wanted in ranges]
    finally:
        document.close()


def lines(path: Path, page: int, raw_sha256: str) -> PageLines:
    """All lines of a page. Raise `Unreadable`."""
    document = open_pdf(path)
    try:
        with glyphs_of(document.raw, page) as glyphs:
            if glyphs is None or glyphs.raw_sha256 != raw_sha256:
                return PageLines((), changed=True)
            return PageLines(tuple(_lines(glyphs)))
    finally:
        document.close()


def _lines(glyphs: Glyphs) -> list[PageLine]:
    found = []
    for run in glyphs.runs(0, len(glyphs.raw)):
        start, end = glyphs.positions.to_text(run.first, run.last + 1)
        if start < end:
            found.append(PageLine(start, end, _rect(run.box), run.turns))
    return found


def _on_page(document: pypdfium2.PdfDocument, wanted: PageRange) -> PageBoxes:
    with glyphs_of(document.raw, wanted.page) as glyphs:
        if glyphs is None or glyphs.raw_sha256 != wanted.raw_sha256:
            return PageBoxes(wanted.page, (), changed=True)
        first, last = glyphs.positions.to_raw(wanted.start, wanted.end)
        return PageBoxes(wanted.page, tuple(_rect(run.box) for run in glyphs.runs(first, last)))


def _rect(box: Box) -> Rect:
    left, top, right, bottom = box
    return left, top, right - left, bottom - top
