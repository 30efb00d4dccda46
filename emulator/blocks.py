"""The content blocks of a request, and the blocks inside them."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


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
