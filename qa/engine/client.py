"""A connection to Claude that can be interrupted at once.

Closing a response acts only at its next byte; shutting its socket down acts now. So the client's
network streams tell the run's ``Interrupt`` which socket they are waiting on, while they wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import anthropic
import httpcore2
import httpx2

from .errors import EngineError, Interrupted

READ_TIMEOUT = 300.0
"""Seconds between two bytes. Pings count, so only a dead connection is as silent as this."""
CONNECT_TIMEOUT = 5.0
KEEPALIVE = 30.0
"""Seconds an idle connection is kept for the next request: it saves the TLS handshake."""
LIMITS = httpx2.Limits(
    max_connections=1000, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE
)
# a proxy of the environment cannot reach this machine's own emulator
LOOPBACK: dict[str, Any] = {
    "all://127.0.0.1": None,
    "all://localhost": None,
    "all://[::1]": None,
}


class Interrupt:
    """Ends a running request at once when ``set`` from any thread, in silence too.

    Make one for each run. Once set it stays set: a run that has not begun ends as it begins.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flag = False
        self._wake: Callable[[], object] | None = None

    def set(self) -> None:
        with self._lock:
            self._flag = True
            # under the lock: once `waiting` is left, the socket may be another run's
            if self._wake is not None:
                self._wake()

    def is_set(self) -> bool:
        return self._flag

    @contextlib.contextmanager
    def waiting(self, wake: Callable[[], object]) -> Iterator[None]:
        """A wait that `wake` ends. Raises ``Interrupted`` if set before; look again after it."""
        with self._lock:
            if self._flag:
                raise Interrupted
            self._wake = wake
        try:
            yield
        finally:
            with self._lock:
                self._wake = None


_running: ContextVar[Interrupt | None] = ContextVar("running", default=None)


@contextlib.contextmanager
def interruptible(interrupt: Interrupt | None) -> Iterator[None]:
    """Connections that this thread opens or writes to in here obey `interrupt` from then on."""
    token = _running.set(interrupt)
    try:
        yield
    finally:
        _running.reset(token)


class Stream(httpcore2.NetworkStream):
    """A network stream whose waits end when the interrupt of its present run is set.

    A kept connection serves one run after another: the one that writes the request owns it.
    """

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner
        self._owner = _running.get()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._owner is None:
            return self._inner.read(max_bytes, timeout)
        with self._owner.waiting(self._shut_down):
            return self._inner.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._owner = _running.get()
        if self._owner is None:
            return self._inner.write(buffer, timeout)
        with self._owner.waiting(self._shut_down):
            return self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        if self._owner is None:
            return Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))
        # wrapping takes the descriptor away from the plain socket before the handshake
        twin: socket.socket = self._inner.get_extra_info("socket").dup()
        try:
            with twin, self._owner.waiting(lambda: shut_down(twin)):
                return Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))
        except Interrupted:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _shut_down(self) -> None:
        shut_down(self._inner.get_extra_info("socket"))


class Backend(httpcore2.SyncBackend):
    """Opens interruptible connections, and can be interrupted while it looks a name up."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        interrupt = _running.get()
        connect = super().connect_tcp
        if interrupt is None:
            return Stream(connect(host, port, timeout, local_address, socket_options))
        opened: Future[httpcore2.NetworkStream] = Future()

        def open_it() -> None:
            try:
                inner = connect(host, port, timeout, local_address, socket_options)
            except Exception as exc:
                settle(opened, exc)
            else:
                if not settle(opened, inner):
                    inner.close()

        with interrupt.waiting(lambda: settle(opened, Interrupted())):
            # neither a name look-up nor a connect can be ended from outside: it is left behind
            threading.Thread(target=open_it, name="connect", daemon=True).start()
            return Stream(opened.result())


def settle(
    future: Future[httpcore2.NetworkStream], outcome: httpcore2.NetworkStream | Exception
) -> bool:
    """Decide `future`, if nothing has decided it yet; says whether it did."""
    try:
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
    except InvalidStateError:
        return False
    return True


def shut_down(sock: socket.socket) -> None:
    """End what waits on `sock`, now. Harmless when it is closed already."""
    with contextlib.suppress(OSError):
        # not the TLS socket's own method: that one changes it under the thread that reads it
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Client:
    """The SDK's client with its key, address and retries pinned; threads may share it.

    ``sdk`` is the SDK's own client, for files and models. It never retries: each request is one
    row of the ledger, and waiting is the queue's business.
    """

    def __init__(self, sdk: anthropic.Anthropic) -> None:
        self.sdk = sdk

    def close(self) -> None:
        """Close idle and running connections; the client cannot be used afterwards."""
        self.sdk.close()


def make_client(api_key: str, base_url: str, *, timeout: float = READ_TIMEOUT) -> Client:
    """A client of the API at `base_url`; keep one per process, it keeps connections open.

    `timeout` is the longest silence between two bytes, in seconds (pings count as bytes).
    Raises ``EngineError`` with code ``no_key`` if `api_key` is empty.
    """
    if not api_key:
        raise EngineError("no_key")
    limits = httpx2.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout))
    http = anthropic.DefaultHttpxClient(timeout=limits, limits=LIMITS, mounts=LOOPBACK)
    for transport in (http._transport, *http._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            # the transport has no argument for it, though its pool does
            transport._pool._network_backend = Backend()
    return Client(
        anthropic.Anthropic(
            api_key=api_key, base_url=base_url, timeout=limits, max_retries=0, http_client=http
        )
    )


def account(api_key: str, base_url: str) -> str:
    """A short hash that names the account at the other end without telling the key."""
    digest = hashlib.sha256(f"{base_url.rstrip('/')}\0{api_key}".encode())
    return digest.hexdigest()[:16]
