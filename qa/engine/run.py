"""A request becomes events. SDK errors become ours here and nowhere else."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
from anthropic.types import (
    ContentBlock,
    Diagnostics,
    RawContentBlockDelta,
    RawMessageStreamEvent,
)

from . import web
from .client import Client, Interrupt, interruptible
from .content import Content
from .errors import EngineError, Interrupted, classify
from .events import (
    BlockEnded,
    Called,
    Cited,
    Event,
    Finished,
    Missed,
    Started,
    Text,
    Thinking,
    Usage,
)
from .limits import Limits, read_limits
from .request import Request

FAILURES = (
    EngineError,
    anthropic.AnthropicError,
    httpx2.HTTPError,
    httpx2.StreamError,
    OSError,
    json.JSONDecodeError,
    UnicodeDecodeError,
)
"""What the SDK and its transport raise; the last two when an event breaks off in its middle."""

BYTES_PER_TOKEN = 4
"""Of English, roughly."""


def run(
    client: Client, request: Request, interrupt: Interrupt | None = None
) -> Generator[Event, None, None]:
    """Send `request` and yield its events as they arrive.

    Raises ``EngineError`` when the request fails or its answer is none; ``Interrupted`` when
    `interrupt` is set. Closing the iterator closes the connection. After a refusal the text so
    far is to be discarded.
    """
    answer = _Answer(goes_on=bool(request.params.get("tools")))
    interrupt = interrupt or Interrupt()
    try:
        with interruptible(interrupt):
            stream = client.sdk.messages.create(**request.params, stream=True)
        answer.request_id = stream.response.headers.get("request-id")
        answer.limits = read_limits(stream.response.headers)
        with stream:
            for event in stream:
                if interrupt.is_set():
                    break
                yield from answer.take(event)
        if interrupt.is_set():
            raise Interrupted
        finished = answer.finish()
    except FAILURES as exc:
        error = Interrupted() if interrupt.is_set() else classify(exc)
        raise answer.complete(error) from exc
    yield finished


def whole(message: Mapping[str, Any]) -> Iterator[Event]:
    """The events of a message that came in one piece, as a batch brings it.

    Raises ``EngineError`` if it is no answer.
    """
    answer = _Answer(goes_on=False)
    for block in message["content"]:
        if block["type"] == "text":
            index = len(answer.blocks)
            number = answer._number(index)
            for citation in block.get("citations") or ():
                yield Cited(number, citation)
            if block["text"]:
                yield answer._text(number, block["text"])
            yield BlockEnded(number)
        elif block["type"] == "thinking":
            yield Thinking(block["thinking"])
    answer.message_id, answer.model = message.get("id"), message.get("model")
    answer.usage = Usage.from_dict(message.get("usage") or {})
    answer.stop_reason, answer.stop_details = message["stop_reason"], message.get("stop_details")
    try:
        yield answer.finish()
    except EngineError as error:
        raise answer.complete(error) from None


class _Answer:
    """What is known of the answer so far."""

    def __init__(self, goes_on: bool) -> None:
        self.goes_on = goes_on
        """Whether it may end for a while only, because there are tools."""
        self.began = time.monotonic()
        self.request_id: str | None = None
        self.limits: Limits | None = None
        self.message_id: str | None = None
        self.model: str | None = None
        self.usage = Usage()
        self.stop_reason: str | None = None
        self.stop_details: dict[str, Any] | None = None
        self.first_text_ms: int | None = None
        self.bytes = 0
        """Of text and thinking that came."""
        self.content = Content()
        self.blocks: dict[int, int] = {}
        """The API's index of a content block → its number among the text blocks."""

    def take(self, event: RawMessageStreamEvent) -> Iterator[Event]:
        """The events `event` amounts to: none for kinds that are not known."""
        complete = self.content.take(event)
        match event.type:
            case "content_block_delta":
                yield from self._delta(event.index, event.delta)
            case "content_block_start":
                yield from self._block(event.index, event.content_block)
            case "content_block_stop":
                if event.index in self.blocks:
                    yield BlockEnded(self.blocks[event.index])
                if complete is not None:
                    yield from _tool_events(complete)
            case "message_start":
                self.message_id = event.message.id
                self.model = event.message.model
                self.usage = self.usage.updated(event.message.usage.to_dict())
                yield Started(
                    self.message_id,
                    self.model,
                    self.request_id,
                    self.usage,
                    self.limits,
                    missed(event.message.diagnostics),
                )
            case "message_delta":
                self.stop_reason = event.delta.stop_reason
                if event.delta.stop_details is not None:
                    self.stop_details = event.delta.stop_details.to_dict()
                self.usage = self.usage.updated(event.usage.to_dict())

    def _block(self, index: int, block: ContentBlock) -> Iterator[Event]:
        if block.type == "text":
            number = self._number(index)
            for citation in block.citations or ():
                yield Cited(number, citation.to_dict())
            if block.text:
                yield self._text(number, block.text)
        elif block.type == "thinking":
            yield Thinking(block.thinking)

    def _delta(self, index: int, delta: RawContentBlockDelta) -> Iterator[Event]:
        match delta.type:
            case "text_delta":
                if delta.text:
                    yield self._text(self._number(index), delta.text)
            case "citations_delta":
                yield Cited(self._number(index), delta.citation.to_dict())
            case "thinking_delta":
                self.bytes += len(delta.thinking.encode())
                yield Thinking(delta.thinking)

    def _number(self, index: int) -> int:
        return self.blocks.setdefault(index, len(self.blocks))

    def _text(self, number: int, text: str) -> Text:
        if self.first_text_ms is None:
            self.first_text_ms = self._milliseconds()
        self.bytes += len(text.encode())
        return Text(number, text)

    def _milliseconds(self) -> int:
        return round((time.monotonic() - self.began) * 1000)

    def finish(self) -> Finished:
        """The last event. Raises ``EngineError`` if what came is no answer."""
        wrote = self.first_text_ms is not None
        match self.stop_reason:
            case None:
                raise EngineError("truncated", temporary=True, detail="no stop_reason")
            case "refusal":
                details = self.stop_details or {}
                raise EngineError(
                    "refusal",
                    category=details.get("category"),
                    explanation=details.get("explanation"),
                )
            case "model_context_window_exceeded":
                raise EngineError("context_window")
            case "max_tokens" if not wrote:
                raise EngineError("max_tokens_without_text")
            case "end_turn" | "stop_sequence" if not wrote:
                raise EngineError("no_answer")
            case "tool_use" | "pause_turn" if self.content.broken:
                raise EngineError("truncated", temporary=True, detail="a call broke off")
            case "end_turn" | "stop_sequence" | "max_tokens":
                return self._finished(self.stop_reason)
            case "tool_use" | "pause_turn" if self.goes_on:
                return self._finished(self.stop_reason)
        raise EngineError("truncated", detail=f"stop_reason {self.stop_reason}")

    def _finished(self, stop_reason: str) -> Finished:
        return Finished(
            stop_reason,
            self.stop_details,
            self.usage,
            self.first_text_ms,
            self._milliseconds(),
            self.content.blocks(),
            self.message_id,
        )

    def _spent(self) -> Usage:
        """The usage of an answer that broke off. The API tells the output only at the end; until
        then what came is estimated, or a broken answer would seem to cost nothing."""
        if self.stop_reason is not None:
            return self.usage
        estimate = math.ceil(self.bytes / BYTES_PER_TOKEN)
        return replace(self.usage, output_tokens=max(self.usage.output_tokens, estimate))

    def complete(self, error: EngineError) -> EngineError:
        """`error` with all a ledger row needs."""
        error.request_id = error.request_id or self.request_id
        error.limits = error.limits or self.limits
        error.message_id = self.message_id
        error.model = self.model
        error.usage = self._spent()
        error.stop_reason = self.stop_reason
        error.first_text_ms = self.first_text_ms
        error.total_ms = self._milliseconds()
        return error


def _tool_events(block: dict[str, Any]) -> Iterator[Event]:
    """What a complete block says about tools."""
    if block["type"] in ("tool_use", "server_tool_use"):
        server = block["type"] == "server_tool_use"
        yield Called(block["id"], block["name"], block["input"], server)
    elif (browsed := web.browsed(block)) is not None:
        yield browsed


def missed(diagnostics: Diagnostics | None) -> Missed | None:
    """Why less was read from the cache than the request before had left there, if the API says."""
    reason = diagnostics.cache_miss_reason if diagnostics else None
    if reason is None:
        return None
    return Missed(reason.type, getattr(reason, "cache_missed_input_tokens", 0) or 0)
