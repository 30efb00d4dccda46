"""A page as a picture, as a reader of the paper would see it."""

import io
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops

from .forms import sheet
from .images import frame, frames, image
from .opened import opened
from .reading import Kind, Limits, Unreadable
from .upright import PIXELS

#: No picture is higher than this many pixels, however long its page.
HIGHEST = 8_000
_GREYS = [level for grey in range(0, 256, 17) for level in (grey, grey, grey)]
_COLOURED = 12  # levels between red, green and blue that an eye would see
_PAPER = 0.5  # of a page of letters has one and the same brightness
_QUALITY = 82


def draw(path: Path, kind: Kind, limits: Limits, page: int, width: int) -> bytes:
    """Page ``page`` (1-based) as a PNG or JPEG of ``width`` pixels across. Raise `Unreadable` when
    there is no such page, or nothing to draw."""
    if kind is Kind.IMAGE:
        return encoded(_framed(path, page, width))
    if kind is not Kind.PDF:
        raise Unreadable("missing", f"{kind} has no pages to draw")
    return encoded(_drawn(opened(path), page, width))


def fit(path: Path, kind: Kind, page: int, side: int) -> tuple[bytes, int, int]:
    """Page ``page`` (1-based) as a PNG or JPEG that fits into a square of ``side`` pixels, with its
    width and height. A picture is made smaller, never larger. Raise `Unreadable`."""
    if kind is Kind.IMAGE:
        with image(path) as opened_image:
            if not 1 <= page <= frames(opened_image):
                raise Unreadable("missing", f"page {page} of {frames(opened_image)}")
            picture = frame(opened_image, page, PIXELS).picture
    elif kind is Kind.PDF:
        # drawn once as large as it may be in either direction
        picture = _drawn(opened(path), page, side, side)
    else:
        raise Unreadable("missing", f"{kind} has no pages to draw")
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return encoded(picture), picture.width, picture.height


def encoded(picture: Image.Image) -> bytes:
    """As a file: small and sharp for black letters on paper, which are told from all else."""
    out = io.BytesIO()
    grey = picture.convert("L")
    if _is_coloured(picture):
        # whole colour for every pixel: thin coloured letters would blur
        picture.convert("RGB").save(out, "JPEG", quality=_QUALITY, subsampling=0)
    elif max(grey.histogram()) < _PAPER * grey.width * grey.height:
        grey.save(out, "JPEG", quality=_QUALITY)
    else:
        steps = grey.point([round(level / 17) for level in range(256)])
        steps.putpalette(_GREYS)
        # more compression than this takes half as long again, for a tenth of the size
        steps.save(out, "PNG", bits=4, compress_level=2)
    return out.getvalue()


def _is_coloured(picture: Image.Image) -> bool:
    if picture.mode in ("1", "L", "I", "I;16", "F"):
        return False
    red, green, blue = picture.convert("RGB").reduce(2).split()
    apart = (ImageChops.difference(red, green), ImageChops.difference(green, blue))
    return any(any(levels.histogram()[_COLOURED:]) for levels in apart)


def _framed(path: Path, page: int, width: int) -> Image.Image:
    """A frame of a picture."""
    with image(path) as opened:
        if not 1 <= page <= frames(opened):
            raise Unreadable("missing", f"page {page} of {frames(opened)}")
        picture = frame(opened, page, PIXELS).picture
    scale = min(width / picture.width, HIGHEST / picture.height)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _drawn(
    document: pypdfium2.PdfDocument, page: int, width: int, highest: int = HIGHEST
) -> Image.Image:
    if not 1 <= page <= len(document):
        raise Unreadable("missing", f"page {page} of {len(document)}")
    with sheet(document, page - 1) as found:
        if found is None:
            raise Unreadable("damaged", f"page {page} cannot be loaded")
        across, down = found.page.get_size()
        if not (across > 0 and down > 0):
            raise Unreadable("damaged", f"a page of {across} by {down} points")
        # a little less: what is a hair more than a whole pixel becomes one more
        scale = min((width - 0.01) / across, (highest - 0.01) / down)
        picture: Image.Image = found.page.render(scale=scale).to_pil()
        return picture
