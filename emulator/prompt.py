"""What a validated request body says: its prompt in cacheable pieces, its documents, its
question."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import tokens
from .models import Model

Json = dict[str, Any]
# The text of a stored file, or None for one that holds no text (a PDF). Raises `ApiError`.
ReadFile = Callable[[str], str | None]


@dataclass(frozen=True)
class Document:
    """A document block; `text` is None for a kind this server cannot read (PDF, link, own
    chunks)."""

    index: int
    title: str | None
    text: str | None
    file_id: str | None
    cited: bool


@dataclass(frozen=True)
class Piece:
    """One block of the prompt. `prefix` identifies the prompt up to and including it; `ttl` is set
    where it is a cache breakpoint ("5m" or "1h")."""

    prefix: str
    tokens: int
    ttl: str | None


@dataclass(frozen=True)
class Prompt:
    model: Model
    pieces: tuple[Piece, ...]
    documents: tuple[Document, ...]
    questions: tuple[str, ...]  # what the user asked, oldest first

    @property
    def tokens(self) -> int:
        return sum(piece.tokens for piece in self.pieces)


def read_prompt(model: Model, body: Json, read_file: ReadFile) -> Prompt:
    """Read a body that passed `schema` and `rules`. Raises `ApiError` for files that cannot be
    used."""
    documents = tuple(_documents(body, read_file))
    return Prompt(model, _pieces(model, body, documents), documents, tuple(_questions(body)))


def blocks_of(content: Any) -> list[Json]:
    """A message's (or system prompt's) content as blocks; a plain string is one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content or [])


def nested_blocks(block: Json) -> Iterator[Json]:
    """A block and the blocks inside it (results of tools, search results, own chunks)."""
    yield block
    inner = block.get("content")
    if block.get("type") == "document":
        inner = block["source"].get("content")
    elif isinstance(inner, dict) and inner.get("type") == "web_fetch_result":
        inner = [inner["content"]]
    if isinstance(inner, list):
        for part in inner:
            if isinstance(part, dict):
                yield from nested_blocks(part)


def document_blocks(body: Json) -> Iterator[Json]:
    """Every document block over all messages, in the order `document_index` counts them."""
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            yield from (part for part in nested_blocks(block) if part.get("type") == "document")


def _documents(body: Json, read_file: ReadFile) -> Iterator[Document]:
    for index, block in enumerate(document_blocks(body)):
        source = block["source"]
        text = source["data"] if source["type"] == "text" else None
        file_id = source["file_id"] if source["type"] == "file" else None
        if file_id is not None:
            text = read_file(file_id)
        cited = bool((block.get("citations") or {}).get("enabled"))
        yield Document(index, block.get("title"), text, file_id, cited)


def _questions(body: Json) -> Iterator[str]:
    for message in body["messages"]:
        blocks = blocks_of(message["content"])
        # a text after the results of tools is a note on them, and no question
        if message["role"] == "user" and not any(b["type"] == "tool_result" for b in blocks):
            texts = [b["text"] for b in blocks if b["type"] == "text"]
            if texts:
                yield texts[-1]


def _pieces(model: Model, body: Json, documents: tuple[Document, ...]) -> tuple[Piece, ...]:
    """Tools, system, messages: each block's prefix hashes everything before it that the API's cache
    is sensitive to, settings of its level included."""
    file_texts = iter(documents)
    pieces: list[Piece] = []
    digest = _mix(b"", [model.id, (body.get("output_config") or {}).get("format")])

    def add(level: str, blocks: list[Json]) -> None:
        nonlocal digest
        for block in blocks:
            digest = _mix(digest, [level, _without_cache_control(block)])
            counted = tokens.PER_BLOCK + _block_tokens(model, block, file_texts)
            pieces.append(Piece(digest.hex(), counted, _ttl(block)))

    add("tools", list(body.get("tools") or []))
    digest = _mix(digest, [body.get("speed"), any(document.cited for document in documents)])
    add("system", blocks_of(body.get("system")))
    effort = (body.get("output_config") or {}).get("effort")
    digest = _mix(digest, [body.get("tool_choice"), body.get("thinking"), effort])
    for message in body["messages"]:
        add(message["role"], blocks_of(message["content"]))
    return _with_automatic_breakpoint(body, pieces)


def _with_automatic_breakpoint(body: Json, pieces: list[Piece]) -> tuple[Piece, ...]:
    control = body.get("cache_control")
    if control and pieces and pieces[-1].ttl is None:
        last = pieces[-1]
        pieces[-1] = Piece(last.prefix, last.tokens, control.get("ttl") or "5m")
    return tuple(pieces)


def _block_tokens(model: Model, block: Json, documents: Iterator[Document]) -> int:
    counted = tokens.of_value(model, {k: v for k, v in block.items() if k != "citations"})
    for part in nested_blocks(block):
        if part.get("type") == "document":
            document = next(documents)
            if document.file_id is not None:
                # A stored file costs what the same text costs inline.
                inline = {"type": "text", "media_type": "text/plain", "data": document.text or ""}
                counted += tokens.of_value(model, inline) - tokens.of_value(model, part["source"])
    return counted


def _ttl(block: Json) -> str | None:
    for part in nested_blocks(block):
        if part.get("cache_control"):
            return part["cache_control"].get("ttl") or "5m"
    return None


def _without_cache_control(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_cache_control(v) for k, v in value.items() if k != "cache_control"}
    if isinstance(value, list):
        return [_without_cache_control(item) for item in value]
    return value


def _mix(digest: bytes, value: Any) -> bytes:
    # Key order is kept: the API's cache is sensitive to it too.
    return hashlib.sha256(digest + json.dumps(value, ensure_ascii=False).encode()).digest()
