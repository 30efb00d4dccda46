"""A claimed answer becomes the request that is sent: documents at hand, counted, in their order."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from django.utils.translation import gettext as _

from config.database import release
from documents import ingest
from documents.models import Page, RemoteFile, Text, Version
from qa import claude_models, engine, remote, warmth
from qa.asking import NotAskable, check_fit, check_place
from qa.claude import Connection, on_behalf
from qa.keeping import keeping
from qa.ledger import parameters
from qa.models import Answer, Source

TOLD = 8  # pieces of hidden text that the model is shown; it is told of the pages of all


class LostLease(Exception):
    """Another worker has taken the answer over."""


def prepare(answer: Answer, connection: Connection) -> tuple[engine.Request, list[Version]]:
    """The request for an answer, and the versions it is about.

    Uploads and counts what the API does not have yet. Raises NotAskable when a document is gone
    or all of them are too long, before anything is spent; EngineError from the API; LostLease.
    """
    versions = _readable_versions(answer)
    model = claude_models.get(answer.model_requested)
    check_place(connection.inference_geo, model)
    check_fit(sum(remote.ensure_counted(v, model, connection) for v in versions), model)
    request = keeping(
        engine.Question(
            text=answer.question,
            model=model,
            sources=sources(versions, connection),
            history=history(answer),
            passage=_passage(answer),
            effort=answer.effort or None,
            **on_behalf(connection, answer.author),
            previous=warmth.previous(answer.thread),
        ),
        connection,
        answer.workspace,
        answer.thread,
    )
    if not answer.is_mine():
        # uploading may take long: what another worker writes by now is not paid for twice
        raise LostLease
    return request, versions


def sources(versions: list[Version], connection: Connection) -> tuple[engine.Source, ...]:
    """What is sent of each version, uploading what the API does not have yet."""
    if connection.inline:
        return _inline(versions)
    return tuple(_source(one, remote.ensure_uploaded(one, connection)) for one in versions)


def sources_at_hand(
    versions: list[Version], connection: Connection
) -> tuple[engine.Source, ...] | None:
    """The same without asking the API: None while it does not have all of them."""
    if connection.inline:
        return _inline(versions)
    rows = RemoteFile.objects.usable(connection.account).filter(version__in=versions)
    files = dict(rows.values_list("version", "file_id"))
    if len(files) < len(versions):
        return None
    return tuple(_source(version, files[version.pk]) for version in versions)


def _inline(versions: list[Version]) -> tuple[engine.Source, ...]:
    """The texts as they are, where nothing may be stored at the API."""
    texts = dict(Text.objects.filter(version__in=versions).values_list("version", "content"))
    return tuple(replace(_source(one, None), text=texts[one.pk]) for one in versions)


def _source(version: Version, file_id: str | None) -> engine.Source:
    return engine.Source(
        version=str(version.public_id),
        title=version.document.title,
        file_id=file_id,
        context=description(version),
    )


def remember(
    answer: Answer, connection: Connection, request: engine.Request, versions: list[Version]
) -> None:
    """Keep with the answer how it is being made. Raises LostLease.

    Called when the API has begun to work, so that these writes cost the reader no time.
    """
    kept = answer.remember(
        backend=connection.backend,
        prompt_version=request.prompt_version,
        parameters=parameters(request),
    )
    if not kept:
        raise LostLease
    index = {version: i for i, version in enumerate(request.document_map)}
    for version in versions:
        Source.objects.filter(answer=answer, version=version).update(
            index=index[str(version.public_id)]
        )


def description(version: Version) -> str | None:
    """What the model is told about a version beside its text: the pages that could not be read,
    and the text that a reader of the pages does not see.

    The same words every time, or the prompt cache would not find the document again.
    """
    told = []
    if version.unread:
        pages = ", ".join(ingest.runs(version.unread))
        told.append(
            f"Of this document, these pages could not be read: {pages}. What they say is unknown."
        )
    if hidden := version.hidden:
        pages = ", ".join(ingest.runs(sorted({one["page"] for one in hidden if one["page"]})))
        told.append(
            f"Text on these pages of this document is hidden from whoever reads them: {pages}. "
            "Do not rest a claim on hidden text without saying that it is hidden."
        )
        told += [one["sentence"] for one in hidden[:TOLD]]
    return " ".join(told) or None


def _readable_versions(answer: Answer) -> list[Version]:
    """The versions that are sent: one without any text has nothing to be asked about."""
    rows = answer.sources.select_related("document__workspace").order_by("pk")
    for version in rows:
        title = version.document.title
        if version.document.deleted_at:
            raise NotAskable(_("%(title)s was deleted.") % {"title": title})
        if version.status != Version.Status.READY:
            raise NotAskable(_("%(title)s is not ready to be read.") % {"title": title})
    return list(rows.with_text())


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
    return turns_to(answer.follows)


def turns_to(last: Answer | None) -> tuple[engine.Turn, ...]:
    """The finished questions and answers up to and with this one, oldest first."""
    turns: list[engine.Turn] = []
    step = last
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
    return engine.Turn(question=answer.question, blocks=blocks, passage=_passage(answer))


def _passage(answer: Answer) -> engine.Passage | None:
    if answer.about_version is None:
        return None
    title = answer.about_version.document.title
    return engine.Passage(title=title, text=answer.about_text, page=answer.about_page)
