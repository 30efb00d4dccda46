"""Message batches: kept in the folder, worked off by a thread of their own, one after another.

All counts but `processing` stay zero until a batch has ended. What was worked off when the process
ended is kept; the rest goes on when it starts again.
"""

from __future__ import annotations

import json
import random
import re
import secrets
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .errors import ApiError, invalid, not_found
from .faults import Fault
from .ledger import Entry
from .planning import plan

if TYPE_CHECKING:
    from .app import Emulator

Json = dict[str, Any]

MOST_REQUESTS = 100_000
MAX_BODY = 256_000_000
DAY = 24 * 3600.0
AT_ONCE = 25  # items between two commits
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
REFUSED = ("stream", "speed")
KINDS = ("succeeded", "errored", "canceled", "expired")


@dataclass(frozen=True)
class Pace:
    """How batches are worked off: none ends before it is `seconds` old, or while `hold` is on."""

    seconds: float = 0.0
    hold: bool = False


class Batches:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._store, self._clock = emulator.store, emulator.clock
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.pace = Pace()
        if any(self._open()):
            self._work()

    # what the routes ask ------------------------------------------------------------------------

    def add(self, account: str, requests: Any) -> Json:
        """Takes a batch in. Its requests are looked at when their turn comes, their ids now."""
        items = _checked(requests)
        id_, now = "msgbatch_01" + secrets.token_hex(11), self._clock.now()
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO batch (id, account, created_at) VALUES (?, ?, ?)", (id_, account, now)
            )
            database.executemany(
                "INSERT INTO batch_item (batch, custom_id, params) VALUES (?, ?, ?)",
                ((id_, custom_id, json.dumps(params)) for custom_id, params in items),
            )
        self._work()
        return self.get(account, id_)

    def get(self, account: str, id_: str) -> Json:
        with self._store.transaction() as database:
            return _public(database, _row(database, account, id_))

    def page(self, account: str, limit: int, after: str | None, before: str | None) -> Json:
        """Newest first. `after` an id are older ones, `before` it newer ones."""
        with self._store.transaction() as database:
            given = after or before
            place = _row(database, account, given)["number"] if given else 2**62
            sign, order = ("<", "DESC") if not before else (">", "ASC")
            rows = database.execute(
                f"SELECT * FROM batch WHERE account = ? AND number {sign} ?"
                f" ORDER BY number {order} LIMIT ?",
                (account, place, limit + 1),
            ).fetchall()
            more, rows = len(rows) > limit, rows[:limit]
            data = [_public(database, row) for row in (rows[::-1] if before else rows)]
        ids = [one["id"] for one in data]
        ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else dict.fromkeys(_ENDS)
        return {"data": data, "has_more": more, **ends}

    def cancel(self, account: str, id_: str) -> Json:
        with self._store.transaction() as database:
            row = _row(database, account, id_)
            if row["ended_at"] is None and row["cancel_at"] is None:
                database.execute(
                    "UPDATE batch SET cancel_at = ? WHERE id = ?", (self._clock.now(), id_)
                )
            public = _public(database, _row(database, account, id_))
        self._work()
        return public

    def delete(self, account: str, id_: str) -> Json:
        with self._store.transaction() as database:
            if _row(database, account, id_)["ended_at"] is None:
                raise invalid("Message Batch cannot be deleted while it is processing.")
            database.execute("DELETE FROM batch_item WHERE batch = ?", (id_,))
            database.execute("DELETE FROM batch WHERE id = ?", (id_,))
        return {"id": id_, "type": "message_batch_deleted"}

    def results(self, account: str, id_: str) -> Iterator[bytes]:
        """The lines of the results, in an order that has nothing to do with the requests'."""
        with self._store.transaction() as database:
            if _row(database, account, id_)["ended_at"] is None:
                raise not_found(f"Message Batch {id_} has no available results yet.")
            rows = database.execute("SELECT number FROM batch_item WHERE batch = ?", (id_,))
            numbers = [row["number"] for row in rows]
        random.Random(id_).shuffle(numbers)
        return self._lines(numbers)

    def _lines(self, numbers: list[int]) -> Iterator[bytes]:
        for number in numbers:
            with self._store.transaction() as database:
                row = database.execute(
                    "SELECT custom_id, result FROM batch_item WHERE number = ?", (number,)
                ).fetchone()
            custom_id = json.dumps(row["custom_id"])
            yield f'{{"custom_id":{custom_id},"result":{row["result"]}}}\n'.encode()

    def set(self, description: Any) -> None:
        """`{"seconds": n, "hold": bool}`; what is left out is as at the start."""
        known = {"seconds", "hold"}
        if not isinstance(description, dict) or set(description) - known:
            raise invalid(f"batches: expected some of {', '.join(sorted(known))}")
        self.pace = Pace(float(description.get("seconds", 0.0)), bool(description.get("hold")))
        self._work()

    # working ------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._wake.set()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            busy = [self._step(row) for row in self._open()]
            if not any(busy):
                # held, or not due: the clock of tests may be moved at any time
                self._wake.wait(0.02 if busy else None)

    def _open(self) -> list[sqlite3.Row]:
        with self._store.transaction() as database:
            rows = database.execute("SELECT * FROM batch WHERE ended_at IS NULL ORDER BY number")
            return list(rows.fetchall())

    def _step(self, row: sqlite3.Row) -> bool:
        """Works some of a batch off, or ends it; whether there was anything to do."""
        now = self._clock.now()
        if row["cancel_at"] is not None:
            return self._end(row["id"], "canceled")
        if now >= row["created_at"] + DAY:
            return self._end(row["id"], "expired")
        if self.pace.hold:
            return False
        items = self._waiting(row["id"])
        if items:
            done = [(json.dumps(self._one(row["account"], item)), item["number"]) for item in items]
            with self._store.transaction() as database:
                database.executemany("UPDATE batch_item SET result = ? WHERE number = ?", done)
            return True
        if now < row["created_at"] + self.pace.seconds:
            return False
        return self._end(row["id"], "expired")

    def _waiting(self, id_: str) -> list[sqlite3.Row]:
        with self._store.transaction() as database:
            rows = database.execute(
                "SELECT number, params FROM batch_item WHERE batch = ? AND result IS NULL"
                " ORDER BY number LIMIT ?",
                (id_, AT_ONCE),
            )
            return list(rows.fetchall())

    def _end(self, id_: str, rest: str) -> bool:
        """Ends a batch; what was not worked off until now is `rest`."""
        with self._store.transaction() as database:
            database.execute(
                "UPDATE batch_item SET result = ? WHERE batch = ? AND result IS NULL",
                (json.dumps({"type": rest}), id_),
            )
            database.execute("UPDATE batch SET ended_at = ? WHERE id = ?", (self._clock.now(), id_))
        return True

    def _one(self, account: str, item: sqlite3.Row) -> Json:
        """The result of one request, which is validated only now."""
        emulator = self._emulator
        entry = Entry("batch_item", "req_011C" + secrets.token_hex(10))
        emulator.ledger.add(entry)
        fault = emulator.faults.take("batch_item")
        entry.fault = fault.kind if fault else None
        try:
            message = self._message(account, json.loads(item["params"]), fault, entry)
        except ApiError as error:
            entry.status = error.status
            return {"type": "errored", "error": error.body(entry.request_id)}
        except Exception as error:
            entry.status = 500
            failure = ApiError(500, "api_error", f"emulator failure: {error!r}")
            return {"type": "errored", "error": failure.body(entry.request_id)}
        return {"type": "succeeded", "message": message}

    def _message(self, account: str, body: Json, fault: Fault | None, entry: Entry) -> Json:
        if fault and (refusal := fault.refusal()):
            raise refusal
        for name in REFUSED:
            if name in body:
                raise invalid(f"{name}: Extra inputs are not permitted")
        if body.get("max_tokens") == 0:
            raise invalid("max_tokens: Input should be greater than or equal to 1")
        planned = plan(self._emulator, account, body, fault)
        message = planned.message
        message["usage"]["service_tier"] = "batch"
        self._emulator.cache.write(account, planned.use)
        entry.status, entry.begun = 200, True
        entry.message_id, entry.usage = message["id"], message["usage"]
        return message


_ENDS = ("first_id", "last_id")


def _checked(requests: Any) -> Iterator[tuple[str, Json]]:
    """The custom_ids and bodies. Raises `ApiError` 400 before any is given."""
    if not isinstance(requests, list) or not requests:
        raise invalid("requests: List should have at least 1 item")
    if len(requests) > MOST_REQUESTS:
        raise invalid(f"requests: List should have at most {MOST_REQUESTS} items")
    seen: set[str] = set()
    for at, one in enumerate(requests):
        if not isinstance(one, dict) or set(one) != {"custom_id", "params"}:
            raise invalid(f"requests.{at}: custom_id and params are required")
        id_ = one["custom_id"]
        if not isinstance(id_, str) or not CUSTOM_ID.fullmatch(id_):
            raise invalid(
                f"requests.{at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            )
        if id_ in seen:
            raise invalid(f"requests.{at}.custom_id: {id_} is not unique")
        if not isinstance(one["params"], dict):
            raise invalid(f"requests.{at}.params: Input should be a valid dictionary")
        seen.add(id_)
    return ((one["custom_id"], one["params"]) for one in requests)


def _row(database: sqlite3.Connection, account: str, id_: str | None) -> sqlite3.Row:
    row: sqlite3.Row | None = database.execute(
        "SELECT * FROM batch WHERE account = ? AND id = ?", (account, id_)
    ).fetchone()
    if row is None:
        raise not_found(f"Message Batch not found: {id_}")
    return row


def _public(database: sqlite3.Connection, row: sqlite3.Row) -> Json:
    ended = row["ended_at"] is not None
    kinds = database.execute(
        "SELECT coalesce(json_extract(result, '$.type'), '') AS kind, count(*) AS n"
        " FROM batch_item WHERE batch = ? GROUP BY kind",
        (row["id"],),
    ).fetchall()
    found = Counter({one["kind"]: one["n"] for one in kinds})
    counts = {kind: found[kind] if ended else 0 for kind in KINDS}
    status = "ended" if ended else "in_progress" if row["cancel_at"] is None else "canceling"
    return {
        "id": row["id"],
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {"processing": 0 if ended else found.total(), **counts},
        "created_at": _timestamp(row["created_at"]),
        "expires_at": _timestamp(row["created_at"] + DAY),
        "ended_at": _timestamp(row["ended_at"]),
        "cancel_initiated_at": _timestamp(row["cancel_at"]),
        "archived_at": None,
        "results_url": f"/v1/messages/batches/{row['id']}/results" if ended else None,
    }


def _timestamp(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
