"""Reading a prompt beforehand, so that the next question finds it in the cache."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from . import breakpoints, catalogue, prompts
from .client import Client
from .errors import classify
from .events import Missed, Usage
from .limits import Limits, read_limits
from .request import Question, Request, build
from .run import FAILURES, missed

TIMEOUT = 90.0
"""Seconds a million tokens may take to be read, and nobody is waiting for it."""


@dataclass(frozen=True, slots=True)
class Warmed:
    """The prompt was read, and is in the cache as far as it is long enough."""

    message_id: str
    model: str
    request_id: str | None
    usage: Usage
    missed: Missed | None
    total_ms: int
    limits: Limits | None = None


def build_warming(question: Question) -> Request:
    """The request that reads what comes before a next question, and leaves it in the cache.

    The question's text does not matter. Raises as ``build`` does.
    """
    request = build(replace(question, text=prompts.WARMING, passage=None, pictures=()))
    params = {**request.params, "max_tokens": 0}
    breakpoints.stop_before_question(params["messages"], question.lifetimes)
    return replace(request, params=params)


def warming_is_refused(request: Request, model: catalogue.Model) -> bool:
    """Whether the API refuses to read beforehand what `request` asks: it does while thinking is on.

    What the question would be asked with is what is read with: the cache tells settings apart.
    """
    thinking = request.params.get("thinking")
    if thinking is None:
        return model.thinking_default_on
    return bool(thinking["type"] != "disabled")


def warm(client: Client, request: Request) -> Warmed:
    """Send a request of ``build_warming``. Raises ``EngineError``; ``invalid`` when the model
    refuses to be asked for nothing."""
    began = time.monotonic()
    try:
        response = client.sdk.messages.with_raw_response.create(**request.params, timeout=TIMEOUT)
        message = response.parse()
    except FAILURES as exc:
        raise classify(exc) from exc
    return Warmed(
        message.id,
        message.model,
        message._request_id,
        Usage.from_dict(message.usage.to_dict()),
        missed(message.diagnostics),
        round((time.monotonic() - began) * 1000),
        read_limits(response.headers),
    )
