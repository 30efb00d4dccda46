"""Every request to the API becomes one row, whatever came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qa import claude_models, engine
from qa.claude import Connection
from qa.engine import catalogue
from qa.models import Answer, ApiCall


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
    known = _priced(model, answer.model_requested)
    return ApiCall.objects.create(
        purpose=ApiCall.Purpose.ANSWER,
        backend=connection.backend,
        workspace=answer.workspace,
        user=answer.author,
        answer=answer,
        model_requested=answer.model_requested,
        model=model,
        prompt_version=request.prompt_version,
        parameters=parameters(request),
        document_map=list(request.document_map),
        error_type=error_type,
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
        **fields,
    )


def _priced(model: str, requested: str) -> catalogue.Model:
    """Whose prices count: the answering model's, or the chosen one's where that is not known."""
    try:
        return claude_models.get(model)
    except engine.UnknownModel:
        return claude_models.get(requested)


@contextmanager
def recorded(purpose: ApiCall.Purpose, connection: Connection, **fields: Any) -> Iterator[ApiCall]:
    """Times a free request (count, upload, delete) and writes its row, on failure too."""
    row = ApiCall(purpose=purpose, backend=connection.backend, **fields)
    began = time.monotonic()
    try:
        yield row
    except engine.EngineError as error:
        row.error_type = error.type or error.code
        row.request_id = error.request_id or ""
        raise
    finally:
        row.total_ms = int((time.monotonic() - began) * 1000)
        row.save()


def parameters(request: engine.Request) -> dict[str, Any]:
    """What was asked of the model, without the texts."""
    params = request.params.items()
    return {name: value for name, value in params if name not in ("messages", "system")}
