"""Which text of a PDF's page might be hidden, by a glance at what is painted.

It may suspect wrongly, at the price of a closer look; what is above suspicion is seen.
"""

import ctypes
import math
from bisect import bisect_right
from collections.abc import Iterator

import pypdfium2.raw as pdfium

from .painted import Box, Painted, address, matrix, visible

_PALE = 150  # of 255: text lighter than this may vanish on paper
_TINY = 2.5  # points
_THIN = 3.0  # points: rules and underlines cover nothing
_NOTES = 200  # annotations of a page that are looked at

# Filled anew for every object, of which a page may have thousands: the child has one thread.
_CHANNELS = [ctypes.c_uint() for _ in range(4)]
_CHANNEL_REFS = [ctypes.byref(channel) for channel in _CHANNELS]
_POINT = [ctypes.c_float() for _ in range(2)]
_POINT_REFS = [ctypes.byref(axis) for axis in _POINT]


def suspects_on(page: "pdfium.FPDF_PAGE", painted: list[Painted]) -> dict[int, tuple[Painted, str]]:
    """Text objects that might be hidden, by address, each with a key of `HOW`."""
    shown = visible(page)
    covers = _Covers(painted)
    noted = _has_notes(page)
    found = {}
    for order, one in enumerate(painted):
        if one.kind != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        light = _lightness(one.handle)
        how = _own_reason(one, shown, light)
        if not how and (noted or covers.may_hide(order, one.box, light)):
            how = "covered"
        if how:
            found[address(one.handle)] = (one, how)
    return found


def _own_reason(text: Painted, shown: Box, light: float | None) -> str:
    """Why the text might be hidden whatever else is on the page; "" when nothing speaks for it."""
    mode = pdfium.FPDFTextObj_GetTextRenderMode(text.handle)
    if mode in (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP):
        return "invisible"
    left, bottom, right, top = text.box
    # the letters of a line are less than half as high again as its size
    if min(right - left, top - bottom) < 1.5 * _TINY and _size(text) < _TINY:
        return "tiny"
    if left < shown[0] - 1 or bottom < shown[1] - 1 or right > shown[2] + 1 or top > shown[3] + 1:
        return "outside"
    if light is None or light > _PALE or pdfium.FPDFPageObj_HasTransparency(text.handle):
        return "pale"
    return "cut off" if _is_cut(text) or _is_optional(text.handle) else ""


def _size(text: Painted) -> float:
    size = ctypes.c_float()
    if not pdfium.FPDFTextObj_GetFontSize(text.handle, ctypes.byref(size)):
        return 0.0
    _a, _b, c, d, _e, _f = matrix(text.handle)
    return abs(size.value) * math.hypot(c, d) * text.scale


def _lightness(handle: "pdfium.FPDF_PAGEOBJECT") -> float | None:
    """0 (black) to 255; None for a pattern and whatever else has no plain colour."""
    if not pdfium.FPDFPageObj_GetFillColor(handle, *_CHANNEL_REFS):
        return None
    red, green, blue, alpha = (channel.value for channel in _CHANNELS)
    return 0.299 * red + 0.587 * green + 0.114 * blue if alpha == 255 else None


def _is_cut(text: Painted) -> bool:
    """Whether a clipping path may cut into the text. Its points are those of the text's form."""
    path = pdfium.FPDFPageObj_GetClipPath(text.handle)
    count = pdfium.FPDFClipPath_CountPaths(path) if path else 0
    left, bottom, right, top = text.own_box
    for index in range(max(0, count)):
        points = list(_points(path, index))
        if not points:
            return True
        xs, ys = zip(*points, strict=True)
        if min(xs) > left + 1 or max(xs) < right - 1 or min(ys) > bottom + 1 or max(ys) < top - 1:
            return True
    return False


def _points(path: "pdfium.FPDF_CLIPPATH", index: int) -> Iterator[tuple[float, float]]:
    count = max(0, pdfium.FPDFClipPath_CountPathSegments(path, index))
    # a rectangle, as nearly all are: two opposite corners tell it
    for number in (0, 2) if count in (4, 5) else range(count):
        segment = pdfium.FPDFClipPath_GetPathSegment(path, index, number)
        if pdfium.FPDFPathSegment_GetPoint(segment, *_POINT_REFS):
            yield _POINT[0].value, _POINT[1].value


def _is_optional(handle: "pdfium.FPDF_PAGEOBJECT") -> bool:
    """Whether it belongs to a layer that can be switched off."""
    count = pdfium.FPDFPageObj_CountMarks(handle)
    if count <= 0:
        return False
    name, size = ctypes.create_string_buffer(64), ctypes.c_ulong()
    for index in range(count):
        mark = pdfium.FPDFPageObj_GetMark(handle, index)
        buffer = ctypes.cast(name, ctypes.POINTER(ctypes.c_ushort))
        named = pdfium.FPDFPageObjMark_GetName(mark, buffer, 64, ctypes.byref(size))
        if named and name.raw[: max(0, size.value - 2)] == "OC".encode("utf-16-le"):
            return True
    return False


def _covers(one: Painted) -> bool:
    """Whether text could vanish in it or behind it."""
    left, bottom, right, top = one.box
    if right - left < _THIN or top - bottom < _THIN:
        return False
    if one.kind == pdfium.FPDF_PAGEOBJ_PATH:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        known = pdfium.FPDFPath_GetDrawMode(one.handle, ctypes.byref(fill), ctypes.byref(stroke))
        if known and fill.value == pdfium.FPDF_FILLMODE_NONE:
            width = ctypes.c_float()
            pdfium.FPDFPageObj_GetStrokeWidth(one.handle, ctypes.byref(width))
            return bool(stroke.value) and width.value * one.scale >= _THIN
        return True
    return one.kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING)


class _Covers:
    """What text on a page could vanish in or behind: pictures, shadings, filled areas."""

    def __init__(self, painted: list[Painted]) -> None:
        self._orders: list[int] = []
        self._boxes: list[Box] = []
        self._lights: list[float | None] = []
        for order, one in enumerate(painted):
            if _covers(one):
                plain = one.kind == pdfium.FPDF_PAGEOBJ_PATH
                self._orders.append(order)
                self._boxes.append(one.box)
                self._lights.append(_lightness(one.handle) if plain else None)
        self._like: dict[float | None, list[Box]] = {}

    def may_hide(self, order: int, box: Box, light: float | None) -> bool:
        """Whether something lies over text painted in this ``order``, or something like it in
        colour lies behind it. Most pages have many areas behind, and none that qualifies."""
        later = self._boxes[bisect_right(self._orders, order) :]
        left, bottom, right, top = box
        for boxes in (later, self._alike(light)):
            for one in boxes:
                if one[0] < right and one[2] > left and one[1] < top and one[3] > bottom:
                    return True
        return False

    def _alike(self, light: float | None) -> list[Box]:
        if light not in self._like:
            self._like[light] = [
                self._boxes[index]
                for index, other in enumerate(self._lights)
                if light is None or other is None or abs(light - other) < _PALE / 2
            ]
        return self._like[light]


def _has_notes(page: "pdfium.FPDF_PAGE") -> bool:
    """Whether annotations are drawn that could lie over text."""
    harmless = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_POPUP)
    for index in range(min(_NOTES, max(0, pdfium.FPDFPage_GetAnnotCount(page)))):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        rect = pdfium.FS_RECTF()
        pdfium.FPDFAnnot_GetRect(note, ctypes.byref(rect))
        subtype = pdfium.FPDFAnnot_GetSubtype(note)
        pdfium.FPDFPage_CloseAnnot(note)
        large = min(abs(rect.right - rect.left), abs(rect.top - rect.bottom)) >= _THIN
        if large and subtype not in harmless:
            return True
    return False
