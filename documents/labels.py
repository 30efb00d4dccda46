"""What people call the kinds of documents."""

from __future__ import annotations

from typing import Any

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
