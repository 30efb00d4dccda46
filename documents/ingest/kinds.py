"""What kind of file some bytes begin. Content decides; a name can only tell Markdown from text."""

import codecs
import re
from typing import NamedTuple

from .reading import Kind

#: What is accepted, for the sentence that refuses something else.
ACCEPTED = "PDF with a text layer, plain text or Markdown"

_MARKDOWN_NAME = re.compile(r"\.(md|mkd|mdown|markdown)$", re.IGNORECASE)

# Readers of PDF put up with something before the header, as long as the header begins a line.
_PDF = re.compile(rb"\A%PDF|[\r\n]%PDF-\d")
_PDF_HEADER_WITHIN = 1024


class Magic(NamedTuple):
    """Bytes at an offset that give a format away, and the noun for it."""

    offset: int
    bytes: bytes
    noun: str


_PROGRAM, _SCRIPT, _PICTURE = "a program", "a script", "a picture"
_SOUND, _FILM, _ARCHIVE = "a sound recording", "a video", "an archive"
_COMPRESSED, _ZIP, _OFFICE = "a compressed file", "a ZIP archive", "an Office document"

_MAGICS = (
    Magic(0, b"MZ", _PROGRAM),
    Magic(0, b"\x7fELF", _PROGRAM),
    Magic(0, b"\xfe\xed\xfa\xce", _PROGRAM),
    Magic(0, b"\xfe\xed\xfa\xcf", _PROGRAM),
    Magic(0, b"\xce\xfa\xed\xfe", _PROGRAM),
    Magic(0, b"\xcf\xfa\xed\xfe", _PROGRAM),
    Magic(0, b"\xca\xfe\xba\xbe", _PROGRAM),
    Magic(0, b"\x00asm", _PROGRAM),
    Magic(0, b"#!", _SCRIPT),
    Magic(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    Magic(0, b"{\\rtf", "an RTF document"),
    Magic(0, b"%!PS", "a PostScript file"),
    Magic(0, b"\x1f\x8b", _COMPRESSED),
    Magic(0, b"BZh", _COMPRESSED),
    Magic(0, b"\xfd7zXZ\x00", _COMPRESSED),
    Magic(0, b"\x28\xb5\x2f\xfd", _COMPRESSED),
    Magic(0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    Magic(0, b"Rar!\x1a\x07", _ARCHIVE),
    Magic(257, b"ustar", _ARCHIVE),
    Magic(0, b"\x89PNG", _PICTURE),
    Magic(0, b"\xff\xd8\xff", _PICTURE),
    Magic(0, b"GIF87a", _PICTURE),
    Magic(0, b"GIF89a", _PICTURE),
    Magic(0, b"II*\x00", _PICTURE),
    Magic(0, b"MM\x00*", _PICTURE),
    Magic(8, b"WEBP", _PICTURE),
    Magic(4, b"ftypheic", _PICTURE),
    Magic(4, b"ftypavif", _PICTURE),
    Magic(4, b"ftyp", _FILM),
    Magic(0, b"\x1aE\xdf\xa3", _FILM),
    Magic(8, b"AVI ", _FILM),
    Magic(8, b"WAVE", _SOUND),
    Magic(0, b"OggS", _SOUND),
    Magic(0, b"fLaC", _SOUND),
    Magic(0, b"ID3", _SOUND),
    Magic(0, b"SQLite format 3\x00", "a database"),
)

# Within a ZIP, by a name or text among its first members.
_ZIPPED = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"[Content_Types].xml", _OFFICE),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file"),
    (b"application/epub+zip", "an e-book"),
    (b"META-INF/MANIFEST.MF", _PROGRAM),
)

# A bitmap has two letters for a magic, which a text may begin with: its two zero words tell it.
_BMP = re.compile(rb"BM.{4}\x00\x00\x00\x00", re.DOTALL)

_MARKUP = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|script|svg|\?xml)\b",
    re.IGNORECASE | re.DOTALL,
)

# Tab, the line ends and the page break belong to a text, and ESC to a terminal's; the rest do not.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(head: bytes, name: str = "") -> Kind | None:
    """The kind of the file that ``head`` begins (a few KB are enough); None when not accepted."""
    if _known(head):
        return None
    if _PDF.search(head[:_PDF_HEADER_WITHIN]):
        return Kind.PDF
    text = _as_text(head)
    if not text or _MARKUP.match(text):
        return None
    return Kind.MARKDOWN if _MARKDOWN_NAME.search(name) else Kind.TEXT


def describe(head: bytes) -> str | None:
    """An English noun for what ``head`` begins, article included; None when nobody knows."""
    if not head:
        return "an empty file"
    noun = _known(head)
    if noun:
        return noun
    if _PDF.search(head[:_PDF_HEADER_WITHIN]):
        return "a PDF"
    text = _as_text(head)
    if not text:
        return None
    markup = _MARKUP.match(text)
    if not markup:
        return "a text"
    return {"svg": _PICTURE, "?xml": "an XML file"}.get(markup[1].lower(), "a web page")


def _known(head: bytes) -> str | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return next((noun for mark, noun in _ZIPPED if mark in head), _ZIP)
    if _BMP.match(head):
        return _PICTURE
    for magic in _MAGICS:
        if head.startswith(magic.bytes, magic.offset):
            return magic.noun
    return None


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
