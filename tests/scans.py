"""Pages as a scanner might give them: rendered, damaged, and compared with what was on them."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from documents.ingest.ocr import Recognised
from documents.ingest.words import SCALE, Word
from tests.pdfs import drawn, stream

Box = tuple[float, float, float, float]
_FOLDED = str.maketrans("“”„‘’‚–—", "\"\"\"'''--")


def rendered(path: Path, page: int, dpi: float = 200) -> Image.Image:
    """A PDF's page (1-based) in grey."""
    with pypdfium2.PdfDocument(path) as document:
        return document[page - 1].render(scale=dpi / 72).to_pil().convert("L")


def written(text: str, size: int = 34, width: int = 1700, height: int = 2200) -> Image.Image:
    """Lines of text on a white page, as at 200 dpi."""
    page = Image.new("L", (width, height), 255)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(page).multiline_text((150, 150), text, fill=0, font=font, spacing=size // 2)
    return page


def pdf(*pages: Image.Image, dpi: float = 200) -> bytes:
    """A PDF whose pages are these pictures."""
    file = io.BytesIO()
    first, *others = pages
    first.save(file, "PDF", save_all=True, append_images=others, resolution=dpi)
    return file.getvalue()


def over(
    page: Image.Image,
    text: str,
    mode: int,
    share: float = 1.0,
    at: tuple[float, float] = (40, 30),
    size: float = 12,
) -> bytes:
    """A page of letter size with a picture on so much of its width and height, and over it a line
    of text in a mode: 0 is drawn, 3 is not."""
    width, height = 612 * share, 792 * share
    contents = (
        f"q {width} 0 0 {height} 0 {792 - height} cm /I Do Q "
        f"BT /F {size} Tf {mode} Tr 1 0 0 1 {at[0]} {at[1]} Tm ({text}) Tj ET"
    )
    file = io.BytesIO()
    page.save(file, "JPEG", quality=90)
    picture = stream(
        file.getvalue(),
        f"/Type /XObject /Subtype /Image /Width {page.width} /Height {page.height}"
        " /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /DCTDecode",
    )
    return drawn(contents.encode(), picture, resources="/XObject << /I 7 0 R >>")


def smudged(page: Image.Image) -> Image.Image:
    """Of which one sees that something stands there, but not what."""
    return page.filter(ImageFilter.GaussianBlur(14))


def skewed(page: Image.Image, degrees: float) -> Image.Image:
    return page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def noisy(page: Image.Image, deviation: float, specks: float = 0.0) -> Image.Image:
    """With noise of so many of 255, and so many of its pixels black or white."""
    noise = Image.effect_noise(page.size, deviation)
    page = ImageChops.add(page, noise, offset=-128)
    if specks:
        dice = Image.effect_noise(page.size, 60).point([255] * 6 + [0] * 250)
        thinned = Image.effect_noise(page.size, 60)
        page.paste(0, mask=dice)
        page.paste(255, mask=thinned.point([0] * 250 + [255] * 6))
    return page


def jpeg(page: Image.Image, quality: int = 40) -> Image.Image:
    file = io.BytesIO()
    page.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


def grey(page: Image.Image) -> Image.Image:
    """Neither black nor white: 40 to 231."""
    return page.point([40 + value * 191 // 255 for value in range(256)])


def scanned(page: Image.Image) -> Image.Image:
    """All of it at once, on a page of 150 dpi."""
    page = grey(skewed(page, 1.3)).filter(ImageFilter.GaussianBlur(0.8))
    return jpeg(noisy(page, 10), 40)


DAMAGES: Mapping[str, tuple[float, Callable[[Image.Image], Image.Image]]] = {
    "200 dpi": (200, lambda page: page),
    "150 dpi": (150, lambda page: page),
    "skew 1": (200, lambda page: skewed(page, 1)),
    "skew -2": (200, lambda page: skewed(page, -2)),
    "turned 90": (200, lambda page: page.transpose(Image.Transpose.ROTATE_90)),
    "turned 180": (200, lambda page: page.transpose(Image.Transpose.ROTATE_180)),
    "turned 270": (200, lambda page: page.transpose(Image.Transpose.ROTATE_270)),
    "grey": (200, grey),
    "jpeg": (200, jpeg),
    "noise": (200, lambda page: noisy(page, 28, specks=0.008)),
    "scan": (150, scanned),
}


def squeezed(text: str) -> str:
    """Without white space, composed, with plain quotes and dashes: what is compared."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_FOLDED).split())


def wrong(found: str, gold: str) -> float:
    """The share of characters that are wrong, by edit distance."""
    found, gold = squeezed(found), squeezed(gold)
    row = list(range(len(found) + 1))
    for number, letter in enumerate(gold, start=1):
        corner, row[0] = row[0], number
        for index, other in enumerate(found, start=1):
            corner, row[index] = (
                row[index],
                min(row[index] + 1, row[index - 1] + 1, corner + (letter != other)),
            )
    return row[-1] / max(len(gold), 1)


def box(word: Word) -> Box:
    return (word.left / SCALE, word.top / SCALE, word.right / SCALE, word.bottom / SCALE)


def shared(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return both / (areas - both) if areas > both else 0.0


def overlaps(path: Path, page: int, found: Recognised) -> list[float]:
    """Intersection over union of each word of three letters or more with the characters that
    pdfium gives it, for words that both have in the same order."""
    own = _words(path, page)
    matched = SequenceMatcher(
        a=[found.text[word.start : word.end] for word in found.words],
        b=[text for text, _box in own],
        autojunk=False,
    )
    shares = []
    for first, second, size in matched.get_matching_blocks():
        for step in range(size):
            text, theirs = own[second + step]
            if len(text) >= 3:
                shares.append(shared(box(found.words[first + step]), theirs))
    return shares


def _words(path: Path, page: int) -> list[tuple[str, Box]]:
    """A page's words and the union of their tight character boxes, as fractions."""
    words: list[tuple[str, Box]] = []
    with pypdfium2.PdfDocument(path) as document:
        shown = document[page - 1]
        width, height = shown.get_size()
        text_page = shown.get_textpage()
        text = text_page.get_text_range()
        for match in re.finditer(r"\S+", text):
            boxes = [text_page.get_charbox(index) for index in range(*match.span())]
            left, bottom, right, top = zip(*boxes, strict=True)
            there = (min(left) / width, 1 - max(top) / height, max(right) / width)
            words.append((match[0], (*there, 1 - min(bottom) / height)))
    return words
