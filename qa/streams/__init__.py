"""The stream log: what a running answer has said so far, for everybody who watches it.

A worker publishes, any number of web processes follow. Every attempt at an answer speaks for
itself, so a worker that lost its lease can never write into the stream of the one that took over.
Where ``REDIS_URL`` is set the log is a Redis Stream, else a file. Events are dicts with a ``type``:

- ``status``: ``sentence``, what is going on before the first text
- ``thought``: ``text``, to be appended to the summary of the thinking
- ``text``: ``block`` (text blocks only, from 0) and ``text``, to be appended
- ``cite``: ``block`` and the footnote (``number``, ``title``, …) that stands at its end
- ``broke``: ``sentence``; the attempt failed in mid-answer, what it said is void
- ``end``: the answer is finished in the database

and three that ``events`` makes: ``restart``, another attempt began, what was said before is void;
``again``, the log was lost and all of it comes once more; ``lost``, what comes is not whole, so the
answer can only be read when it is finished.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from django.conf import settings

from qa.streams.files import Files
from qa.streams.log import Backend, Cursor, Event, Unreachable
from qa.streams.redis_streams import Redis

__all__ = ["Backend", "Cursor", "Event", "Files", "Redis", "Unreachable", "backend", "events"]
__all__ += ["publish"]
KEEP_ALIVE = 15.0  # seconds without an event after which an empty batch is given


def backend() -> Backend:
    return Redis(settings.REDIS_URL) if settings.REDIS_URL else Files(settings.STREAMS)


def publish(answer: UUID, attempt: int, events: list[Event], position: int | None = None) -> bool:
    """As ``Backend.append``: False when the log is gone. Raises Unreachable."""
    return not events or backend().append(answer, attempt, events, position)


async def events(answer: UUID) -> AsyncIterator[list[Event]]:
    """Batches of events from the newest attempt's beginning on, until after ``end``.

    An empty batch says that nothing came for ``KEEP_ALIVE`` seconds, or that the log is out of
    reach: a time to look whether the answer has ended.
    """
    async with aclosing(backend().follow(answer, KEEP_ALIVE)) as batches:
        async for batch in batches:
            yield batch
            if any(event["type"] == "end" for event in batch):
                return
