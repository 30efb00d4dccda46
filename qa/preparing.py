"""A claimed answer becomes the request that is sent: documents at hand, counted, in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from django.utils.translation import gettext as _

from config.database import release
from documents import ingest, visual
from documents.models import Page, RemoteFile, Text, Version, VersionQuerySet
from qa import (
    budgets,
    claude_models,
    compacting,
    engine,
    gate,
    looking,
    modes,
    pictures,
    remote,
    scopes,
    warmth,
)
from qa.askable import NotAskable, check_looks, check_place, fit
from qa.claude import Connection, on_behalf
from qa.keeping import keeping
from qa.ledger import parameters
from qa.models import Answer, Picture, Source, WebAccess

TOLD = 8  # pieces of hidden text that the model is shown; it is told of the pages of all


class LostLease(Exception):
    """Another worker has taken the answer over."""


def prepare(answer: Answer, connection: Connection) -> tuple[engine.Request, list[Version]]:
    """The request for an answer, and the versions it is about.

    Uploads and counts what the API does not have yet, unless it is to be searched; then there are
    no versions. Raises NotAskable when a document is gone, before anything is spent;
    EngineError from the API; LostLease.
    """
    model = claude_models.get(answer.model_requested)
    check_place(connection.inference_geo, model)
    said = _done(answer.earlier())
    pictured = pictures.cost([*map(pictures.of, said), pictures.of(answer)], model)
    read = _Read() if answer.searches else _fitting(answer, model, connection, pictured)
    request, shown = _request(answer, connection, read, model, said, pictured)
    if read.versions and _only_searching_is_affordable(
        answer, connection, request, model, pictured
    ):
        _search_instead(answer, Answer.Reason.BUDGET)
        read = _Read()
        request, shown = _request(answer, connection, read, model, said, pictured)
    looking.keep(answer, read.versions, shown, model)
    if not answer.is_mine():
        # uploading may take long: what another worker writes by now is not paid for twice
        raise LostLease
    return request, read.versions


@dataclass(frozen=True)
class _Read:
    """What is read whole, and about how many tokens it takes."""

    versions: list[Version] = field(default_factory=list)
    tokens: int = 0


def _request(
    answer: Answer,
    connection: Connection,
    whole: _Read,
    model: engine.catalogue.Model,
    said: list[Answer],
    pictured: int,
) -> tuple[engine.Request, looking.Plan]:
    versions = whole.versions
    if answer.searches and not scopes.within(answer).exists():
        raise NotAskable(_("There is nothing left to search. Choose anew what to ask about."))
    shown = looking.plan(versions, model)
    check_looks(versions, shown, model)
    read = sources(versions, connection, shown)
    room = looking.room_beside(read, model, connection)
    pictures.check_room(pictures.of(answer), room)
    left = compacting.room(whole.tokens, model, searches=answer.searches) - pictured
    told = _conversation(answer, said, left, connection)
    question = engine.Question(
        text=answer.question,
        model=model,
        sources=read,
        history=turns(told.whole, connection, room, pictures.of(answer)),
        earlier=told.earlier,
        passage=_passage(answer),
        pictures=pictures.sent(answer, connection),
        effort=answer.effort or None,
        brief=answer.brief,
        searching=answer.searches,
        domains=WebAccess.domains_of(answer.workspace) if answer.web else (),
        **on_behalf(connection, answer.author),
        previous=warmth.previous(answer.thread, model),
    )
    return keeping(question, connection, answer.workspace, answer.thread), shown


def _conversation(
    answer: Answer, path: list[Answer], room: int, connection: Connection
) -> compacting.Told:
    """What of it goes with the question where there is room for so many tokens, and keeps with the
    answer what does not. Raises LostLease, Interrupted, OverBudget and Postponed."""
    room -= compacting.size(answer.question, answer.about_text, answer.brief)
    told = compacting.compacted(answer, path, room, connection)
    kept = answer.summary_id == (told.summary.pk if told.summary else None)
    kept = kept and answer.left_out == told.gone
    if not kept and not answer.remember(summary=told.summary, left_out=told.gone):
        raise LostLease
    return told


def _only_searching_is_affordable(
    answer: Answer,
    connection: Connection,
    request: engine.Request,
    model: engine.catalogue.Model,
    pictured: int,
) -> bool:
    left = budgets.left(answer.workspace, answer.author, connection.backend)
    if left is None:
        return False
    whole = gate.worst_case(request, model).usd
    return modes.cheaper(left, whole, pictured, model, connection.inference_geo)


def _search_instead(answer: Answer, reason: str) -> None:
    """It reads nothing whole, now that more is known of it. Raises LostLease."""
    if not answer.remember(mode=Answer.Mode.SEARCH, mode_reason=reason):
        raise LostLease
    if answer.scope_id:
        # what is found belongs to it, and not all there is
        Source.objects.filter(answer=answer).delete()


def sources(
    versions: list[Version], connection: Connection, shown: looking.Plan
) -> tuple[engine.Source, ...]:
    """What is sent of each version, uploading what the API does not have yet."""
    made = []
    with_text = _with_text(versions)
    known = {} if connection.inline else _uploaded(versions, connection)
    for one in versions:
        source = _source(one, looking.looks_of(one, shown.of(one), connection))
        if one.pk in with_text and connection.inline:
            source = replace(source, text=Text.objects.get(version=one).content)
        elif one.pk in with_text:
            file_id = known.get(one.pk) or remote.ensure_uploaded(one, connection)
            source = replace(source, file_id=file_id)
        made.append(source)
    looking.check_size(look for source in made for look in source.looks)
    return tuple(made)


def sources_at_hand(
    versions: list[Version], connection: Connection, shown: looking.Plan
) -> tuple[engine.Source, ...] | None:
    """The same without asking the API: None while it does not have all of them, or where pages
    would have to be made for it."""
    if connection.inline:
        return None if shown.pages else sources(versions, connection, shown)
    files = _uploaded(versions, connection)
    with_text = _with_text(versions)
    made = []
    for one in versions:
        looks = looking.at_hand(one, shown.of(one), connection)
        if looks is None or (one.pk in with_text and one.pk not in files):
            return None
        made.append(replace(_source(one, looks), file_id=files.get(one.pk)))
    return tuple(made)


def _with_text(versions: list[Version]) -> set[int]:
    told = {version.pk for version in versions if version.has_text}
    if asked := [version.pk for version in versions if version.has_text is None]:
        rows = Version.objects.filter(pk__in=asked).with_text()
        told |= set(rows.values_list("pk", flat=True))
    return told


def _uploaded(versions: list[Version], connection: Connection) -> dict[int, str]:
    """The file ids of the texts that the API has."""
    rows = RemoteFile.objects.usable(connection.account).filter(version__in=versions)
    return dict(rows.filter(kind=RemoteFile.Kind.TEXT).values_list("version", "file_id"))


def _source(version: Version, looks: tuple[engine.Look, ...]) -> engine.Source:
    looked = {page for look in looks for page in look.pages}
    return engine.Source(
        version=str(version.public_id),
        title=version.document.title,
        context=description(version, looked),
        looks=looks,
    )


def _fitting(
    answer: Answer, model: engine.catalogue.Model, connection: Connection, pictured: int
) -> _Read:
    """What to read; nothing when, now that it is counted, it must be searched."""
    versions = _readable_versions(answer)
    tokens = remote.tokens(versions, model, connection) + looking.plan(versions, model).tokens
    if fit(tokens + pictured, model):
        return _Read(versions, tokens)
    _search_instead(answer, Answer.Reason.SIZE)
    return _Read()


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
    # a version's text comes first, then its pages as they look
    index = {version: i for i, version in reversed([*enumerate(request.document_map)])}
    for version in versions:
        Source.objects.filter(answer=answer, version=version).update(
            index=index.get(str(version.public_id))
        )


def description(version: Version, looked: Collection[int] = ()) -> str | None:
    """What the model is told about a version beside its text: the pages that could not be read,
    and the text that a reader of the pages does not see.

    The same words every time, or the prompt cache would not find the document again.
    """
    told = []
    if unread := [page for page in version.unread if page not in looked]:
        pages = ", ".join(ingest.runs(unread))
        told.append(
            f"Of this document, these pages could not be read: {pages}. What they say is unknown."
        )
    if seen := [page for page in version.unread if page in looked]:
        pages = ", ".join(ingest.runs(seen))
        told.append(f"These pages are missing here and follow as they look: {pages}.")
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
    rows = answer.sources.select_related("document", "blob").order_by("pk")
    found = list(rows.telling_text())
    for version in found:
        version.document.workspace = answer.workspace
        title = version.document.title
        if version.document.deleted_at:
            raise NotAskable(_("%(title)s was deleted.") % {"title": title})
        if version.status != Version.Status.READY:
            raise NotAskable(_("%(title)s is not ready to be read.") % {"title": title})
    return _to_read(found)


def readable(rows: VersionQuerySet) -> list[Version]:
    """Those with a text, or with pages to look at."""
    return _to_read(rows.telling_text())


def _to_read(found: Iterable[Version]) -> list[Version]:
    return [version for version in found if version.has_text or visual.pages(version)]


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


def finished(last: Answer | None) -> list[Answer]:
    """The finished answers of a conversation up to and with this one, oldest first."""
    return _done(last.conversation()) if last is not None else []


def _done(steps: list[Answer]) -> list[Answer]:
    return [step for step in steps if step.status == Answer.Status.DONE]


def turns(
    path: Sequence[Answer],
    connection: Connection,
    room: pictures.Room,
    new: Sequence[Picture] = (),
) -> tuple[engine.Turn, ...]:
    """Questions and answers as they are sent again; with their pictures as far as there is room
    beside the `new` ones."""
    shown = [pictures.of(one) for one in path]
    first = pictures.unsent([*shown, new], room)
    return tuple(
        _turn(one, connection)
        if number >= first
        else replace(_turn(one, connection, pictured=False), unsent=len(shown[number]))
        for number, one in enumerate(path)
    )


def _turn(answer: Answer, connection: Connection, pictured: bool = True) -> engine.Turn:
    stored = {
        citation.number: engine.StoredCitation(
            version=str(citation.version.public_id),
            title=citation.title,
            start=citation.start,
            end=citation.end,
            cited_text=citation.cited_text,
        )
        for citation in answer.citations.all()
        if citation.version is not None
    }
    blocks = tuple(
        engine.AnswerBlock(
            text=block["text"],
            citations=tuple(stored[n] for n in block["citations"] if n in stored),
        )
        for block in answer.blocks
    )
    return engine.Turn(
        question=answer.question,
        blocks=blocks,
        passage=_passage(answer),
        pictures=pictures.sent(answer, connection) if pictured else (),
    )


def _passage(answer: Answer) -> engine.Passage | None:
    if answer.about_version is None:
        return None
    title = answer.about_version.document.title
    return engine.Passage(title=title, text=answer.about_text, page=answer.about_page)
