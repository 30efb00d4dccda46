"""The tools Claude searches a library with: their schemas, their input, and what they return.

Pure data. Documents are named by handles (``d1``, ``d2``, …) that mean something only within one
answer, and whoever runs the tools decides what a handle reaches. No parameter is optional and no
type is a union, so that a strict schema promises all of it but the ranges.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .alignment import Span
from .looks import PDF, Look, page_picture_blocks, pages_block

Block = dict[str, Any]

PER_LISTING = 50
"""Documents of one page of the list."""
PASSAGES = 16
"""Passages that one search returns at most."""
QUERIES = 4
"""Queries of one search that are looked at."""
READ_CHARS = 20_000
"""Characters that are read at once at most."""
READ_PAGES = 10
CALLS_AT_ONCE = 8
"""Calls of one response that are done."""
TITLE_LENGTH = 120


def _tool(name: str, description: str, **properties: dict[str, Any]) -> Block:
    return {
        "name": name,
        "description": " ".join(description.split()),
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        },
    }


def _string(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _integer(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


def _strings(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


LIST = _tool(
    "list_documents",
    f"""
    Lists the documents that can be searched, in the order of their titles, {PER_LISTING} to a page:
    each with its id, title, kind, number of pages, folder and tags, and what could not be read of
    it. It says how many there are in all. Use it to learn what there is, or to find a document by
    its title. It does not look into the documents: to find out which of them mention a party or a
    subject, use search_documents. Ids like d7 are valid in this conversation turn only.
    """,
    title_contains=_string("Only documents whose title contains this text. Empty for all."),
    page=_integer("Which page of the list, from 1."),
)
SEARCH = _tool(
    "search_documents",
    f"""
    Finds passages by keywords (not by meaning) and returns the best {PASSAGES} of all queries
    together, each with its document and page. Give two or three short queries for one subject, each
    in other words: two to six words that the clause itself would use, such as "termination for
    convenience", "terminate without cause prior written notice". Think of how such documents put
    it, not of how the question puts it; leave out question words. Do not mix subjects in one
    search: make several searches instead, which may be called at once. To find the documents of a
    party or a matter, search for its name alone. To look into certain documents, give their ids and
    leave their names out of the queries. If nothing fits, try synonyms and the words of the clauses
    near it before you conclude that it is not there.
    """,
    queries=_strings("Two or three short keyword queries in the documents' own wording."),
    documents=_strings("Ids of the documents to look into, like d7. Empty for all of them."),
)
READ = _tool(
    "read_passages",
    f"""
    Reads a part of one document as it stands, by pages or by characters: to see what stands before
    and after a passage that was found, a whole clause, a definition or a schedule. What is found
    says on which page and at which characters it stands. Pages whose text does not say all, such as
    scans, tables and drawings, are mostly shown as they look, too. At most {READ_PAGES} pages or
    {READ_CHARS:,} characters are returned at once.
    """,
    document=_string("The id of the document, like d7."),
    unit=_string("What first and last count.", enum=["pages", "characters"]),
    first=_integer("The first page, from 1; or the first character, from 0."),
    last=_integer("The last page; or the character to stop before."),
)
DEFINITIONS: tuple[Block, ...] = (LIST, SEARCH, READ)


class WrongInput(ValueError):
    """A call that cannot be done; str() tells the model why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class ListDocuments:
    title_contains: str
    page: int


@dataclass(frozen=True, slots=True)
class SearchDocuments:
    queries: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadPassages:
    """`first` and `last` as the schema has them; `last` is not before `first`."""

    document: str
    unit: str
    first: int
    last: int


Asked = ListDocuments | SearchDocuments | ReadPassages


def parse(name: str, given: Mapping[str, Any]) -> Asked:
    """What a call asks for. Raises WrongInput: not every model keeps to a schema."""
    match name:
        case "list_documents":
            return ListDocuments(_text(given, "title_contains"), max(1, _whole(given, "page", 1)))
        case "search_documents":
            queries = tuple(q for q in _texts(given, "queries") if re.search(r"\w", q))[:QUERIES]
            if not queries:
                raise WrongInput("Give at least one query of keywords.")
            return SearchDocuments(queries, tuple(_texts(given, "documents")))
        case "read_passages":
            unit = "characters" if given.get("unit") == "characters" else "pages"
            lowest = 0 if unit == "characters" else 1
            first = max(lowest, _whole(given, "first", lowest))
            last = _whole(given, "last", first)
            if last < first or (unit == "characters" and last == first):
                raise WrongInput(f"last must come after first; it is {last}, and first is {first}.")
            return ReadPassages(_text(given, "document"), unit, first, last)
    raise WrongInput(f"There is no tool {name}.")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    value = given.get(name) or []
    rows = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [" ".join(row.split()) for row in rows if isinstance(row, str) and row.strip()]


def _whole(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    # more than any document has, and no more than a database counts to
    return min(value, 2**31 - 1) if type(value) is int else default


# what comes back ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was returned: `spans` are its sentences in the version's text, one a block.

    A block reaches to the next one's beginning, so that blocks on end are the text as it stands.
    """

    version: str
    title: str
    spans: tuple[Span, ...]

    @property
    def source(self) -> str:
        return f"pincite:{self.version}"

    def range(self, first: int, after: int) -> Span:
        """The range of the version's text that blocks ``first`` to before ``after`` hold.

        Raises LookupError when there are no such blocks.
        """
        if not 0 <= first < after <= len(self.spans):
            raise LookupError(first, after)
        end = self.spans[after][0] if after < len(self.spans) else self.spans[-1][1]
        return self.spans[first][0], end


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage to return: its text begins with its first sentence and ends with its last."""

    found: Found
    handle: str
    text: str
    place: str

    def block(self) -> Block:
        """As a search_result block, whose index among all of a request's is that of `found`."""
        start = self.found.spans[0][0]
        count = len(self.found.spans)
        parts = [self.found.range(n, n + 1) for n in range(count)]
        title = self.found.title[:TITLE_LENGTH]
        return {
            "type": "search_result",
            "source": self.found.source,
            "title": f"{self.handle} · {title} · {self.place}",
            "content": [
                {"type": "text", "text": self.text[begin - start : end - start]}
                for begin, end in parts
            ],
            "citations": {"enabled": True},
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """Pages that a call reads as they look, beside their text; about what they cost in `tokens`."""

    version: str
    title: str
    handle: str
    look: Look
    tokens: int

    @property
    def cited(self) -> bool:
        """Whether it is a document, and takes a document_index."""
        return self.look.media_type == PDF

    def blocks(self) -> list[Block]:
        title = f"{self.handle} · {self.title[:TITLE_LENGTH]}"
        if self.cited:
            return [pages_block(self.look, title, self.handle)]
        return page_picture_blocks(self.look, title)


@dataclass(frozen=True, slots=True)
class Result:
    """What a call returned: passages, or else a text; `is_error`: it may be tried otherwise.

    `seen` are pages that go with it. They come after all results of the response, in which there
    is no room for them beside passages.
    """

    call: str
    passages: tuple[Passage, ...] = ()
    text: str = ""
    is_error: bool = False
    seen: tuple[Seen, ...] = ()

    def block(self) -> Block:
        content: Any = [passage.block() for passage in self.passages] or self.text
        block = {"type": "tool_result", "tool_use_id": self.call, "content": content}
        return block | ({"is_error": True} if self.is_error else {})


def too_many(call: str) -> Result:
    said = f"Not done: at most {CALLS_AT_ONCE} calls are done at once. Ask again if it is needed."
    return Result(call, text=said, is_error=True)


def unread(pages: Sequence[str]) -> str:
    """Said of pages that were asked for, and of which there is no text."""
    return (
        f"Of the pages asked for, these could not be read as text: {', '.join(pages)}. What they "
        "say is unknown. If the answer may stand there, say that these pages could not be read."
    )


def drawn(pages: Sequence[str], shown: bool) -> str:
    """Said of pages whose layout carries meaning, and of which the text is returned alone."""
    told = f"The text of these pages does not say all that is on them: {', '.join(pages)}."
    if shown:
        return f"{told} If that may matter, read them by read_passages: they are shown then."
    return f"{told} If that may matter, say that they have to be looked at."


def shown(pages: Sequence[str]) -> str:
    """In place of the text of pages that have none, and are shown."""
    return f"There is no text of these pages; they are shown after the results: {', '.join(pages)}."


def listing(rows: Iterable[Mapping[str, Any]], page: int, pages: int, count: int) -> str:
    """A page of the list: a line of JSON for each document, which no title can break out of."""
    head = f"{count} documents, page {page} of {max(1, pages)}:"
    if not count:
        return "There is no such document."
    return "\n".join([head, *(json.dumps(dict(row), ensure_ascii=False) for row in rows)])


def nothing(queries: Sequence[str], documents: int) -> str:
    searched = "; ".join(json.dumps(query, ensure_ascii=False) for query in queries)
    return (
        f"Nothing was found for {searched} in {documents} documents. Try other words that such "
        "documents use, or fewer."
    )
