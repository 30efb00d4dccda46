"""Where characters of a version stand on its pages. A look-up, never a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q
from django.db.models.functions import Substr

from documents import ingest
from documents.ingest import joining, words
from documents.models import Page, Text, Version, Words
from documents.reading import limits

LOOK_SECONDS = 10.0  # for showing one place
_CLAUSES = 50  # ranges that the database is asked about one by one


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
    return boxes_of(version, [(start, end)])[0]


def boxes_of(version: Version, ranges: Sequence[tuple[int, int]]) -> list[list[Boxes]]:
    """What `boxes` gives for each of the ranges, all found with one look at the file."""
    pages = _touched(version, ranges)
    recognised = _Words(pages)
    found: list[list[Boxes]] = [[] for _ in ranges]
    wanted: list[tuple[int, ingest.PageRange]] = []
    for index, (start, end) in enumerate(ranges):
        for page in pages:
            first, last = max(start - page.start, 0), min(end, page.end) - page.start
            if first >= last:
                continue
            if page.source == "ocr":
                runs = recognised.runs(page, first, last)
                rects = tuple(_rect(run.box) for _, _, run in runs)
                found[index].append(Boxes(page.number, rects))
            elif page.source == "text" and version.blob.kind == ingest.Kind.PDF:
                one = ingest.PageRange(page.number, first, last, page.raw_sha256)
                wanted.append((index, one))
    seen = _looked_up(version, pages, [one for _, one in wanted])
    for (index, _), boxes in zip(wanted, seen, strict=True):
        found[index].append(Boxes(boxes.page, boxes.rects, boxes.changed))
    return [sorted(of_range, key=lambda boxes: boxes.page) for of_range in found]


def _touched(version: Version, ranges: Sequence[tuple[int, int]]) -> list[Page]:
    """The pages with a character of any of the ranges, in order."""
    rows = Page.objects.filter(version=version).order_by("number")
    asked = [Q(start__lt=end, end__gt=start) for start, end in ranges if start < end]
    if not asked:
        return []
    if len(asked) > _CLAUSES:
        low, high = min(start for start, _ in ranges), max(end for _, end in ranges)
        asked = [Q(start__lt=high, end__gt=low)]
    return list(rows.filter(reduce(or_, asked)))


def _looked_up(
    version: Version, pages: list[Page], wanted: list[ingest.PageRange]
) -> list[ingest.PageBoxes]:
    if not wanted:
        return []
    path, within = version.blob.file.path, limits(LOOK_SECONDS)
    found = ingest.boxes(path, within, wanted)
    changed = {one.page for one in found if one.changed}
    if not changed:
        return found
    texts = {page.number: _text(version, page) for page in pages if page.number in changed}
    again = iter(ingest.boxes(path, within, [r for r in wanted if r.page in changed], texts))
    return [next(again) if one.page in changed else one for one in found]


def lines(version: Version, number: int) -> list[Line]:
    """The lines of page ``number`` in reading order, from which it can be selected as text.

    None at all for a page that does not exist or shows no text; of one that is read differently
    now, those that are found again. Raises `ingest.Unreadable` when the file cannot be opened any
    more.
    """
    page = Page.objects.filter(version=version, number=number).first()
    if page is None:
        return []
    found: list[ingest.PageLine] = []
    if page.source == "ocr":
        runs = _Words([page]).runs(page, 0, page.end - page.start)
        found = [ingest.PageLine(a, b, _rect(run.box), run.turns) for a, b, run in runs]
    elif page.source == "text" and version.blob.kind == ingest.Kind.PDF:
        path, within = version.blob.file.path, limits(LOOK_SECONDS)
        seen = ingest.lines(path, within, number, page.raw_sha256)
        if seen.changed:
            text = _text(version, page)
            seen = ingest.lines(path, within, number, page.raw_sha256, text)
        found = list(seen.lines)
    text = _text(version, page) if found else ""
    return [
        Line(page.start + start, page.start + end, text[start:end], rect, turns)
        for start, end, rect, turns in found
    ]


def _text(version: Version, page: Page) -> str:
    """The page's own; only its characters leave the database."""
    rows = Text.objects.filter(version=version)
    # Substr counts from 1
    part = rows.annotate(part=Substr("content", page.start + 1, max(page.end - page.start, 1)))
    return (part.values_list("part", flat=True).first() or "")[: page.end - page.start]


class _Words:
    """The words kept of recognised pages."""

    def __init__(self, pages: Sequence[Page]) -> None:
        recognised = [page.pk for page in pages if page.source == "ocr"]
        rows = Words.objects.filter(page__in=recognised) if recognised else ()
        self._words = {row.page_id: words.unpack(bytes(row.packed)) for row in rows}

    def runs(self, page: Page, first: int, last: int) -> Iterator[tuple[int, int, joining.Run]]:
        """The lines of the words that have a character in the page's range, with the range each
        covers."""
        every = self._words.get(page.pk, [])
        seen = [word for word in every if word.start < last and word.end > first]
        turns = _turns(every, page)
        joiner = joining.Joiner(page.height / page.width if page.width and page.height else 1.0)
        for number, word in enumerate(seen):
            box = tuple(at / words.SCALE for at in word[2:6])
            joiner.add(number, box, begin=joiner.begins(box), turns=turns)  # type: ignore[arg-type]
        for run in joiner.runs:
            yield seen[run.first].start, seen[run.last].end, run


def _turns(every: list[words.Word], page: Page) -> int:
    """1 for a page whose words stand upright, as on a sheet that lay sideways; else 0."""
    long = [word for word in every if word.end - word.start > 3]
    upright = sum(
        (word.bottom - word.top) * page.height > (word.right - word.left) * page.width
        for word in long
    )
    return int(2 * upright > len(long))


def _rect(box: joining.Box) -> ingest.Rect:
    left, top, right, bottom = box
    return left, top, right - left, bottom - top
