"""Which pages of a PDF are pictures of text, though they may have a little text of their own.

A page is recognised when something is drawn on it and it has no text; when its text is that of a
broken font, which means nothing; or when pictures cover half of it and say something beside its
text, which may be no more than a stamp. None of the pages of the contracts we know is taken for one
by mistake: no picture covers any of their pages. Text that is not drawn, like the layer that a
scanner adds, stands for the picture beneath it.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from .forms import sheet
from .reading import PageText
from .scans import Scans
from .stamped import Stamped, without_text
from .upright import PIXELS, SIDE, is_blank

_COVERED = 0.5  # of the page, by pictures
_DENSEST = 600 / 72  # pixels a point
_GLANCE = 600  # pixels of the shorter side, to see whether there is anything
_LOOKED_AT = 5_000  # objects of a page: a picture of text has a few

# What a font gives that does not say which characters its glyphs are.
_MEANINGLESS = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd-\uffff]")
_MEANINGLESS_LEAST, _MEANINGLESS_SHARE = 20, 0.3


def seen(document: pypdfium2.PdfDocument, number: int, page: PageText, scans: Scans) -> PageText:
    """The page (1-based) as it stands, or with what was recognised on it: beside its text, or in
    place of it where that means nothing."""
    length = _visible(page.text)
    garbled = _garbled(page.raw)
    if length and not garbled and page.pictured < _COVERED:
        return page
    try:
        with _loaded(document, number) as shown:
            if length and not garbled:
                return _beside(shown, number, page, scans)
            if not length and is_blank(_drawn(shown, _GLANCE)):
                return page
            found = scans.read(number, lambda: _drawn(shown, SIDE, _density(shown)))
    except pypdfium2.PdfiumError:
        scans.lost(number)
        return replace(page, legible=False)
    return replace(
        page,
        text=found.text,
        recognised=True,
        confidence=found.confidence,
        legible=found.legible,
        words=found.words,
        layered=False,
        # where they stood in a text that is no more
        findings=tuple(replace(one, start=None, end=None) for one in page.findings),
    )


def _beside(shown: pypdfium2.PdfPage, number: int, page: PageText, scans: Scans) -> PageText:
    stamped = Stamped(shown, page)
    with without_text(shown):
        if is_blank(stamped.uncovered(_drawn(shown, _GLANCE))):
            return page
        found = scans.read(
            number, lambda: _drawn(shown, SIDE, _density(shown)), beside=stamped.full
        )
    return stamped.with_(found)


def picture_of(document: pypdfium2.PdfDocument, number: int) -> Image.Image:
    """The page (1-based) as it is recognised. Raise PdfiumError."""
    with _loaded(document, number) as shown:
        return _drawn(shown, SIDE)


@contextmanager
def _loaded(document: pypdfium2.PdfDocument, number: int) -> Iterator[pypdfium2.PdfPage]:
    with sheet(document, number - 1) as found:
        if found is None:
            raise pypdfium2.PdfiumError(f"page {number} cannot be loaded")
        yield found.page


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _garbled(raw: str) -> bool:
    meaningless = len(_MEANINGLESS.findall(raw))
    return meaningless > _MEANINGLESS_LEAST and meaningless > _MEANINGLESS_SHARE * _visible(raw)


def _density(page: pypdfium2.PdfPage) -> float:
    """Pixels a point of the largest picture on the page, if it is most of the page.

    Drawn larger than they are, specks would be blots, and no filter would take them away.
    """
    largest, density = 0.0, _DENSEST
    for shown in islice(page.get_objects(max_depth=1), _LOOKED_AT):
        if shown.type != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = shown.get_bounds()
        area = (right - left) * (top - bottom)
        if area > largest:
            across, down = shown.get_px_size()
            largest, density = area, math.sqrt(across * down / area)
    width, height = page.get_size()
    return density if largest >= _COVERED * width * height and density >= 1 else _DENSEST


def _drawn(page: pypdfium2.PdfPage, side: int, density: float = _DENSEST) -> Image.Image:
    """The page in grey, its shorter side of so many pixels where it is of a usual size, and with
    no more than so many pixels a point."""
    width, height = page.get_size()
    if width <= 0 or height <= 0:
        return Image.new("L", (1, 1), 255)
    scale = min(side / min(width, height), density, _DENSEST, math.sqrt(PIXELS / (width * height)))
    # a hair's breadth is drawn as one pixel at least
    scale = max(scale, 1 / min(width, height))
    if width * height * scale * scale > 2 * PIXELS:
        return Image.new("L", (1, 1), 255)
    picture: Image.Image = page.render(scale=scale, grayscale=True).to_pil()
    return picture
