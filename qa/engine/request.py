"""A question with its documents and history becomes the parameters of one API request.

The order is system, documents, history, question: what stays the same comes first, byte for byte,
so that the prompt cache finds it again (``breakpoints``).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import breakpoints, catalogue, cells, looks, prompts, thinking, tools, web
from .lifetime import SHORT, Lifetimes

HEADROOM = 20_000
"""Tokens of the window that a prompt leaves free for an answer; counts are estimates."""
TITLE_LENGTH = 200
CONTEXT_LENGTH = 2_000

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One document version: by `file_id` at the API, or with its canonical `text` inline; with
    `looks`, some of its pages as they look beside it, or in place of a text that it has not."""

    version: str
    title: str
    file_id: str | None = None
    text: str | None = None
    context: str | None = None
    looks: tuple[looks.Look, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredCitation:
    """A verified range of a version's canonical text, in code points; None where unverified."""

    version: str
    title: str
    start: int | None
    end: int | None
    cited_text: str


@dataclass(frozen=True, slots=True)
class AnswerBlock:
    text: str
    citations: tuple[StoredCitation, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """What a question is about, as somebody selected it: data, like the documents."""

    title: str
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer. One without text is left out of the history. `unsent`
    is how many pictures it had that are not sent any more."""

    question: str
    blocks: tuple[AnswerBlock, ...]
    passage: Passage | None = None
    pictures: tuple[looks.Picture, ...] = ()
    unsent: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """`effort` is a level of ``thinking.levels``; None, or one the model lacks, is its default.
    `max_tokens` None is the room that the level needs.

    `user_id` stands for who asks without telling it; `inference_geo` is where the model must run,
    None leaves that to the account.
    `searching`: instead of sources it gets the tools that search a library. `domains`: it may look
    at the web, within these. `previous` is the message whose cached prefix this request should
    find again: the API says why if it does not. `brief` is asked beyond the question, as ``cells``
    writes it; nothing follows such a question. `earlier` stands for what was said before `history`:
    a summary of it, or "" where nothing more is known of it than that.
    """

    text: str
    model: catalogue.Model | str
    sources: tuple[Source, ...] = ()
    history: tuple[Turn, ...] = ()
    max_tokens: int | None = None
    effort: str | None = None
    thinking_display: str | None = "summarized"
    passage: Passage | None = None
    pictures: tuple[looks.Picture, ...] = ()
    user_id: str | None = None
    inference_geo: str | None = None
    searching: bool = False
    domains: tuple[str, ...] = ()
    lifetimes: Lifetimes = SHORT
    previous: str | None = None
    brief: str = ""
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """`params` are those of ``messages.create``; `document_map` is document_index → version, and
    `found` search_result_index → passage.

    `looks` is document_index → the version's numbers of the pages that were sent as they look.
    `prefix` names what all questions about the documents share, "" where there are none. `unsent`
    counts the pictures of earlier questions that are not among it any more.
    """

    params: dict[str, Any]
    document_map: tuple[str, ...]
    prompt_version: str = prompts.VERSION
    found: tuple[tools.Found, ...] = ()
    prefix: str = ""
    lifetimes: Lifetimes = SHORT
    looks: dict[int, tuple[int, ...]] = field(default_factory=dict)
    unsent: int = 0

    @property
    def texts(self) -> list[str]:
        """The versions that are sent as texts."""
        return [one for n, one in enumerate(self.document_map) if n not in self.looks]


@dataclass(frozen=True, slots=True)
class _Material:
    """The blocks of the sources. `indexes` is version → its text's document_index and title."""

    blocks: list[Block]
    indexes: dict[str, tuple[int, str]]
    document_map: tuple[str, ...]
    looks: dict[int, tuple[int, ...]]


def build(question: Question) -> Request:
    """The request for `question`. The same question gives the same bytes.

    Raises ``UnknownModel``; ``ValueError`` for a blank question, a source given twice, or one with
    neither file nor text.
    """
    model = catalogue.get(question.model)
    material = _material(_ordered(question.sources))
    level = thinking.level_of(model, question.effort)
    max_tokens = min(question.max_tokens or thinking.room(model, level), model.max_output)
    params: dict[str, Any] = {
        "model": model.id,
        "max_tokens": max_tokens,
        **thinking.parameters(model, level, max_tokens, question.thinking_display),
        **on_behalf(question.user_id, question.inference_geo),
        **_tools(question),
        "diagnostics": {"previous_message_id": question.previous},
        "system": _system(question),
        "messages": _messages(question, material),
    }
    return Request(
        params,
        material.document_map,
        _prompt_version(question),
        prefix=breakpoints.prefix(params),
        lifetimes=question.lifetimes,
        looks=material.looks,
        unsent=sum(turn.unsent for turn in question.history),
    )


def _prompt_version(question: Question) -> str:
    version = prompts.SEARCH_VERSION if question.searching else prompts.VERSION
    return f"{version}+{cells.VERSION}" if question.brief else version


def on_behalf(user_id: str | None, inference_geo: str | None) -> dict[str, Any]:
    """The parameters of every messages request that say for whom, and where, it is answered."""
    params: dict[str, Any] = {"metadata": {"user_id": user_id}} if user_id else {}
    return params | ({"inference_geo": inference_geo} if inference_geo else {})


def count_params(text: str, model: catalogue.Model | str) -> dict[str, Any]:
    """Parameters of ``count_tokens`` for one document's inline text.

    File sources are refused by the endpoint: count each text once per model, and add up.
    """
    document = _document(Source(version="", title="", text=text))
    return {
        "model": catalogue.normalise(model),
        "messages": [{"role": "user", "content": [document]}],
    }


def frame_params(question: Question) -> dict[str, Any]:
    """Parameters of ``count_tokens`` for all of the request but its documents."""
    return {
        "model": catalogue.normalise(question.model),
        **_tools(question),
        "system": _system(question),
        "messages": _messages(question, _material([])),
    }


def longest(model: catalogue.Model | str) -> int:
    """The tokens of the longest prompt that keeps to the model's cap, and leaves room for an answer
    in its window."""
    known = catalogue.get(model)
    return min(known.reads, known.window - HEADROOM)


def fits(tokens: int, model: catalogue.Model | str) -> bool:
    """Whether a prompt of this many tokens is none too long for the model."""
    return tokens <= longest(model)


def _tools(question: Question) -> dict[str, Any]:
    offered = (*(tools.DEFINITIONS if question.searching else ()), *web.tools(question.domains))
    return {"tools": list(offered)} if offered else {}


def _system(question: Question) -> list[Block]:
    texts = [prompts.SEARCH_SYSTEM if question.searching else prompts.SYSTEM]
    if question.domains:
        texts.append(prompts.WEB)
    blocks = [_text(text) for text in texts]
    return [*blocks[:-1], breakpoints.mark(blocks[-1], question.lifetimes.documents)]


def _ordered(sources: Sequence[Source]) -> list[Source]:
    """By file, then version: an order that does not depend on how they were selected."""
    if len({source.version for source in sources}) < len(sources):
        raise ValueError("A document version is given twice.")
    return sorted(sources, key=lambda source: (source.file_id or "", source.version))


def _material(sources: Sequence[Source]) -> _Material:
    """Each text with PDFs of its pages after it; then, for they are no documents, the pictures."""
    blocks: list[Block] = []
    pictures: list[Block] = []
    indexes: dict[str, tuple[int, str]] = {}
    document_map: list[str] = []
    shown: dict[int, tuple[int, ...]] = {}
    for source in sources:
        title = _title(source)
        if source.file_id or source.text or not source.looks:
            indexes[source.version] = (len(document_map), title)
            document_map.append(source.version)
            blocks.append(_document(source))
        for look in source.looks:
            if look.media_type == looks.PDF:
                shown[len(document_map)] = look.pages
                document_map.append(source.version)
                blocks.append(looks.pages_block(look, title))
            else:
                pictures += looks.page_picture_blocks(look, title)
    return _Material(blocks + pictures, indexes, tuple(document_map), shown)


def _messages(question: Question, material: _Material) -> list[Block]:
    """Documents in the first user turn, whichever that is; the newest question last."""
    messages: list[Block] = []
    for turn in question.history:
        answer = _answer(turn.blocks, material.indexes)
        if answer:
            asked = _question(turn.question, turn.passage, turn.pictures)
            if turn.unsent:
                asked.insert(0, _text(prompts.UNSENT % {"count": turn.unsent}))
            messages.append({"role": "user", "content": asked})
            messages.append({"role": "assistant", "content": answer})
    asked = _question(question.text, question.passage, question.pictures)
    if question.brief:
        asked.append(_text(_encodable(question.brief)))
    messages.append({"role": "user", "content": asked})
    messages[0]["content"] = material.blocks + _earlier(question) + messages[0]["content"]
    breakpoints.place(messages, question.lifetimes)
    if question.brief:
        # what is written for it would never be read
        breakpoints.stop_before_question(messages, question.lifetimes)
    return messages


def _earlier(question: Question) -> list[Block]:
    """What stands for the turns that are not sent: the summary in JSON, which it cannot end."""
    if question.earlier is None:
        return []
    if not question.earlier:
        return [_text(prompts.LEFT_OUT)]
    told = json.dumps({"summary": _encodable(question.earlier)}, ensure_ascii=False)
    return [_text(f"{prompts.SUMMARY}\n{told}")]


def _document(source: Source) -> Block:
    origin: Block
    if source.file_id:
        origin = {"type": "file", "file_id": source.file_id}
    elif source.text:
        origin = {"type": "text", "media_type": "text/plain", "data": source.text}
    else:
        raise ValueError(f"Version {source.version} has neither a file nor a text.")
    block: Block = {"type": "document", "source": origin, "title": _title(source)}
    if source.context and (context := _line(source.context, CONTEXT_LENGTH)):
        block["context"] = context
    return block | {"citations": {"enabled": True}}


def _answer(blocks: Iterable[AnswerBlock], indexes: dict[str, tuple[int, str]]) -> list[Block]:
    """Assistant blocks. The API refuses blank ones: their space goes to the block before."""
    content: list[Block] = []
    for block in blocks:
        text = _encodable(block.text)
        if not text.strip():
            if content:
                content[-1]["text"] += text
            continue
        citations = [
            _citation(citation, *indexes[citation.version])
            for citation in block.citations
            if citation.version in indexes and citation.start is not None
        ]
        content.append(_text(text) | ({"citations": citations} if citations else {}))
    return content


def _citation(citation: StoredCitation, index: int, title: str) -> Block:
    # no file_id: the API sends it, but does not take it
    return {
        "type": "char_location",
        "cited_text": _encodable(citation.cited_text),
        "document_index": index,
        "document_title": title,
        "start_char_index": citation.start,
        "end_char_index": citation.end,
    }


def _question(text: str, passage: Passage | None, pictures: Sequence[looks.Picture]) -> list[Block]:
    """The passage in JSON, which its text cannot end, the pictures, then the question: the last
    block."""
    text = _encodable(text).strip()
    if not text:
        raise ValueError("The question is blank.")
    blocks = []
    if passage is not None:
        told: dict[str, Any] = {"document": _line(passage.title, TITLE_LENGTH)}
        if passage.page is not None:
            told["page"] = passage.page
        told["text"] = _encodable(passage.text)
        blocks.append(_text(f"{prompts.PASSAGE}\n{json.dumps(told, ensure_ascii=False)}"))
    return [*blocks, *looks.picture_blocks(pictures), _text(text)]


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _title(source: Source) -> str:
    return _line(source.title, TITLE_LENGTH) or "Untitled document"


def _line(text: str, length: int) -> str:
    """One line without control or invisible formatting characters, at most `length` long."""
    text = re.sub(r"\s+", " ", _encodable(text))
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf"))
    text = text.strip()
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _encodable(text: str) -> str:
    """Without NUL and lone surrogates, which JSON in UTF-8 cannot carry to the API."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
