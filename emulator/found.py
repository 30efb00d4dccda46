"""Answers from search results: their sentences, cited by the blocks they stand in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import extract
from .faults import Fault
from .library import WINDOW, Library
from .prompt import Document
from .tooling import HANDLE
from .turn import SearchResult, Turn

Json = dict[str, Any]

_WRONG: dict[str, Json] = {
    "quote_invented": {"cited_text": "This sentence stands in no result, not even in part."},
    "offsets_out_of_range": {"search_result_index": 9_999},
}
# between two results: no sentence, and no passage, goes from one into the next
GAP = "\n\n" + " " * WINDOW


@dataclass(frozen=True)
class Piece:
    """Where a block of a search result stands in the text of all of them."""

    start: int
    end: int
    result: SearchResult
    block: int


def text_blocks(
    library: Library, turn: Turn, questions: tuple[str, ...], fault: Fault | None = None
) -> Iterator[Json]:
    """Text blocks with their citations, best passage first; none when nothing bears on it."""
    text, pieces = _joined(turn.results)
    whole = Document(0, None, text, None, True)
    several = len({result.source for result in turn.results}) > 1
    said: set[tuple[int, int]] = set()
    for found in extract.find(library, [whole], questions):
        for result, first, last in _cited(text, pieces, found.ranges):
            if (result.index, first) in said:
                continue
            said.update((result.index, block) for block in range(first, last + 1))
            yield _text(f"\n- {_name(result)}: " if several else "\n- ")
            quote = "".join(result.texts[first : last + 1])
            citation = {
                "type": "search_result_location",
                "cited_text": quote,
                "source": result.source,
                "title": result.title,
                "search_result_index": result.index,
                "start_block_index": first,
                "end_block_index": last + 1,
            }
            if fault and fault.kind in _WRONG:
                citation |= _WRONG[fault.kind]
            yield _text(" ".join(quote.split()), [citation] if result.cited else None)


def searched(turn: Turn) -> str:
    """The queries of all searches that were made, in a sentence; "" for none."""
    made = [query for use in turn.uses for query in _queries(use)]
    return f" Searched for: {'; '.join(dict.fromkeys(made))}." if made else ""


def _queries(use: Json) -> list[str]:
    queries = use["input"].get("queries") or []
    return [str(query) for query in queries] if isinstance(queries, list) else []


def _joined(results: tuple[SearchResult, ...]) -> tuple[str, list[Piece]]:
    """What was returned twice counts once."""
    parts: list[str] = []
    pieces: list[Piece] = []
    known: set[tuple[str, str]] = set()
    at = 0
    for result in results:
        for number, text in enumerate(result.texts):
            key = (result.source, text.strip())
            if key in known:
                continue
            known.add(key)
            pieces.append(Piece(at, at + len(text), result, number))
            parts.append(text)
            at += len(text)
        parts.append(GAP)
        at += len(GAP)
    return "".join(parts), pieces


def _cited(
    text: str, pieces: list[Piece], ranges: tuple[tuple[int, int], ...]
) -> Iterator[tuple[SearchResult, int, int]]:
    """The blocks that some ranges lie in, neighbours of one result together."""
    run: list[Piece] = []
    for piece in pieces:
        if not any(_touch(text, piece, *span) for span in ranges):
            continue
        if run and (run[-1].result, run[-1].block + 1) != (piece.result, piece.block):
            yield run[0].result, run[0].block, run[-1].block
            run = []
        run.append(piece)
    if run:
        yield run[0].result, run[0].block, run[-1].block


def _touch(text: str, piece: Piece, start: int, end: int) -> bool:
    return bool(text[max(piece.start, start) : min(piece.end, end)].strip())


def _name(result: SearchResult) -> str:
    """The title as a reader knows it: without the handle before it."""
    return HANDLE.sub("", result.title, count=1)


def _text(text: str, citations: list[Json] | None = None) -> Json:
    return {"type": "text", "text": text, "citations": citations}
