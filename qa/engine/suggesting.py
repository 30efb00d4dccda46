"""First questions about a document, suggested by a cheap model that reads its beginning."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import prompts, thinking
from .catalogue import Model
from .client import Client
from .errors import EngineError, classify
from .events import Usage
from .limits import Limits, read_limits
from .request import Request, on_behalf
from .run import FAILURES

READ = 40_000
"""Characters of a document that are read for it: it must stay cheap."""
MOST = 4
LENGTH = 160
MAX_TOKENS = 1_500
TIMEOUT = 45.0
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"questions": {"type": "array", "items": {"type": "string"}}},
    "required": ["questions"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was answered; ``text`` is for ``read``."""

    text: str
    model: str
    message_id: str
    request_id: str | None
    stop_reason: str
    usage: Usage
    limits: Limits | None


def request(
    title: str,
    text: str,
    model: Model,
    user_id: str | None = None,
    inference_geo: str | None = None,
) -> Request:
    """Asks `model` what one may ask first about a document."""
    level = next(iter(thinking.levels(model)), None)
    params = thinking.parameters(model, level, MAX_TOKENS, None)
    shape = {"format": {"type": "json_schema", "schema": SCHEMA}}
    params["output_config"] = params.get("output_config", {}) | shape
    source = {"type": "text", "media_type": "text/plain", "data": text[:READ]}
    content = [
        {"type": "document", "source": source, "title": title[:200]},
        {"type": "text", "text": prompts.SUGGEST},
    ]
    return Request(
        {
            "model": model.id,
            "max_tokens": MAX_TOKENS,
            **params,
            **on_behalf(user_id, inference_geo),
            "system": prompts.SUGGESTING,
            "messages": [{"role": "user", "content": content}],
        },
        (),
        prompts.SUGGESTING_VERSION,
    )


def send(client: Client, request: Request) -> Suggested:
    """Raises ``EngineError``."""
    try:
        response = client.sdk.messages.with_raw_response.create(**request.params, timeout=TIMEOUT)
        message = response.parse()
    except FAILURES as exc:
        raise classify(exc) from exc
    return Suggested(
        "".join(block.text for block in message.content if block.type == "text"),
        message.model,
        message.id,
        message._request_id,
        message.stop_reason or "",
        Usage.from_dict(message.usage.to_dict()),
        read_limits(response.headers),
    )


def read(text: str) -> list[str]:
    """The questions, different ones. Raises ``EngineError`` when they are not in their format."""
    try:
        questions = json.loads(text)["questions"]
        lines = [" ".join(str(one).split()) for one in questions]
    except (ValueError, TypeError, KeyError) as exc:
        raise EngineError("no_answer", detail="the suggestions are not in their format") from exc
    return [one for one in dict.fromkeys(lines) if one and len(one) <= LENGTH][:MOST]
