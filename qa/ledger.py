"""Every request to the API becomes one row, whatever came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qa import engine
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
    known = catalogue.get(model)
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
        rates_date=str(catalogue.RATES_DATE),
        cost_usd=catalogue.cost(usage, known),
        saved_usd=catalogue.saved(usage, known),
        **fields,
    )


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
