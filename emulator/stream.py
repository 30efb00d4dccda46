"""An answer as server-sent events, at a chosen speed, with faults, ending when the client goes
away."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from .errors import overloaded
from .faults import Fault

Json = dict[str, Any]

PING_EVERY = 1.0  # seconds
INPUT_PIECE = 12  # characters of a call's input in one event
_PIECES = re.compile(r"\s*\S+(?:\s+\S+){0,2}\s*$|\s*\S+(?:\s+\S+){0,2}|\s+")
TRANSPORT = "emulator.transport"  # where the server puts the connection's transport in the scope


@dataclass(frozen=True)
class Event:
    """One event, and the output tokens the client has been given once it is sent."""

    name: str
    data: Json
    tokens: int = 0

    def encode(self) -> bytes:
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: {self.name}\ndata: {data}\n\n".encode()


PING = Event("ping", {"type": "ping"})


def events(message: Json, count: Callable[[str], int]) -> Iterator[Event]:
    """The events of a finished message, in order. `count` estimates the tokens of a text."""
    usage = message["usage"]
    thinking = usage["output_tokens_details"]["thinking_tokens"]
    begun = {**usage, "output_tokens": min(1, usage["output_tokens"])}
    begun["output_tokens_details"] = {"thinking_tokens": 0}
    blank: Json = {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    yield Event(
        "message_start", {"type": "message_start", "message": {**message, **blank, "usage": begun}}
    )
    for index, block in enumerate(message["content"]):
        yield Event(
            "content_block_start",
            {"type": "content_block_start", "index": index, "content_block": _opening(block)},
        )
        if index == 0:
            yield PING
        deltas = list(_deltas(block, citations_first=index % 4 == 2))
        for delta, text in deltas:
            spent = count(text)
            if block["type"] == "thinking":
                # the hidden thinking takes its time while its summary is written
                spent = thinking // len(deltas)
                if delta["type"] == "signature_delta":
                    spent = thinking - spent * (len(deltas) - 1)
            yield Event(
                "content_block_delta",
                {"type": "content_block_delta", "index": index, "delta": delta},
                spent,
            )
        yield Event("content_block_stop", {"type": "content_block_stop", "index": index})
    yield Event("message_delta", _ending(message))
    yield Event("message_stop", {"type": "message_stop"})


def _opening(block: Json) -> Json:
    if block["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if "input" in block:
        return {**block, "input": {}}
    if block["type"] != "text":
        return block
    return {"type": "text", "text": "", "citations": [] if block["citations"] else None}


def _ending(message: Json) -> Json:
    usage = message["usage"]
    cumulative = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
        "server_tool_use",
    )
    reasons = ("stop_reason", "stop_sequence", "stop_details", "container")
    return {
        "type": "message_delta",
        "delta": {name: message[name] for name in reasons},
        "usage": {name: usage[name] for name in cumulative},
    }


def _deltas(block: Json, *, citations_first: bool) -> Iterator[tuple[Json, str]]:
    """The deltas of a block, each with the text it adds."""
    if block["type"] == "thinking":
        for piece in _PIECES.findall(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}, ""
        yield {"type": "signature_delta", "signature": block["signature"]}, ""
        return
    if block["type"] != "text":
        yield from _input_deltas(block)
        return
    cited: list[tuple[Json, str]] = [
        ({"type": "citations_delta", "citation": citation}, "")
        for citation in block["citations"] or []
    ]
    texts = [
        ({"type": "text_delta", "text": piece}, piece) for piece in _PIECES.findall(block["text"])
    ]
    yield from cited + texts if citations_first else texts + cited


def _input_deltas(block: Json) -> Iterator[tuple[Json, str]]:
    """A call's input as pieces of JSON, cut anywhere; the results of server tools come whole."""
    if "input" not in block:
        return
    written = json.dumps(block["input"], ensure_ascii=False)
    for at in range(0, len(written), INPUT_PIECE):
        piece = written[at : at + INPUT_PIECE]
        yield {"type": "input_json_delta", "partial_json": piece}, piece


@dataclass(frozen=True)
class Pace:
    """Output tokens a second (0: as fast as possible) and milliseconds before the first event."""

    tokens_per_second: float
    first_token_ms: int


class ClientGone(Exception):
    """The connection was closed by the other side, or by a fault."""


class EventStream:
    """The ASGI response. `begun` is called with the first event, `spoke` with the first text,
    `ended` when nothing more is sent: with the output tokens sent, whether that was all, and
    whether the client had gone."""

    def __init__(
        self,
        planned: list[Event],
        pace: Pace,
        fault: Fault | None,
        begun: Callable[[], None],
        spoke: Callable[[], None],
        ended: Callable[[int, bool, bool], None],
    ) -> None:
        self._planned, self._pace, self._fault = planned, pace, fault
        self._begun, self._spoke, self._ended = begun, spoke, ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        watcher = asyncio.create_task(_watch(receive, gone))
        sent = 0
        complete, left = False, True
        try:
            await send(_headers())
            async for event in self._paced(gone, scope):
                if gone.is_set():
                    raise ClientGone
                if event.name == "message_start":
                    self._begun()
                for part in _chunks(event.encode()):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                sent += event.tokens
                complete = event.name == "message_stop"
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            left = False
        except ClientGone:
            pass
        finally:
            watcher.cancel()
            self._ended(sent, complete, left)

    async def _paced(self, gone: asyncio.Event, scope: Scope) -> AsyncIterator[Event]:
        """The events, each when it is due, until a fault ends them. Raises `ClientGone`."""
        kind = self._fault.kind if self._fault else None
        if kind == "slow_first_byte":
            async for ping in self._pings(gone):
                yield ping
        await _sleep(self._pace.first_token_ms / 1000, gone)
        due = asyncio.get_running_loop().time()
        texts = 0
        for event in self._planned:
            if self._fault and kind in _AFTER_TEXT and texts == self._fault.after:
                texts += 1  # once
                async for extra in self._misbehave(gone, scope):
                    yield extra
                if kind != "silence":
                    return
                due = asyncio.get_running_loop().time()
            if event.tokens and self._pace.tokens_per_second:
                due += event.tokens / self._pace.tokens_per_second
                await _sleep(due - asyncio.get_running_loop().time(), gone)
            else:
                # Lets other streams run, and the watcher notice that the client has gone.
                await asyncio.sleep(0)
            if event.data.get("delta", {}).get("type") == "text_delta":
                if not texts:
                    self._spoke()
                texts += 1
            yield event

    async def _misbehave(self, gone: asyncio.Event, scope: Scope) -> AsyncIterator[Event]:
        assert self._fault
        if self._fault.kind == "silence":
            async for ping in self._pings(gone):
                yield ping
        elif self._fault.kind == "mid_stream_error":
            yield Event("error", overloaded().body(scope["emulator.request_id"]))
        elif self._fault.kind == "reset":
            reset(scope)
            raise ClientGone

    async def _pings(self, gone: asyncio.Event) -> AsyncIterator[Event]:
        assert self._fault
        left = self._fault.ms / 1000
        while left > 0:
            yield PING
            await _sleep(min(PING_EVERY, left), gone)
            left -= PING_EVERY


_AFTER_TEXT = {"silence", "mid_stream_error", "reset", "truncate"}


def reset(scope: Scope) -> None:
    """Close the connection so that the client's kernel sees a reset, not an end."""
    transport = scope[TRANSPORT]
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def until_gone(receive: Receive, seconds: float) -> None:
    """Wait, or raise `ClientGone` as soon as the client closes the connection."""
    gone = asyncio.Event()
    watcher = asyncio.create_task(_watch(receive, gone))
    try:
        await _sleep(seconds, gone)
    finally:
        watcher.cancel()


async def _sleep(seconds: float, gone: asyncio.Event) -> None:
    if seconds <= 0:
        return
    try:
        await asyncio.wait_for(gone.wait(), seconds)
    except TimeoutError:
        return
    raise ClientGone


async def _watch(receive: Callable[[], Awaitable[Message]], gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


def _headers() -> Message:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
        ],
    }


def _chunks(event: bytes) -> list[bytes]:
    """An event with characters beyond ASCII is cut in the middle of the first of them."""
    at = (
        next((i for i, byte in enumerate(event) if byte > 0x7F), None)
        if not event.isascii()
        else None
    )
    return [event] if at is None else [event[: at + 1], event[at + 1 :]]
