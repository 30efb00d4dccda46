"""Where the prompt cache is written: at four blocks of a request, which is all there may be.

1. The system prompt, and with it the tools before it.
2. The last document, or picture of a document's page.
3. and 4. The two newest turns of the user. An answer may have more blocks than the cache looks back
   over (20), so the entry written for the turn before the newest is found at its own breakpoint
   only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from . import prompts
from .lifetime import Lifetimes, Ttl

Block = dict[str, Any]


def mark(block: Block, ttl: Ttl) -> Block:
    """The block with a breakpoint; five minutes are the API's default and go without saying."""
    control = {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
    return block | {"cache_control": control}


def place(messages: list[Block], lifetimes: Lifetimes) -> None:
    """Move the breakpoints of `messages` to where they belong, wherever they stood before.

    To be called again when turns were added. Messages whose content is one string have none.
    """
    for message in messages:
        if isinstance(message["content"], list):
            message["content"] = [bare(block) for block in message["content"]]
    turns = [message["content"] for message in messages if message["role"] == "user"]
    for content in turns[-2:]:
        if isinstance(content, list):
            content[-1] = mark(content[-1], lifetimes.turns)
    first = messages[0]["content"]
    last = last_shared(first) if isinstance(first, list) else None
    if last is not None:
        first[last] = mark(first[last], lifetimes.documents)


def stop_before_question(messages: list[Block], lifetimes: Lifetimes) -> None:
    """Move the newest turn's breakpoint to what comes before it, if anything does."""
    content = messages[-1]["content"]
    content[-1] = bare(content[-1])
    if len(messages) > 1:
        answer = messages[-2]["content"]
        answer[-1] = mark(answer[-1], lifetimes.turns)


def prefix(params: dict[str, Any]) -> str:
    """A short name for all that comes before the first question, and for the settings that the
    cache tells apart; "" without documents. Two requests with the same share one entry."""
    first = params["messages"][0]["content"]
    last = last_shared(first) if isinstance(first, list) else None
    if last is None:
        return ""
    settings = ("model", "tools", "tool_choice", "thinking", "output_config", "speed")
    # whether there is any picture at all makes a difference to all messages
    blocks = [b for m in params["messages"] for b in m["content"] if isinstance(b, dict)]
    shared = [
        any(block["type"] == "image" for block in blocks),
        {name: params[name] for name in settings if name in params},
        [bare(block) for block in params.get("system") or []],
        [bare(block) for block in first[: last + 1]],
    ]
    written = json.dumps(shared, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def last_shared(content: Sequence[Block]) -> int | None:
    """The position of the last document, or picture of a page, before everything else."""
    last = None
    for i, block in enumerate(content):
        pictured = block["type"] == "image" and i > 0 and _tells(content[i - 1])
        if not (block["type"] == "document" or _tells(block) or pictured):
            break
        last = i
    return last


def _tells(block: Block) -> bool:
    """Whether the block is what is said of a page's picture before it."""
    return block["type"] == "text" and str(block["text"]).startswith(prompts.PAGE_PICTURE)


def bare(block: Block) -> Block:
    """The block as the cache compares it: breakpoints are not part of it."""
    return {name: value for name, value in block.items() if name != "cache_control"}
