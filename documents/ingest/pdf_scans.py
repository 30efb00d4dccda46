"""Which pages of a PDF are pictures of text, though they may have a little text of their own.

A page is recognised when something is drawn on it and it has no text; when its text is that of a
broken font, which means nothing; or when pictures cover half of it and its text is no more than a
stamp or a page number. None of the pages of the contracts we know is taken for one by mistake:
no picture covers any of their pages. Text that is not drawn, like the layer that a scanner adds,
stands for the picture beneath it.
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
from .upright import PIXELS, SIDE, is_blank

_THIN = 200  # visible characters: what has more is more than stamps
_LAYER = 20  # characters of a text layer that stands for its picture
_COVERED = 0.5  # of the page, by pictures
_RICHER = 1.3  # times as many characters must be recognised to count more than the page's own
_DENSEST = 600 / 72  # pixels a point
_GLANCE = 600  # pixels of the shorter side, to see whether there is anything
_NESTED = 3  # forms within forms that are looked into
_LOOKED_AT = 5_000  # objects of a page: a picture of text has a few

# What a font gives that does not say which characters its glyphs are.
_MEANINGLESS = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd-\uffff]")
_MEANINGLESS_SHARE = 0.3


def seen(document: pypdfium2.PdfDocument, number: int, page: PageText, scans: Scans) -> PageText:
    """The page (1-based) as it stands, or with what was recognised on it in place of its text."""
    length = _visible(page.text)
    garbled = _garbled(page.raw)
    if length >= _THIN and not garbled:
        return page
    try:
        with _loaded(document, number) as shown:
            if not garbled and _speaks_for_itself(page, shown, length):
                return page
            found = scans.read(number, lambda: _drawn(shown, SIDE, _density(shown)))
    except pypdfium2.PdfiumError:
        scans.lost(number)
        return replace(page, legible=False)
    if length and not garbled and _visible(found.text) < _RICHER * length:
        return replace(page, legible=found.legible)
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


def _speaks_for_itself(page: PageText, shown: pypdfium2.PdfPage, length: int) -> bool:
    """Whether the page's own text, of so many characters, is all there is to read."""
    if not length:
        return is_blank(_drawn(shown, _GLANCE))
    return (page.layered and length >= _LAYER) or _covered(shown) < _COVERED


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _garbled(raw: str) -> bool:
    meaningless = len(_MEANINGLESS.findall(raw))
    return meaningless > _LAYER and meaningless > _MEANINGLESS_SHARE * _visible(raw)


def _covered(page: pypdfium2.PdfPage) -> float:
    """How much of the page is covered by pictures; a form counts whole when one is in it."""
    covering = [
        *_objects(page, pdfium.FPDF_PAGEOBJ_IMAGE, depth=1),
        *(
            form
            for form in _objects(page, pdfium.FPDF_PAGEOBJ_FORM, depth=1)
            if any(_objects(page, pdfium.FPDF_PAGEOBJ_IMAGE, depth=_NESTED, form=form))
        ),
    ]
    area = 0.0
    for shown in covering:
        left, bottom, right, top = shown.get_bounds()
        area += max(right - left, 0.0) * max(top - bottom, 0.0)
    width, height = page.get_size()
    return area / (width * height) if width > 0 and height > 0 else 0.0


def _objects(
    page: pypdfium2.PdfPage, kind: int, depth: int, form: pypdfium2.PdfObject | None = None
) -> Iterator[pypdfium2.PdfObject]:
    """Those of a kind among the first objects of a page or of a form."""
    first = islice(page.get_objects(max_depth=depth, form=form), _LOOKED_AT)
    return (found for found in first if found.type == kind)


def _density(page: pypdfium2.PdfPage) -> float:
    """Pixels a point of the largest picture on the page, if it is most of the page.

    Drawn larger than they are, specks would be blots, and no filter would take them away.
    """
    largest, density = 0.0, _DENSEST
    for shown in _objects(page, pdfium.FPDF_PAGEOBJ_IMAGE, depth=1):
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
