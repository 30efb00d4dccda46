"""Counting tokens before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2

from .client import Client
from .errors import classify
from .limits import Limits, read_limits


@dataclass(frozen=True, slots=True)
class Counted:
    """`limits` are those of counting, which are not those of messages."""

    tokens: int
    limits: Limits | None


def count(client: Client, params: dict[str, Any]) -> Counted:
    """Input tokens of `params`, as the API counts them. Raises ``EngineError``.

    `params` are those of ``count_params`` or ``frame_params``; nothing is billed.
    """
    try:
        response = client.sdk.messages.with_raw_response.count_tokens(**params)
        return Counted(response.parse().input_tokens, read_limits(response.headers))
    except (anthropic.APIError, httpx2.HTTPError, ValueError) as exc:
        raise classify(exc) from exc
