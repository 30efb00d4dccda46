"""Pages of PDFs with what is written on them in form fields, signatures and free notes.

pdfium reads the text of a page's own content alone. Where fields or notes are on a page, a copy of
it is made in memory whose content they have become part of, so that text, places and picture agree.
The copy counts only while it looks as the page does; the file itself stays as it is.
"""

import ctypes
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from .numbers import named

_WRITTEN = (pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT)
_NOT_SHOWN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_LOOKED_AT = 1_000  # annotations of a page
_SIDE = 800  # pixels of the longer side of pages that are compared
_APART = 96  # of 255: more than an edge that falls between two pixels
_SPECKS = 12  # pixels: fewer than the smallest letter has

READ = (
    "Form fields or notes are filled in on %(pages)s: what they show stands at the end of the "
    "page's text."
)
MANY = (
    "There are more than %(most)s fields, notes and links on %(pages)s. What those beyond show may "
    "be no part of the text: look at the page."
)
UNREAD = (
    "Form fields or notes on %(pages)s could not be read: what they show is in the picture of the "
    "page, and no part of its text."
)


class Sheet(NamedTuple):
    """A page to be read and drawn. Fields or notes on it have a value where ``valued``; ``filled``
    says that they have text, which is part of the page's, ``unread`` that it may have but is not,
    and ``many`` that not all of them were looked at."""

    page: pypdfium2.PdfPage
    valued: bool = False
    filled: bool = False
    unread: bool = False
    many: bool = False

    @property
    def telling(self) -> bool:
        """Whether the text does not say all: not which field has which value, if any."""
        return any(self[1:])


@contextmanager
def sheet(document: pypdfium2.PdfDocument, index: int) -> Iterator[Sheet | None]:
    """Page ``index`` (from 0) as it is to be read; None when pdfium cannot load it."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        yield None
        return
    with closing(page):
        many = pdfium.FPDFPage_GetAnnotCount(page.raw) > _LOOKED_AT
        if not _is_written_on(page):
            yield Sheet(page, many=many)
            return
        valued = any(_has_value(document, note) for note in _notes(page))
        with closing(pypdfium2.PdfDocument.new()) as copies:
            copy = _flattened(document, index, page, copies)
            if copy is None:
                yield Sheet(page, valued, unread=True, many=many)
                return
            with closing(copy):
                yield Sheet(copy, valued, filled=_length(copy) != _length(page), many=many)


class Forms:
    """Remembers the pages of which there is something to say."""

    def __init__(self) -> None:
        self._told: dict[str, list[int]] = {READ: [], UNREAD: [], MANY: []}

    def note(self, number: int, sheet: Sheet) -> None:
        """Take note of a page by its number."""
        for sentence, told in ((READ, sheet.filled), (UNREAD, sheet.unread), (MANY, sheet.many)):
            self._told[sentence] += [number] if told else []

    def warnings(self) -> list[str]:
        """English sentences for the reading."""
        most = f"{_LOOKED_AT:,}"
        told = [(sentence, named(pages)) for sentence, pages in self._told.items() if pages]
        return [sentence % {"pages": pages, "most": most} for sentence, pages in told]


def _is_written_on(page: pypdfium2.PdfPage) -> bool:
    return any(pdfium.FPDFAnnot_GetSubtype(note) in _WRITTEN for note in _notes(page))


def _notes(page: pypdfium2.PdfPage) -> Iterator[pdfium.FPDF_ANNOTATION]:
    """The page's annotations, each as long as the next is not asked for."""
    for index in range(min(_LOOKED_AT, max(0, pdfium.FPDFPage_GetAnnotCount(page.raw)))):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if note:
            try:
                yield note
            finally:
                pdfium.FPDFPage_CloseAnnot(note)


def _has_value(document: pypdfium2.PdfDocument, note: pdfium.FPDF_ANNOTATION) -> bool:
    """Whether a note says something, or a field that is shown was filled in or chosen."""
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind not in _WRITTEN or pdfium.FPDFAnnot_GetFlags(note) & _NOT_SHOWN:
        return False
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        return True
    form = document.formenv
    if not form:
        return bool(pdfium.FPDFAnnot_HasKey(note, b"V"))
    match pdfium.FPDFAnnot_GetFormFieldType(form.raw, note):
        case pdfium.FPDF_FORMFIELD_PUSHBUTTON:
            return False
        case pdfium.FPDF_FORMFIELD_CHECKBOX | pdfium.FPDF_FORMFIELD_RADIOBUTTON:
            return bool(pdfium.FPDFAnnot_IsChecked(form.raw, note))
        case pdfium.FPDF_FORMFIELD_SIGNATURE:
            return bool(pdfium.FPDFAnnot_HasKey(note, b"V"))
    # two bytes are the end of no text
    return int(pdfium.FPDFAnnot_GetFormFieldValue(form.raw, note, None, 0)) > 2


def _length(page: pypdfium2.PdfPage) -> int:
    with closing(page.get_textpage()) as text_page:
        return int(text_page.count_chars())


def _flattened(
    document: pypdfium2.PdfDocument,
    index: int,
    page: pypdfium2.PdfPage,
    copies: pypdfium2.PdfDocument,
) -> pypdfium2.PdfPage | None:
    """A copy of the page with its annotations as content; None unless it looks the same."""
    try:
        # drawn first: pdfium then makes the appearances that the file leaves to it
        shown = _drawn(page)
        copies.import_pages(document, [index])
        with closing(copies[0]) as copy:
            _show_alike(copy)
            done = pdfium.FPDFPage_Flatten(copy.raw, pdfium.FLAT_NORMALDISPLAY)
        if done == pdfium.FLATTEN_FAIL:
            return None
        copy = copies[0]
    except pypdfium2.PdfiumError:
        return None
    seen = _drawn(copy)
    if not document.formenv:
        # fields that belong to no form are not drawn on the page, though readers show them
        for field in _fields(page, shown.size):
            shown.paste(0, field)
            seen.paste(0, field)
    if copy.get_size() == page.get_size() and _alike(shown, seen):
        return copy
    copy.close()
    return None


def _fields(page: pypdfium2.PdfPage, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Where form fields are on the drawn page, in pixels."""
    boxes = []
    for note in _notes(page):
        if pdfium.FPDFAnnot_GetSubtype(note) == pdfium.FPDF_ANNOT_WIDGET:
            rect = pdfium.FS_RECTF()
            pdfium.FPDFAnnot_GetRect(note, ctypes.byref(rect))
            corners = ((rect.left, rect.top), (rect.right, rect.bottom))
            xs, ys = zip(*(_pixel(page, size, *corner) for corner in corners), strict=True)
            boxes.append((min(xs) - 1, min(ys) - 1, max(xs) + 2, max(ys) + 2))
    return boxes


def _pixel(page: pypdfium2.PdfPage, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    at = ctypes.byref(across), ctypes.byref(down)
    pdfium.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, *at)
    # within the picture, or just beside it
    return min(max(across.value, -2), size[0] + 2), min(max(down.value, -2), size[1] + 2)


def _show_alike(page: pypdfium2.PdfPage) -> None:
    """What is not shown on screens is not made content of; all else is."""
    for note in _notes(page):
        flags = pdfium.FPDFAnnot_GetFlags(note)
        wanted = flags & ~pdfium.FPDF_ANNOT_FLAG_INVISIBLE
        if flags & pdfium.FPDF_ANNOT_FLAG_NOVIEW:
            wanted |= pdfium.FPDF_ANNOT_FLAG_HIDDEN
        if wanted != flags:
            pdfium.FPDFAnnot_SetFlags(note, wanted)


def _drawn(page: pypdfium2.PdfPage) -> Image.Image:
    longer = max(*page.get_size(), 1.0)
    picture: Image.Image = page.render(scale=_SIDE / longer, grayscale=True).to_pil()
    return picture


def _alike(one: Image.Image, other: Image.Image) -> bool:
    apart = ImageChops.difference(one, other).histogram()
    return sum(apart[_APART:]) <= _SPECKS
