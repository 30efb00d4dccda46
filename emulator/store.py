"""The folder that survives a restart: one SQLite database, and the bytes of uploaded files."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS file (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, account TEXT NOT NULL,
    filename TEXT NOT NULL, mime_type TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    created_at REAL NOT NULL, expires_at REAL
);
CREATE TABLE IF NOT EXISTS cache_entry (
    account TEXT NOT NULL, prefix TEXT NOT NULL, ttl TEXT NOT NULL, expires_at REAL NOT NULL,
    PRIMARY KEY (account, prefix)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, account TEXT NOT NULL,
    created_at REAL NOT NULL, ended_at REAL, cancel_at REAL
);
CREATE TABLE IF NOT EXISTS batch_item (
    number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, custom_id TEXT NOT NULL,
    params TEXT NOT NULL, result TEXT
);
CREATE INDEX IF NOT EXISTS batch_item_of ON batch_item (batch, number);
"""


class Store:
    """One connection shared by all threads, one transaction at a time."""

    def __init__(self, folder: Path) -> None:
        self.contents = folder / "files"
        self.contents.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(
            folder / "emulator.sqlite3", check_same_thread=False, timeout=10
        )
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._database:
            yield self._database

    def close(self) -> None:
        with self._lock:
            self._database.close()
