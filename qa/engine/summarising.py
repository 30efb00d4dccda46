"""The earlier part of a conversation in a few words, by a cheap model that sees no document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from . import prompts, thinking
from .catalogue import Model
from .errors import EngineError
from .request import Request, fits, on_behalf

BYTES_PER_TOKEN = 3
"""Of questions and answers; a low guess, so that they are rather thought to be longer."""
FOOTNOTE_TOKENS = 60
"""Of a citation that is sent again with an answer, generously."""
MAX_TOKENS = 2_500
LENGTH = 8_000
FRAME_TOKENS = 1_500
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}},
    "required": ["summary"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Said:
    """A question and the text of its answer."""

    question: str
    answer: str

    @property
    def line(self) -> str:
        return json.dumps({"question": self.question, "answer": self.answer}, ensure_ascii=False)


def tokens(text: str, footnotes: int = 0) -> int:
    """About how many a piece of a conversation takes, rather too many than too few."""
    written = len(text.encode("utf-8", "replace"))
    return ceil(written / BYTES_PER_TOKEN) + footnotes * FOOTNOTE_TOKENS


def request(
    said: Sequence[Said],
    earlier: str,
    model: Model,
    user_id: str | None = None,
    inference_geo: str | None = None,
) -> Request:
    """Asks `model` for a summary of `earlier`, a summary itself or "", and of what was said since.

    Where that is too long for the model, the oldest questions go without.
    """
    level = next(iter(thinking.levels(model)), None)
    params = thinking.parameters(model, level, MAX_TOKENS, None)
    shape = {"format": {"type": "json_schema", "schema": SCHEMA}}
    params["output_config"] = params.get("output_config", {}) | shape
    lines = [json.dumps({"summary": earlier}, ensure_ascii=False)] if earlier else []
    lines += _fitting([one.line for one in said], model)
    content = [{"type": "text", "text": "\n".join(lines)}]
    return Request(
        {
            "model": model.id,
            "max_tokens": MAX_TOKENS,
            **params,
            **on_behalf(user_id, inference_geo),
            "system": prompts.SUMMARISING,
            "messages": [{"role": "user", "content": content}],
        },
        (),
        prompts.SUMMARISING_VERSION,
    )


def _fitting(lines: list[str], model: Model) -> list[str]:
    while lines and not fits(tokens("\n".join(lines)) + FRAME_TOKENS + LENGTH, model):
        lines = lines[1:]
    return lines


def read(text: str) -> str:
    """The summary. Raises ``EngineError`` when it is not in its format, or empty."""
    try:
        summary = json.loads(text)["summary"].replace("\0", "").strip()
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise EngineError("no_answer", detail="the summary is not in its format") from exc
    if not summary:
        raise EngineError("no_answer", detail="the summary is empty")
    return str(summary[:LENGTH])
