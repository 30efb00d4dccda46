"""A scanned page set upright and straight for the recogniser, and the way back to the page.

Pillow alone does it. What each step is good for was measured on damaged pages of contracts:
without enlarging, every fifth character of a poor scan at 150 dpi is wrong, without the median
filter every seventh on a page with salt and pepper, and without clearing the paper all of a page
with little on it.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter

from PIL import Image, ImageChops, ImageFilter

#: Pixels of a page's shorter side that Tesseract reads best: some 300 dpi of A4 or letter.
SIDE = 2_500
#: No picture is made larger than this.
PIXELS = 14_000_000
_ENLARGED = 3.0  # at most: beyond, there is nothing to be seen any more
_SMALL = 600  # pixels of the shorter side of the copy that is looked at as a whole
_STEEPEST = 5.0  # degrees of skew that are looked for
_SIDEWAYS = 1.5  # times as level the lines must be for a page to be taken as lying on its side
_STRAIGHT = 0.12  # degrees of skew that do no harm

_IMPULSE = 80  # of 255, that a speck differs from all round it
_IMPULSES = 0.001  # of all pixels: more is noise that a median filter takes away
_PLAIN = 12  # of 255: what paper varies at least
_INK = 40  # of 255, darker or lighter than the paper near it
_BLANK = 0.0002  # of all pixels: with less ink there is nothing on a page

_TURNED = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Upright:
    """``picture`` is the page as it is recognised. ``width`` and ``height`` are the pixels of the
    page as it was given; from there to the picture it was turned, straightened and scaled."""

    picture: Image.Image
    width: int
    height: int
    turned: int  # degrees counter-clockwise: 0, 90, 180 or 270
    skew: float  # degrees counter-clockwise
    scale: float

    def further(self, turn: int) -> "Upright":
        """The same turned by so many degrees more."""
        if not turn:
            return self
        picture = self.picture.transpose(_TURNED[turn])
        return replace(self, picture=picture, turned=(self.turned + turn) % 360)

    def back(self, left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        """A box on the picture as fractions of the page as it was given: left, top, right, bottom
        of what it covers there."""
        corners = [self._back(x, y) for x in (left, right) for y in (top, bottom)]
        across, down = zip(*corners, strict=True)
        box = (min(across), min(down), max(across), max(down))
        return tuple(min(max(part, 0.0), 1.0) for part in box)

    def _back(self, x: float, y: float) -> tuple[float, float]:
        quarter = self.turned in (90, 270)
        width, height = (self.height, self.width) if quarter else (self.width, self.height)
        x -= self.picture.width / 2
        y -= self.picture.height / 2
        cos, sin = math.cos(math.radians(self.skew)), math.sin(math.radians(self.skew))
        across = (x * cos - y * sin) / self.scale / width + 0.5
        down = (x * sin + y * cos) / self.scale / height + 0.5
        match self.turned:
            case 90:
                return 1 - down, across
            case 180:
                return 1 - across, 1 - down
            case 270:
                return down, 1 - across
        return across, down


def level(page: Image.Image) -> Upright:
    """A page in grey with its lines level, if perhaps upside down."""
    turned, skew = _lie(ink(page))
    picture = page.transpose(_TURNED[turned]) if turned else page
    if _speckled(picture):
        picture = picture.filter(ImageFilter.MedianFilter(3))
    scale = _scale(*picture.size)
    if scale != 1:
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    picture = _cleared(picture)
    if skew:
        picture = picture.rotate(skew, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return Upright(picture, page.width, page.height, turned, skew, scale)


def ink(page: Image.Image) -> Image.Image:
    """A small copy of a page in grey with 255 where something stands on it, and 0 elsewhere."""
    small = _small(page)
    paper = small.resize(
        (max(small.width // 16, 1), max(small.height // 16, 1)), Image.Resampling.BOX
    )
    paper = paper.filter(ImageFilter.MaxFilter(3)).resize(small.size, Image.Resampling.BILINEAR)
    return ImageChops.difference(small, paper).point([0] * _INK + [255] * (256 - _INK))


def is_blank(page: Image.Image) -> bool:
    """Whether nothing but specks stands on a page in grey. What is blurred beyond reading has no
    edges any more, but is darker than the paper."""
    if share(ink(page)) >= _BLANK:
        return False
    shades = _small(page).histogram()
    return shades.index(max(shades)) - _shade(shades, 0.01) <= 2 * _PLAIN


def share(ink: Image.Image) -> float:
    """How much of a picture of 0 and 255 is 255, 0 to 1."""
    return ink.histogram()[255] / (ink.width * ink.height)


def _small(page: Image.Image) -> Image.Image:
    factor = max(1, round(min(page.size) / _SMALL))
    return page.reduce(factor) if factor > 1 else page


def _cleared(picture: Image.Image) -> Image.Image:
    """With the paper's shades all white, and the darkest black.

    Tesseract looks for one shade that parts ink from paper, and on a page with little ink it would
    part the paper from its own noise. That is as wide below the paper's shade as it is above.
    """
    counts = picture.histogram()
    paper = counts.index(max(counts))
    above = _shade(counts[paper:], 0.99)
    white = paper - max(above, _PLAIN)
    black = min(_shade(counts, 0.0005), white - _PLAIN)
    if white <= 0:
        return picture  # a dark page
    stretch = 255 / (white - black)
    return picture.point([min(max(int((s - black) * stretch), 0), 255) for s in range(256)])


def _shade(counts: Sequence[int], part: float) -> int:
    """The first shade up to which lies so much of what was counted."""
    wanted, seen = part * sum(counts), 0
    for shade, count in enumerate(counts):
        seen += count
        if seen > wanted:
            return shade
    return len(counts) - 1


def _scale(width: int, height: int) -> float:
    wanted = min(SIDE / min(width, height), _ENLARGED, math.sqrt(PIXELS / (width * height)))
    return wanted if wanted > 1.05 or wanted < 1 else 1.0


def _speckled(picture: Image.Image) -> bool:
    """Whether there are many single dark pixels. A stroke's pixels are never alone."""
    near = picture.filter(ImageFilter.RankFilter(3, 1))  # the second darkest round each
    alone = ImageChops.subtract(near, picture).histogram()
    return sum(alone[_IMPULSE:]) > _IMPULSES * picture.width * picture.height


def _lie(ink: Image.Image) -> tuple[int, float]:
    """How to turn a page counter-clockwise so that its lines lie level: by 0 or 90 degrees, and by
    some degrees more."""
    upright, skew = _straightest(ink, list(_steps(0.0, _STEEPEST, 0.5)))
    turned = ink.transpose(Image.Transpose.ROTATE_90)
    sideways, other = _straightest(turned, list(_steps(0.0, _STEEPEST, 0.5)))
    quarter = sideways > _SIDEWAYS * upright
    _, skew = _straightest(
        turned if quarter else ink, list(_steps(other if quarter else skew, 0.4, 0.1))
    )
    return 90 if quarter else 0, skew if abs(skew) > _STRAIGHT else 0.0


def _straightest(ink: Image.Image, angles: Sequence[float]) -> tuple[float, float]:
    """How level the lines are at the best of the angles, and the angle."""
    return max(((_levelness(ink, angle), angle) for angle in angles), key=itemgetter(0))


def _steps(middle: float, far: float, step: float) -> Iterator[float]:
    count = round(far / step)
    # from the middle outwards: of equals, the first is taken
    for index in sorted(range(-count, count + 1), key=abs):
        yield middle + index * step


def _levelness(ink: Image.Image, angle: float) -> float:
    """How much the rows of a picture differ from their neighbours: most where lines are level."""
    turned = ink.rotate(angle, Image.Resampling.BILINEAR)
    rows = turned.convert("F").resize((1, turned.height), Image.Resampling.BOX)
    return sum((after - before) ** 2 for before, after in pairwise(array("f", rows.tobytes())))
