"""The routes: who may ask, what they sent, and the answer or the API's refusal of it."""

import asyncio
import hashlib
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import batches_api, files_api, models, models_api, rules, schema, tokens
from .batches import Batches
from .bodies import json_body, parse
from .cache import Clock, PromptCache
from .diagnostics import Diagnoses
from .errors import ApiError, invalid, not_found, overloaded, unauthenticated
from .faults import Fault, Faults
from .files import Files
from .ledger import Entry, Ledger
from .library import Library
from .limits import Limits
from .planning import plan
from .prompt import read_prompt
from .store import Store
from .stream import ClientGone, EventStream, Pace, events, reset, until_gone

VERSION = "2026-10-21"

Json = dict[str, Any]
Handler = Callable[["Emulator", Request, Entry], Awaitable[Any]]


class Emulator:
    """What all requests share."""

    def __init__(self, folder: Path, pace: Pace) -> None:
        self.pace = pace
        self.store = Store(folder)
        self.files = Files(self.store)
        self.clock = Clock()
        self.cache = PromptCache(self.store, self.clock)
        self.diagnoses = Diagnoses()
        self.library = Library()
        self.faults = Faults()
        self.limits = Limits()
        self.ledger = Ledger()
        self.batches = Batches(self)


def create_app(folder: Path, pace: Pace) -> ASGIApp:
    """The ASGI application with its state in `folder`."""
    emulator = Emulator(folder, pace)

    def api(path: str, name: str, handler: Handler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Any:
            return await _serve(emulator, name, handler, request)

        return Route(path, endpoint, methods=list(methods))

    def control(
        path: str, handler: Callable[[Emulator, Request], Awaitable[Any]], *methods: str
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            _require_loopback(request)
            return JSONResponse(await handler(emulator, request))

        return Route(path, endpoint, methods=list(methods))

    app = Starlette(
        routes=[
            api("/v1/messages", "messages", _messages, "POST"),
            api("/v1/messages/count_tokens", "count_tokens", _count_tokens, "POST"),
            api("/v1/messages/batches", "batches", batches_api.make_or_list, "GET", "POST"),
            api("/v1/messages/batches/{id}", "batches", batches_api.get_or_delete, "GET", "DELETE"),
            api("/v1/messages/batches/{id}/cancel", "batches", batches_api.cancel, "POST"),
            api("/v1/messages/batches/{id}/results", "batches", batches_api.results, "GET"),
            api("/v1/models", "models", models_api.list_models, "GET"),
            api("/v1/models/{id:path}", "models", models_api.get_model, "GET"),
            api("/v1/files", "files", files_api.upload_or_list, "GET", "POST"),
            api("/v1/files/{id}", "files", files_api.get_or_delete, "GET", "DELETE"),
            api("/v1/files/{id}/content", "files", files_api.download, "GET"),
            control("/emulator/health", _health, "GET"),
            control("/emulator/requests", _requests, "GET"),
            control("/emulator/clock", _clock, "GET", "POST"),
            control("/emulator/faults", _faults, "GET", "POST", "DELETE"),
            control("/emulator/batches", batches_api.control, "GET", "POST"),
            control("/emulator/limits", _limits, "GET", "POST", "DELETE"),
        ],
        exception_handlers={ApiError: _on_api_error, HTTPException: _on_http_error, 500: _on_crash},
    )
    return _with_api_headers(app, emulator.limits)


async def _serve(emulator: Emulator, name: str, handler: Handler, request: Request) -> Any:
    """Who asks, which fault is due, then the handler; the ledger notes how it ended."""
    entry = Entry(f"{name}", request.scope["emulator.request_id"])
    emulator.ledger.add(entry)
    try:
        account = _account(request)
        request.state.account = account
        fault = emulator.faults.take(name)
        if fault:
            entry.fault = fault.kind
            if fault.kind == "delay":
                await until_gone(_no_body_left(request), fault.ms / 1000)
            if refusal := fault.refusal():
                raise refusal
        request.state.fault = fault
        response = await handler(emulator, request, entry)
        entry.status = 200
        return response
    except ApiError as error:
        entry.status = error.status
        raise
    except ClientGone:
        entry.disconnected = True
        return Response(status_code=499)


def _no_body_left(request: Request) -> Receive:
    """While a request is held back its body stays unread, so only time can end the wait."""

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    return receive


async def _messages(emulator: Emulator, request: Request, entry: Entry) -> Any:
    body = await json_body(request, entry)
    fault: Fault | None = request.state.fault
    planned = await asyncio.to_thread(plan, emulator, request.state.account, body, fault)
    line = planned.prompt.model.line
    request.scope["emulator.limited"] = (planned.account, line)
    emulator.limits.take(planned.account, line, planned.use.uncached + planned.use.written)
    entry.message_id, usage = planned.message["id"], planned.message["usage"]

    def begun() -> None:
        entry.begun = True
        emulator.cache.write(planned.account, planned.use)
        emulator.diagnoses.remember(
            planned.account, planned.message["id"], planned.prompt.identity, planned.use
        )

    def spoke() -> None:
        entry.spoke_at = time.time()

    def ended(sent: int, complete: bool, gone: bool) -> None:
        entry.disconnected = gone
        if entry.begun:
            entry.usage = usage if complete else {**usage, "output_tokens": sent}
        emulator.limits.wrote(planned.account, line, sent)

    def count(text: str) -> int:
        return tokens.of_text(planned.prompt.model, text)

    if body.get("stream"):
        sent = list(events(planned.message, count))
        return EventStream(sent, emulator.pace, fault, begun, spoke, ended)
    await _plain_fault(request, fault)
    await until_gone(request.receive, _seconds(emulator.pace, usage["output_tokens"]))
    begun()
    ended(usage["output_tokens"], True, False)
    return JSONResponse(planned.message)


def _seconds(pace: Pace, output_tokens: int) -> float:
    writing = output_tokens / pace.tokens_per_second if pace.tokens_per_second else 0.0
    return pace.first_token_ms / 1000 + writing


async def _plain_fault(request: Request, fault: Fault | None) -> None:
    """Faults of streams, as far as an answer in one piece can have them."""
    if fault is None:
        return
    if fault.kind in ("slow_first_byte", "silence"):
        await until_gone(request.receive, fault.ms / 1000)
    elif fault.kind == "mid_stream_error":
        raise overloaded()
    elif fault.kind in ("reset", "truncate"):
        reset(request.scope)
        raise ClientGone


async def _count_tokens(emulator: Emulator, request: Request, entry: Entry) -> Response:
    body = await json_body(request, entry)

    def count() -> int:
        schema.validate_count(body)
        model = models.find_usable(body["model"])
        rules.check_count(body)
        rules.check(model, body)
        return read_prompt(model, body, _no_files).tokens

    return JSONResponse({"input_tokens": await asyncio.to_thread(count)})


def _no_files(id_: str, block: str) -> tuple[str, bytes]:
    raise AssertionError(f"{id_}: files are not counted")


async def _health(emulator: Emulator, request: Request) -> Json:
    return {"status": "ok", "anthropic_version": VERSION}


async def _requests(emulator: Emulator, request: Request) -> Json:
    return emulator.ledger.report(files_api.limit_of(request.query_params.get("limit")))


async def _clock(emulator: Emulator, request: Request) -> Json:
    """The prompt cache's time. POST `{"advance": seconds}` moves it forward: entries run out."""
    if request.method == "POST":
        sent = parse(await request.body())
        seconds = sent.get("advance") if isinstance(sent, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise invalid("advance: Input should be a number of seconds, 0 or more")
        emulator.clock.ahead += seconds
    return {"now": emulator.clock.now(), "ahead": emulator.clock.ahead}


async def _faults(emulator: Emulator, request: Request) -> Json:
    if request.method == "POST":
        emulator.faults.add(parse(await request.body()))
    elif request.method == "DELETE":
        emulator.faults.clear()
    return {"faults": emulator.faults.waiting()}


async def _limits(emulator: Emulator, request: Request) -> Json:
    if request.method == "POST":
        emulator.limits.set(parse(await request.body()))
    elif request.method == "DELETE":
        emulator.limits.set({})
    return {"limits": emulator.limits.now()}


def _require_loopback(request: Request) -> None:
    client = request.client
    if client is None or not ipaddress.ip_address(client.host).is_loopback:
        raise not_found("Not Found")


def _account(request: Request) -> str:
    """A hash of the key. Raises `ApiError` 401 for none or a bad one, 400 for another version."""
    key = request.headers.get("x-api-key", "").strip()
    if not key:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        key = value.strip() if scheme.lower() == "bearer" else ""
    if not key:
        raise unauthenticated("x-api-key header is required")
    if key.startswith("sk-bad"):
        raise unauthenticated()
    version = request.headers.get("anthropic-version")
    if version != VERSION:
        raise invalid(f'anthropic-version: "{version}" is not supported; expected "{VERSION}"')
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    if error.page:
        return HTMLResponse(f"<html><h1>{error.message}</h1></html>", error.status)
    body = error.body(request.scope["emulator.request_id"])
    return JSONResponse(body, error.status, headers=error.headers)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = "not_found_error" if error.status_code == 404 else "invalid_request_error"
    return _on_api_error(request, ApiError(error.status_code, kind, error.detail))


def _on_crash(request: Request, error: Exception) -> Response:
    return _on_api_error(request, ApiError(500, "api_error", f"emulator failure: {error!r}"))


def _with_api_headers(app: ASGIApp, limits: Limits) -> ASGIApp:
    """Every response carries a request id and the rate limit headers."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id = "req_011C" + secrets.token_hex(10)
        scope["emulator.request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {"request-id": request_id, "anthropic-organization-id": "local"}
                own |= limits.headers(*scope.get("emulator.limited", ("", "")))
                added = [(name.encode(), value.encode()) for name, value in own.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await app(scope, receive, send_with_headers)

    return wrapped
