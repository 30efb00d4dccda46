"""How much of what stands on a PDF's page is tables and figures.

A figure is a picture, or many lines and shapes that touch one another; a table is drawn the same
way, or has a light background behind every other row. Underlines, boxes round a paragraph and the
frame of a page are none: they touch nothing, or have too few edges. What covers nearly all of a
page is its paper, or the picture of a scan, and not what stands on it.
"""

import ctypes
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

import pypdfium2.raw as pdfium

from . import direct
from .direct import Address
from .painted import Box, Painted, shared, visible

ACROSS, DOWN = 48, 64
"""Cells of a page, in which what is covered is counted: a line of text fills its row of them."""
PAPER = 0.8
"""Of the page: what covers more is behind what stands there."""
SMALLEST = 36.0  # points of either side of a figure
PARTS = 6  # lines or shapes that make one, at least
EDGES = 4  # different places across, and down, at which they begin or end
TOUCHING = 1.5  # points between two that touch
WHITE = 250  # of 255
STRIPES = 3  # backgrounds of rows that make a table, at least
LOW, HIGH, WIDE = 7.0, 60.0, 120.0  # points of a stripe: its least and most height, its least width
APART = (0.5, 2.0)  # the space between two stripes, in heights of one
LIGHT = 128  # of 255, in one colour at least: what is darker covers what stands there
_MOST = 20_000  # things that are looked at
_LINES = 3_000  # lines and shapes of them
_NEARBY = 40.0  # points: a side of the squares in which those that may touch are looked for
_COMPARED = 24  # in one square

# Filled anew for every object: the child has one thread.
_FILL, _STROKE = ctypes.c_int(), ctypes.c_int()
_FILL_AT, _STROKE_AT = ctypes.byref(_FILL), ctypes.byref(_STROKE)
_CHANNELS = (ctypes.c_uint * 4)()
_CHANNELS_AT = direct.places_in(_CHANNELS)


def drawn(page: "pdfium.FPDF_PAGE", painted: Iterable[Painted]) -> float:
    """The share, 0 to 1, of tables and figures in all that is covered on the page: those and the
    text beside them, each as large as the boxes round it. ``painted`` is what is on it."""
    whole = visible(page)
    area = (whole[2] - whole[0]) * (whole[3] - whole[1])
    if not 0 < area < float("inf"):
        return 0.0
    first = list(islice(painted, _MOST))

    def boxes(*kinds: int) -> Iterator[Box]:
        for one in first:
            if one.kind not in kinds or shared(one.box, whole) >= PAPER * area:
                continue
            if one.kind != pdfium.FPDF_PAGEOBJ_PATH or _has_ink(one.handle):
                yield _within(one.box, whole)

    pictures = boxes(pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING)
    figures = [box for box in pictures if _is_large(box)]
    figures += _groups(list(islice(boxes(pdfium.FPDF_PAGEOBJ_PATH), _LINES)))
    figures += _striped(_within(one.box, whole) for one in first if _may_be_stripe(one))
    if not figures:  # as on most pages, whose text need not be measured then
        return 0.0
    pictured = _cells(figures, whole)
    written = _cells(boxes(pdfium.FPDF_PAGEOBJ_TEXT), whole)
    both = sum((a | b).bit_count() for a, b in zip(pictured, written, strict=True))
    return sum(row.bit_count() for row in pictured) / both if both else 0.0


def _has_ink(path: Address) -> bool:
    """Whether a line or shape leaves a trace on white paper."""
    direct.draw_mode(path, _FILL_AT, _STROKE_AT)
    if _STROKE.value or _FILL.value == pdfium.FPDF_FILLMODE_NONE:
        return bool(_STROKE.value)
    # a pattern has no plain colour
    plain = direct.fill_colour(path, *_CHANNELS_AT)
    return not plain or (min(_CHANNELS[:3]) < WHITE and _CHANNELS[3] > 0)


def _may_be_stripe(one: Painted) -> bool:
    low, high = one.box[1], one.box[3]
    if one.kind != pdfium.FPDF_PAGEOBJ_PATH or not LOW <= high - low <= HIGH:
        return False
    if not _has_ink(one.handle) or _STROKE.value:
        return False
    plain = direct.fill_colour(one.handle, *_CHANNELS_AT)
    return plain and max(_CHANNELS[:3]) >= LIGHT


def _striped(cells: Iterable[Box]) -> Iterator[Box]:
    """The boxes round backgrounds of rows that lie one above another, as wide and about as high as
    each other, with a row between each two."""
    columns: dict[tuple[int, int], list[Box]] = defaultdict(list)
    for row in _rows(cells):
        if row[2] - row[0] >= WIDE:
            columns[round(row[0] / 3), round(row[2] / 3)].append(row)
    for rows in columns.values():
        rows.sort(key=lambda row: row[1])
        runs = [rows[:1]]
        for row in rows[1:]:
            if _follows(runs[-1][-1], row):
                runs[-1].append(row)
            else:
                runs.append([row])
        for run in runs:
            if len(run) >= STRIPES:
                yield (run[0][0], run[0][1], run[0][2], run[-1][3])


def _follows(below: Box, row: Box) -> bool:
    heights = below[3] - below[1], row[3] - row[1]
    apart = (row[1] - below[3]) / min(heights)
    return APART[0] <= apart <= APART[1] and max(heights) <= 2 * min(heights)


def _rows(cells: Iterable[Box]) -> Iterator[Box]:
    """Backgrounds of cells beside one another as one."""
    levels: dict[tuple[int, int], list[Box]] = defaultdict(list)
    for cell in cells:
        levels[round(cell[1]), round(cell[3])].append(cell)
    for level in levels.values():
        level.sort()
        row = level[0]
        for cell in level[1:]:
            if cell[0] <= row[2] + TOUCHING:
                row = (row[0], row[1], max(row[2], cell[2]), row[3])
            else:
                yield row
                row = cell
        yield row


def _within(box: Box, whole: Box) -> Box:
    return (
        *(max(box[0], whole[0]), max(box[1], whole[1])),
        *(min(box[2], whole[2]), min(box[3], whole[3])),
    )


def _is_large(box: Box) -> bool:
    return box[2] - box[0] >= SMALLEST and box[3] - box[1] >= SMALLEST


def _groups(lines: list[Box]) -> Iterator[Box]:
    """The boxes round lines and shapes that touch, where they make a table or a figure."""
    for group in _touching([box for box in lines if box[0] <= box[2] and box[1] <= box[3]]):
        round_all = (
            *(min(box[0] for box in group), min(box[1] for box in group)),
            *(max(box[2] for box in group), max(box[3] for box in group)),
        )
        across = {round(edge / 3) for box in group for edge in (box[0], box[2])}
        down = {round(edge / 3) for box in group for edge in (box[1], box[3])}
        enough = len(group) >= PARTS and min(len(across), len(down)) >= EDGES
        if enough and _is_large(round_all):
            yield round_all


def _touching(boxes: list[Box]) -> Iterable[list[Box]]:
    """The boxes in groups: each touches another of its group."""
    first = list(range(len(boxes)))

    def root(index: int) -> int:
        while first[index] != index:
            first[index] = first[first[index]]
            index = first[index]
        return index

    squares: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, box in enumerate(boxes):
        for square in _squares(box):
            for other in squares[square][-_COMPARED:]:
                if _touch(box, boxes[other]):
                    first[root(index)] = root(other)
            squares[square].append(index)
    groups: dict[int, list[Box]] = defaultdict(list)
    for index, box in enumerate(boxes):
        groups[root(index)].append(box)
    return groups.values()


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    left, bottom, right, top = (
        int((edge + reach) // _NEARBY)
        for edge, reach in zip(box, (-TOUCHING, -TOUCHING, TOUCHING, TOUCHING), strict=True)
    )
    return ((x, y) for x in range(left, right + 1) for y in range(bottom, top + 1))


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + TOUCHING
        and other[0] <= one[2] + TOUCHING
        and one[1] <= other[3] + TOUCHING
        and other[1] <= one[3] + TOUCHING
    )


def _cells(boxes: Iterable[Box], whole: Box) -> list[int]:
    """Which cells are covered: a row is a number, a cell a bit of it."""
    rows = [0] * DOWN
    wide, high = (whole[2] - whole[0]) / ACROSS, (whole[3] - whole[1]) / DOWN
    for left, bottom, right, top in boxes:
        if left > right or bottom > top:
            continue
        first = min(max(int((left - whole[0]) / wide), 0), ACROSS - 1)
        last = min(max(int((right - whole[0]) / wide), first), ACROSS - 1)
        bits = ((1 << (last - first + 1)) - 1) << first
        low = min(max(int((bottom - whole[1]) / high), 0), DOWN - 1)
        for row in range(low, min(max(int((top - whole[1]) / high), low), DOWN - 1) + 1):
            rows[row] |= bits
    return rows
