"""What a validated request body says: its prompt in cacheable pieces, its documents, its
question."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import cells, continuing, pictures, tokens
from .blocks import blocks_of, document_blocks, nested_blocks
from .models import Model
from .pdfs import Pdf
from .pictures import Material, ReadFile
from .pieces import Fingerprint, Piece, fingerprint, split

Json = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A document block; `text` is None for a kind this server cannot read (link, own chunks).
    `pages` are the ranges of a PDF's pages in it."""

    index: int
    title: str | None
    text: str | None
    file_id: str | None
    cited: bool
    pages: tuple[tuple[int, int], ...] = ()

    @property
    def unseen(self) -> int:
        """How many pages of a PDF hold nothing that this server can read: it cannot see."""
        text = self.text or ""
        return sum(not text[start:end].strip() for start, end in self.pages)


@dataclass(frozen=True)
class Prompt:
    model: Model
    identity: Fingerprint
    pieces: tuple[Piece, ...]
    documents: tuple[Document, ...]
    questions: tuple[str, ...]  # what the user asked, oldest first
    pictures: int = 0  # images of the request
    said: str = ""  # of the answer to the last question, which was cut off
    form: cells.Form | None = None  # of the last line, where one is asked for

    @property
    def tokens(self) -> int:
        return sum(piece.tokens for piece in self.pieces)


def read_prompt(model: Model, body: Json, read_file: ReadFile) -> Prompt:
    """Read a body that passed `schema` and `rules`. Raises `ApiError` for files that cannot be
    used."""
    material = pictures.read(model, body, read_file)
    questions, said = continuing.read(_turns(body))
    return Prompt(
        model,
        fingerprint(model.id, body),
        _pieces(model, body, material),
        tuple(_documents(body, material)),
        questions,
        len(material.images),
        said,
        _form(body),
    )


def _documents(body: Json, material: Material) -> Iterator[Document]:
    found = zip(document_blocks(body), material.pdfs, material.texts, strict=True)
    for index, (block, pdf, text) in enumerate(found):
        source = block["source"]
        file_id = source["file_id"] if source["type"] == "file" else None
        cited = bool((block.get("citations") or {}).get("enabled"))
        pages = pdf.pages if pdf else ()
        yield Document(index, block.get("title"), text, file_id, cited, pages)


def _turns(body: Json) -> list[tuple[str, str]]:
    """The questions, each with the text of its answer."""
    turns: list[tuple[str, str]] = []
    for message in body["messages"]:
        blocks = blocks_of(message["content"])
        texts = [b["text"] for b in blocks if b["type"] == "text"]
        # a text after the results of tools is a note on them, and no question
        if message["role"] == "user" and not any(b["type"] == "tool_result" for b in blocks):
            if len(texts) > 1 and cells.asked(texts[-1]):
                # the question stands before what is said of the form of its answer
                texts.pop()
            turns += [(texts[-1], "")] if texts else []
        elif message["role"] == "assistant" and turns:
            turns[-1] = (turns[-1][0], turns[-1][1] + "".join(texts))
    return turns


def _form(body: Json) -> cells.Form | None:
    """What the newest question is told of the form of its answer."""
    for message in reversed(body["messages"]):
        blocks = blocks_of(message["content"])
        if message["role"] == "user" and not any(b["type"] == "tool_result" for b in blocks):
            texts = [block["text"] for block in blocks if block["type"] == "text"]
            return cells.asked(texts[-1]) if len(texts) > 1 else None
    return None


def _pieces(model: Model, body: Json, material: Material) -> tuple[Piece, ...]:
    documents = zip(material.pdfs, material.texts, strict=True)
    images = iter(material.images)

    def count(block: Json) -> int:
        return tokens.PER_BLOCK + _block_tokens(model, block, documents, images)

    return split(model.id, body, blocks_of, nested_blocks, count)


def _block_tokens(
    model: Model,
    block: Json,
    documents: Iterator[tuple[Pdf | None, str | None]],
    images: Iterator[tuple[int, int] | None],
) -> int:
    """What is behind a source costs the same however it is sent."""
    counted = tokens.of_value(model, {k: v for k, v in block.items() if k != "citations"})
    for part in nested_blocks(block):
        if part.get("type") == "document":
            pdf, text = next(documents)
            if pdf is not None:
                seen = sum(tokens.of_page(model, *size) for size in pdf.sizes)
                counted += tokens.of_text(model, pdf.text) + seen
                counted -= tokens.of_value(model, part["source"])
            elif part["source"]["type"] == "file":
                inline = {"type": "text", "media_type": "text/plain", "data": text or ""}
                counted += tokens.of_value(model, inline) - tokens.of_value(model, part["source"])
        elif part.get("type") == "image":
            size = next(images)
            if size is not None:
                counted += tokens.of_image(model, *size) - tokens.of_value(model, part["source"])
    return counted
