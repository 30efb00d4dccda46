"""Reads PDFs: pypdf looks at the structure, pdfium reads the text.

pdfium's verdict counts: it opens many a broken file that pypdf refuses, decrypts what needs no
password, and gives the characters that highlights are drawn from. pypdf tells an empty page tree
from a damaged file, and a page count that pdfium does not agree with.
"""

import ctypes
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pypdf
import pypdf.errors
import pypdfium2
import pypdfium2.raw as pdfium

from . import forms, hidden
from .canonical import title
from .drawn import drawn
from .numbers import named
from .painted import painted_on, pictured
from .pdf_scans import seen
from .positions import page_string
from .raw import raw_text
from .reading import Limits, Pages, PageText, Progress, Reading, Unreadable
from .scans import Scans

# Raise it when a rule that makes text changes: a reading is known by its reader's version.
_RULES = 4
_STRUCTURE_SECONDS = 5.0
_LAYER = 20  # characters of a text layer that stands for its picture


class PdfReader:
    """Text by page, in pdfium's order, positions as `positions` maps them."""

    name = "pdfium"
    version = f"{pypdfium2.PYPDFIUM_INFO.version} ({pypdfium2.PDFIUM_INFO.build}), rules {_RULES}"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        structure = _structure(path, min(_STRUCTURE_SECONDS, limits.seconds / 4))
        document = _open(path, structure)
        try:
            return self._read(document, structure, limits, progress)
        finally:
            document.close()

    def _read(
        self,
        document: pypdfium2.PdfDocument,
        structure: "_Structure",
        limits: Limits,
        progress: Progress,
    ) -> Reading:
        count = len(document)
        if count > limits.pages:
            raise Unreadable("too_many_pages", pages=count, limit=limits.pages)
        pages, scans = Pages(limits), Scans(limits)
        lost: list[int] = []
        written = forms.Forms()
        if limits.ocr:
            progress(0, count)  # the first page may take its time
        for number in range(1, count + 1):
            with forms.sheet(document, number - 1) as sheet:
                page = _page(sheet) if sheet else None
                if sheet:
                    written.note(number, sheet)
            if page is None:
                lost.append(number)
                pages.add(PageText(text="", raw="", legible=False))
            else:
                pages.add(seen(document, number, page, scans))
            progress(number, count)
        if len(lost) == count:
            raise Unreadable("damaged" if count else "empty", "no page could be loaded")
        if pages.blank:
            raise Unreadable("no_text")
        warnings = _warnings(structure, count, lost) + written.warnings() + scans.warnings()
        reading = pages.reading(self, warnings, title(_title(document)))
        return scans.signed(reading)


def _title(document: pypdfium2.PdfDocument) -> str:
    """As the file has it, "" if it has none: pypdfium2's own way refuses half a surrogate pair."""
    size = pdfium.FPDF_GetMetaText(document, b"Title", None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDF_GetMetaText(document, b"Title", buffer, size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace")


@dataclass(frozen=True)
class _Structure:
    """What pypdf says: how many pages (None when it cannot tell), and what is broken."""

    pages: int | None
    problem: str = ""


# Of an encrypted file pypdf can tell nothing, which does not mean that the file is broken.
_ENCRYPTED = (
    pypdf.errors.DependencyError,
    pypdf.errors.FileNotDecryptedError,
    pypdf.errors.WrongPasswordError,
)


class _Overtime(BaseException):
    """pypdf took too long. No Exception: pypdf catches those."""


def _structure(path: Path, seconds: float) -> _Structure:
    try:
        with _alarm(seconds), path.open("rb") as file:
            reader = pypdf.PdfReader(file)
            return _Structure(reader.get_num_pages())
    except _ENCRYPTED:
        return _Structure(None)
    except _Overtime:
        return _Structure(None, "pypdf took too long")
    except Exception as error:  # pypdf lets through whatever a broken file makes it meet
        return _Structure(None, repr(error))


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_Overtime` in this (the main) thread, again and again in case it is swallowed."""

    def ring(number: int, frame: object) -> None:
        raise _Overtime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def open_pdf(path: Path) -> pypdfium2.PdfDocument:
    """The document, to be closed by the caller. Raise `Unreadable`."""
    return _open(path, _Structure(None))


def _open(path: Path, structure: _Structure) -> pypdfium2.PdfDocument:
    # Not every failure sets pdfium's last error: set it here, or an earlier document's may show.
    pdfium.FPDF_LoadMemDocument(b"-", 1, None)
    try:
        # pdfium takes names in UTF-8 alone
        document = pypdfium2.PdfDocument(path if _is_utf8(path) else path.read_bytes())
    except pypdfium2.PdfiumError as error:
        detail = f"pdfium: {error}; pypdf: {structure.problem or structure.pages}"
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise Unreadable("encrypted", detail) from error
        raise Unreadable("empty" if structure.pages == 0 else "damaged", detail) from error
    with suppress(pypdfium2.PdfiumError):  # a broken form: its fields are drawn as notes are
        document.init_forms()  # before any page is loaded
    return document


def _is_utf8(path: Path) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in str(path))


def _page(sheet: forms.Sheet) -> PageText | None:
    """One page, or None when pdfium cannot load its text."""
    page = sheet.page.raw
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        raw = raw_text(text_page)
        painted = painted_on(page)
        seen = hidden.look(page, text_page, raw, painted) if raw else hidden.NOTHING
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    return PageText(
        text=page_string(raw),
        raw=raw,
        width=_length(pdfium.FPDF_GetPageWidthF(page)),
        height=_length(pdfium.FPDF_GetPageHeightF(page)),
        rotation=max(0, pdfium.FPDFPage_GetRotation(page)) * 90,
        layered=bool(seen.layer),
        drawn=1.0 if sheet.telling else drawn(page, painted),
        # a layer stands for its pictures
        pictured=0.0 if _long(seen) else pictured(page, painted),
        findings=hidden.findings(seen, raw),
    )


def _long(seen: hidden.Look) -> bool:
    """Whether the text hidden under a page's pictures may be all of theirs."""
    return sum(run.last - run.first for run in seen.layer) >= _LAYER


def _length(points: float) -> float:
    return points if math.isfinite(points) and points > 0 else 0.0


def _warnings(structure: _Structure, count: int, lost: list[int]) -> list[str]:
    warnings = []
    if structure.problem:
        warnings.append("The structure of this PDF is damaged; what could be read was read.")
    elif structure.pages not in (None, count):
        warnings.append(
            f"This PDF does not agree with itself about its pages: {structure.pages} are counted, "
            f"{count} could be read."
        )
    if lost:
        warnings.append(f"{named(lost).capitalize()} could not be read: damaged.")
    return warnings
