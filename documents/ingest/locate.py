"""Where ranges of a PDF's text stand on its pages, and the lines of a page."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pypdfium2

from .alignment import Moved
from .glyphs import Glyphs, glyphs_of
from .joining import Box
from .opened import opened
from .places import PageBoxes, PageLine, PageLines, PageRange, Rect


def find(
    path: Path, ranges: Sequence[PageRange], texts: Mapping[str, str] | None = None
) -> list[PageBoxes]:
    """The boxes of each range, in the order asked. Raise `Unreadable`.

    ``texts`` are the canonical texts of pages by number: with its text, a page that reads
    differently now has the boxes of what is found again.
    """
    document = opened(path)
    asked = [PageRange(*wanted) for wanted in ranges]
    order = sorted(range(len(asked)), key=lambda index: asked[index].page)
    found: dict[int, PageBoxes] = {}
    for page, indexes in groupby(order, key=lambda index: asked[index].page):
        text = (texts or {}).get(str(page))
        wanted = {index: asked[index] for index in indexes}
        found |= zip(wanted, _on_page(document, page, list(wanted.values()), text), strict=True)
    return [found[index] for index in range(len(asked))]


def _on_page(
    document: pypdfium2.PdfDocument, page: int, ranges: list[PageRange], text: str | None
) -> Iterator[PageBoxes]:
    with glyphs_of(document, page) as glyphs:
        moved = Moved(text, glyphs.text) if glyphs and text else None
        for wanted in ranges:
            changed = glyphs is None or glyphs.raw_sha256 != wanted.raw_sha256
            place: tuple[int, int] | None = (wanted.start, wanted.end)
            if changed:
                place = moved.range(wanted.start, wanted.end) if moved else None
            runs = glyphs.runs(*glyphs.positions.to_raw(*place)) if glyphs and place else []
            yield PageBoxes(page, tuple(_rect(run.box) for run in runs), changed)


def lines(path: Path, page: int, raw_sha256: str, text: str | None = None) -> PageLines:
    """All lines of a page; ``text`` as `find` has it. Raise `Unreadable`."""
    with glyphs_of(opened(path), page) as glyphs:
        if glyphs is None:
            return PageLines((), changed=True)
        changed = glyphs.raw_sha256 != raw_sha256
        if not changed:
            return PageLines(tuple(_lines(glyphs, None)))
        moved = Moved(glyphs.text, text) if text else None
        return PageLines(tuple(_lines(glyphs, moved)) if moved else (), changed=True)


def _lines(glyphs: Glyphs, moved: Moved | None) -> Iterator[PageLine]:
    for run in glyphs.runs(0, len(glyphs.raw)):
        start, end = glyphs.positions.to_text(run.first, run.last + 1)
        place = moved.range(start, end) if moved else (start, end)
        if place and place[0] < place[1]:
            yield PageLine(*place, _rect(run.box), run.turns)


def _rect(box: Box) -> Rect:
    left, top, right, bottom = box
    return left, top, right - left, bottom - top
