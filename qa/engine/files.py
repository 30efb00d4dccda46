"""The Files API: texts and pages uploaded once, under names that say whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import anthropic
import httpx2
from anthropic.types import ModelInfo

from .client import Client
from .errors import classify
from .limits import Limits, read_limits


@dataclass(frozen=True, slots=True)
class RemoteText:
    """A file at the API: its id there, when it expires (None: never), the request that made it,
    and what that said of the limits of uploads."""

    file_id: str
    expires_at: datetime | None
    request_id: str | None
    limits: Limits | None = None


def upload_text(client: Client, name: str, text: str, days: int) -> RemoteText:
    """Upload `text` as text/plain, to be kept for `days`. Raises ``EngineError``."""
    return upload(client, name, text.encode(), "text/plain", days)


def upload(client: Client, name: str, data: bytes, media_type: str, days: int) -> RemoteText:
    """Upload a file, to be kept for `days`. Raises ``EngineError``."""
    try:
        response = client.sdk.files.with_raw_response.upload(
            file=(name, data, media_type), expires_in_seconds=days * 24 * 3600
        )
        file = response.parse()
    except (anthropic.APIError, httpx2.HTTPError) as exc:
        raise classify(exc) from exc
    return RemoteText(file.id, file.expires_at, file._request_id, read_limits(response.headers))


def delete_file(client: Client, file_id: str) -> None:
    """Delete a file; one that is gone already is no error. Raises ``EngineError``."""
    try:
        client.sdk.files.delete(file_id)
    except anthropic.NotFoundError:
        return
    except (anthropic.APIError, httpx2.HTTPError) as exc:
        raise classify(exc) from exc


def list_files(client: Client) -> Iterator[tuple[str, str, datetime]]:
    """Id, name and time of every file of the account, newest first. Raises ``EngineError``."""
    try:
        for file in client.sdk.files.list(limit=1000):
            yield file.id, file.filename, file.created_at
    except (anthropic.APIError, httpx2.HTTPError) as exc:
        raise classify(exc) from exc


def list_models(client: Client) -> list[ModelInfo]:
    """Every model of the account, retired ones too. Raises ``EngineError``."""
    try:
        return list(
            client.sdk.models.list(limit=1000, lifecycle=["active", "deprecated", "retired"])
        )
    except (anthropic.APIError, httpx2.HTTPError) as exc:
        raise classify(exc) from exc


def check_key(client: Client) -> None:
    """Raises ``EngineError`` unless the API answers and accepts the key."""
    try:
        client.sdk.models.list(limit=1)
    except (anthropic.APIError, httpx2.HTTPError) as exc:
        raise classify(exc) from exc
