"""Stream logs as Redis Streams: for several machines, or many tabs.

An answer is one stream; an entry carries the attempt that speaks, how many batches of it went
before, and the events. So it is noticed when something is missing, which happens when Redis went
away and came back with less than it had: the writer then says everything again.
Redis forgets a stream by itself, a day after the last word, or soon after the end.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

from qa.streams.log import Cursor, Event, Unreachable

logger = logging.getLogger(__name__)

KEPT, KEPT_ENDED = 24 * 3600, 600  # seconds after the last word; the database has what ended
PATIENCE = 2.0  # seconds for a connection or an answer
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two tries to reach it again
OUT_OF_REACH = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, OSError)
# a broken connection is to be noticed, not mended in silence: a restarted Redis may have lost much
_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": PATIENCE,
    "decode_responses": True,
    "protocol": 2,
    "driver_info": None,
    "max_connections": 10_000,
}


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    retry = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=PATIENCE, retry=retry, **_OPTIONS)


def key(answer: UUID) -> str:
    return f"pincite:stream:{answer}"


class Redis:
    """``url`` as in ``redis://host:6379/0``. Threads share the connections they write with."""

    def __init__(self, url: str) -> None:
        self.url = url

    def append(
        self, answer: UUID, attempt: int, events: list[Event], position: int | None = None
    ) -> bool:
        fields: dict[Any, Any] = {
            "attempt": attempt,
            "position": -1 if position is None else position,
            "events": json.dumps(events, ensure_ascii=False),
        }
        ended = any(event["type"] == "end" for event in events)
        try:
            with _client(self.url).pipeline(transaction=False) as pipeline:
                pipeline.xadd(key(answer), fields, nomkstream=bool(position))
                pipeline.xlen(key(answer))
                pipeline.expire(key(answer), KEPT_ENDED if ended else KEPT)
                added, entries, _expires = pipeline.execute()
        except OUT_OF_REACH as error:
            raise Unreachable(str(error)) from error
        return added is not None and entries > (position or 0)

    def read(self, answer: UUID, cursor: Cursor) -> list[Event]:
        found = _client(self.url).xread({key(answer): cursor.entry})
        return _heard(found, cursor)

    async def follow(self, answer: UUID, keep_alive: float) -> AsyncGenerator[list[Event], None]:
        """Waits at Redis with a connection of its own, which costs neither a thread nor a look."""
        cursor, pause = Cursor(), FIRST_PAUSE
        client = redis.asyncio.Redis.from_url(
            self.url,
            socket_timeout=keep_alive + PATIENCE,
            retry=redis.asyncio.retry.Retry(NoBackoff(), 0),
            **_OPTIONS,
        )
        try:
            while True:
                try:
                    block = max(1, round(keep_alive * 1000))
                    found = await client.xread({key(answer): cursor.entry}, block=block)
                except OUT_OF_REACH:
                    logger.info("answer=%s stream out of reach", answer)
                    yield []
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                batch = _heard(found, cursor)
                if batch or not found:
                    yield batch
        finally:
            await client.aclose()

    def tidy(self, older_than: float) -> int:
        return 0  # Redis does it


def _heard(found: Any, cursor: Cursor) -> list[Event]:
    """The events of the entries that count, with what the reader must know of their order."""
    events: list[Event] = []
    known = cursor.attempt
    for _key, entries in found or ():
        for entry, fields in entries:
            cursor.entry = entry
            attempt, position = int(fields["attempt"]), int(fields["position"])
            if attempt < cursor.attempt:
                continue  # a worker that lost its lease
            said: list[Event] = json.loads(fields["events"])
            if attempt > cursor.attempt:
                events = [{"type": "restart"}] if known else []
                cursor.attempt, cursor.position, cursor.broken = attempt, 0, False
            elif position == 0 and (cursor.position or cursor.broken):
                events.append({"type": "again"})
                cursor.position, cursor.broken = 0, False
            if position > 0 and position != cursor.position and not cursor.broken:
                cursor.broken = True
                events.append({"type": "lost"})
            cursor.position = max(position, 0) + 1
            if cursor.broken:
                said = [event for event in said if event["type"] == "end"]
            events += said
    return events
