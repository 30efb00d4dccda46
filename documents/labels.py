"""What people call the kinds of documents, and how a document's name stands in a sentence."""

from __future__ import annotations

from typing import Any
from unicodedata import bidirectional

from django.utils.translation import gettext_lazy as _

from documents.ingest import Kind

LABELS: dict[str, Any] = {
    Kind.PDF: "PDF",
    Kind.TEXT: _("Text"),
    Kind.MARKDOWN: "Markdown",
    Kind.HTML: _("Web page"),
    Kind.DOCX: "Word",
    Kind.XLSX: "Excel",
    Kind.CSV: _("Table (CSV)"),
    Kind.PPTX: "PowerPoint",
    Kind.EMAIL: _("E-mail"),
    Kind.IMAGE: _("Picture"),
    Kind.ZIP: _("ZIP archive"),
}


def label(kind: str) -> str:
    """The name of a kind by its value; "" for one that is not known."""
    return str(LABELS.get(kind, ""))


def isolated(name: str) -> str:
    """A name for the middle of a sentence: if any of it runs from right to left, between characters
    that keep it from turning what stands beside it. In HTML an element does the same."""
    turns = any(bidirectional(c) in ("R", "AL") for c in name)
    return f"\u2068{name}\u2069" if turns else name
