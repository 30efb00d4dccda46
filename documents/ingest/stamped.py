"""A page that is a picture of text and has text of its own over it: a stamp, a footer, the header
of a fax.

Its own text stays. The picture is looked at without it, and what is recognised where none of it
stands comes after it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from . import direct
from .glyphs import Glyphs
from .ocr import Recognised
from .painted import painted_on
from .reading import PageText
from .words import SCALE, Word

_FULL = 1_000  # visible characters: so much of its own makes a page without its pictures
_SURE = 60  # of 100: most words of which less is known are none
_LEAST = 20  # characters so sure: fewer are specks, or a logo
_SIDE = 1_000  # cells of either side of the page, in which is counted what its own text covers
_GAP = "\n\n"
_THERE = 0.5  # of a recognised word, that stands where the page's own text does
_WORD = re.compile(r"\S+")


class Stamped:
    """A page (``shown``) with its own text (``page``), of which it is ``full`` or not."""

    def __init__(self, shown: pypdfium2.PdfPage, page: PageText) -> None:
        self._page = page
        self.full = sum(map(len, page.text.split())) >= _FULL
        self._words = list(_own(shown, page.text))
        self._taken = Image.new("L", (_SIDE, _SIDE), 0)
        for word in self._words:
            # over what is hidden stands nothing: what the picture says there is all there is to see
            if not any(_share(word, one.start, one.end) for one in page.findings):
                self._taken.paste(255, _cells(word))

    def uncovered(self, picture: Image.Image) -> Image.Image:
        """The ``picture`` of the page without its text, and without what stands behind that."""
        shades = picture.histogram()
        rest = picture.copy()
        rest.paste(shades.index(max(shades)), mask=self._taken.resize(picture.size))
        return rest

    def with_(self, found: Recognised) -> PageText:
        """The page's text, and then what is ``found`` beside it on its picture."""
        page = self._page
        beside = [word for word in found.words if not self._is_taken(word)]
        sure = sum(word.end - word.start for word in beside if word.confidence >= _SURE)
        legible = found.legible or self.full
        if sure < _LEAST:
            return replace(page, legible=legible)
        begin = len(page.text) + len(_GAP)
        text, words = _alone(found.text, beside, begin)
        return replace(
            page,
            text=page.text + _GAP + text,
            recognised=True,
            confidence=found.confidence,
            legible=legible,
            words=(*self._words, *words),
        )

    def _is_taken(self, word: Word) -> bool:
        there = self._taken.crop(_cells(word)).histogram()
        return there[255] >= _THERE * sum(there)


@contextmanager
def without_text(page: pypdfium2.PdfPage) -> Iterator[None]:
    """Meanwhile, the page is drawn without its text."""
    texts = [one.handle for one in painted_on(page.raw) if one.kind == pdfium.FPDF_PAGEOBJ_TEXT]
    for handle in texts:
        direct.set_active(handle, False)
    try:
        yield
    finally:
        for handle in texts:
            direct.set_active(handle, True)


def _own(shown: pypdfium2.PdfPage, text: str) -> Iterator[Word]:
    """The words of the page's own text with their places, as if they were recognised."""
    with closing(shown.get_textpage()) as text_page:
        glyphs = Glyphs(shown.raw, text_page.raw)
        for match in _WORD.finditer(text):
            for run in glyphs.runs(*glyphs.positions.to_raw(*match.span())):
                start, end = glyphs.positions.to_text(run.first, run.last + 1)
                left, top, right, bottom = (round(edge * SCALE) for edge in run.box)
                yield Word(start, end, left, top, right, bottom, 100)


def _share(word: Word, start: int | None, end: int | None) -> bool:
    return start is not None and end is not None and word.start < end and word.end > start


def _cells(word: Word) -> tuple[int, int, int, int]:
    """Where a word stands; one cell at least."""
    left, top, right, bottom = (edge * _SIDE // SCALE for edge in word[2:6])
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _alone(text: str, words: Sequence[Word], begin: int) -> tuple[str, list[Word]]:
    """The words without the others of a text, the first of them at ``begin``."""
    pieces: list[str] = []
    moved: list[Word] = []
    at, before = begin, None
    for word in words:
        if before is not None:
            between = text[before : word.start]
            if between.strip():
                between = next((gap for gap in ("\n\n", "\n") if gap in between), " ")
            pieces.append(between)
            at += len(between)
        pieces.append(text[word.start : word.end])
        start, at = at, at + word.end - word.start
        moved.append(word._replace(start=start, end=at))
        before = word.end
    return "".join(pieces), moved
