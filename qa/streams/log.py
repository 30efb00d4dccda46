"""What a stream log is: the events, a reader's place among them, and what each backend can do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

Event = dict[str, Any]


class Unreachable(Exception):
    """The log cannot be written at the moment; what was to be said may be said again later."""


@dataclass
class Cursor:
    """How far a reader has come, in the terms of whichever backend it reads."""

    attempt: int = 0
    offset: int = 0
    rest: bytes = field(default=b"", repr=False)
    entry: str = "0-0"
    position: int = 0
    broken: bool = False


class Backend(Protocol):
    def append(
        self, answer: UUID, attempt: int, events: list[Event], position: int | None = None
    ) -> bool:
        """Adds what an attempt says next. ``position`` counts the batches that went before.

        At 0 a log is begun; later, False says that some of the log is gone: say everything again
        from 0. Without a position it is begun if need be. Raises Unreachable.
        """
        ...

    def read(self, answer: UUID, cursor: Cursor) -> list[Event]:
        """What came since the cursor, which moves on. Never waits."""
        ...

    def follow(self, answer: UUID, keep_alive: float) -> AsyncGenerator[list[Event], None]:
        """Batches from the newest attempt's beginning on, for ever.

        An empty one says that nothing came for so many seconds, or that the log is out of reach.
        """
        ...

    def tidy(self, older_than: float) -> int:
        """Removes logs untouched for that many seconds; how many."""
        ...
