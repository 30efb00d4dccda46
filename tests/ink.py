"""How much of a quote's ink lies within boxes, and how much other ink: looked at, not computed.

A page is drawn twice, the second time with the quote in another colour. What differs is its ink,
whatever any table of boxes says.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageDraw

from documents.ingest import PageBoxes, PageRange
from emulator.measure import squeeze

Rects = Sequence[tuple[float, float, float, float]]
WIDTH = 1200
_HYPHEN = "\x02"


@dataclass(frozen=True)
class Ink:
    """``covered``: the share of the quote's ink within the boxes. ``foreign``: the share of other
    ink in all that lies within them. ``amount`` is 0 for a quote that shows nothing."""

    amount: float
    covered: float
    foreign: float


def drawn(page: pypdfium2.PdfPage, width: int = WIDTH) -> Image.Image:
    return page.render(scale=width / page.get_width()).to_pil().convert("RGB")


def compared(plain: Image.Image, marked: Image.Image, rects: Rects) -> Ink:
    """From a page and the same page with the quote in another colour."""
    return _ink(plain, _strongest(ImageChops.difference(plain, marked)), rects)


def of_quote(
    document: pypdfium2.PdfDocument, number: int, quote: Iterable[int], rects: Rects
) -> Ink:
    """Of the characters with these indexes on a page."""
    page = document[number - 1]
    plain = drawn(page)
    text_page = page.get_textpage()
    wanted = set(quote)
    objects = [_object(text_page, index) for index in range(text_page.count_chars())]
    chosen = {objects[index][0]: objects[index][1] for index in wanted if objects[index][0]}
    for handle in chosen.values():
        pdfium.FPDFPageObj_SetFillColor(handle, 255, 0, 0, 255)
    red = _strongest(ImageChops.difference(plain, drawn(page)))
    # an object may have other characters as well: their ink is not the quote's
    others = [i for i, (at, _) in enumerate(objects) if at in chosen and i not in wanted]
    mask = Image.new("L", plain.size, 255)
    pen = ImageDraw.Draw(mask)
    for index, grown, value in [
        *((i, 1, 0) for i in others),
        *((i, 0, 255) for i in sorted(wanted)),
    ]:
        left, top, right, bottom = _pixels(page, text_page, index, plain.size)
        if right > left and bottom > top:
            box = (left - grown, top - grown, right + grown, bottom + grown)
            pen.rectangle(box, fill=value)
    return _ink(plain, ImageChops.multiply(red, mask), rects)


def places(document: pypdfium2.PdfDocument, number: int, quote: str, occurrence: int) -> list[int]:
    """The indexes of a quote's visible characters on a page, found by looking for it there."""
    text_page = document[number - 1].get_textpage()
    raw = "".join(
        chr(pdfium.FPDFText_GetUnicode(text_page.raw, index)).replace(_HYPHEN, "-")
        for index in range(text_page.count_chars())
    )
    found = list(squeeze(raw).occurrences(squeeze(quote).text))
    start, end = found[occurrence]
    return [index for index in range(start, end) if not raw[index].isspace()]


def of_clause(
    path: Path,
    reading: Any,
    clause: tuple[int, int],
    find: Callable[[Path, list[PageRange]], Sequence[PageBoxes]],
) -> list[Ink]:
    """Of a range of a text, on each page that it touches."""
    seen = []
    with pypdfium2.PdfDocument(path) as document:
        for page in reading.pages:
            start, end = max(clause[0] - page.start, 0), min(clause[1], page.end) - page.start
            text = reading.text[page.start : page.end]
            if start >= end or not squeeze(text[start:end]).text:
                continue
            same = [at for at, _ in squeeze(text).occurrences(squeeze(text[start:end]).text)]
            nearest = min(range(len(same)), key=lambda which: abs(same[which] - start))
            quote = places(document, page.number, text[start:end], nearest)
            (boxes,) = find(path, [PageRange(page.number, start, end, page.raw_sha256)])
            seen.append(of_quote(document, page.number, quote, boxes.rects))
    return seen


def _object(text_page: pypdfium2.PdfTextPage, index: int) -> tuple[int, Any]:
    handle = pdfium.FPDFText_GetTextObject(text_page.raw, index)
    return (ctypes.addressof(handle.contents) if handle else 0), handle


def _pixels(
    page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, index: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    left, bottom, right, top = text_page.get_charbox(index)
    corners = []
    for x, y in ((left, bottom), (right, top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            page.raw, 0, 0, *size, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        corners.append((across.value, down.value))
    (a, b), (c, d) = (sorted(axis) for axis in zip(*corners, strict=True))
    return a, c, b, d


def _strongest(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _ink(plain: Image.Image, quote: Image.Image, rects: Rects) -> Ink:
    width, height = plain.size
    within = Image.new("L", plain.size, 0)
    pen = ImageDraw.Draw(within)
    for x, y, across, down in rects:
        # every pixel that a box touches: a drawn box tints those too
        right, bottom = (x + across) * width - 1e-6, (y + down) * height - 1e-6
        pen.rectangle((int(x * width), int(y * height), int(right), int(bottom)), fill=255)
    paper = _strongest(ImageChops.invert(plain))
    amount = _sum(quote)
    inside = _sum(ImageChops.multiply(quote, within))
    everything = _sum(ImageChops.multiply(paper, within))
    foreign = _sum(ImageChops.multiply(ImageChops.subtract(paper, quote), within))
    return Ink(
        amount,
        inside / amount if amount else 1.0,
        foreign / everything if everything else 0.0,
    )


def _sum(picture: Image.Image) -> float:
    return float(sum(level * count for level, count in enumerate(picture.histogram())))
