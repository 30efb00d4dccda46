"""What a reader is given and what it gives back: plain frozen values."""

import enum
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from .words import Word

#: Stands between two pages of the canonical text and belongs to no page.
PAGE_SEPARATOR = "\n\n"

#: Called with (pages read, pages in all).
Progress = Callable[[int, int], None]

#: What a user is told, by code. Callers translate the template, then fill it with ``fields``.
SENTENCES: Mapping[str, str] = {
    "encrypted": (
        "This PDF needs a password to be opened. Enter it on the document's page, or upload a copy "
        "without one."
    ),
    "wrong_password": "This password does not open the PDF.",
    "damaged": "This PDF is damaged and could not be opened.",
    "empty": "There is nothing in this file.",
    "no_text": "There is nothing on the pages of this document.",
    "too_large": "This file has %(megabytes)s MB; at most %(limit)s MB can be read.",
    "too_many_pages": "This document has %(pages)s pages; at most %(limit)s can be read.",
    "too_many_pixels": "This picture has more than %(limit)s megapixels, which is too many.",
    "too_much_text": "This document has more than %(limit)s characters, the most that can be read.",
    "too_much_table": (
        "With the addresses of its cells, this table has more than %(limit)s characters, the most "
        "that can be read. Split it and upload its parts."
    ),
    "too_slow": "Reading this file took longer than %(seconds)s seconds and was stopped.",
    "too_much_memory": "Reading this file takes more than %(megabytes)s MB of memory.",
    "crashed": "The reader crashed on this file. It is probably damaged.",
    "missing": "This file could not be opened for reading.",
    "needs_ocr": "The text of this file must be recognised in pictures.",
    "damaged_file": "This file is damaged and could not be opened.",
    "pictures_only": "No text was found in this file: text in its pictures is not read.",
    "too_deep": "This file is nested more deeply than can be read.",
    "office_protected": (
        "This Office document needs a password to be opened. "
        "Save a copy without one and upload that."
    ),
    "office_old": (
        "This file is in an old format of Office that is not read. "
        "Open it, save it as %(wanted)s and upload that."
    ),
    "bomb": "This file unpacks to far more than a document of its size has. It was not opened.",
    "unpacks_too_large": (
        "Unpacked, this file has %(megabytes)s MB; at most %(limit)s MB can be read."
    ),
    "too_many_parts": (
        "More than %(limit)s files are packed in this one, the most that can be read."
    ),
    "unsafe_names": (
        "A file packed in this one has a name that leads out of it. It was not opened."
    ),
    "ambiguous": (
        "Two files packed in this one take the same place, so that nobody can tell which of them "
        "counts. It was not opened."
    ),
    "zip_protected": (
        "Files in this archive need a password. Pack them without one and upload that."
    ),
    "strange_packing": (
        "The files in this archive are packed in an unusual way. "
        "Pack them again as an ordinary ZIP and upload that."
    ),
}

#: Those of which another attempt may come to another end: it was the machine's doing, or may have
#: been. All others are the file's.
PASSING = frozenset({"too_slow", "too_much_memory", "crashed", "missing", "needs_ocr"})


class Kind(enum.StrEnum):
    """The kinds of file that are read."""

    PDF = "pdf"
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"
    PPTX = "pptx"
    EMAIL = "email"
    IMAGE = "image"
    ZIP = "zip"


#: Kinds that have files in them.
CONTAINERS = frozenset({Kind.EMAIL, Kind.ZIP})


@dataclass(frozen=True)
class Limits:
    """How much one document may take: bytes of its file, pages, MB of address space, seconds of
    wall clock, code points of canonical text.

    With ``page_seconds``, each page read is given so many seconds more, but all of them together
    no more than ``total_seconds`` unless that is 0. ``ocr`` lets the reader
    recognise text in pictures; without it a reader that would have to raises `Unreadable` with
    the code "needs_ocr", so that somebody with more time does it. ``languages`` are Tesseract's
    names. ``parts`` is how many files a container may have in it, ``parts_bytes`` how large all
    of them together may be.
    """

    bytes: int
    pages: int
    memory_mb: int = 1536
    seconds: float = 120.0
    chars: int = 20_000_000
    page_seconds: float = 0.0
    total_seconds: float = 0.0
    ocr: bool = False
    languages: tuple[str, ...] = ("eng",)
    parts: int = 1_000
    parts_bytes: int = 500_000_000


@dataclass(frozen=True)
class PageReading:
    """One page: its 1-based number and its half-open range of code points in the canonical text.

    ``width`` and ``height`` are points of the page as shown (crop and rotation applied), 0 where
    there is no paper; ``rotation`` is clockwise degrees. ``raw_sha256`` is of the page's characters
    as the file's reader gave them, before any rule of ours, as UTF-8 with surrogates passed
    through.

    ``source`` is "text" (the file says what it reads), "ocr" (recognised on a picture), or "none"
    when the page has no visible character. ``confidence`` is the recogniser's, 0 to 1. A page is
    not ``legible`` when something stands on it that could not be read, or only badly; an empty
    page is. ``words`` are those of a recognised page. ``layered``: text is hidden under its picture
    that has not been compared with what the picture says. ``drawn`` is the share of tables and
    figures in what stands on it, as `drawn.drawn` tells.
    """

    number: int
    start: int
    end: int
    width: float
    height: float
    rotation: int
    source: str
    raw_sha256: str
    confidence: float | None = None
    legible: bool = True
    words: tuple[Word, ...] = ()
    layered: bool = False
    drawn: float = 0.0


@dataclass(frozen=True)
class Finding:
    """Something about a file that a reviewer must know before trusting it.

    ``code`` names it ("hidden_text", "tracked_changes", …), ``sentence`` says it in English.
    ``page`` is 1-based, None for the whole file; ``start`` and ``end`` are a range of the canonical
    text, or both None.
    """

    code: str
    sentence: str
    page: int | None = None
    start: int | None = None
    end: int | None = None

    def on_page(self, number: int, offset: int) -> "Finding":
        """The same, counted from the beginning of a text in which its page begins at ``offset``."""
        if self.start is None or self.end is None:
            return replace(self, page=number)
        return replace(self, page=number, start=self.start + offset, end=self.end + offset)


@dataclass(frozen=True)
class Part:
    """A file within a file: an attachment, or a member of an archive with its ``path`` there."""

    path: str
    data: bytes


@dataclass(frozen=True)
class Reading:
    """A file as text: ``text`` is its pages in order, ``sha256`` of its UTF-8.

    `PAGE_SEPARATOR` stands between two pages of the file; pages that were cut out of running text
    because it was long follow one another directly.

    ``warnings`` are English sentences about what is missing; ``title`` is the file's own or "".
    """

    text: str
    sha256: str
    pages: tuple[PageReading, ...]
    reader: str
    reader_version: str
    warnings: tuple[str, ...]
    title: str
    findings: tuple[Finding, ...] = ()


class Unreadable(Exception):
    """A file that does not become text. ``str()`` is the English sentence for a user; ``detail``
    is for the log."""

    def __init__(self, code: str, detail: str = "", **fields: object) -> None:
        super().__init__(SENTENCES[code] % fields)
        self.code = code
        self.detail = detail
        self.fields: dict[str, object] = fields


class Reader(Protocol):
    """Reads one kind of file. Runs in the limited child: it may be killed at any point."""

    name: str
    version: str

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        """Raise `Unreadable`, or MemoryError when the limit is met."""
        ...


class Container(Protocol):
    """A reader of files that have others in them. Takes the place of ``Reader.read``."""

    name: str
    version: str

    def unpack(
        self, path: Path, limits: Limits, progress: Progress, part: Callable[[Part], None]
    ) -> Reading:
        """As ``Reader.read``; ``part`` is called with each file inside, in the file's order."""
        ...


@dataclass(frozen=True)
class PageText:
    """A page on its way into a `Reading`: canonical ``text`` and the ``raw`` it came from.

    Its ``findings`` count from the page's start, and need not know its number. ``pictured`` is how
    much of it is covered by pictures for which no text stands, each counted by itself.
    """

    text: str
    raw: str
    width: float = 0.0
    height: float = 0.0
    rotation: int = 0
    recognised: bool = False
    confidence: float | None = None
    legible: bool = True
    words: tuple[Word, ...] = ()
    layered: bool = False
    drawn: float = 0.0
    pictured: float = 0.0
    findings: tuple[Finding, ...] = ()


class Pages:
    """Collects pages in order and keeps count of the text's length."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.chars
        self._texts: list[str] = []
        self._pages: list[PageReading] = []
        self._findings: list[Finding] = []
        self._length = 0

    def add(self, page: PageText, *, goes_on: bool = False) -> None:
        """Append a page; raise `Unreadable` when the text outgrows the limit.

        One that ``goes_on`` was cut out of running text: nothing stands between it and the last.
        """
        separator = PAGE_SEPARATOR if self._pages and not goes_on else ""
        start = self._length + len(separator)
        end = start + len(page.text)
        if end > self._limit:
            raise Unreadable("too_much_text", limit=self._limit)
        raw = page.raw.encode("utf-8", "surrogatepass")
        self._texts.append(separator + page.text)
        self._length = end
        self._pages.append(
            PageReading(
                number=len(self._pages) + 1,
                start=start,
                end=end,
                width=page.width,
                height=page.height,
                rotation=page.rotation,
                source=_source(page),
                raw_sha256=hashlib.sha256(raw).hexdigest(),
                confidence=page.confidence,
                legible=page.legible,
                words=page.words,
                layered=page.layered,
                drawn=page.drawn,
            )
        )
        self._findings += [one.on_page(len(self._pages), start) for one in page.findings]

    @property
    def blank(self) -> bool:
        """Whether nothing at all stands on any page."""
        return all(page.source == "none" and page.legible for page in self._pages)

    def without_text(self) -> list[int]:
        """Numbers of the pages that show no character."""
        return [page.number for page in self._pages if page.source == "none"]

    def reading(
        self,
        reader: Reader | Container,
        warnings: list[str],
        title: str,
        findings: Sequence[Finding] = (),
    ) -> Reading:
        """All pages as one `Reading`."""
        text = "".join(self._texts)
        return Reading(
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            pages=tuple(self._pages),
            reader=reader.name,
            reader_version=reader.version,
            warnings=tuple(warnings),
            title=title,
            findings=(*self._findings, *findings),
        )


def _source(page: PageText) -> str:
    if not page.text or page.text.isspace():
        return "none"
    return "ocr" if page.recognised else "text"
