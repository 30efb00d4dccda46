"""Counting tokens before anything is spent."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2

from .client import Client
from .errors import classify


def count(client: Client, params: dict[str, Any]) -> int:
    """Input tokens of `params`, as the API counts them. Raises ``EngineError``.

    `params` are those of ``count_params`` or ``frame_params``; nothing is billed.
    """
    try:
        return client.sdk.messages.count_tokens(**params).input_tokens
    except (anthropic.APIError, httpx2.HTTPError, ValueError) as exc:
        raise classify(exc) from exc
