"""A connection to Claude that can be interrupted at once."""

from __future__ import annotations

import hashlib

import anthropic

READ_TIMEOUT = 300.0
CONNECT_TIMEOUT = 5.0


class Interrupt:
    """Ends one running request at once when ``set`` from any thread, also in silence."""

    def set(self) -> None:
        raise NotImplementedError

    def is_set(self) -> bool:
        raise NotImplementedError


class Client:
    """The SDK's client with its key, address and retries pinned; safe to share by threads."""

    def __init__(self, sdk: anthropic.Anthropic) -> None:
        self.sdk = sdk

    def close(self) -> None:
        raise NotImplementedError


def make_client(api_key: str, base_url: str, *, timeout: float = READ_TIMEOUT) -> Client:
    """A client of the API at `base_url`.

    `timeout` is the longest silence between two bytes, in seconds (pings count as bytes).
    Raises ``EngineError`` with code ``no_key`` if `api_key` is empty.
    """
    raise NotImplementedError


def account(api_key: str, base_url: str) -> str:
    """A short hash that names the account at the other end without telling the key."""
    digest = hashlib.sha256(f"{base_url.rstrip('/')}\0{api_key}".encode())
    return digest.hexdigest()[:16]
