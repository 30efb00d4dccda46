"""What a request may take at most, before it is sent.

The rule, which is stated so that it can be tested: a document costs what the API counted for it,
and two per cent more; every other text a token for each two bytes, which no text exceeds by much; a
picture as many tokens as the largest may have, and a page of a PDF those and a dense page's text.
All of it is written to the cache at the dearest rate the request names, nothing is read from there,
and the answer is as long as it may be. For each time that the API itself may use a tool, a long
result comes on top, and all is read once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from math import ceil
from typing import Any

from . import catalogue, thinking
from .request import Request

BYTES_PER_TOKEN = 2
PICTURE_TOKENS = 4_784
PAGE_TEXT_TOKENS = 3_000
"""Of the text that goes with a page that is looked at, where the page is dense."""
RESULT_TOKENS = 20_000
"""Of one use of a server tool that names no limit."""
TOOL_TOKENS = 4_000
"""Of the instructions and tools of a search."""
FOUND_TOKENS = 12_000
"""Of these, and of what one round of calls usually returns."""
OVER = 1.02
"""Counts are estimates."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that a request reads and writes, in tokens, and what that costs in US dollars."""

    prompt_tokens: int
    output_tokens: int
    usd: Decimal


def estimate(request: Request, model: catalogue.Model, counted: Mapping[str, int]) -> Estimate:
    """The worst case of `request`; `counted` are the tokens of versions, as the API counted them.

    A stored document that was not counted may fill the window.
    """
    params = request.params
    output = int(params["max_tokens"])
    searches, uses, results = _server_tools(params)
    prompt = min(_prompt_tokens(request, model, counted) + results, model.window)
    rates = model.rates_for(prompt)
    tokens = prompt * (_dearest(params, rates) + uses * rates.read) + output * rates.output
    usd = tokens / catalogue.MILLION
    if model.us_only and params.get("inference_geo") == "us":
        usd *= catalogue.US_ONLY
    return Estimate(prompt, output, usd + searches * catalogue.WEB_SEARCH)


def least(tokens: int, model: catalogue.Model, place: str = "") -> Decimal:
    """What a question about so many tokens of documents costs in the worst case, without what comes
    with them, and at the level that thinks the least: enough to refuse one before it is put."""
    prompt = min(tokens, model.window)
    rates = model.rates_for(prompt)
    usd = (prompt * rates.write_5m + min(thinking.ROOM.values()) * rates.output) / catalogue.MILLION
    return usd * catalogue.US_ONLY if model.us_only and place == "us" else usd


def least_of_search(tokens: int, model: catalogue.Model, place: str = "") -> Decimal:
    """The same for a search: one request that calls tools, and one that answers."""
    return least(tokens + TOOL_TOKENS, model, place) + least(tokens + FOUND_TOKENS, model, place)


def _prompt_tokens(request: Request, model: catalogue.Model, counted: Mapping[str, int]) -> int:
    params = request.params
    tokens = _text_tokens(params.get("system")) + _text_tokens(params.get("tools"))
    for message in params["messages"]:
        content = message["content"]
        tokens += _text_tokens(content) if isinstance(content, str) else 0
        for block in content if isinstance(content, list) else ():
            if block.get("type") != "document":
                tokens += _text_tokens(block)
    blocks = zip_longest(_documents(params), request.document_map)
    for index, (block, version) in enumerate(blocks):
        if block is None:
            continue
        tokens += _text_tokens({name: part for name, part in block.items() if name != "source"})
        if (pages := request.looks.get(index)) is not None:
            tokens += len(pages) * (PICTURE_TOKENS + PAGE_TEXT_TOKENS)
        else:
            tokens += _document_tokens(block, model, counted.get(version))
    return tokens


def _documents(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for message in params["messages"]:
        if isinstance(message["content"], list):
            yield from (block for block in message["content"] if block.get("type") == "document")


def _document_tokens(block: dict[str, Any], model: catalogue.Model, counted: int | None) -> int:
    if counted is not None:
        return ceil(counted * OVER)
    source = block["source"]
    return _text_tokens(source["data"]) if source["type"] == "text" else model.window


def _text_tokens(value: Any) -> int:
    """Of any piece of a request but a document: its texts by their bytes, its pictures apart."""
    if isinstance(value, list):
        return sum(map(_text_tokens, value))
    if isinstance(value, dict):
        if value.get("type") == "image":
            return PICTURE_TOKENS
        return sum(_text_tokens(key) + _text_tokens(part) for key, part in value.items())
    if value is None:
        return 0
    text = value if isinstance(value, str) else json.dumps(value)
    return ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def _dearest(params: Mapping[str, Any], rates: catalogue.Rates) -> Decimal:
    kept = set(_lifetimes(params))
    if "1h" in kept:
        return max(rates.input, rates.write_1h)
    return max(rates.input, rates.write_5m) if kept else rates.input


def _lifetimes(value: Any) -> Iterator[str]:
    """The lifetimes of all breakpoints."""
    if isinstance(value, dict):
        if (mark := value.get("cache_control")) is not None:
            yield mark.get("ttl", "5m")
        for part in value.values():
            yield from _lifetimes(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _lifetimes(part)


def _server_tools(params: Mapping[str, Any]) -> tuple[int, int, int]:
    """How often the API itself may search, and use any tool, and the tokens of all results."""
    searches = uses = tokens = 0
    for tool in params.get("tools") or ():
        kind = str(tool.get("type"))
        if kind.startswith(("web_search", "web_fetch")):
            times = int(tool.get("max_uses") or 1)
            searches += times if kind.startswith("web_search") else 0
            uses += times
            tokens += times * int(tool.get("max_content_tokens") or RESULT_TOKENS)
    return searches, uses, tokens
