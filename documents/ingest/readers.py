"""Which reader reads which kind, imported when it is needed: the libraries behind it are heavy."""

from importlib import import_module
from typing import Any

from .reading import Kind

# the module in this package, its class, and what the class is made with
_READERS: dict[Kind, tuple[str, str, dict[str, Any]]] = {
    Kind.PDF: ("pdf", "PdfReader", {}),
    Kind.TEXT: ("text", "TextReader", {"name": "text", "headings": False}),
    Kind.MARKDOWN: ("text", "TextReader", {"name": "markdown", "headings": True}),
    Kind.XLSX: ("sheets", "SheetReader", {}),
    Kind.CSV: ("tables", "CsvReader", {}),
    Kind.DOCX: ("word", "WordReader", {}),
    Kind.EMAIL: ("mail", "MailReader", {}),
    Kind.IMAGE: ("image", "ImageReader", {}),
    Kind.ZIP: ("archive", "ArchiveReader", {}),
    Kind.PPTX: ("slides", "SlideReader", {}),
    Kind.HTML: ("web", "WebReader", {}),
}


def reader_of(kind: Kind) -> Any:
    """A `Reader`, or a `Container` for kinds that have files in them. KeyError: none yet."""
    module, name, arguments = _READERS[kind]
    return getattr(import_module(f".{module}", __package__), name)(**arguments)
