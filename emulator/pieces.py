"""A prompt as its cacheable pieces: tools, system and messages, block by block.

Each piece's prefix hashes everything before it that the API's cache is sensitive to, and the
settings of its level: what changes there makes the prefixes of that level and of later ones new.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
# Where the API moves the automatic breakpoint back over: these are never cached by themselves.
UNCACHEABLE = frozenset({"thinking", "redacted_thinking"})


@dataclass(frozen=True)
class Piece:
    """One block of the prompt. `prefix` identifies the prompt up to and including it; `ttl` is set
    where it is a cache breakpoint ("5m" or "1h")."""

    prefix: str
    tokens: int
    ttl: str | None


@dataclass(frozen=True)
class Fingerprint:
    """What a later request is compared with to say why it could not reuse this one's prefix."""

    model: str
    tools: str
    system: str
    messages: tuple[str, ...]
    settings: str


def split(
    model: str,
    body: Json,
    blocks_of: Callable[[Any], list[Json]],
    nested: Callable[[Json], Iterator[Json]],
    count: Callable[[Json], int],
) -> tuple[Piece, ...]:
    """The pieces of a body that passed `schema` and `rules`; `count` gives a block's tokens."""
    pieces: list[Piece] = []
    kinds: list[str] = []
    output = body.get("output_config") or {}
    tools = list(body.get("tools") or [])
    messages = [(m["role"], blocks_of(m["content"])) for m in body["messages"]]
    every = [part for _, blocks in messages for block in blocks for part in nested(block)]
    # an output format puts an instruction before everything else
    digest = _mix(b"", [model, output.get("format")])

    def add(level: str, blocks: list[Json]) -> None:
        nonlocal digest
        for block in blocks:
            digest = _mix(digest, [level, without_cache_control(block)])
            pieces.append(Piece(digest.hex(), count(block), _ttl(block, nested)))
            kinds.append(str(block.get("type")))

    add("tools", [tool for tool in tools if not _is_web_search(tool)])
    digest = _mix(digest, [body.get("speed"), any(map(_cites, every))])
    # switching the web on or off does not lose the tools
    add("web", [tool for tool in tools if _is_web_search(tool)])
    add("system", blocks_of(body.get("system")))
    pictured = any(part.get("type") == "image" for part in every)
    settings = [body.get("tool_choice"), body.get("thinking"), output.get("effort"), pictured]
    digest = _mix(digest, settings)
    for role, blocks in messages:
        add(role, blocks)
    return tuple(_with_automatic_breakpoint(body, pieces, kinds))


def fingerprint(model: str, body: Json) -> Fingerprint:
    def hashed(value: Any) -> str:
        return _mix(b"", without_cache_control(value)).hex()

    kept = ("tool_choice", "thinking", "output_config")
    return Fingerprint(
        model=hashed([model, body.get("speed")]),
        tools=hashed(body.get("tools") or []),
        system=hashed(body.get("system") or []),
        messages=tuple(hashed(message) for message in body["messages"]),
        settings=hashed([body.get(name) for name in kept]),
    )


def without_cache_control(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_cache_control(v) for k, v in value.items() if k != "cache_control"}
    if isinstance(value, list):
        return [without_cache_control(item) for item in value]
    return value


def _with_automatic_breakpoint(body: Json, pieces: list[Piece], kinds: list[str]) -> list[Piece]:
    """The top-level `cache_control` marks the last block that can be cached."""
    control = body.get("cache_control")
    cacheable = [i for i, kind in enumerate(kinds) if kind not in UNCACHEABLE]
    if control and cacheable and pieces[cacheable[-1]].ttl is None:
        last = pieces[cacheable[-1]]
        pieces[cacheable[-1]] = Piece(last.prefix, last.tokens, control.get("ttl") or "5m")
    return pieces


def _is_web_search(block: Json) -> bool:
    return str(block.get("type", "")).startswith("web_search_2")


def _cites(block: Json) -> bool:
    kind = block.get("type")
    return kind == "document" and bool((block.get("citations") or {}).get("enabled"))


def _ttl(block: Json, nested: Callable[[Json], Iterator[Json]]) -> str | None:
    for part in nested(block):
        if part.get("cache_control"):
            return str(part["cache_control"].get("ttl") or "5m")
    return None


def _mix(digest: bytes, value: Any) -> bytes:
    # Key order is kept: the API's cache is sensitive to it too.
    return hashlib.sha256(digest + json.dumps(value, ensure_ascii=False).encode()).digest()
