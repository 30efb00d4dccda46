"""Opens pictures and gives their frames, the way they are to be held and on white paper.

Nothing is decoded before its size has been looked at: a few hundred bytes can claim to be a
picture of four gigapixels.
"""

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from PIL import ExifTags, Image

from .reading import Unreadable

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF")
_FRAMED = ("PNG", "GIF", "WEBP", "TIFF")  # a JPEG's others are previews of itself
#: Of one frame: a page of A3 at 600 dpi has less.
MOST_PIXELS = 120_000_000

# What Pillow lets through when a file is broken.
_BROKEN = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError, struct.error),
)
_SCALABLE = ("L", "RGB", "RGBA", "CMYK", "YCbCr")
_DENSITY = 150.0  # pixels an inch where the file does not say
_HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # more than 256 shades


@contextmanager
def image(path: Path) -> Iterator[Image.Image]:
    """The file, opened and not decoded. What goes wrong inside becomes `Unreadable`."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            # what Pillow warns of is broken metadata, but for the size
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # not by its name: Pillow would map it, and mix up the sides of a TIFF that lies
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as opened:
                yield opened
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable("too_many_pixels", repr(error), limit=MOST_PIXELS // 1_000_000) from error
    except _BROKEN as error:
        raise Unreadable("damaged_file", repr(error)) from error


def frames(opened: Image.Image) -> int:
    return int(getattr(opened, "n_frames", 1)) if opened.format in _FRAMED else 1


class Frame(NamedTuple):
    """``picture`` is in grey or RGB; ``width`` and ``height`` are the pixels that the file has."""

    picture: Image.Image
    width: int
    height: int


def frame(opened: Image.Image, number: int, most: int) -> Frame:
    """A frame (from 1), made smaller if it has more than ``most`` pixels."""
    if frames(opened) > 1:
        opened.seek(number - 1)
    if opened.width * opened.height > MOST_PIXELS:
        raise Image.DecompressionBombError(f"{opened.size}")
    opened.load()
    width, height = opened.size
    # those that cannot be scaled well are made smaller after they were made simple
    shown = opened if opened.mode in _SCALABLE else _on_paper(opened)
    if width * height > most:
        scale = math.sqrt(most / (width * height))
        size = (max(int(width * scale), 1), max(int(height * scale), 1))
        shown = shown.resize(size, Image.Resampling.BOX)
    shown = _on_paper(shown)
    held = opened.getexif().get(ExifTags.Base.Orientation)
    if held in _HELD:
        shown = shown.transpose(_HELD[held])
        width, height = (height, width) if held in _LYING else (width, height)
    return Frame(shown, width, height)


def density(opened: Image.Image) -> float:
    """Pixels an inch, as far as the file says and it can be believed."""
    given = opened.info.get("dpi")
    if isinstance(given, tuple) and given and 50 <= float(given[0]) <= 2_400:
        return float(given[0])
    return _DENSITY


def _on_paper(picture: Image.Image) -> Image.Image:
    """In grey or RGB, white where it was transparent."""
    if picture.mode in _DEEP:
        return _shallow(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _shallow(picture: Image.Image) -> Image.Image:
    """From more than 256 shades, which are spread as they are used, to 256."""
    deep = picture.convert("F")
    darkest, lightest = cast(tuple[float, float], deep.getextrema())
    if not (math.isfinite(darkest) and math.isfinite(lightest) and darkest < lightest):
        return Image.new("L", picture.size, 255)
    stretch = 255 / (lightest - darkest)
    return deep.point(lambda shade: shade * stretch - darkest * stretch).convert("L")
