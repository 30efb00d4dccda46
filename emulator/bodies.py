"""Bodies of requests: read whole, parsed, without what the API ignores."""

from typing import Any

import pydantic_core
from starlette.requests import Request

from .blocks import blocks_of
from .errors import invalid, too_large
from .ledger import Entry

MAX_BODY = 32 * 1024 * 1024

Json = dict[str, Any]


async def json_body(request: Request, entry: Entry, most: int = MAX_BODY) -> Json:
    """The object a request carries; its entry keeps it. Raises `ApiError` 400, or 413 for more
    bytes than `most`."""
    received = bytearray()
    size = 0
    # A body that is too large is read to its end all the same: the client listens only then.
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:
            received += chunk
    if size > most:
        raise too_large("Request exceeds the maximum size")
    body = parse(bytes(received))
    if not isinstance(body, dict):
        raise invalid("Input should be a valid dictionary")
    entry.body, entry.size = body, len(received)
    cleaned, dropped = _without_output_only(body)
    if dropped:
        entry.notes.append(f"ignored file_id in {dropped} replayed citations")
    return cleaned


def parse(body: bytes) -> Any:
    try:
        return pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None


def _without_output_only(body: Json) -> tuple[Json, int]:
    """A body without the `file_id`s that replayed citations may carry, and how many there were."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body, 0
    dropped = 0
    cleaned = []
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list) and message.get("role") == "assistant":
            blocks = []
            for block in blocks_of(content):
                citations = block.get("citations") if isinstance(block, dict) else None
                if isinstance(citations, list):
                    dropped += sum("file_id" in c for c in citations if isinstance(c, dict))
                    block = {**block, "citations": [_without_file_id(c) for c in citations]}
                blocks.append(block)
            message = {**message, "content": blocks}
        cleaned.append(message)
    return {**body, "messages": cleaned}, dropped


def _without_file_id(citation: Any) -> Any:
    if not isinstance(citation, dict):
        return citation
    return {key: value for key, value in citation.items() if key != "file_id"}
