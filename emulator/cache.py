"""The prompt cache's book-keeping: which prefixes were written, until when, and who pays what."""

import sqlite3
import time
from dataclasses import dataclass
from itertools import accumulate

from .pieces import Piece
from .prompt import Prompt
from .store import Store

LIFETIMES = {"5m": 300, "1h": 3_600}  # seconds
LOOK_BACK = 20  # block positions before a breakpoint where an earlier entry is still found


@dataclass(frozen=True)
class CacheUse:
    """How a prompt's tokens split, and the entries to write once the response begins."""

    uncached: int
    read: int
    written_5m: int
    written_1h: int
    entries: tuple[tuple[str, str, float], ...]  # prefix, ttl, when the request started

    @property
    def written(self) -> int:
        return self.written_5m + self.written_1h


class Clock:
    """The time the cache goes by: the machine's, and as much more as tests moved it forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


class PromptCache:
    """Entries per account; the prefix hash holds model and settings already. Survives a restart."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def look_up(self, account: str, prompt: Prompt) -> CacheUse:
        """Reading refreshes what it hits. Nothing is written yet: an entry is usable only after the
        response of the request that writes it has begun (`write`)."""
        now = self._clock.now()
        pieces = prompt.pieces
        lengths = list(accumulate(piece.tokens for piece in pieces))
        breakpoints = [
            i
            for i, piece in enumerate(pieces)
            # what is too short is not cached, and nobody is told
            if piece.ttl and lengths[i] >= prompt.model.cache_minimum
        ]
        if not breakpoints:
            return CacheUse(prompt.tokens, 0, 0, 0, ())
        hit = self._longest_hit(account, pieces, breakpoints, now)
        written = {"5m": 0, "1h": 0}
        start = hit
        for i in breakpoints:
            if i >= start:
                ttl = pieces[i].ttl or "5m"
                written[ttl] += sum(piece.tokens for piece in pieces[start : i + 1])
                start = i + 1
        return CacheUse(
            uncached=sum(piece.tokens for piece in pieces[max(start, hit) :]),
            read=sum(piece.tokens for piece in pieces[:hit]),
            written_5m=written["5m"],
            written_1h=written["1h"],
            # what was read keeps the lifetime it was written with: only what is paid for is written
            entries=tuple(
                (pieces[i].prefix, pieces[i].ttl or "5m", now) for i in breakpoints if i >= hit
            ),
        )

    def _longest_hit(
        self, account: str, pieces: tuple[Piece, ...], breakpoints: list[int], now: float
    ) -> int:
        """How many leading pieces are cached. The hit is refreshed, and every breakpoint in it."""
        positions = {
            i for point in breakpoints for i in range(max(0, point - LOOK_BACK), point + 1)
        }
        found = 0
        with self._store.transaction() as database:
            for i in sorted(positions, reverse=True):
                if (not found or i in breakpoints) and _refreshed(
                    database, account, pieces[i].prefix, now
                ):
                    found = found or i + 1
        return found

    def write(self, account: str, use: CacheUse) -> None:
        """Make this request's entries usable. To be called when its response begins."""
        with self._store.transaction() as database:
            database.execute("DELETE FROM cache_entry WHERE expires_at < ?", (self._clock.now(),))
            for prefix, ttl, started in use.entries:
                database.execute(
                    "INSERT INTO cache_entry VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " ttl = iif(excluded.expires_at > expires_at, excluded.ttl, ttl),"
                    " expires_at = max(expires_at, excluded.expires_at)",
                    (account, prefix, ttl, started + LIFETIMES[ttl]),
                )


def _refreshed(database: sqlite3.Connection, account: str, prefix: str, now: float) -> bool:
    """Whether there is a live entry; it lives on for its whole lifetime from now."""
    row = database.execute(
        "SELECT ttl FROM cache_entry WHERE account = ? AND prefix = ? AND expires_at > ?",
        (account, prefix, now),
    ).fetchone()
    if row is None:
        return False
    database.execute(
        "UPDATE cache_entry SET expires_at = ? WHERE account = ? AND prefix = ?",
        (now + LIFETIMES[row["ttl"]], account, prefix),
    )
    return True
