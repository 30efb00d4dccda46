"""The Files API: what was uploaded, kept per account (key), until it is deleted or expires."""

import base64
import binascii
import os
import re
import secrets
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import invalid, not_found, too_large
from .store import Store

MAX_BYTES = 500 * 1024 * 1024
EXPIRES_IN = range(3_600, 7_776_000 + 1)  # seconds: one hour to 90 days
EXPIRED_VISIBLE = 30 * 86_400  # seconds that the metadata of an expired file stays
TYPES = {
    "document": ("application/pdf", "text/plain"),
    "image": ("image/jpeg", "image/png", "image/gif", "image/webp"),
}
_FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*\\/\x00-\x1f\x7f]')


@dataclass(frozen=True)
class StoredFile:
    """Metadata of one upload; times are seconds since the epoch."""

    number: int
    id: str
    filename: str
    mime_type: str
    size_bytes: int
    created_at: float
    expires_at: float | None

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()

    def metadata(self) -> dict[str, Any]:
        return {
            "type": "file",
            "id": self.id,
            "filename": self.filename,
            "mime_type": self.mime_type,
            "size_bytes": self.size_bytes,
            "created_at": _timestamp(self.created_at),
            "downloadable": False,
            "expires_at": None if self.expires_at is None else _timestamp(self.expires_at),
        }


class Files:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, account: str, filename: str, mime_type: str, content: bytes, expires_in: str | None
    ) -> StoredFile:
        """Keep an upload. Raises `ApiError` 400 for a bad name or expiry, 413 for its size."""
        if len(content) > MAX_BYTES:
            raise too_large("file exceeds the maximum size of 500 MB")
        if not 1 <= len(filename) <= 255 or _FORBIDDEN_IN_NAMES.search(filename):
            raise invalid(
                "file: filename must be 1-255 characters long and must not contain "
                '< > : " | ? * \\ / or control characters'
            )
        lifetime = _lifetime(expires_in)
        id_ = "file_011C" + secrets.token_hex(10)
        self._write(id_, content)
        now = time.time()
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO file"
                " (id, account, filename, mime_type, size_bytes, created_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    id_,
                    account,
                    filename,
                    mime_type.partition(";")[0].strip().lower() or "application/octet-stream",
                    len(content),
                    now,
                    None if lifetime is None else now + lifetime,
                ),
            )
        return self.get(account, id_)

    def _write(self, id_: str, content: bytes) -> None:
        path = self._store.contents / id_
        temporary = path.with_suffix(".part")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)

    def get(self, account: str, id_: str) -> StoredFile:
        """Metadata, of expired files too. Raises `ApiError` 404."""
        rows = self._select("AND id = ?", account, id_)
        if not rows:
            raise not_found(f"File not found: {id_}")
        return rows[0]

    def usable(self, account: str, id_: str) -> StoredFile:
        """A file that has not expired. Raises `ApiError` 404, with `file_expired` for one that
        has."""
        file = self.get(account, id_)
        if file.expired:
            raise not_found(f"File has expired: {id_}", "file_expired")
        return file

    def load(self, account: str, id_: str, block: str) -> tuple[str, bytes]:
        """The kind and the bytes of a file for a `document` or an `image` block. Raises `ApiError`
        for one that such a block does not take."""
        file = self.usable(account, id_)
        taken = TYPES[block]
        if file.mime_type not in taken:
            raise invalid(
                f"File {id_} has type {file.mime_type}; {block} blocks take " + " and ".join(taken)
            )
        try:
            return file.mime_type, (self._store.contents / id_).read_bytes()
        except FileNotFoundError:
            raise not_found(f"File not found: {id_}") from None

    def page(
        self, account: str, limit: int, cursor: str | None
    ) -> tuple[list[StoredFile], str | None]:
        """Newest first, at most `limit`, and the cursor of the next page if there is one."""
        before = _position(cursor) if cursor is not None else 2**62
        rows = self._select(
            "AND number < ? ORDER BY number DESC LIMIT ?", account, before, limit + 1
        )
        more = len(rows) > limit
        return rows[:limit], _cursor(rows[limit - 1].number) if more else None

    def among(self, account: str, ids: list[str]) -> list[StoredFile]:
        """Those of the given ids that exist, newest first."""
        marks = ", ".join("?" * len(ids))
        return self._select(f"AND id IN ({marks}) ORDER BY number DESC", account, *ids)

    def delete(self, account: str, id_: str) -> None:
        self.get(account, id_)
        with self._store.transaction() as database:
            database.execute("DELETE FROM file WHERE account = ? AND id = ?", (account, id_))
        (self._store.contents / id_).unlink(missing_ok=True)

    def _select(self, condition: str, account: str, *values: Any) -> list[StoredFile]:
        sql = (
            "SELECT number, id, filename, mime_type, size_bytes, created_at, expires_at FROM file"
            f" WHERE account = ? AND (expires_at IS NULL OR expires_at > ?) {condition}"
        )
        still_visible = time.time() - EXPIRED_VISIBLE
        with self._store.transaction() as database:
            rows: list[sqlite3.Row] = database.execute(
                sql, (account, still_visible, *values)
            ).fetchall()
        return [StoredFile(**dict(row)) for row in rows]


def _lifetime(expires_in: str | None) -> int | None:
    if expires_in is None:
        return None
    if not expires_in.isdecimal() or int(expires_in) not in EXPIRES_IN:
        raise invalid(
            f"expires_in_seconds: Input should be an integer from {EXPIRES_IN.start} "
            f"to {EXPIRES_IN.stop - 1}"
        )
    return int(expires_in)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _cursor(number: int) -> str:
    return "page_" + base64.urlsafe_b64encode(str(number).encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor.removeprefix("page_")))
    except (binascii.Error, ValueError):
        raise invalid("page: invalid page cursor") from None
