"""The formats that bytes give away: what each is called, whether it is read, and what else to do.

What cannot be read is named too, so that a refusal can say what the file is.
"""

import re
from typing import NamedTuple

from .reading import Kind


class Format(NamedTuple):
    """``noun`` with its article, for a sentence; ``kind`` when it is read. ``advice`` is an English
    sentence for who has such a file that is not."""

    noun: str
    kind: Kind | None = None
    advice: str = ""


def _as(name: str) -> str:
    return f"Save it as {name} and upload that."


PROGRAM = Format("a program")
_SCRIPT = Format("a script")
_PICTURE = Format("a picture", Kind.IMAGE)
STRANGE_PICTURE = Format("a picture of a kind that is not read", advice=_as("PNG or JPEG"))
_SOUND, _FILM = Format("a sound recording"), Format("a video")
_ARCHIVE = Format("an archive", advice="Pack its files as a ZIP archive and upload that.")
_COMPRESSED = Format("a compressed file", advice="Unpack it, or upload a ZIP archive.")

PDF = Format("a PDF", Kind.PDF)
TEXT = Format("a text", Kind.TEXT)
MARKDOWN = Format("a text", Kind.MARKDOWN)
TABLE = Format("a table", Kind.CSV)
WEB_PAGE = Format("a web page", Kind.HTML)
EMAIL = Format("an e-mail", Kind.EMAIL)
XML = Format("an XML file")
EMPTY = Format("an empty file")


def _magic(pattern: bytes, format: Format) -> tuple[re.Pattern[bytes], Format]:
    return re.compile(pattern, re.DOTALL), format


# Matched at the very beginning. Two or three letters alone are no magic: a text may begin so.
MAGICS = (
    _magic(rb"MZ.{0,62}\x00", PROGRAM),
    _magic(rb"\x7fELF", PROGRAM),
    _magic(rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe", PROGRAM),
    _magic(rb"\x00asm", PROGRAM),
    _magic(rb"#!", _SCRIPT),
    _magic(rb"\{\\rtf", Format("an RTF document", advice=_as(".docx"))),
    _magic(rb"%!PS", Format("a PostScript file", advice=_as("PDF"))),
    _magic(rb"\x1f\x8b|BZh[1-9]|\xfd7zXZ\x00|\x28\xb5\x2f\xfd", _COMPRESSED),
    _magic(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|.{257}ustar", _ARCHIVE),
    _magic(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP", _PICTURE),
    _magic(rb"II[*+]\x00|MM\x00[*+]", _PICTURE),
    _magic(rb"BM.{4}\x00\x00\x00\x00", _PICTURE),
    _magic(rb"\x00.{3}ftyp(?:hei[cfxms]|mif1|msf1|avi[fs])", STRANGE_PICTURE),
    _magic(rb"\x00.{3}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", _FILM),
    _magic(rb"RIFF.{4}WAVE|OggS\x00|fLaC\x00|ID3[\x02-\x04]\x00", _SOUND),
    _magic(rb"SQLite format 3\x00", Format("a database")),
)

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
ZIP = Format("a ZIP archive", Kind.ZIP)
OFFICE = Format("an Office document", advice=_as(".docx, .xlsx, .pptx or PDF"))
_APPLE = Format("an Apple iWork document", advice="Export it as PDF and upload that.")

#: One of these is in every Office document: it can be read without the other.
OFFICE_PARTS = frozenset({"[content_types].xml", "_rels/.rels"})
#: Within a ZIP, by how the name of one of its members begins, the surest first.
ZIPPED = (
    ("word/", Format("a Word document", Kind.DOCX)),
    ("xl/workbook.bin", Format("a binary Excel workbook", advice=_as(".xlsx"))),
    ("xl/", Format("an Excel workbook", Kind.XLSX)),
    ("ppt/", Format("a PowerPoint presentation", Kind.PPTX)),
)
#: The same of members that make a ZIP something else than an archive of files.
PACKED = (
    ("META-INF/MANIFEST.MF", PROGRAM),
    ("Index/Document.iwa", _APPLE),
    ("META-INF/container.xml", Format("an e-book", advice=_as("PDF"))),
)
OPEN_DOCUMENT = Format("an OpenDocument file", advice=_as(".docx, .xlsx, .pptx or PDF"))

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WITHOUT_PASSWORD = "Save a copy without one and upload that."
_OLD_WORD = Format("a Word document of an older kind", advice=_as(".docx"))
_OLD_EXCEL = Format("an Excel workbook of an older kind", advice=_as(".xlsx"))
_OLD_POWERPOINT = Format("a PowerPoint presentation of an older kind", advice=_as(".pptx"))
_OUTLOOK = Format("an Outlook message", advice="Save it as .eml, or as text, and upload that.")
#: Within an OLE file, by how the name of one of its streams begins.
STREAMS = (
    ("WordDocument", _OLD_WORD),
    ("Workbook", _OLD_EXCEL),
    ("Book", _OLD_EXCEL),
    ("PowerPoint Document", _OLD_POWERPOINT),
    ("__properties_version1.0", _OUTLOOK),
    ("__nameid_version1.0", _OUTLOOK),
    ("__substg1.0_", _OUTLOOK),
)
#: The same by the ending of the file's name, where its streams do not say.
OLD_NAMES = {"doc": _OLD_WORD, "xls": _OLD_EXCEL, "ppt": _OLD_POWERPOINT, "msg": _OUTLOOK}
#: Encrypted packages keep what they are to themselves: the name's ending tells.
ENCRYPTED_STREAM = "EncryptedPackage"
ENCRYPTED_NAMES = {
    letter: Format(f"{noun} that is protected by a password", advice=_WITHOUT_PASSWORD)
    for letter, noun in (("x", "a workbook"), ("d", "a document"), ("p", "a presentation"))
}
ENCRYPTED = Format("an Office document that is protected by a password", advice=_WITHOUT_PASSWORD)
