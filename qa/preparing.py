"""A claimed answer becomes the request that is sent: documents at hand, counted, in their order."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _

from config.database import release
from documents.models import Page, Text, Version
from qa import engine, remote
from qa.asking import NotAskable, check_fit
from qa.claude import Connection
from qa.models import Answer, Source


class LostLease(Exception):
    """Another worker has taken the answer over."""


def prepare(answer: Answer, connection: Connection) -> engine.Request:
    """The request for an answer, which remembers how it was made.

    Uploads and counts what the API does not have yet. Raises NotAskable when a document is gone
    or all of them are too long, before anything is spent; EngineError from the API; LostLease.
    """
    versions = _readable_versions(answer)
    model = answer.model_requested
    check_fit(sum(remote.ensure_counted(v, model, connection) for v in versions), model)
    sources = tuple(
        engine.Source(
            version=str(version.public_id),
            title=version.document.title,
            file_id=remote.ensure_uploaded(version, connection),
        )
        for version in versions
    )
    request = engine.build(
        engine.Question(text=answer.question, model=model, sources=sources, history=history(answer))
    )
    _remember(answer, connection, request, versions)
    return request


def _remember(
    answer: Answer, connection: Connection, request: engine.Request, versions: list[Version]
) -> None:
    params = request.params.items()
    kept = answer.remember(
        backend=connection.backend,
        prompt_version=request.prompt_version,
        parameters={name: value for name, value in params if name not in ("messages", "system")},
    )
    if not kept:
        raise LostLease
    index = {version: i for i, version in enumerate(request.document_map)}
    for version in versions:
        Source.objects.filter(answer=answer, version=version).update(
            index=index[str(version.public_id)]
        )


def _readable_versions(answer: Answer) -> list[Version]:
    versions = list(answer.sources.select_related("document__workspace").order_by("pk"))
    for version in versions:
        title = version.document.title
        if version.document.deleted_at:
            raise NotAskable(_("%(title)s was deleted.") % {"title": title})
        if version.status != Version.Status.READY:
            raise NotAskable(_("%(title)s is not ready to be read.") % {"title": title})
    return versions


@lru_cache(maxsize=8)
def source_text(version: str) -> engine.SourceText:
    """A version's text and pages for verification; versions never change, so it is kept.

    Raises LookupError when the version or its text is gone.
    """
    row = Version.objects.select_related("document").filter(public_id=version).first()
    text = Text.objects.filter(version=row).values_list("content", flat=True).first()
    if row is None or text is None:
        raise LookupError(version)
    pages = tuple(Page.objects.filter(version=row).values_list("number", "start", "end"))
    release()
    return engine.SourceText(version, row.document.title, text, pages)


def history(answer: Answer) -> tuple[engine.Turn, ...]:
    """The finished questions and answers this one follows, oldest first."""
    turns: list[engine.Turn] = []
    step = answer.follows
    while step is not None:
        if step.status == Answer.Status.DONE:
            turns.append(_turn(step))
        step = step.follows
    return tuple(reversed(turns))


def _turn(answer: Answer) -> engine.Turn:
    stored = {
        citation.number: engine.StoredCitation(
            version=str(citation.version.public_id),
            title=citation.title,
            start=citation.start,
            end=citation.end,
            cited_text=citation.cited_text,
        )
        for citation in answer.citations.select_related("version")
        if citation.version is not None
    }
    blocks = tuple(
        engine.AnswerBlock(
            text=block["text"],
            citations=tuple(stored[n] for n in block["citations"] if n in stored),
        )
        for block in answer.blocks
    )
    return engine.Turn(question=answer.question, blocks=blocks)
