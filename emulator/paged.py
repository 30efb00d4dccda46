"""What an answer says of pages: where on them something stands, and what was not looked at."""

from typing import Any

from .faults import Fault
from .pdfs import PAGE_END
from .prompt import Document, Prompt

Json = dict[str, Any]

_WRONG: dict[str, Json] = {
    "quote_invented": {"cited_text": "This sentence stands on no page, not even in part."},
    "offsets_out_of_range": {"start_page_number": 9_998, "end_page_number": 9_999},
}


def page_citation(document: Document, cited: tuple[int, int], fault: Fault | None) -> Json:
    """A range of a PDF's text, cited by its pages: the first from 1, the one after the last."""
    start, end = cited
    touched = [n for n, (a, b) in enumerate(document.pages, 1) if a < end and b > start]
    citation = {
        "type": "page_location",
        "cited_text": (document.text or "")[start:end].replace(PAGE_END, "\n"),
        "document_index": document.index,
        "document_title": document.title,
        "start_page_number": touched[0] if touched else 1,
        "end_page_number": touched[-1] + 1 if touched else 2,
        "file_id": document.file_id,
    }
    return citation | _WRONG.get(fault.kind if fault else "", {})


def titled(document: Document, among: list[Document]) -> str:
    """A document's title: of pages that are given beside their text, the text's."""
    own = document.title or ""
    texts = (one.title for one in among if document.pages and not one.pages)
    return next((title for title in texts if title and own.startswith(title)), own)


def unseen(prompt: Prompt) -> str:
    """A sentence about what can only be seen, and therefore was not read; "" for nothing."""
    pages = sum(document.unseen for document in prompt.documents)
    parts = [
        *([f"{prompt.pictures} picture{'s'[: prompt.pictures > 1]}"] if prompt.pictures else []),
        *([f"{pages} page{'s'[: pages > 1]} without text"] if pages else []),
    ]
    if not parts:
        return ""
    return f"This local server cannot see: {' and '.join(parts)} given with this were not read."
