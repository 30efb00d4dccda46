"""Every request to the API becomes one row, whatever came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User, Workspace
from qa import allowances, claude_models, engine, warmth
from qa.claude import Connection
from qa.engine import catalogue
from qa.models import Answer, ApiCall, Thread

_LINES = {
    ApiCall.Purpose.COUNT: allowances.COUNTING,
    ApiCall.Purpose.UPLOAD: allowances.UPLOADS,
}
UNFINISHED = "unfinished"
"""The error type of a request while its answer comes; it stays when the worker is killed."""


def begin_message(
    answer: Answer,
    connection: Connection,
    request: engine.Request,
    usage: engine.Usage,
    *,
    model: str,
    request_id: str,
) -> None:
    """A first row as soon as the API has begun to answer: what is read is paid for from then on,
    and a worker that is killed says nothing at the end. ``record_message`` completes it."""
    record_message(
        answer,
        connection,
        request,
        usage,
        model=model,
        request_id=request_id,
        error_type=UNFINISHED,
    )


def record_message(
    answer: Answer,
    connection: Connection,
    request: engine.Request,
    usage: engine.Usage,
    *,
    model: str,
    error_type: str = "",
    **fields: Any,
) -> ApiCall:
    """The row of one messages request, with what it cost at the catalogue's rates."""
    return _record(
        connection,
        request,
        usage,
        purpose=ApiCall.Purpose.ANSWER,
        workspace=answer.workspace,
        user=answer.author,
        answer=answer,
        thread=answer.thread,
        model_requested=answer.model_requested,
        model=model,
        error_type=error_type,
        **fields,
    )


def record_routing(
    answer: Answer,
    connection: Connection,
    request: engine.Request,
    usage: engine.Usage,
    **fields: Any,
) -> ApiCall:
    """The row of a request that chose who answers."""
    return _record(
        connection,
        request,
        usage,
        purpose=ApiCall.Purpose.ROUTE,
        workspace=answer.workspace,
        user=answer.author,
        answer=answer,
        model_requested=request.params["model"],
        **fields,
    )


def record_summarising(
    answer: Answer,
    connection: Connection,
    request: engine.Request,
    usage: engine.Usage,
    **fields: Any,
) -> ApiCall:
    """The row of a request that summarised the beginning of a conversation."""
    return _record(
        connection,
        request,
        usage,
        purpose=ApiCall.Purpose.SUMMARISE,
        workspace=answer.workspace,
        user=answer.author,
        answer=answer,
        thread=answer.thread,
        model_requested=request.params["model"],
        **fields,
    )


def record_warming(
    workspace: Workspace,
    thread: Thread | None,
    user: User,
    connection: Connection,
    request: engine.Request,
    outcome: engine.Warmed | engine.EngineError,
    *,
    model: str,
) -> ApiCall:
    """The row of a request that only read the documents of a conversation that was opened, or
    is about to begin."""
    fields: dict[str, Any] = {"request_id": outcome.request_id or "", "total_ms": outcome.total_ms}
    if isinstance(outcome, engine.EngineError):
        fields |= {"model": model, "error_type": outcome.type or outcome.code}
    else:
        fields |= {"model": outcome.model, "message_id": outcome.message_id}
        fields |= missed(outcome.missed)
    return _record(
        connection,
        request,
        outcome.usage,
        purpose=ApiCall.Purpose.WARM,
        workspace=workspace,
        user=user,
        thread=thread,
        model_requested=model,
        **fields,
    )


def record_suggesting(
    workspace: Workspace,
    user: User,
    connection: Connection,
    request: engine.Request,
    usage: engine.Usage,
    **fields: Any,
) -> ApiCall:
    """The row of a request that looked for first questions about a document."""
    return _record(
        connection,
        request,
        usage,
        purpose=ApiCall.Purpose.SUGGEST,
        workspace=workspace,
        user=user,
        model_requested=request.params["model"],
        **fields,
    )


def missed(why: engine.Missed | None) -> dict[str, Any]:
    """The columns for why the cache was missed."""
    if why is None:
        return {}
    return {"cache_miss_reason": why.reason, "cache_missed_tokens": why.tokens}


def _record(
    connection: Connection, request: engine.Request, usage: engine.Usage, **fields: Any
) -> ApiCall:
    known = _priced(fields["model"], fields["model_requested"])
    took = timedelta(milliseconds=fields.get("total_ms") or 0)
    row = _begun(**fields) or ApiCall()
    left = warmth.kept(connection, request, usage, timezone.now() - took)
    if row.cache_miss_reason:
        # found when it began; by now this request itself has made the documents warm
        left |= missed(engine.Missed(row.cache_miss_reason, row.cache_missed_tokens))
    if fields.get("cache_miss_reason", "unavailable") != "unavailable":
        # the API knows better
        left = {name: value for name, value in left.items() if name not in fields}
    kept: dict[str, Any] = dict(
        backend=connection.backend,
        prompt_version=request.prompt_version,
        parameters=parameters(request),
        document_map=document_map(request),
        found_map=[[one.version, *one.range(0, len(one.spans))] for one in request.found],
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        thinking_tokens=usage.thinking_tokens,
        cache_read_tokens=usage.cache_read_input_tokens,
        cache_write_5m_tokens=usage.ephemeral_5m_input_tokens,
        cache_write_1h_tokens=usage.ephemeral_1h_input_tokens,
        usage=usage.as_dict(),
        rates=known.rates_for(usage.prompt_tokens).as_dict(),
        rates_date=str(known.rates_on or ""),
        cost_usd=catalogue.cost(usage, known),
        saved_usd=catalogue.saved(usage, known),
        **(fields | left),
    )
    for name, value in kept.items():
        setattr(row, name, value)
    row.save()
    return row


def _begun(
    request_id: str = "", answer: Answer | None = None, error_type: str = "", **_others: Any
) -> ApiCall | None:
    """The row that ``begin_message`` wrote for this request."""
    if answer is None or not request_id or error_type == UNFINISHED:
        return None
    rows = ApiCall.objects.filter(answer=answer, request_id=request_id, error_type=UNFINISHED)
    return rows.first()


def _priced(model: str, requested: str) -> catalogue.Model:
    """Whose prices count: the answering model's, or the chosen one's where that is not known."""
    try:
        return claude_models.get(model)
    except engine.UnknownModel:
        return claude_models.get(requested)


def document_map(request: engine.Request) -> list[Any]:
    """What each document_index stands for: a version's text, or the pages of it in a part."""
    return [
        {"version": version, "pages": list(request.looks[index])}
        if index in request.looks
        else version
        for index, version in enumerate(request.document_map)
    ]


@contextmanager
def recorded(purpose: ApiCall.Purpose, connection: Connection, **fields: Any) -> Iterator[ApiCall]:
    """Times a free request (count, upload, delete) and writes its row, on failure too.

    Raises EngineError without a row where the account takes no such request now.
    """
    line = _LINES.get(purpose)
    if line is not None:
        allowances.hold(connection, line)
    row = ApiCall(purpose=purpose, backend=connection.backend, **fields)
    began = time.monotonic()
    try:
        yield row
    except engine.EngineError as error:
        row.error_type = error.type or error.code
        row.request_id = error.request_id or ""
        if line is not None:
            allowances.heard(connection, line, error.limits, error=error)
        raise
    finally:
        row.total_ms = int((time.monotonic() - began) * 1000)
        row.save()


def heard(row: ApiCall, connection: Connection, limits: engine.Limits | None) -> None:
    """What the response to a free request says of the account's limits for its kind."""
    allowances.heard(connection, _LINES[ApiCall.Purpose(row.purpose)], limits)


def parameters(request: engine.Request) -> dict[str, Any]:
    """What was asked of the model, without the texts; of its tools the names."""
    params = request.params.items()
    asked = {name: value for name, value in params if name not in ("messages", "system", "tools")}
    tools = [tool["name"] for tool in request.params.get("tools") or ()]
    if request.unsent:
        asked["pictures_unsent"] = request.unsent
    return asked | ({"tools": tools} if tools else {})
