"""Reviewing without a worker: what the command line does with a table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from django.db import connections
from django.utils import timezone

from qa.foreground import citation_dict
from qa.turns import write_next
from reviews import batches, running, settling
from reviews.models import Batch, Cell, Row, Run, Table

THREADS = 4
POLL = 0.1
ROWS = 50  # rows whose cells are looked up at once


def finish(run: Run) -> Run:
    """Does what the workers would do, in this process, until the run has ended. Where workers run
    as well, each thing is done once all the same."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="cells") as pool:
        while run.running:
            running.advance(run)
            worked = any(pool.map(_write, range(THREADS)))
            for batch in Batch.objects.due().filter(run=run):
                batches.tend(batch)
                worked = True
            run.refresh_from_db()
            if run.running and not worked:
                time.sleep(_rest(run))
    return run


def _write(_number: int) -> bool:
    """Writes what has its turn, one after another; whether there was anything."""
    wrote = False
    try:
        while write_next():
            wrote = True
            for cell in Cell.objects.filter(pending__status__in=["done", "failed", "stopped"]):
                if cell.pending is not None:
                    settling.settle(cell.pending)
    finally:  # its thread may get no other turn to do it in
        connections.close_all()
    return wrote


def _rest(run: Run) -> float:
    """Until a batch is looked at again, but not long: cells may be written meanwhile."""
    times = [at for at in Batch.objects.open().filter(run=run).values_list("look_at", flat=True)]
    waits = [(at - timezone.now()).total_seconds() for at in times if at is not None]
    return max(POLL, min([*waits, 1.0]))


def lines(table: Table) -> Iterator[dict[str, Any]]:
    """The shape that `review --json` prints, one line a cell, by document and column. Some rows
    are looked up at a time: a table may have more cells than memory."""
    keys = list(Row.objects.live().filter(table=table).values_list("pk", flat=True))
    for at in range(0, len(keys), ROWS):
        cells = Cell.objects.live().to_show().filter(row__in=keys[at : at + ROWS])
        ordered = cells.order_by("row__position", "row", "column__position", "column")
        found = ordered.prefetch_related("answer__calls", "answer__citations__version__document")
        for cell in list(found):
            yield as_dict(cell)


def as_dict(cell: Cell) -> dict[str, Any]:
    answer = cell.answer
    return {
        "document": str(cell.row.document.public_id),
        "column": cell.column.title,
        "value": cell.shown_value,
        "type": cell.column.kind,
        "state": cell.state,
        "outcome": cell.shown_outcome or None,
        "shown": cell.shown,
        "doubt": cell.doubt or None,
        "verdict": cell.verdict or None,
        "reason": cell.reason or None,
        "mark": cell.mark or None,
        "error": cell.error or None,
        "answer": str(answer.public_id) if answer else None,
        "text": answer.text if answer else "",
        "citations": [
            citation_dict(answer, citation)
            for citation in sorted(answer.citations.all(), key=lambda one: one.number)
        ]
        if answer
        else [],
        "cost_usd": float(answer.ledger.cost_usd if answer else Decimal(0)),
    }
