"""The Files API's routes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .errors import invalid, too_large
from .files import MAX_BYTES
from .ledger import Entry

if TYPE_CHECKING:
    from .app import Emulator

MAX_IDS = 100
# Room for the other field and the part headers of an upload.
ENVELOPE = 64 * 1024


async def upload_or_list(emulator: Emulator, request: Request, entry: Entry) -> Response:
    if request.method == "POST":
        return await _upload(emulator, request, entry)
    return _list(emulator, request)


async def get_or_delete(emulator: Emulator, request: Request, entry: Entry) -> Response:
    account, id_ = request.state.account, request.path_params["id"]
    if request.method == "DELETE":
        emulator.files.delete(account, id_)
        return JSONResponse({"id": id_, "type": "file_deleted"})
    return JSONResponse(emulator.files.get(account, id_).metadata())


async def download(emulator: Emulator, request: Request, entry: Entry) -> Response:
    id_ = request.path_params["id"]
    emulator.files.usable(request.state.account, id_)
    raise invalid(
        f"File {id_} is not downloadable: only generated files are.", "file_not_downloadable"
    )


def limit_of(value: str | None) -> int:
    """A page's size: 20 unless told, 1 to 1,000. Raises `ApiError` 400."""
    if value is None:
        return 20
    if not value.isdecimal() or not 1 <= int(value) <= 1000:
        raise invalid("limit: Input should be an integer from 1 to 1000")
    return int(value)


async def _upload(emulator: Emulator, request: Request, entry: Entry) -> Response:
    if int(request.headers.get("content-length", "0")) > MAX_BYTES + ENVELOPE:
        async for _ in request.stream():
            pass  # the client listens only when it has sent everything
        raise too_large("file exceeds the maximum size of 500 MB")
    try:
        async with request.form() as form:
            return await _keep(emulator, request.state.account, form, entry)
    except MultiPartException as error:
        raise invalid(f"multipart: {error.message}") from None


async def _keep(emulator: Emulator, account: str, form: FormData, entry: Entry) -> Response:
    file, expires_in = form.get("file"), form.get("expires_in_seconds")
    if not isinstance(file, UploadFile):
        raise invalid("file: Field required")
    if unknown := set(form) - {"file", "expires_in_seconds"}:
        raise invalid(f"{min(unknown)}: Extra inputs are not permitted")
    content = await file.read()
    entry.body = {
        "filename": file.filename,
        "mime_type": file.content_type,
        "size_bytes": len(content),
        "expires_in_seconds": expires_in,
    }
    stored = await asyncio.to_thread(
        emulator.files.add,
        account,
        file.filename or "",
        file.content_type or "",
        content,
        str(expires_in) if expires_in is not None else None,
    )
    return JSONResponse(stored.metadata())


def _list(emulator: Emulator, request: Request) -> Response:
    account, query = request.state.account, request.query_params
    ids = list(dict.fromkeys(query.getlist("ids[]")))
    next_page: Any = None
    if ids:
        if "page" in query or "limit" in query:
            raise invalid("ids: mutually exclusive with page and limit")
        if len(ids) > MAX_IDS:
            raise invalid(f"ids: at most {MAX_IDS} ids")
        files = emulator.files.among(account, ids)
    else:
        limit = limit_of(query.get("limit"))
        files, next_page = emulator.files.page(account, limit, query.get("page"))
    return JSONResponse({"data": [file.metadata() for file in files], "next_page": next_page})
