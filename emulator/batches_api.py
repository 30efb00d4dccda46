"""The routes of message batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from . import batches
from .bodies import json_body
from .errors import invalid
from .files_api import limit_of
from .ledger import Entry
from .stream import ClientGone, reset

if TYPE_CHECKING:
    from .app import Emulator


async def make_or_list(emulator: Emulator, request: Request, entry: Entry) -> Response:
    account = request.state.account
    if request.method == "POST":
        body = await _body(request, entry)
        made = await asyncio.to_thread(emulator.batches.add, account, body.get("requests"))
        fault = request.state.fault
        if fault and fault.kind in ("reset", "truncate"):
            # it was made, and nobody hears of it
            reset(request.scope)
            raise ClientGone
        return JSONResponse(made)
    query = request.query_params
    after, before = query.get("after_id"), query.get("before_id")
    if after and before:
        raise invalid("after_id: mutually exclusive with before_id")
    return JSONResponse(emulator.batches.page(account, limit_of(query.get("limit")), after, before))


async def _body(request: Request, entry: Entry) -> dict[str, Any]:
    body = await json_body(request, entry, batches.MAX_BODY)
    # a batch is large, and each of its requests has an entry of its own
    entry.body = {"requests": len(body.get("requests") or ())}
    entry.size = 0
    if unknown := set(body) - {"requests"}:
        raise invalid(f"{min(unknown)}: Extra inputs are not permitted")
    return body


async def get_or_delete(emulator: Emulator, request: Request, entry: Entry) -> Response:
    account, id_ = request.state.account, request.path_params["id"]
    if request.method == "DELETE":
        return JSONResponse(emulator.batches.delete(account, id_))
    return JSONResponse(emulator.batches.get(account, id_))


async def cancel(emulator: Emulator, request: Request, entry: Entry) -> Response:
    return JSONResponse(emulator.batches.cancel(request.state.account, request.path_params["id"]))


async def results(emulator: Emulator, request: Request, entry: Entry) -> Response:
    lines = emulator.batches.results(request.state.account, request.path_params["id"])
    return StreamingResponse(lines, media_type="application/x-jsonl")


async def control(emulator: Emulator, request: Request) -> dict[str, Any]:
    """How fast batches are worked off. POST `{"seconds": n}` or `{"hold": true}` changes it."""
    if request.method == "POST":
        emulator.batches.set(await request.json())
    pace = emulator.batches.pace
    return {"seconds": pace.seconds, "hold": pace.hold}
