"""Pages as they look: pictures of true proportions, with the cited passages lit on them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from documents import geometry, ingest, pictures
from documents.models import Page, Version

logger = logging.getLogger(__name__)

WINDOW = 10  # sheets in the markup at once; a script asks for more where somebody scrolls
BEFORE = 3  # of them before the place that is shown
ACROSS = 1000  # units of a sheet's width: all heights count in them
APART = 26  # units between two sheets, as source.css has it
HIGH, LOW = 20_000, 100  # units; what a broken file says beyond them is not believed
PIN = 26  # units between the numbers of two citations in the margin, at least
SEEN = (ingest.Kind.PDF, ingest.Kind.IMAGE)


@dataclass(frozen=True)
class Cited:
    """A range that is cited: with the number of its footnote and where that leads, if any."""

    start: int
    end: int
    number: int | None = None
    href: str = ""
    active: bool = False


@dataclass(frozen=True)
class Lit:
    """A cited range on one sheet. ``pin``: where its number stands, in units down.

    ``anchor``: the address of the place leads here.
    """

    cited: Cited
    rects: tuple[ingest.Rect, ...]
    pin: int
    anchor: bool


@dataclass(frozen=True)
class Sheet:
    """``height`` is in units. ``unseen``: the active range is here, and nothing of it shows."""

    page: Page
    height: int
    lit: list[Lit] = field(default_factory=list)
    unseen: bool = False


@dataclass(frozen=True)
class Tick:
    """Where on the strip a cited range lies: units down of `ACROSS`, whatever the length."""

    cited: Cited
    page: int
    y: int


@dataclass(frozen=True)
class Sheets:
    """A window of sheets. ``before`` and ``after`` are the heights of those left out, in units.

    ``heights`` are those of all sheets, with how often each comes in a row: ``1294*33 773``.
    ``changed``: the active range was found by comparing texts. ``missing``: the file cannot be
    looked into, so nothing is lit.
    """

    sheets: list[Sheet]
    total: int
    heights: str
    before: int
    after: int
    first_cited: int | None
    changed: bool = False
    missing: bool = False

    @property
    def unseen(self) -> bool:
        return any(sheet.unseen for sheet in self.sheets)

    @property
    def first(self) -> int:
        return self.sheets[0].page.number if self.sheets else 1

    @property
    def previous(self) -> int | None:
        return max(1, self.first - WINDOW) if self.first > 1 else None

    @property
    def following(self) -> int | None:
        last = self.sheets[-1].page.number if self.sheets else self.total
        return last + 1 if last < self.total else None


def shows(version: Version) -> bool:
    """Whether the version has pages to look at."""
    return version.blob.kind in SEEN and version.page_count > 0


def sheets(version: Version, cited: Sequence[Cited], page: int | None = None) -> Sheets:
    """The sheets from ``page`` on; without it those round the active range, or the first ones."""
    pictures.expect(version)
    rows = list(Page.objects.filter(version=version).order_by("number"))
    active = next((one for one in cited if one.active), None)
    first_cited = _first_touched(rows, active)
    begin = page or max(1, (first_cited or 1) - BEFORE)
    begin = min(max(begin, 1), max(len(rows), 1))
    window = rows[begin - 1 : begin - 1 + WINDOW]
    heights = [height(row) for row in rows]
    found, missing = _looked_up(version, window, cited)
    return Sheets(
        sheets=_with_light(window, found, active, missing),
        total=len(rows),
        heights=_runs(heights),
        before=sum(heights[: begin - 1]) + APART * (begin - 1),
        after=sum(one + APART for one in heights[begin - 1 + len(window) :]),
        first_cited=first_cited,
        changed=any(boxes.changed for one, boxes in found if one.active),
        missing=missing,
    )


def height(page: Page) -> int:
    """Of a sheet in units; that of a letter where the file does not say."""
    if not (page.width > 0 and page.height > 0):
        return round(ACROSS * 792 / 612)
    return round(min(max(ACROSS * page.height / page.width, LOW), HIGH))


def _first_touched(rows: Iterable[Page], cited: Cited | None) -> int | None:
    if cited is None:
        return None
    return next(
        (row.number for row in rows if row.start < cited.end and row.end > cited.start), None
    )


def _looked_up(
    version: Version, window: Sequence[Page], cited: Iterable[Cited]
) -> tuple[list[tuple[Cited, geometry.Boxes]], bool]:
    """The boxes of each range that touches the window; True when the file could not be opened."""
    if not window:
        return [], False
    first, last = window[0].start, window[-1].end
    touching = [one for one in cited if one.start < last and one.end > first]
    ranges = [(max(one.start, first), min(one.end, last)) for one in touching]
    try:
        found = geometry.boxes_of(version, ranges)
        pairs = zip(touching, found, strict=True)
        return [(one, boxes) for one, pages in pairs for boxes in pages], False
    except (ingest.Unreadable, OSError):
        logger.exception("version=%s cannot be looked into", version.public_id)
        return [], True


def _with_light(
    window: Iterable[Page],
    found: Iterable[tuple[Cited, geometry.Boxes]],
    active: Cited | None,
    missing: bool,
) -> list[Sheet]:
    by_page: dict[int, list[tuple[Cited, geometry.Boxes]]] = defaultdict(list)
    for one, boxes in found:
        by_page[boxes.page].append((one, boxes))
    anchored = missing
    made = []
    for row in window:
        here = [(one, boxes) for one, boxes in by_page[row.number] if boxes.rects]
        touched = active is not None and row.start < active.end and row.end > active.start
        shown = any(one.active for one, _boxes in here)
        lit = _lit(here, height(row), anchor=not anchored)
        anchored = anchored or shown
        made.append(Sheet(row, height(row), lit, touched and not shown and not missing))
    return made


def _lit(found: list[tuple[Cited, geometry.Boxes]], down: int, *, anchor: bool) -> list[Lit]:
    """From the top down, so that no number in the margin stands on another."""
    found.sort(key=lambda pair: min(rect[1] for rect in pair[1].rects))
    made: list[Lit] = []
    for one, boxes in found:
        pin = round(min(rect[1] for rect in boxes.rects) * down)
        if made:
            pin = max(pin, made[-1].pin + PIN)
        made.append(Lit(one, boxes.rects, pin, anchor and one.active))
    return made


def _runs(heights: Iterable[int]) -> str:
    runs = [(value, len(list(run))) for value, run in groupby(heights)]
    return " ".join(f"{value}*{times}" if times > 1 else str(value) for value, times in runs)


def ticks(version: Version, cited: Sequence[Cited]) -> list[Tick]:
    """Where the ranges lie, the top one first.

    By the characters of their pages: near enough for a strip, and no file is opened for it.
    """
    rows = list(Page.objects.filter(version=version).order_by("number"))
    made, above = [], 0
    total = sum(height(row) + APART for row in rows)
    waiting = sorted(cited, key=lambda one: one.start)
    for row in rows:
        while waiting and waiting[0].start < row.end:
            share = max(waiting[0].start - row.start, 0) / max(row.end - row.start, 1)
            y = round(ACROSS * (above + share * height(row)) / total)
            made.append(Tick(waiting.pop(0), row.number, y))
        above += height(row) + APART
    return made
