"""The Message Batches API: many requests at half price, whose answers come when they come.

A batch has no name there and its creation must not be repeated blindly: ``create`` says whether a
failure left it certain that nothing was made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import anthropic
import httpx2
from anthropic.types.messages import MessageBatch

from .client import Client
from .errors import EngineError, classify, of_result
from .events import Event, Usage
from .run import FAILURES, whole

MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
CREATE_TIMEOUT = 600.0
RESULTS_TIMEOUT = 120.0
PAGE = 100
OPEN, CLOSE = b'{"requests":[', b"]}"


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch stands: `counts` by what became of requests, all processing until it `ended`."""

    id: str
    status: str
    counts: dict[str, int]
    created_at: datetime
    expires_at: datetime
    canceling: bool = False

    @property
    def ended(self) -> bool:
        return self.status == "ended"

    @property
    def requests(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request: `kind` is succeeded, errored, canceled or expired.

    `events` are those of the answer, ``Finished`` last, or `error` says why there is none; both
    only for the first two kinds.
    """

    custom_id: str
    kind: str
    events: tuple[Event, ...] = ()
    error: EngineError | None = None
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    message_id: str = ""
    request_id: str = ""


class NotMade(EngineError):
    """The batch was refused, or never reached the API: there is none."""


def written(custom_id: str, params: dict[str, Any]) -> bytes:
    """One request of a batch as it is sent."""
    item = {"custom_id": custom_id, "params": params}
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def create(client: Client, requests: Sequence[bytes]) -> Batch:
    """Makes a batch of requests as ``written`` gives them. Raises ``NotMade``, or any other
    ``EngineError`` when it may have been made all the same."""
    body = OPEN + b",".join(requests) + CLOSE
    try:
        made = client.sdk.post(
            "/v1/messages/batches",
            cast_to=MessageBatch,
            content=body,
            options={
                "headers": {"content-type": "application/json"},
                "timeout": CREATE_TIMEOUT,
            },
        )
    except FAILURES as exc:
        error = classify(exc)
        if _never_made(exc, error):
            raise _not_made(error) from exc
        raise error from exc
    return _batch(made)


def _never_made(exc: BaseException, error: EngineError) -> bool:
    if isinstance(exc, anthropic.APIStatusError):
        # a request that timed out there, or met a failure, may have been taken in before
        return exc.status_code < 500 and exc.status_code not in (408, 409, 499)
    cause = exc.__cause__ or exc
    return isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) or error.code == "no_key"


def _not_made(error: EngineError) -> NotMade:
    return NotMade(
        error.code,
        temporary=error.temporary,
        retry_after=error.retry_after,
        status=error.status,
        type=error.type,
        request_id=error.request_id,
        detail=error.detail,
    )


def retrieve(client: Client, batch_id: str) -> Batch:
    """Raises ``EngineError``."""
    try:
        return _batch(client.sdk.messages.batches.retrieve(batch_id))
    except FAILURES as exc:
        raise classify(exc) from exc


def cancel(client: Client, batch_id: str) -> Batch:
    """Asks for its end: what is answered by then is kept. Raises ``EngineError``."""
    try:
        return _batch(client.sdk.messages.batches.cancel(batch_id))
    except FAILURES as exc:
        raise classify(exc) from exc


def since(client: Client, when: datetime) -> Iterator[Batch]:
    """The account's batches that were made since, newest first. Raises ``EngineError``."""
    try:
        for one in client.sdk.messages.batches.list(limit=PAGE):
            if one.created_at < when:
                return
            yield _batch(one)
    except FAILURES as exc:
        raise classify(exc) from exc


def results(client: Client, batch_id: str) -> Iterator[Result]:
    """The results of a batch that has ended, in any order, as they are read off the wire.

    Closing the iterator closes the connection. Raises ``EngineError``.
    """
    try:
        lines = client.sdk.messages.batches.results(batch_id, timeout=RESULTS_TIMEOUT)
        try:
            for line in lines:
                yield _result(line.to_dict())
        finally:
            lines.close()
    except FAILURES as exc:
        raise classify(exc) from exc


def _batch(one: MessageBatch) -> Batch:
    return Batch(
        one.id,
        one.processing_status,
        {name: int(n) for name, n in one.request_counts.to_dict().items()},  # type: ignore[call-overload]
        one.created_at,
        one.expires_at,
        one.cancel_initiated_at is not None,
    )


def _result(line: dict[str, Any]) -> Result:
    result = line["result"]
    kind = str(result["type"])
    if kind == "errored":
        return Result(line["custom_id"], kind, error=_errored(result["error"]))
    if kind != "succeeded":
        return Result(line["custom_id"], kind)
    message = result["message"]
    usage = Usage.from_dict(message.get("usage") or {})
    told = Result(
        line["custom_id"],
        kind,
        # the half price is the batch's, whether the message says so or not
        usage=replace(usage, service_tier="batch"),
        model=str(message.get("model") or ""),
        message_id=str(message.get("id") or ""),
    )
    try:
        return replace(told, events=tuple(whole(message)))
    except EngineError as error:
        return replace(told, error=error)


def _errored(body: dict[str, Any]) -> EngineError:
    """The error of an item stands within another, as a response's would."""
    inner = body.get("error") or {}
    if isinstance(inner.get("error"), dict):
        inner = inner["error"]
    return of_result(inner, body.get("request_id"))


def backoff(looks: int) -> float:
    """Seconds until a batch is looked at again, after so many looks: most take minutes, and some
    the whole day."""
    return min(300.0, 2.0 * math.pow(1.5, min(looks, 20)))
