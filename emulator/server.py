"""The uvicorn server under the application."""

import asyncio
import contextlib
import functools
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import create_app
from .stream import TRANSPORT, Pace

GRACE = 1  # seconds for what still runs after its connection was cut


class _Protocol(HttpToolsProtocol):
    """Puts the connection's transport into the scope, so that a fault can reset the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = functools.partial(_with_transport, self.app, transport)


async def _with_transport(
    app: ASGIApp, transport: asyncio.Transport, scope: Scope, receive: Receive, send: Send
) -> None:
    await app({**scope, TRANSPORT: transport}, receive, send)


class _Server(uvicorn.Server):
    """Says where it listens once it does, and hangs up on open streams when told to end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            print(f"emulator listening on http://{_bracketed(host)}:{port}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def serve(host: str, port: int, folder: Path, pace: Pace, *, quiet: bool) -> None:
    """Serve until told to end. Exits with a sentence when the address is taken."""
    listener = _listen(host, port)
    options: dict[str, Any] = {"log_level": "error" if quiet else "info", "access_log": not quiet}
    config = uvicorn.Config(
        create_app(folder, pace),
        http=_Protocol,
        lifespan="off",
        proxy_headers=False,  # or a header could claim to come from loopback
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=75,
        **options,
    )
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        sys.exit(f"emulator: cannot listen on {host}:{port}: {error.strerror}")
    return listener
