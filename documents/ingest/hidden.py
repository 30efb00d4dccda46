"""Text that a page holds but does not show: how a document lies to a machine.

A glance at the page's objects tells, nearly for nothing, which text might be hidden: drawn
invisibly, pale, transparent, tiny, outside the page, cut off, or where something else is painted.
Only that text is then put to the proof: the page is drawn with it and without it, and where no
pixel differs, nobody sees it. Text hidden over a picture may be the recognised text of a scan,
which is no lie while it agrees with the picture; `Look.layer` says that somebody has to compare.
"""

import ctypes
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from . import direct
from .direct import Address
from .glyphs import Glyphs
from .painted import MOST, Painted, painted_on, pictured
from .positions import page_text
from .reading import Finding
from .suspicion import suspects_on

#: How text can be hidden, as the end of a sentence about it.
HOW = {
    "invisible": "it is drawn invisibly",
    "pale": "it has the colour of what is behind it",
    "tiny": "it is too small to be read",
    "outside": "it stands outside the visible page",
    "cut off": "it is cut off",
    "covered": "something else is painted there",
}

SENTENCE = "This text cannot be seen on the page: “%(text)s” (%(how)s)."
UNCHECKED = "So much is painted on this page that it was not checked for hidden text."
_TOLD = 50  # places of a page
_NEAR = 24.0  # points between two copies of a text
_QUOTED = 120  # characters of each

_INK = 24  # of 255: the least difference that an eye sees
_CONTRAST = 60  # of 255, within a character's box: something is drawn there
_LETTERS = 2  # a shorter run that touches nothing is a full stop or a bullet without a shape
_LAYER_LETTERS = 12  # a run of a layer over bare paper: boxes of scanned words are never exact
_PICTURED = 0.3  # of the page's area: what a page of a scan is made of
_OVER_INK = 0.6  # of a layer's letters stand where the picture has ink
_PIXELS = 1_200  # of the longer side: a full stop of fine print still has one


class Hidden(NamedTuple):
    """Characters ``first`` to ``last`` of pdfium's own indexes, and a key of `HOW`."""

    first: int
    last: int
    how: str


@dataclass(frozen=True)
class Look:
    """What one page hides. ``layer``: hidden text over a picture that has ink there too, as a scan
    has: to be compared with what the picture says. ``unchecked``: there is so much on the page that
    nobody looked."""

    hidden: tuple[Hidden, ...] = ()
    layer: tuple[Hidden, ...] = ()
    unchecked: bool = False


NOTHING = Look()


def look(
    page: "pdfium.FPDF_PAGE",
    text_page: "pdfium.FPDF_TEXTPAGE",
    raw: str,
    painted: list[Painted],
) -> Look:
    """What the page hides; ``raw`` is its text by pdfium's indexes. Costs next to nothing for a
    page above suspicion."""
    if len(painted) > MOST:
        return Look(unchecked=True)
    suspects = suspects_on(page, painted)
    said = "".join(_text(one.handle, text_page) for one, _how in suspects.values())
    if not any(letter.isalnum() for letter in said):
        return NOTHING
    proof = _Proof(page, text_page, raw, suspects)
    return proof.look(pictured(page, painted) >= _PICTURED)


def look_at(glyphs: Glyphs) -> Look:
    page, text_page = glyphs.handles
    return look(page, text_page, glyphs.raw, painted_on(page))


def findings(seen: Look, raw: str) -> tuple[Finding, ...]:
    """What a reviewer is told of it, with ranges of the page's own canonical text."""
    if seen.unchecked:
        return (Finding("unchecked", UNCHECKED),)
    if not seen.hidden:
        return ()
    text, positions = page_text([ord(unit) for unit in raw])
    found = []
    for run in seen.hidden[:_TOLD]:
        start, end = positions.to_text(run.first, run.last)
        sentence = SENTENCE % {"text": _clipped(text[start:end]), "how": HOW[run.how]}
        found.append(Finding("hidden_text", sentence, start=start, end=end))
    return tuple(found)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else line[: _QUOTED - 1].rstrip() + "…"


def _text(handle: Address, text_page: "pdfium.FPDF_TEXTPAGE") -> str:
    size = direct.text_of(handle, text_page, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    direct.text_of(handle, text_page, buffer, size)
    return ctypes.string_at(buffer, max(0, size - 2)).decode("utf-16-le", "replace")


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
        self._glyphs = Glyphs(page, text_page)
        self._raw = raw
        self._suspects = suspects
        self._whole = self._drawn()
        self._near = _NEAR * max(self._whole.size) / max(_size(page), 1.0)
        # the text object of each character that can have ink
        letters = direct.address(text_page)
        self._owners: dict[int, Address] = {
            index: direct.object_of_letter(letters, index) or 0
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
        told = tuple(run for run in runs if self._tells(run))
        if not pictured:
            return Look(told)
        letters = [index for index in hidden if self._raw[index].isalnum()]
        over = sum(beneath[index] for index in letters)
        if not letters or over < _OVER_INK * len(letters):
            return Look(told)
        bare = {index: how for index, how in hidden.items() if not beneath[index]}
        lies = [run for run in _runs(self._raw, bare) if _letters(self._raw, run) >= _LAYER_LETTERS]
        lying = {index for run in lies for index in range(run.first, run.last)}
        rest = {index: how for index, how in hidden.items() if index not in lying}
        return Look(tuple(lies), tuple(_runs(self._raw, rest)))

    def _tells(self, run: Hidden) -> bool:
        """Whether a run says something; one letter does where it makes a longer word or number."""
        letters = _letters(self._raw, run)
        return letters >= _LETTERS or (
            letters > 0
            and any(
                index in self._owners and self._raw[index].isalnum()
                for index in (run.first - 1, run.last)
            )
        )

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
        if not mine:
            return
        seen = self._said(owner for owner in set(self._owners.values()) if owner not in mine)
        for owner, (text, place) in self._said(mine).items():
            # painted twice and seen once, as text at the edge of a tile is
            others = (other for words, other in seen.values() if words == text)
            if not any(math.dist(place, other) < self._near for other in others):
                hidden.update(mine[owner])

    def _said(self, owners: Iterable[int]) -> dict[int, tuple[str, tuple[float, float]]]:
        """What text objects say, without white space, and where their first character stands."""
        wanted = set(owners)
        texts: dict[int, list[str]] = {}
        places: dict[int, tuple[float, float]] = {}
        for index, owner in self._owners.items():
            if owner in wanted:
                texts.setdefault(owner, []).append(self._raw[index])
                if owner not in places:
                    left, top, _right, _bottom = self._pixels(index) or (-math.inf,) * 4
                    places[owner] = (left, top)
        return {owner: ("".join(texts[owner]), places[owner]) for owner in texts}

    def _pixels(self, index: int) -> tuple[int, int, int, int] | None:
        """Where a character stands on the drawn page; None when nowhere."""
        box = self._glyphs.box(index)
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
            direct.set_active(handle, False)
        try:
            return self._drawn()
        finally:
            for handle in handles:
                direct.set_active(handle, True)

    def _drawn(self) -> Image.Image:
        """The page in grey, annotations included, as `pictures` draws it."""
        across = pdfium.FPDF_GetPageWidthF(self._page)
        down = pdfium.FPDF_GetPageHeightF(self._page)
        scale = _PIXELS / max(_size(self._page), 1.0)
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


def _size(page: "pdfium.FPDF_PAGE") -> float:
    """The longer side in points."""
    return float(max(pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)))


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
