"""A page as a picture, as a reader of the paper would see it."""

import io
from pathlib import Path

import pypdfium2
from PIL import Image

from .pdf import open_pdf
from .reading import Kind, Limits, Unreadable

#: No picture is higher than this many pixels, however long its page.
HIGHEST = 8_000
_GREYS_QUALITY = 80


def draw(path: Path, kind: Kind, limits: Limits, page: int, width: int) -> bytes:
    """Page ``page`` (1-based) as a WebP of ``width`` pixels across. Raise `Unreadable` when there
    is no such page, or nothing to draw."""
    if kind is not Kind.PDF:
        raise Unreadable("missing", f"{kind} has no pages to draw")
    document = open_pdf(path)
    try:
        return _encoded(_drawn(document, page, width))
    finally:
        document.close()


def _drawn(document: pypdfium2.PdfDocument, page: int, width: int) -> Image.Image:
    if not 1 <= page <= len(document):
        raise Unreadable("missing", f"page {page} of {len(document)}")
    try:
        shown = document[page - 1]
    except pypdfium2.PdfiumError as error:
        raise Unreadable("damaged", repr(error)) from error
    across, down = shown.get_size()
    if across <= 0 or down <= 0:
        raise Unreadable("damaged", f"a page of {across} by {down} points")
    scale = min(width / across, HIGHEST / down)
    picture: Image.Image = shown.render(scale=scale).to_pil()
    return picture.convert("RGB")


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_GREYS_QUALITY, method=0)
    return out.getvalue()
