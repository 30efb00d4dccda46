"""The Models API's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import files_api, models
from .errors import invalid
from .ledger import Entry

if TYPE_CHECKING:
    from .app import Emulator


async def list_models(emulator: Emulator, request: Request, entry: Entry) -> Response:
    query = request.query_params
    wanted = query.getlist("lifecycle[]") or ["active", "deprecated"]
    listed = [model for model in models.MODELS if model.lifecycle in wanted]
    ids = [model.id for model in listed]
    limit = files_api.limit_of(query.get("limit"))
    after, before = query.get("after_id"), query.get("before_id")
    if after:
        if after not in ids:
            raise invalid("after_id: unknown id")
        listed = listed[ids.index(after) + 1 :]
    if before:
        if before not in ids:
            raise invalid("before_id: unknown id")
        listed = listed[: ids.index(before)]
    page = listed[-limit:] if before else listed[:limit]
    return JSONResponse(
        {
            "data": [model.info() for model in page],
            "has_more": len(listed) > limit,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
    )


async def get_model(emulator: Emulator, request: Request, entry: Entry) -> Response:
    return JSONResponse(models.find(request.path_params["id"]).info())
