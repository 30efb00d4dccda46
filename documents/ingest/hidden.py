"""Text that a page holds but does not show: how a document lies to a machine.

A glance at the page's objects tells, nearly for nothing, which text might be hidden: drawn
invisibly, pale, transparent, tiny, outside the page, cut off, or where something else is painted.
Only that text is then put to the proof: the page is drawn with it and without it, and where no
pixel differs, nobody sees it. Text hidden over a picture may be the recognised text of a scan,
which is no lie while it agrees with the picture; `Look.layer` says that somebody has to compare.
"""

import ctypes
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from .boxes import char_box
from .painted import Box, Painted, address, matrix, own_box, painted_on, shared, visible

#: How text can be hidden, as the end of a sentence about it.
HOW = {
    "invisible": "it is drawn invisibly",
    "pale": "it has the colour of what is behind it",
    "tiny": "it is too small to be read",
    "outside": "it stands outside the visible page",
    "cut off": "it is cut off",
    "covered": "something else is painted there",
}

_PALE = 150  # of 255: text lighter than this may vanish on paper
_TINY = 2.5  # points
_THIN = 3.0  # points: rules and underlines cover nothing
_INK = 40  # of 255: the least difference that an eye sees
_CONTRAST = 60  # of 255, within a character's box: something is drawn there
_NOTES = 200  # annotations of a page that are looked at
_LETTERS = 2  # a shorter run is a full stop or a bullet without a shape
_LAYER_LETTERS = 12  # a run of a layer over bare paper: boxes of scanned words are never exact
_PICTURED = 0.3  # of the page's area: what a page of a scan is made of
_OVER_INK = 0.6  # of a layer's letters stand where the picture has ink
_PIXELS = 1_200  # of the longer side: a full stop of fine print still has one

# Filled anew for every object, of which a page may have thousands: the child has one thread.
_CHANNELS = [ctypes.c_uint() for _ in range(4)]
_CHANNEL_REFS = [ctypes.byref(channel) for channel in _CHANNELS]
_POINT = [ctypes.c_float() for _ in range(2)]
_POINT_REFS = [ctypes.byref(axis) for axis in _POINT]


class Hidden(NamedTuple):
    """Characters ``first`` to ``last`` of pdfium's own indexes, and a key of `HOW`."""

    first: int
    last: int
    how: str


@dataclass(frozen=True)
class Look:
    """What one page hides. ``layer``: it also has text under or over a picture, not yet compared
    with it."""

    hidden: tuple[Hidden, ...] = ()
    layer: bool = False


NOTHING = Look()


def look(page: "pdfium.FPDF_PAGE", text_page: "pdfium.FPDF_TEXTPAGE", raw: str) -> Look:
    """What the page hides; ``raw`` is its text by pdfium's indexes. Costs next to nothing for a
    page above suspicion."""
    painted = list(painted_on(page))
    suspects = _suspects(page, painted)
    said = "".join(_text(one.handle, text_page) for one, _how in suspects.values())
    if sum(letter.isalnum() for letter in said) < _LETTERS:
        return NOTHING
    proof = _Proof(page, text_page, raw, suspects)
    pictured = _pictured(page, painted)
    return proof.look(pictured)


def _text(handle: "pdfium.FPDF_PAGEOBJECT", text_page: "pdfium.FPDF_TEXTPAGE") -> str:
    size = pdfium.FPDFTextObj_GetText(handle, text_page, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium.FPDFTextObj_GetText(handle, text_page, buffer, size)
    return ctypes.string_at(buffer, max(0, size - 2)).decode("utf-16-le", "replace")


# suspicion -----------------------------------------------------------------------------------


def _suspects(page: "pdfium.FPDF_PAGE", painted: list[Painted]) -> dict[int, tuple[Painted, str]]:
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
    if _size(text) < _TINY:
        return "tiny"
    left, bottom, right, top = text.box
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
    bounds = own_box(text.handle)
    if not count or bounds is None:
        return False
    left, bottom, right, top = bounds
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
    name, size = ctypes.create_string_buffer(64), ctypes.c_ulong()
    for index in range(max(0, pdfium.FPDFPageObj_CountMarks(handle))):
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
        self._like: dict[float | None, list[int]] = {}

    def may_hide(self, order: int, box: Box, light: float | None) -> bool:
        """Whether something lies over text painted in this ``order``, or something like it in
        colour lies behind it. Most pages have many areas behind, and none that qualifies."""
        later = range(bisect_right(self._orders, order), len(self._orders))
        return any(shared(box, self._boxes[index]) > 0 for index in (*later, *self._alike(light)))

    def _alike(self, light: float | None) -> list[int]:
        if light not in self._like:
            self._like[light] = [
                index
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


def _pictured(page: "pdfium.FPDF_PAGE", painted: list[Painted]) -> bool:
    """Whether pictures make up a good part of the page."""
    page_box = visible(page)
    whole = (page_box[2] - page_box[0]) * (page_box[3] - page_box[1])
    images = (one.box for one in painted if one.kind == pdfium.FPDF_PAGEOBJ_IMAGE)
    return sum(shared(image, page_box) for image in images) >= _PICTURED * whole


# proof ---------------------------------------------------------------------------------------


class _Proof:
    """The page drawn with and without its suspects."""

    def __init__(
        self,
        page: "pdfium.FPDF_PAGE",
        text_page: "pdfium.FPDF_TEXTPAGE",
        raw: str,
        suspects: dict[int, tuple[Painted, str]],
    ) -> None:
        self._page = page
        self._text_page = text_page
        self._raw = raw
        self._suspects = suspects
        self._whole = self._drawn()
        self._page_text = "".join(raw.split())
        # the text object of each character that can have ink
        self._owners = {
            index: address(pdfium.FPDFText_GetTextObject(text_page, index))
            for index, letter in enumerate(raw)
            if letter.isprintable() and not letter.isspace()
        }

    def look(self, pictured: bool) -> Look:
        hidden: dict[int, str] = {}
        beneath: dict[int, bool] = {}
        for invisible in (True, False):
            # apart, so that text drawn over invisible text does not make that visible
            group = {a: s for a, s in self._suspects.items() if (s[1] == "invisible") == invisible}
            if group:
                self._prove(group, hidden, beneath)
        runs = list(_runs(self._raw, hidden))
        if not pictured:
            return Look(tuple(run for run in runs if _letters(self._raw, run) >= _LETTERS))
        letters = [index for index in hidden if self._raw[index].isalnum()]
        over = sum(beneath[index] for index in letters)
        if not letters or over < _OVER_INK * len(letters):
            return Look(tuple(run for run in runs if _letters(self._raw, run) >= _LETTERS))
        bare = {index: how for index, how in hidden.items() if not beneath[index]}
        lies = [run for run in _runs(self._raw, bare) if _letters(self._raw, run) >= _LAYER_LETTERS]
        return Look(tuple(lies), layer=True)

    def _prove(
        self,
        group: dict[int, tuple[Painted, str]],
        hidden: dict[int, str],
        beneath: dict[int, bool],
    ) -> None:
        """Adds the group's characters that nobody sees, and whether there is ink beneath them."""
        without = self._drawn_without([one for one, _how in group.values()])
        differing = ImageChops.difference(self._whole, without)
        mine: dict[int, dict[int, str]] = {}
        for index, owner in self._owners.items():
            if owner not in group:
                continue
            where, how = self._pixels(index), group[owner][1]
            if where is None:
                mine.setdefault(owner, {})[index], beneath[index] = "outside", False
            elif how == "tiny" or _strongest(differing.crop(where)) < _INK:
                mine.setdefault(owner, {})[index] = how
                beneath[index] = _contrast(without.crop(where)) > _CONTRAST
        said = {owner: self._said(owner) for owner in mine}
        for owner, found in mine.items():
            # painted twice and seen once, as text at the edge of a tile is
            copies = self._page_text.count(said[owner]) if said[owner] else 0
            if copies <= list(said.values()).count(said[owner]):
                hidden.update(found)

    def _said(self, owner: int) -> str:
        """All that a text object says, without white space."""
        return "".join(
            letter
            for index, letter in enumerate(self._raw)
            if not letter.isspace() and self._owners.get(index) == owner
        )

    def _pixels(self, index: int) -> tuple[int, int, int, int] | None:
        """Where a character stands on the drawn page; None when nowhere."""
        box = char_box(self._page, self._text_page, index)
        if box is None:
            return None
        across, down = self._whole.size
        left, top, right, bottom = box
        where = (
            max(0, math.floor(left * across)),
            max(0, math.floor(top * down)),
            min(across, math.ceil(right * across)),
            min(down, math.ceil(bottom * down)),
        )
        return where if where[0] < where[2] and where[1] < where[3] else None

    def _drawn_without(self, left_out: Iterable[Painted]) -> Image.Image:
        handles = [one.handle for one in left_out]
        for handle in handles:
            pdfium.FPDFPageObj_SetIsActive(handle, False)
        try:
            return self._drawn()
        finally:
            for handle in handles:
                pdfium.FPDFPageObj_SetIsActive(handle, True)

    def _drawn(self) -> Image.Image:
        """The page in grey, annotations included, as `pictures` draws it."""
        across = pdfium.FPDF_GetPageWidthF(self._page)
        down = pdfium.FPDF_GetPageHeightF(self._page)
        scale = _PIXELS / max(across, down, 1.0)
        size = max(1, round(across * scale)), max(1, round(down * scale))
        bitmap = pdfium.FPDFBitmap_CreateEx(*size, pdfium.FPDFBitmap_Gray, None, 0)
        if not bitmap:
            raise MemoryError
        try:
            pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
            flags = pdfium.FPDF_ANNOT | pdfium.FPDF_GRAYSCALE
            pdfium.FPDF_RenderPageBitmap(bitmap, self._page, 0, 0, *size, 0, flags)
            stride = pdfium.FPDFBitmap_GetStride(bitmap)
            data = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
            return Image.frombytes("L", size, data, "raw", "L", stride, 1)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)


def _strongest(grey: Image.Image) -> int:
    return int(grey.getextrema()[1])  # type: ignore[arg-type]


def _contrast(grey: Image.Image) -> int:
    darkest, lightest = grey.getextrema()
    return int(lightest) - int(darkest)  # type: ignore[arg-type]


def _runs(raw: str, hidden: dict[int, str]) -> Iterator[Hidden]:
    """Hidden characters as runs; white space between two of them belongs to the run."""
    first = last = -1
    how = ""
    for index, letter in enumerate(raw):
        if index in hidden:
            if first < 0 or hidden[index] != how:
                if first >= 0:
                    yield Hidden(first, last, how)
                first, how = index, hidden[index]
            last = index + 1
        elif not letter.isspace() and letter.isprintable() and first >= 0:
            yield Hidden(first, last, how)
            first = -1
    if first >= 0:
        yield Hidden(first, last, how)


def _letters(raw: str, run: Hidden) -> int:
    return sum(letter.isalnum() for letter in raw[run.first : run.last])
