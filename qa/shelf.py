"""The documents within reach of one answer, and what its tools do with them.

A handle (``d1``) is given to a document when it is first named, and means nothing outside this
answer. Whatever a call names is looked up again among what the author may see: a handle opens
nothing that is not there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models.functions import Lower, Substr

from documents import ingest, search
from documents.models import Document, DocumentQuerySet, Folder, Page, Text, Tree, Version
from qa import scopes
from qa.engine import Called, tools
from qa.engine.tools import Found, ListDocuments, Passage, ReadPassages, Result, SearchDocuments
from qa.models import Answer
from qa.preparing import description
from qa.showing import Showing
from qa.steps import Step

AT_ONCE = 4  # calls that run beside each other
CAUGHT_UP = 4  # documents that are made findable before they are searched, if that is due


@dataclass(frozen=True)
class Piece:
    """A stretch of a version that a call returns, with its sentences."""

    version: Version
    text: str
    start: int
    end: int
    sentences: tuple[tuple[int, int], ...]
    page: int
    page_end: int


@dataclass(frozen=True)
class Outcome:
    """What a call came to, from the database: nothing in it has a handle yet."""

    step: Step
    pieces: tuple[Piece, ...] = ()
    documents: tuple[Document, ...] = ()
    text: str = ""
    is_error: bool = False
    # what was read by pages: the version, the numbers, and those whose text could not be read
    read: Version | None = None
    pages: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()


@dataclass
class Shelf:
    """``versions`` are those of which something was returned, by public id."""

    author: Any
    workspace: Any
    rows: DocumentQuerySet
    showing: Showing
    handles: dict[str, int] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answer: Answer) -> Shelf:
        """What the answer's author may see of its scope, or of the documents it was given."""
        return cls(answer.author, answer.workspace, scopes.within(answer), Showing.of(answer))

    def run(self, calls: Sequence[Called]) -> tuple[list[Result], list[Step], str]:
        """The results of some calls in their order, what to show of them, and a note or "".

        They run beside each other; inside a transaction, which other threads do not see, in turn.
        """
        look = self._outcome
        if len(calls) > 1 and not connection.in_atomic_block:
            with ThreadPoolExecutor(min(len(calls), AT_ONCE), "tools") as pool:
                outcomes = list(pool.map(_letting_go(look), calls))
        else:
            outcomes = [look(call) for call in calls]
        # in the order of the calls, whichever was done first: handles and indexes depend on it
        results, notes = [], []
        for call, outcome in zip(calls, outcomes, strict=True):
            result, unread = self._shown(self._result(call, outcome), outcome)
            results.append(result)
            notes.append(self._note(outcome, unread))
        return results, [o.step for o in outcomes], "\n".join(note for note in notes if note)

    # from the database, in any thread ---------------------------------------------------------

    def _outcome(self, call: Called) -> Outcome:
        try:
            match tools.parse(call.name, call.input):
                case ListDocuments() as asked:
                    return self._list(asked)
                case SearchDocuments() as asked:
                    return self._search(asked)
                case ReadPassages() as asked:
                    return self._read(asked)
        except tools.WrongInput as wrong:
            return Outcome(
                {"kind": "refused", "sentence": str(wrong)}, text=str(wrong), is_error=True
            )

    def _list(self, asked: ListDocuments) -> Outcome:
        rows = self.rows
        if asked.title_contains:
            rows = rows.filter(title__says=asked.title_contains)
        count = rows.count()
        pages = max(1, -(-count // tools.PER_LISTING))
        first = (min(asked.page, pages) - 1) * tools.PER_LISTING
        shown = rows.select_related("current", "folder").prefetch_related("tags")
        shown = shown.order_by(Lower("title"), "pk")[first : first + tools.PER_LISTING]
        step = {"kind": "list", "documents": count, "title": asked.title_contains[:200]}
        step["page"] = min(asked.page, pages)
        return Outcome(step, documents=tuple(shown))

    def _search(self, asked: SearchDocuments) -> Outcome:
        rows = self.rows
        named = [self._key(handle) for handle in asked.documents]
        if named:
            rows = rows.filter(pk__in=named)
        count = rows.count()
        if named and count < len(set(named)):
            raise tools.WrongInput("One of these documents is not there any more. List them again.")
        search.catch_up(rows, CAUGHT_UP)
        hits = search.search(self.workspace, asked.queries, rows, tools.PASSAGES, named=bool(named))
        step: Step = {"kind": "search", "queries": [query[:200] for query in asked.queries]}
        step |= {"documents": count, "passages": len(hits)}
        if len(named) == 1 and (only := rows.first()):
            step["title"] = only.title
        pieces = tuple(
            Piece(h.version, h.text, h.start, h.end, h.sentences, h.page, h.page_end) for h in hits
        )
        text = "" if pieces else tools.nothing(asked.queries, count)
        return Outcome(step, pieces, text=text)

    def _read(self, asked: ReadPassages) -> Outcome:
        document = self.rows.filter(pk=self._key(asked.document)).select_related("current").first()
        version = document.current if document else None
        if document is None or version is None:
            raise tools.WrongInput("This document is not there any more. List them again.")
        pages = list(Page.objects.filter(version=version).order_by("number"))
        spans = self._spans(asked, version, pages)
        pieces = tuple(
            piece for start, end in spans if (piece := _piece(version, pages, start, end))
        )
        step: Step = {"kind": "read", "title": document.title}
        if pieces:
            step["pages"] = [pieces[0].page, pieces[-1].page_end]
        text = "" if pieces else "There is no text at this place."
        touched = _touched(pages, spans)
        unread = tuple(number for number in version.unread if number in touched)
        return Outcome(step, pieces, text=text, read=version, pages=touched, unread=unread)

    @staticmethod
    def _spans(
        asked: ReadPassages, version: Version, pages: Sequence[Page]
    ) -> list[tuple[int, int]]:
        """The ranges to read, a page each, no more than may be read at once."""
        if asked.unit == "characters":
            if asked.first >= version.chars:
                raise tools.WrongInput(f"The document has {version.chars:,} characters.")
            end = min(asked.last, asked.first + tools.READ_CHARS, version.chars)
            return [(asked.first, end)]
        wanted = [page for page in pages if asked.first <= page.number <= asked.last]
        if not wanted:
            raise tools.WrongInput(f"The document has {len(pages)} pages.")
        spans, left = [], tools.READ_CHARS
        for page in wanted[: tools.READ_PAGES]:
            if left <= 0:
                break
            spans.append((page.start, min(page.end, page.start + left)))
            left -= page.end - page.start
        return spans

    def _key(self, handle: str) -> int:
        found = self.handles.get(handle.strip().strip("[]"))
        if found is None:
            raise tools.WrongInput(
                f"There is no document {handle[:40]!r}. Use the ids that list_documents gives."
            )
        return found

    # with handles, in one thread --------------------------------------------------------------

    def handle(self, document_id: int) -> str:
        known = {key: handle for handle, key in self.handles.items()}
        if document_id not in known:
            known[document_id] = f"d{len(self.handles) + 1}"
            self.handles[known[document_id]] = document_id
        return known[document_id]

    def _result(self, call: Called, outcome: Outcome) -> Result:
        for piece in outcome.pieces:
            self.versions[str(piece.version.public_id)] = piece.version
        passages = tuple(self._passage(piece) for piece in outcome.pieces)
        text = outcome.text
        if outcome.step["kind"] == "list":
            text = self._listing(outcome)
        return Result(call.id, passages, text, outcome.is_error)

    def _shown(self, result: Result, outcome: Outcome) -> tuple[Result, str]:
        """The result with the pages that are shown beside it; and what is said of the pages that
        it should have the text of, and has neither text nor picture of, where that is a note."""
        version = outcome.read
        if version is None:
            return result, ""
        handle = self.handle(version.document_id)
        seen = self.showing.of_pages(version, outcome.pages, handle)
        if seen:
            self.versions[str(version.public_id)] = version
            outcome.step["looked"] = sorted(n for one in seen for n in one.look.pages)
        known = self.showing.shown.get(str(version.public_id), set())
        unread = [number for number in outcome.unread if number not in known]
        told = tools.unread(ingest.runs(unread)) if unread else ""
        if unread:
            outcome.step["unread"] = unread
        text = result.text
        if not result.passages:
            # results with passages hold nothing else
            shown = [number for number in outcome.unread if number in known]
            text = told or (tools.shown(ingest.runs(shown)) if shown else text)
        return replace(result, text=text, seen=tuple(seen)), told if result.passages else ""

    def _passage(self, piece: Piece) -> Passage:
        pages = f"p. {piece.page}"
        if piece.page_end != piece.page:
            pages = f"pp. {piece.page}–{piece.page_end}"
        return Passage(
            Found(str(piece.version.public_id), piece.version.document.title, piece.sentences),
            self.handle(piece.version.document_id),
            piece.text,
            f"{pages}, characters {piece.start}–{piece.end}",
        )

    def _listing(self, outcome: Outcome) -> str:
        tree = Folder.objects.tree(self.workspace.pk)
        names = dict(Folder.objects.filter(workspace=self.workspace).values_list("pk", "name"))
        rows = [self._row(document, tree, names) for document in outcome.documents]
        count, page = outcome.step["documents"], outcome.step["page"]
        return tools.listing(rows, page, -(-count // tools.PER_LISTING), count)

    def _row(self, document: Document, tree: Tree, names: dict[int, str]) -> dict[str, Any]:
        row: dict[str, Any] = {"id": self.handle(document.pk), "title": document.title}
        row |= {"kind": document.kind_label, "pages": document.page_count}
        if document.folder_id:
            path = [names[key] for key in tree.path(document.folder_id) if key in names]
            row["folder"] = " / ".join(path)
        if tags := [tag.name for tag in document.tags.all()]:
            row["tags"] = tags
        version = document.current
        if version is not None and version.unread:
            row["unread_pages"] = ", ".join(ingest.runs(version.unread))
        return row

    def _note(self, outcome: Outcome, unread: str) -> str:
        """What must be known of the versions that something was returned of, once for each."""
        lines = [unread] if unread else []
        for piece in outcome.pieces:
            version = piece.version
            known = str(version.public_id)
            if known not in self._told and (told := description(version)):
                lines.append(f"{self.handle(version.document_id)}: {told}")
            if known not in self._told and (unseen := self.showing.unseen(version)):
                told = tools.drawn(unseen, self.showing.able)
                lines.append(f"{self.handle(version.document_id)}: {told}")
            self._told.add(known)
        return "\n".join(lines)


def _piece(version: Version, pages: Sequence[Page], start: int, end: int) -> Piece | None:
    """The sentences of a range; None for one without any."""
    part = Substr("content", start + 1, end - start)
    row = Text.objects.filter(version=version).annotate(part=part).values_list("part").first()
    text = (row[0] if row else "")[: end - start]
    sentences = tuple((start + a, start + b) for a, b in search.sentences(text))
    if not sentences:
        return None
    first, last = sentences[0][0], sentences[-1][1]
    touched = [page.number for page in pages if page.start < last and page.end > first] or [1]
    inner = text[first - start : last - start]
    return Piece(version, inner, first, last, sentences, touched[0], touched[-1])


def _touched(pages: Sequence[Page], spans: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The numbers of the pages that a call reads of; those without text among them."""
    if not spans:
        return ()
    start, end = spans[0][0], spans[-1][1]
    return tuple(p.number for p in pages if p.start <= end and p.end >= start)


def _letting_go(look: Any) -> Any:
    """In a thread of its own: whatever comes of it, its database connection is given back."""

    def looked(call: Called) -> Outcome:
        try:
            outcome: Outcome = look(call)
            return outcome
        finally:
            connection.close()

    return looked
