"""Where characters of a version stand on its pages. A look-up, never a search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models.functions import Substr

from documents import ingest
from documents.ingest import joining, words
from documents.models import Page, Text, Version, Words
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


@dataclass(frozen=True)
class Line:
    """A line on a page, or a stretch of one: ``text`` is the version's ``[start:end]``.

    ``turns`` are the quarter turns clockwise from a line that runs to the right.
    """

    start: int
    end: int
    text: str
    rect: ingest.Rect
    turns: int = 0


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


def lines(version: Version, number: int) -> list[Line]:
    """The lines of page ``number`` in reading order, from which it can be selected as text.

    None at all for a page that does not exist, shows no text, or is read differently now. Raises
    `ingest.Unreadable` when the file cannot be opened any more.
    """
    page = Page.objects.filter(version=version, number=number).first()
    if page is None:
        return []
    found: list[tuple[int, int, ingest.Rect, int]] = []
    if page.source == "ocr":
        found = [
            (start, end, _rect(run.box), run.turns) for start, end, run in _runs(page, 0, page.end)
        ]
    elif page.source == "text" and version.blob.kind == ingest.Kind.PDF:
        path = version.blob.file.path
        found = list(ingest.lines(path, limits(LOOK_SECONDS), number, page.raw_sha256).lines)
    if not found:
        return []
    content = Text.objects.filter(version=version).annotate(
        part=Substr("content", page.start + 1, page.end - page.start)
    )
    text = content.values_list("part", flat=True).first() or ""
    return [
        Line(page.start + start, page.start + end, text[start:end], rect, turns)
        for start, end, rect, turns in found
    ]


def _recognised(page: Page, start: int, end: int) -> Boxes:
    """From the boxes that were kept when the page was recognised."""
    runs = _runs(page, start - page.start, end - page.start)
    return Boxes(page.number, tuple(_rect(run.box) for _start, _end, run in runs))


def _runs(page: Page, first: int, last: int) -> Iterator[tuple[int, int, joining.Run]]:
    """The lines of a recognised page's words that have a character in the page's range, each with
    the range it covers."""
    row = Words.objects.filter(page=page).first()
    packed = words.unpack(bytes(row.packed)) if row else []
    seen = [word for word in packed if word.start < last and word.end > first]
    turns = _turns(packed, page)
    joiner = joining.Joiner(page.height / page.width if page.width and page.height else 1.0)
    for number, word in enumerate(seen):
        box = tuple(at / words.SCALE for at in word[2:6])
        joiner.add(number, box, begin=joiner.begins(box), turns=turns)  # type: ignore[arg-type]
    for run in joiner.runs:
        yield seen[run.first].start, seen[run.last].end, run


def _turns(packed: list[words.Word], page: Page) -> int:
    """1 for a page whose words stand upright, as on a sheet that lay sideways; else 0."""
    long = [word for word in packed if word.end - word.start > 3]
    upright = sum(
        (word.bottom - word.top) * page.height > (word.right - word.left) * page.width
        for word in long
    )
    return int(2 * upright > len(long))


def _rect(box: joining.Box) -> ingest.Rect:
    left, top, right, bottom = box
    return left, top, right - left, bottom - top
