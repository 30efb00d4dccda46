"""What the model wrote in one response, block by block, as it is sent back to it.

Inside a turn of tool calls everything goes back as it came: thinking with its signature, calls,
what server tools returned. Only what the API sends but does not take is left out.
"""

from __future__ import annotations

import json
from typing import Any

from anthropic.types import RawMessageStreamEvent

Block = dict[str, Any]


class Content:
    """The content blocks of a running response; ``blocks`` has those that are complete."""

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}
        self._written: dict[int, list[str]] = {}
        self._complete: set[int] = set()
        self.broken = False
        """Whether a call's input broke off in the middle of its JSON."""

    def take(self, event: RawMessageStreamEvent) -> Block | None:
        """The block that `event` completes, if it does."""
        match event.type:
            case "content_block_start":
                self._blocks[event.index] = event.content_block.to_dict()
            case "content_block_delta":
                self._add(event.index, event.delta.to_dict())
            case "content_block_stop":
                return self._end(event.index)
        return None

    def _add(self, index: int, delta: dict[str, Any]) -> None:
        block = self._blocks.setdefault(index, {"type": "text", "text": ""})
        match delta["type"]:
            case "text_delta":
                block["text"] = block.get("text", "") + delta["text"]
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
            case "thinking_delta":
                block["thinking"] = block.get("thinking", "") + delta["thinking"]
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "input_json_delta":
                self._written.setdefault(index, []).append(delta["partial_json"])

    def _end(self, index: int) -> Block | None:
        block = self._blocks.get(index)
        if block is None:
            return None
        written = "".join(self._written.get(index, ()))
        if written:
            try:
                block["input"] = json.loads(written)
            except ValueError:
                self.broken = True
                return None
        self._complete.add(index)
        return block

    def blocks(self) -> tuple[Block, ...]:
        """As the assistant's message of the next request."""
        rows = (self._blocks[index] for index in sorted(self._complete))
        return tuple(_sendable(block) for block in rows if not _blank(block))


def _blank(block: Block) -> bool:
    # the API writes them now and then, and refuses them
    return block["type"] == "text" and not block.get("text", "").strip()


def _sendable(block: Block) -> Block:
    if block["type"] != "text":
        return block
    citations = [
        {name: value for name, value in citation.items() if name != "file_id"}
        for citation in block.get("citations") or ()
    ]
    return {"type": "text", "text": block["text"]} | ({"citations": citations} if citations else {})
