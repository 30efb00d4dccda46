"""The prompt cache's book-keeping: which prefixes were written, until when, and who pays what."""

import time
from dataclasses import dataclass

from .prompt import Piece, Prompt
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


class PromptCache:
    """Entries per account; the prefix hash holds model and settings already. Survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def look_up(self, account: str, prompt: Prompt) -> CacheUse:
        """Reading refreshes what it hits. Nothing is written yet: an entry is usable only after the
        response of the request that writes it has begun (`write`)."""
        now = time.time()
        breakpoints = [i for i, piece in enumerate(prompt.pieces) if piece.ttl]
        if not breakpoints:
            return CacheUse(prompt.tokens, 0, 0, 0, ())
        hit = self._longest_hit(account, prompt.pieces, breakpoints, now)
        end = breakpoints[-1] + 1
        written = {"5m": 0, "1h": 0}
        start = hit
        for i in breakpoints:
            if i >= start:
                ttl = prompt.pieces[i].ttl or "5m"
                written[ttl] += sum(piece.tokens for piece in prompt.pieces[start : i + 1])
                start = i + 1
        pieces = [prompt.pieces[i] for i in breakpoints]
        return CacheUse(
            uncached=sum(piece.tokens for piece in prompt.pieces[end:]),
            read=sum(piece.tokens for piece in prompt.pieces[:hit]),
            written_5m=written["5m"],
            written_1h=written["1h"],
            entries=tuple((piece.prefix, piece.ttl or "5m", now) for piece in pieces),
        )

    def _longest_hit(
        self, account: str, pieces: tuple[Piece, ...], breakpoints: list[int], now: float
    ) -> int:
        """How many leading pieces are cached."""
        positions = {
            i for point in breakpoints for i in range(max(0, point - LOOK_BACK), point + 1)
        }
        with self._store.transaction() as database:
            for i in sorted(positions, reverse=True):
                row = database.execute(
                    "SELECT ttl FROM cache_entry"
                    " WHERE account = ? AND prefix = ? AND expires_at > ?",
                    (account, pieces[i].prefix, now),
                ).fetchone()
                if row:
                    database.execute(
                        "UPDATE cache_entry SET expires_at = ? WHERE account = ? AND prefix = ?",
                        (now + LIFETIMES[row["ttl"]], account, pieces[i].prefix),
                    )
                    return i + 1
        return 0

    def write(self, account: str, use: CacheUse) -> None:
        """Make this request's entries usable. To be called when its response begins."""
        with self._store.transaction() as database:
            database.execute("DELETE FROM cache_entry WHERE expires_at < ?", (time.time(),))
            for prefix, ttl, started in use.entries:
                database.execute(
                    "INSERT INTO cache_entry VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " ttl = iif(excluded.expires_at > expires_at, excluded.ttl, ttl),"
                    " expires_at = max(expires_at, excluded.expires_at)",
                    (account, prefix, ttl, started + LIFETIMES[ttl]),
                )
