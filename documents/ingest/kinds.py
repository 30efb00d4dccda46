"""What kind of file some bytes begin. Content decides; a name tells only kinds of text apart."""

import codecs
import re
from collections.abc import Iterable
from typing import IO

from . import formats
from .directories import ole_names, zip_names
from .formats import Format
from .reading import Kind

#: What is accepted, for the sentence that refuses something else.
ACCEPTED = (
    "PDF, Word, Excel, PowerPoint, pictures, e-mail (.eml), web pages, CSV, plain text, Markdown, "
    "and ZIP archives of these"
)

_ENDING = re.compile(r"\.(\w{1,10})$")
_MARKDOWN_NAMES = {"md", "mkd", "mdown", "markdown"}
_TABLE_NAMES = {"csv", "tsv", "tab"}
_PAGE_NAMES = {"htm", "html", "xhtml"}
_OFFICE_NAMES = {"doc": Kind.DOCX, "xls": Kind.XLSX, "ppt": Kind.PPTX}

# Readers of PDF put up with something before the header, as long as the header begins a line.
_PDF = re.compile(rb"\A%PDF|[\r\n]%PDF-\d")
_PDF_HEADER_WITHIN = 1024

_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_MARKUP = re.compile(r"\s*<(!doctype\s+html|html|head|body|script|svg|\?xml)\b", re.IGNORECASE)
_XHTML = re.compile(r"<(?:!doctype\s+)?(html|svg)\b", re.IGNORECASE)
_TAG = re.compile(r"<(?:p|div|span|table|ul|ol|h\d|br|a|b|i|title|meta|style)\b[^<>]*>", re.I)

# Header lines of an e-mail with their continuations, up to the empty line that ends them.
_HEADERS = re.compile(r"\s*((?:[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*)+)")
_HEADER_NAME = re.compile(r"^([!-9;-~]+):", re.MULTILINE)
_USUAL = {"from", "to", "cc", "date", "subject", "sender", "reply-to"}
#: Written by programs alone: a memo that begins "From: … To: …" has none of them.
_TECHNICAL = {"message-id", "received", "mime-version", "return-path", "delivered-to"}

_SEPARATORS = (",", ";", "\t", "|")
_ROWS_LOOKED_AT = 20

# Tab, the line ends and the page break belong to a text, and ESC to a terminal's; the rest do not.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(head: bytes, name: str = "", file: IO[bytes] | None = None) -> Kind | None:
    """The kind of the file that ``head`` begins (8 KB are enough); None when not accepted.

    With the whole ``file`` at hand, Office documents are told from archives for certain.
    """
    format = _format(head, name, file)
    return format.kind if format else None


def describe(head: bytes, name: str = "", file: IO[bytes] | None = None) -> str | None:
    """An English noun for the same, article included; None when nobody knows."""
    format = _format(head, name, file)
    return format.noun if format else None


def advise(head: bytes, name: str = "", file: IO[bytes] | None = None) -> str:
    """An English sentence on what to upload in its place; "" when there is none."""
    format = _format(head, name, file)
    return format.advice if format else ""


def _format(head: bytes, name: str, file: IO[bytes] | None) -> Format | None:
    if not head:
        return formats.EMPTY
    found = _ENDING.search(name)
    ending = found[1].lower() if found else ""
    if head.startswith(formats.ZIP_MAGIC):
        return _zipped(head, ending, file)
    if head.startswith(formats.OLE_MAGIC):
        return _ole(head, ending, file)
    for pattern, format in formats.MAGICS:
        if pattern.match(head):
            return format
    if _PDF.search(head[:_PDF_HEADER_WITHIN]):
        return formats.PDF
    text = _as_text(head)
    return _of_text(text, ending) if text else None


def _zipped(head: bytes, ending: str, file: IO[bytes] | None) -> Format:
    if b"mimetypeapplication/vnd.oasis.opendocument" in head[:200]:
        return formats.OPEN_DOCUMENT
    names = zip_names(file) if file else []
    if names:
        # what stands in the beginning may be within a document that is packed in an archive
        if formats.OFFICE_PARTS.intersection(name.casefold() for name in names):
            return _begun(names, formats.ZIPPED) or _office(ending)
        return _begun(names, formats.PACKED) or formats.ZIP
    # only the first members are at hand, or the directory is lost
    office = b"[Content_Types].xml" in head
    for mark, format in (*formats.ZIPPED, *formats.PACKED):
        if mark.encode() in head:
            return format
    return _office(ending) if office else formats.ZIP


def _office(ending: str) -> Format:
    """A package whose parts stand in folders of other names than usual."""
    kind = _OFFICE_NAMES.get(ending[:3])
    return next(
        (known for _, known in formats.ZIPPED if kind and known.kind is kind), formats.OFFICE
    )


def _ole(head: bytes, ending: str, file: IO[bytes] | None) -> Format:
    names = ole_names(file) if file else []
    if formats.ENCRYPTED_STREAM in names:
        return formats.ENCRYPTED_NAMES.get(ending[:1], formats.ENCRYPTED)
    format = _begun(names, formats.STREAMS)
    return format or formats.OLD_NAMES.get(ending[:3], formats.OFFICE)


def _begun(names: Iterable[str], table: Iterable[tuple[str, Format]]) -> Format | None:
    names = list(names)
    for mark, format in table:
        if any(name.startswith(mark) for name in names):
            return format
    return None


def _of_text(text: str, ending: str) -> Format:
    markup = _MARKUP.match(text, _after_comments(text))
    if markup:
        return _of_markup(markup[1].lower(), text)
    if ending in _PAGE_NAMES and _TAG.search(text):
        return formats.WEB_PAGE
    if _is_email(text, named=ending == "eml"):
        return formats.EMAIL
    if ending in _TABLE_NAMES and _is_table(text):
        return formats.TABLE
    return formats.MARKDOWN if ending in _MARKDOWN_NAMES else formats.TEXT


def _after_comments(text: str) -> int:
    """Where the comments at the beginning end. One by one: a pattern that repeats would try every
    way of taking several for one."""
    at = 0
    while comment := _COMMENT.match(text, at):
        at = comment.end()
    return at


def _of_markup(tag: str, text: str) -> Format:
    if tag == "?xml":
        inner = _XHTML.search(text)
        if not inner:
            return formats.XML
        tag = inner[1].lower()
    return formats.STRANGE_PICTURE if tag == "svg" else formats.WEB_PAGE


def _is_email(text: str, *, named: bool) -> bool:
    headers = _HEADERS.match(text.replace("\r\n", "\n"))
    if not headers:
        return False
    names = {name.lower() for name in _HEADER_NAME.findall(headers[1])}
    if named:
        return bool(names & (_USUAL | _TECHNICAL))
    return bool(names & _TECHNICAL) and bool(names & _USUAL)


def _is_table(text: str) -> bool:
    """Whether most of the first lines are parted by the same sign."""
    lines = [line for line in text.splitlines() if line.strip()][:_ROWS_LOOKED_AT]
    return any(2 * sum(sign in line for line in lines) >= len(lines) for sign in _SEPARATORS)


def _as_text(head: bytes) -> str | None:
    """``head`` decoded the way the text reader does it; None when it cannot be a text."""
    encoding = encoding_of(head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head, final=False)
    strange = len(_CONTROL.findall(text))
    # Every eighth byte of compressed or random data is a control character, and in an encoding
    # that takes any byte there is nothing else to tell it by. A text has a stray one at most.
    tolerated = 1 + len(text) // (100 if encoding == "cp1252" else 10)
    if encoding == "cp1252":
        strange += text.count("\ufffd")
    return text if strange <= tolerated else None


def encoding_of(data: bytes, *, whole: bool = False) -> str:
    """The encoding of a text: by its byte order mark, else UTF-8 if it is, else cp1252.

    The names are Python's. ``whole`` says that no character can be cut off at the end.
    """
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
