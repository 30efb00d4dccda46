"""Sorting a question by how hard it is, with a cheap model that sees no document, only its size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from . import prompts, thinking
from .catalogue import Model
from .errors import EngineError
from .request import Request, on_behalf

TIERS = ("simple", "ordinary", "hard")
MAX_TOKENS = 2_000
TITLES = 40
"""Of more documents than these, only the number is told."""
REASON_LENGTH = 300
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "difficulty": {"type": "string", "enum": list(TIERS)},
    },
    "required": ["reason", "difficulty"],
    "additionalProperties": False,
}


def request(
    question: str,
    model: Model,
    documents: Sequence[tuple[str, int]],
    user_id: str | None = None,
    inference_geo: str | None = None,
) -> Request:
    """Asks `model` how hard `question` is about `documents`, by title and number of tokens."""
    level = next(iter(thinking.levels(model)), None)
    params = thinking.parameters(model, level, MAX_TOKENS, None)
    shape = {"format": {"type": "json_schema", "schema": SCHEMA}}
    params["output_config"] = params.get("output_config", {}) | shape
    told = {
        "documents": [{"title": title, "tokens": n} for title, n in documents[:TITLES]],
        "count": len(documents),
        "tokens": sum(tokens for _title, tokens in documents),
    }
    content = [
        {"type": "text", "text": json.dumps(told, ensure_ascii=False)},
        {"type": "text", "text": question.replace("\0", "").strip()},
    ]
    return Request(
        {
            "model": model.id,
            "max_tokens": MAX_TOKENS,
            **params,
            **on_behalf(user_id, inference_geo),
            "system": prompts.ROUTING,
            "messages": [{"role": "user", "content": content}],
        },
        (),
        prompts.ROUTING_VERSION,
    )


def read(text: str) -> tuple[str, str]:
    """The tier and the reason. Raises ``EngineError`` when the answer is not in its format."""
    try:
        filled = json.loads(text)
        # the format does not bind the case of a value
        tier, reason = str(filled["difficulty"]).lower(), " ".join(str(filled["reason"]).split())
    except (ValueError, TypeError, KeyError) as exc:
        raise EngineError("no_answer", detail="the routing is not in its format") from exc
    if tier not in TIERS:
        raise EngineError("no_answer", detail="the routing names no tier")
    return tier, reason[:REASON_LENGTH]
