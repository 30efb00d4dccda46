"""Footnotes: one shape for the stream and for the finished page."""

from __future__ import annotations

from qa.models import Answer, Citation
from qa.render import Note, page_href, page_label, source_href


def note(answer: Answer, citation: Citation) -> Note:
    """The footnote of a citation, which may not be saved yet."""
    href, hidden = "", False
    version = citation.version
    if version is not None and citation.start is not None and citation.end is not None:
        href = source_href(
            answer.workspace.slug,
            str(answer.thread.public_id) if answer.thread else None,
            str(version.document.public_id),
            str(version.public_id),
            citation.start,
            citation.end,
            str(answer.public_id),
        )
        hidden = version.hides(citation.start, citation.end)
    elif version is not None and citation.page_start is not None:
        href = page_href(
            answer.workspace.slug,
            str(answer.thread.public_id) if answer.thread else None,
            str(version.document.public_id),
            str(version.public_id),
            citation.page_start,
            str(answer.public_id),
        )
    web = citation.kind == Citation.Kind.WEB
    return Note(
        number=citation.number,
        title=citation.title,
        state=citation.state,
        href=citation.address if web else href,
        pages=page_label(citation.page_start, citation.page_end),
        quote=citation.cited_text,
        hidden=hidden,
        seen=citation.seen,
        web=web,
    )
