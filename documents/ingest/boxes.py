"""Where characters stand on a PDF's page: from pdfium's own boxes, never by searching.

Rectangles are fractions of the page as `pictures` draws it: crop box, rotation and origin are
pdfium's business (`FPDF_PageToDevice`).
"""

import ctypes
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pypdfium2.raw as pdfium

from .pdf import open_pdf, raw_text
from .places import PageBoxes, PageRange, Rect
from .positions import page_text

_PARTS = 1_000_000  # pixels of the imaginary device that fractions are read from
_JOINED = 0.3  # of a box's height or width, overlapping its line's: it belongs to that line


def find(path: Path, ranges: Sequence[PageRange]) -> list[PageBoxes]:
    """The boxes of each range, in the order asked. Raise `Unreadable`."""
    document = open_pdf(path)
    try:
        return [_on_page(document.raw, PageRange(*wanted)) for wanted in ranges]
    finally:
        document.close()


def _on_page(document: "pdfium.FPDF_DOCUMENT", wanted: PageRange) -> PageBoxes:
    page = pdfium.FPDF_LoadPage(document, wanted.page - 1)
    if not page:
        return PageBoxes(wanted.page, (), changed=True)
    try:
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return PageBoxes(wanted.page, (), changed=True)
        try:
            raw = raw_text(text_page)
            same = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
            if same != wanted.raw_sha256:
                return PageBoxes(wanted.page, (), changed=True)
            _text, positions = page_text([ord(unit) for unit in raw])
            first, last = positions.to_raw(wanted.start, wanted.end)
            return PageBoxes(wanted.page, tuple(_rects(page, text_page, raw, first, last)))
        finally:
            pdfium.FPDFText_ClosePage(text_page)
    finally:
        pdfium.FPDF_ClosePage(page)


def _rects(
    page: "pdfium.FPDF_PAGE", text_page: "pdfium.FPDF_TEXTPAGE", raw: str, first: int, last: int
) -> list[Rect]:
    """One rectangle a line: loose character boxes, joined while they overlap their line."""
    lines: list[list[float]] = []
    broken = True
    for index in range(first, last):
        if raw[index] in "\r\n":
            broken = True
        if raw[index].isspace():
            continue
        box = _box(page, text_page, index)
        if box is None:
            continue
        if broken or not _same_line(lines[-1], box):
            lines.append(list(box))
        else:
            line = lines[-1]
            line[:2] = min(line[0], box[0]), min(line[1], box[1])
            line[2:] = max(line[2], box[2]), max(line[3], box[3])
        broken = False
    return [(left, top, right - left, bottom - top) for left, top, right, bottom in lines]


def _same_line(line: Sequence[float], box: Sequence[float]) -> bool:
    def overlap(low: int, high: int) -> float:
        shared = min(line[high], box[high]) - max(line[low], box[low])
        return shared / max(min(line[high] - line[low], box[high] - box[low]), 1e-9)

    return overlap(1, 3) > _JOINED or overlap(0, 2) > _JOINED


def _box(
    page: "pdfium.FPDF_PAGE", text_page: "pdfium.FPDF_TEXTPAGE", index: int
) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom as fractions; None when nothing of it is on the page."""
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(rect)):
        return None
    corners = (_point(page, rect.left, rect.top), _point(page, rect.right, rect.bottom))
    (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _point(page: "pdfium.FPDF_PAGE", x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(
        page, 0, 0, _PARTS, _PARTS, 0, x, y, ctypes.byref(across), ctypes.byref(down)
    )
    return tuple(min(max(part.value / _PARTS, 0.0), 1.0) for part in (across, down))  # type: ignore[return-value]
