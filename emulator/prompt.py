"""What a validated request body says: its prompt in cacheable pieces, its documents, its
question."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import tokens
from .models import Model
from .pieces import Fingerprint, Piece, fingerprint, split

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
class Prompt:
    model: Model
    identity: Fingerprint
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
    return Prompt(
        model,
        fingerprint(model.id, body),
        _pieces(model, body, documents),
        documents,
        tuple(_questions(body)),
    )


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
    file_texts = iter(documents)

    def count(block: Json) -> int:
        return tokens.PER_BLOCK + _block_tokens(model, block, file_texts)

    return split(model.id, body, blocks_of, nested_blocks, count)


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
