"""What is painted on a PDF's page, in its order, and where."""

import ctypes
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import pypdfium2.raw as pdfium

from . import direct
from .direct import Address

#: Left, bottom, right and top in points of the page.
Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]

MOST = 50_000  # things on a page, all of which are looked at
_DEEPEST = 8  # forms within forms
_AS_IT_IS: Matrix = (1, 0, 0, 1, 0, 0)
_FORM: int = pdfium.FPDF_PAGEOBJ_FORM

# Filled anew for every object, of which a page may have thousands: the child has one thread.
_EDGES = (ctypes.c_float * 4)()
_LEFT, _BOTTOM, _RIGHT, _TOP = direct.places_in(_EDGES)
_edges = struct.Struct("4f").unpack


class Painted(NamedTuple):
    """An object of the page or of a form on it. ``box``: left, bottom, right, top in points of
    the page; ``own_box``: in points of its form, and ``scale`` that of the form on the page."""

    handle: Address
    kind: int
    box: Box
    scale: float
    own_box: Box


def painted_on(page: "pdfium.FPDF_PAGE") -> list[Painted]:
    """Everything that is painted, in its order, forms opened; no more than `MOST` and one."""
    handle = direct.address(page)
    everything = _within(handle, direct.count_objects(handle), direct.object_at, _AS_IT_IS, 0)
    return list(islice(everything, MOST + 1))


def _within(
    parent: Address,
    count: int,
    object_at: Callable[[Address, int], Address],
    outer: Matrix,
    depth: int,
) -> Iterator[Painted]:
    kind_of, bounds = direct.kind_of, direct.bounds
    a, b, c, d, e, f = outer
    scale = math.hypot(c, d)
    upright = b == c == 0 and a > 0 and d > 0
    for index in range(count):
        handle = object_at(parent, index)
        kind = kind_of(handle)
        if kind == _FORM and depth < _DEEPEST:
            inner = _times(matrix(handle), outer)
            number = direct.count_in_form(handle)
            yield from _within(handle, number, direct.object_in_form, inner, depth + 1)
        elif bounds(handle, _LEFT, _BOTTOM, _RIGHT, _TOP):
            own = left, bottom, right, top = _edges(_EDGES)
            if upright:
                box = a * left + e, d * bottom + f, a * right + e, d * top + f
            else:
                box = _moved(own, outer)
            yield Painted(handle, kind, box, scale, own)


def matrix(handle: Address) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not direct.matrix(handle, ctypes.byref(found)):
        return _AS_IT_IS
    return (found.a, found.b, found.c, found.d, found.e, found.f)


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        *(a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j),
        *(e * g + f * i + k, e * h + f * j + m),
    )


def _moved(box: Box, by: Matrix) -> Box:
    a, b, c, d, e, f = by
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def visible(page: "pdfium.FPDF_PAGE") -> Box:
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(rect)):
        return (-math.inf, -math.inf, math.inf, math.inf)
    return (rect.left, rect.bottom, rect.right, rect.top)


def shared(one: Box, other: Box) -> float:
    """Of what two boxes share, in square points."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def pictured(page: "pdfium.FPDF_PAGE", painted: Iterable[Painted]) -> float:
    """How much of the page its pictures cover, each counted by itself; 0 for a page of no size."""
    whole = visible(page)
    area = (whole[2] - whole[0]) * (whole[3] - whole[1])
    images = (one.box for one in painted if one.kind == pdfium.FPDF_PAGEOBJ_IMAGE)
    return sum(shared(image, whole) for image in images) / area if 0 < area < math.inf else 0.0
