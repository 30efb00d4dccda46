"""Counting tokens before anything is spent."""

from __future__ import annotations

from typing import Any

from .client import Client


def count(client: Client, params: dict[str, Any]) -> int:
    """Input tokens of `params`, as the API counts them. Raises ``EngineError``."""
    raise NotImplementedError
