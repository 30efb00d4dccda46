"""A question with its documents and history becomes the parameters of one API request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import prompts

MAX_TOKENS = 16_000
"""Room for thinking and the answer together; what is not used is not paid."""


@dataclass(frozen=True, slots=True)
class Source:
    """One document version: by `file_id` at the API, or with its canonical `text` inline."""

    version: str
    title: str
    file_id: str | None = None
    text: str | None = None
    context: str | None = None


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
class Turn:
    """An earlier question and its answer."""

    question: str
    blocks: tuple[AnswerBlock, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """`effort` and `thinking_display` apply as far as the model allows; None leaves its default."""

    text: str
    model: str
    sources: tuple[Source, ...] = ()
    history: tuple[Turn, ...] = ()
    max_tokens: int = MAX_TOKENS
    effort: str | None = None
    thinking_display: str | None = "summarized"


@dataclass(frozen=True, slots=True)
class Request:
    """`params` are those of ``messages.create``; `document_map` is document_index → version."""

    params: dict[str, Any]
    document_map: tuple[str, ...]
    prompt_version: str = prompts.VERSION


def build(question: Question) -> Request:
    """The request for `question`. Raises ``UnknownModel``; ``ValueError`` on unusable input."""
    raise NotImplementedError


def count_params(text: str, model: str) -> dict[str, Any]:
    """Parameters of ``count_tokens`` for one document's inline text.

    File sources are refused by the endpoint: count each text once per model, and add up.
    """
    raise NotImplementedError


def frame_params(question: Question) -> dict[str, Any]:
    """Parameters of ``count_tokens`` for all of the request but its documents."""
    raise NotImplementedError


def estimate(text: str) -> int:
    """An upper bound of the tokens of `text` on any model, for when no count can be had."""
    raise NotImplementedError


def fits(tokens: int, model: str) -> bool:
    """Whether a prompt of this many tokens leaves room for an answer in the model's window."""
    raise NotImplementedError
