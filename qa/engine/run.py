"""A request becomes events."""

from __future__ import annotations

from collections.abc import Iterator

from .client import Client, Interrupt
from .events import Event
from .request import Request


def run(client: Client, request: Request, interrupt: Interrupt | None = None) -> Iterator[Event]:
    """Send `request` and yield its events as they arrive.

    Raises ``EngineError`` when the request fails or its answer is none; ``Interrupted`` when
    `interrupt` is set. Closing the iterator closes the connection.
    """
    raise NotImplementedError
