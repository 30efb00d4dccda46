"""The characters of a PDF's page and where each stands: from pdfium's own boxes, never searched.

Places are fractions of the page as `pictures` draws it: crop box, rotation and origin are pdfium's
business (`FPDF_PageToDevice`).
"""

import ctypes
import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import pypdfium2
import pypdfium2.raw as pdfium

from .forms import sheet
from .joining import Box, Joiner, Run
from .positions import PageMap, page_text
from .raw import raw_text

_PARTS = 10_000_000  # pixels of the imaginary device that fractions are read from
_FRINGE = 1 / 2000  # of the page's width: glyphs are drawn at whole pixels, up to so far off
_SLANTED = math.radians(5)  # a line that is so far from upright has a box for each character


@contextmanager
def glyphs_of(document: pypdfium2.PdfDocument, number: int) -> "Iterator[Glyphs | None]":
    """The characters of page ``number`` (1-based); None when pdfium cannot load it."""
    with sheet(document, number - 1) as found:
        text_page = pdfium.FPDFText_LoadPage(found.page.raw) if found else None
        try:
            yield Glyphs(found.page.raw, text_page) if found and text_page else None
        finally:
            if text_page:
                pdfium.FPDFText_ClosePage(text_page)


class Glyphs:
    """``raw`` has a character for each of pdfium's indexes."""

    def __init__(self, page: "pdfium.FPDF_PAGE", text_page: "pdfium.FPDF_TEXTPAGE") -> None:
        self._text_page = text_page
        self.handles = (page, text_page)
        self.raw = raw_text(text_page)
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        self._aspect = height / width if width > 0 and height > 0 else 1.0
        self._place = _Place(page, max(width, 1.0), max(height, 1.0))
        # what pdfium writes boxes into, made once: there are thousands of characters
        self._loose = pdfium.FS_RECTF()
        self._loose_at = ctypes.byref(self._loose)
        self._tight = tuple(ctypes.c_double() for _ in range(4))
        self._tight_at = tuple(map(ctypes.byref, self._tight))

    @cached_property
    def raw_sha256(self) -> str:
        """As `PageReading` has it."""
        return hashlib.sha256(self.raw.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def _canonical(self) -> tuple[str, PageMap]:
        return page_text([ord(unit) for unit in self.raw])

    @property
    def text(self) -> str:
        return self._canonical[0]

    @property
    def positions(self) -> PageMap:
        return self._canonical[1]

    def runs(self, first: int, last: int) -> list[Run]:
        """The lines of the indexes ``first`` to ``last``, that not included."""
        joiner = Joiner(self._aspect)
        slanted = False
        for index in range(first, last):
            letter = self.raw[index]
            if letter in "\r\n":
                joiner.cut()
            # the second half of a pair has the first one's box
            if letter.isspace() or ("\udc00" <= letter <= "\udfff" and index > first):
                continue
            if (box := self.box(index)) is None:
                continue
            begin = slanted or joiner.begins(box)
            turns = 0
            if begin:
                turns, slanted = self._turns(index)
            joiner.add(index, box, begin=begin, turns=turns)
            if letter == "\x02":  # a hyphen at a line's end
                joiner.cut()
        return joiner.runs

    def box(self, index: int) -> Box | None:
        """Where one character stands, with a fringe; None when nothing of it is on the page."""
        loose, tight = self._loose, self._tight
        if not pdfium.FPDFText_GetLooseCharBox(self._text_page, index, self._loose_at):
            return None
        left, bottom, right, top = loose.left, loose.bottom, loose.right, loose.top
        # loose boxes make the letters of a line equally high; ink may stick out of them
        if pdfium.FPDFText_GetCharBox(self._text_page, index, *self._tight_at):
            left, right = min(left, tight[0].value), max(right, tight[1].value)
            bottom, top = min(bottom, tight[2].value), max(top, tight[3].value)
        x1, y1 = self._place(left, bottom)
        x2, y2 = self._place(right, top)
        if x1 > x2:
            x1, x2 = x2, x1
        if y1 > y2:
            y1, y2 = y2, y1
        if not (x1 < x2 and y1 < y2 and x1 < 1 and y1 < 1 and x2 > 0 and y2 > 0):
            return None
        x, y = _FRINGE, _FRINGE / self._aspect
        return max(x1 - x, 0.0), max(y1 - y, 0.0), min(x2 + x, 1.0), min(y2 + y, 1.0)

    def _turns(self, index: int) -> tuple[int, bool]:
        """Quarter turns of the character as shown, and whether it stands between two of them."""
        angle = pdfium.FPDFText_GetCharAngle(self._text_page, index)
        if angle < 0:
            return 0, False
        shown = self._place.turned(angle)
        turns = round(shown / (math.pi / 2))
        return turns % 4, abs(shown - turns * math.pi / 2) > _SLANTED


class _Place:
    """From points of the page to fractions of it as shown."""

    def __init__(self, page: "pdfium.FPDF_PAGE", width: float, height: float) -> None:
        self._page = page
        self._x, self._y = self._asked(0, 0)
        # as large as the page, so that what is rounded off stays small
        far = max(width, height)
        right, up = self._asked(far, 0), self._asked(0, far)
        self._right = ((right[0] - self._x) / far, (right[1] - self._y) / far)
        self._up = ((up[0] - self._x) / far, (up[1] - self._y) / far)
        self._size = (width, height)

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return (
            self._x + x * self._right[0] + y * self._up[0],
            self._y + x * self._right[1] + y * self._up[1],
        )

    def turned(self, angle: float) -> float:
        """A direction on the page, clockwise from the right as pdfium has it, as it is shown."""
        across, up = math.cos(angle), -math.sin(angle)
        x = (across * self._right[0] + up * self._up[0]) * self._size[0]
        y = (across * self._right[1] + up * self._up[1]) * self._size[1]
        return math.atan2(y, x)

    def _asked(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            self._page, 0, 0, _PARTS, _PARTS, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        return across.value / _PARTS, down.value / _PARTS
