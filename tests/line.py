"""The line between a browser and the server: it can be slow, fall silent, or be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit

from tests.conftest import free_port


class Line:
    """Listens on ``address`` and passes on what comes, both ways, until closed.

    ``bytes_per_second`` limits what goes to the server, 0 for no limit; while ``silent`` nothing
    goes there at all.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 80)
        self.address = f"http://127.0.0.1:{free_port()}"
        self.bytes_per_second = 0
        self.silent = False
        self.passed = 0
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", urlsplit(self.address).port or 0))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for one, other, up in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._pass, args=(one, other, up), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(16_384):
                while up and self.silent:
                    time.sleep(0.02)
                other.sendall(data)
                if up:
                    self.passed += len(data)
                    if self.bytes_per_second:
                        time.sleep(len(data) / self.bytes_per_second)
        self._end(one, other)

    def _end(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)

    def cut(self) -> None:
        """End every connection; new ones are taken as before."""
        self._end(*list(self._open))

    def close(self) -> None:
        self._listener.close()
        self.cut()
