"""What is painted on a PDF's page, in its order, and where."""

import ctypes
import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium

#: Left, bottom, right and top in points of the page.
Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]

_DEEPEST = 8  # forms within forms

# Filled anew for every object, of which a page may have thousands: the child has one thread.
_EDGES = [ctypes.c_float() for _ in range(4)]
_EDGE_REFS = [ctypes.byref(edge) for edge in _EDGES]


class Painted(NamedTuple):
    """An object of the page or of a form on it. ``box``: left, bottom, right, top in points of
    the page; ``own_box``: in points of its form, and ``scale`` that of the form on the page."""

    handle: "pdfium.FPDF_PAGEOBJECT"
    kind: int
    box: Box
    scale: float
    own_box: Box


def address(handle: "pdfium.FPDF_PAGEOBJECT") -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def painted_on(page: "pdfium.FPDF_PAGE") -> Iterator[Painted]:
    """Everything that is painted, in its order, forms opened."""
    count = pdfium.FPDFPage_CountObjects(page)
    handles = (pdfium.FPDFPage_GetObject(page, index) for index in range(count))
    yield from _opened(handles, (1, 0, 0, 1, 0, 0), 0)


def _opened(
    handles: Iterable["pdfium.FPDF_PAGEOBJECT"], outer: Matrix, depth: int
) -> Iterator[Painted]:
    scale = math.hypot(outer[2], outer[3])
    for handle in handles:
        kind = pdfium.FPDFPageObj_GetType(handle)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            count = max(0, pdfium.FPDFFormObj_CountObjects(handle))
            inner = (pdfium.FPDFFormObj_GetObject(handle, index) for index in range(count))
            yield from _opened(inner, _times(matrix(handle), outer), depth + 1)
            continue
        box = own_box(handle)
        if box is not None:
            yield Painted(handle, kind, _moved(box, outer), scale, box)


def own_box(handle: "pdfium.FPDF_PAGEOBJECT") -> Box | None:
    """The bounds of an object in points of the form it stands in."""
    if not pdfium.FPDFPageObj_GetBounds(handle, *_EDGE_REFS):
        return None
    left, bottom, right, top = _EDGES
    return left.value, bottom.value, right.value, top.value


def matrix(handle: "pdfium.FPDF_PAGEOBJECT") -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(handle, ctypes.byref(found)):
        return (1, 0, 0, 1, 0, 0)
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
    if b == c == 0 and a > 0 and d > 0:
        return a * box[0] + e, d * box[1] + f, a * box[2] + e, d * box[3] + f
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
