"""Which text of a PDF's page might be hidden, by a glance at what is painted.

It may suspect wrongly, at the price of a closer look; what is above suspicion is seen.
"""

import ctypes
import math
from bisect import bisect_right

import pypdfium2.raw as pdfium

from . import direct
from .direct import Address
from .painted import Box, Painted, matrix, visible

_PALE = 150  # of 255: text lighter than this may vanish on paper
_TINY = 2.5  # points
_LOW = 1.5 * _TINY  # the letters of a line are less than half as high again as its size
_THIN = 3.0  # points: rules and underlines cover nothing
_NOTES = 200  # annotations of a page that are looked at

# Annotations that are places to click at: nothing is drawn of them unless they say what.
_PLACES = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_POPUP)

# Filled anew for every object, of which a page may have thousands: the child has one thread.
_CHANNELS = (ctypes.c_uint * 4)()
_RED, _GREEN, _BLUE, _ALPHA = direct.places_in(_CHANNELS)
_POINT = (ctypes.c_float * 2)()
_ACROSS, _UP = direct.places_in(_POINT)

_UNSEEN = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_TEXT: int = pdfium.FPDF_PAGEOBJ_TEXT


def suspects_on(page: "pdfium.FPDF_PAGE", painted: list[Painted]) -> dict[int, tuple[Painted, str]]:
    """Text objects that might be hidden, by address, each with a key of `HOW`."""
    shown = visible(page)
    inside = (shown[0] - 1, shown[1] - 1, shown[2] + 1, shown[3] + 1)
    covers = _Covers(painted)
    clips = _Clips()
    noted = _has_notes(page)
    found = {}
    for order, one in enumerate(painted):
        if one.kind != _TEXT:
            continue
        light = _lightness(one.handle)
        how = _own_reason(one, inside, light, clips)
        if not how and (noted or covers.may_hide(order, one.box, light)):
            how = "covered"
        if how:
            found[one.handle] = (one, how)
    return found


def _own_reason(text: Painted, inside: Box, light: float | None, clips: "_Clips") -> str:
    """Why the text might be hidden whatever else is on the page; "" when nothing speaks for it."""
    handle = text.handle
    if direct.render_mode(handle) in _UNSEEN:
        return "invisible"
    left, bottom, right, top = text.box
    if (top - bottom < _LOW or right - left < _LOW) and _size(text) < _TINY:
        return "tiny"
    if left < inside[0] or bottom < inside[1] or right > inside[2] or top > inside[3]:
        return "outside"
    if light is None or light > _PALE or direct.is_transparent(handle):
        return "pale"
    if clips.cut(text) or (direct.count_marks(handle) > 0 and _is_optional(handle)):
        return "cut off"
    return ""


def _size(text: Painted) -> float:
    size = ctypes.c_float()
    if not direct.font_size(text.handle, ctypes.byref(size)):
        return 0.0
    _a, _b, c, d, _e, _f = matrix(text.handle)
    return abs(size.value) * math.hypot(c, d) * text.scale


def _lightness(handle: Address) -> float | None:
    """0 (black) to 255; None for a pattern and whatever else has no plain colour."""
    if not direct.fill_colour(handle, _RED, _GREEN, _BLUE, _ALPHA):
        return None
    red, green, blue, alpha = _CHANNELS[:]
    return 0.299 * red + 0.587 * green + 0.114 * blue if alpha == 255 else None


class _Clips:
    """The clipping paths of a page. Objects share them: what one spans is found out once, and
    known by where its points lie in memory, which they do as long as the page is open."""

    def __init__(self) -> None:
        self._spans: dict[Address, Box | None] = {}

    def cut(self, text: Painted) -> bool:
        """Whether one of them may cut into the text. Its points are those of the text's form."""
        clip = direct.clip_path(text.handle)
        count = direct.count_clips(clip) if clip else 0
        for index in range(count):
            span = self._span(clip, index)
            if span is None:
                return True
            left, bottom, right, top = text.own_box
            if (
                span[0] > left + 1
                or span[1] > bottom + 1
                or span[2] < right - 1
                or span[3] < top - 1
            ):
                return True
        return False

    def _span(self, clip: Address, index: int) -> Box | None:
        first = direct.segment_at(clip, index, 0)
        if first not in self._spans:
            self._spans[first] = _span(clip, index)
        return self._spans[first]


def _span(clip: Address, index: int) -> Box | None:
    """The box of a path's points; None when it has none."""
    count = max(0, direct.count_segments(clip, index))
    left = bottom = math.inf
    right = top = -math.inf
    # a rectangle, as nearly all are: two opposite corners tell it
    for number in (0, 2) if count in (4, 5) else range(count):
        if direct.point_of(direct.segment_at(clip, index, number), _ACROSS, _UP):
            x, y = _POINT[:]
            left, right = min(left, x), max(right, x)
            bottom, top = min(bottom, y), max(top, y)
    return (left, bottom, right, top) if left <= right else None


def _is_optional(handle: Address) -> bool:
    """Whether it belongs to a layer that can be switched off."""
    name, size = ctypes.create_string_buffer(64), ctypes.c_ulong()
    for index in range(direct.count_marks(handle)):
        mark = direct.mark_at(handle, index)
        named = direct.mark_name(mark, name, 64, ctypes.byref(size))
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
        known = direct.draw_mode(one.handle, ctypes.byref(fill), ctypes.byref(stroke))
        if known and fill.value == pdfium.FPDF_FILLMODE_NONE:
            width = ctypes.c_float()
            direct.stroke_width(one.handle, ctypes.byref(width))
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
            if one.kind != _TEXT and _covers(one):
                plain = one.kind == pdfium.FPDF_PAGEOBJ_PATH
                self._orders.append(order)
                self._boxes.append(one.box)
                self._lights.append(_lightness(one.handle) if plain else None)
        self._like: dict[float | None, list[Box]] = {}

    def may_hide(self, order: int, box: Box, light: float | None) -> bool:
        """Whether something lies over text painted in this ``order``, or something like it in
        colour lies behind it. Most pages have many areas behind, and none that qualifies."""
        if not self._boxes:
            return False
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
    """Whether annotations are drawn that could lie over text; of more than are looked at, some."""
    count = max(0, pdfium.FPDFPage_GetAnnotCount(page))
    return count > _NOTES or any(_may_lie_over(page, index) for index in range(count))


def _may_lie_over(page: "pdfium.FPDF_PAGE", index: int) -> bool:
    note = pdfium.FPDFPage_GetAnnot(page, index)
    if not note:
        return False
    try:
        rect = pdfium.FS_RECTF()
        pdfium.FPDFAnnot_GetRect(note, ctypes.byref(rect))
        if min(abs(rect.right - rect.left), abs(rect.top - rect.bottom)) < _THIN:
            return False
        if pdfium.FPDFAnnot_GetSubtype(note) not in _PLACES:
            return True
        # two bytes are the end of no text
        return (
            int(pdfium.FPDFAnnot_GetAP(note, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0)) > 2
        )
    finally:
        pdfium.FPDFPage_CloseAnnot(note)
