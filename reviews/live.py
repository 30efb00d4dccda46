"""Cells asked at once: each is a question of the ordinary queue.

Of a document only the first is sent until Claude has begun to answer it: then the document is in
its cache, and the others read it from there.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from uuid import uuid5

from django.db import transaction
from django.utils import timezone

from documents.models import Version
from qa import engine
from qa.hints import hint
from qa.models import Answer, ApiCall, Source
from reviews import settling
from reviews.books import Asked
from reviews.models import Cell, Row, Run

THEN = "reviews.tasks.settle"


def brief(asked: Asked) -> str:
    return engine.cells.brief(str(asked.kind), asked.choices, asked.guidance, asked.expected)


def advance(run: Run, row: Row | None = None) -> int:
    """Sends what can be sent of the run's waiting cells now, of one row or all; how many."""
    _give_back_gone(run)
    waiting = Cell.objects.filter(run=run, state=Cell.State.QUEUED).select_related(
        "column", "row__document__current", "table__workspace"
    )
    if row is not None:
        waiting = waiting.filter(row=row)
    of_row: defaultdict[int, list[Cell]] = defaultdict(list)
    for cell in waiting.order_by("row__position", "row", "column__position", "column"):
        of_row[cell.row_id].append(cell)
    warm, cold = _begun(run)
    sent = 0
    for key, cells in of_row.items():
        due = cells if key in warm else [] if key in cold else cells[:1]
        sent += sum(ask(cell, run) for cell in due)
    return sent


def _give_back_gone(run: Run) -> None:
    """Cells that nobody can ask: their row, column or document is gone, or is not read."""
    queued = Cell.objects.filter(run=run, state=Cell.State.QUEUED)
    live = queued.live().filter(row__document__current__status=Version.Status.READY)
    settling.give_back(queued.exclude(pk__in=live.values("pk")))


def _begun(run: Run) -> tuple[set[int], set[int]]:
    """The rows whose document Claude has read, and those where it is about to."""
    mine = Cell.objects.filter(run=run)
    ended = mine.filter(state__in=[Cell.State.DONE, Cell.State.FAILED])
    warm = set(ended.values_list("row", flat=True))
    asked = mine.filter(pending__isnull=False).order_by()
    # the ledger has a row as soon as the response has begun
    begun = ApiCall.objects.filter(
        answer__pending_cell__run=run,
        purpose=ApiCall.Purpose.ANSWER,
        error_type__in=["", "unfinished"],
    )
    rows = begun.order_by().values_list("answer__pending_cell__row", flat=True)
    warm |= {row for row in rows.distinct() if row is not None}
    return warm, set(asked.values_list("row", flat=True).distinct()) - warm


def ask(cell: Cell, run: Run) -> bool:
    """Puts the cell's question; False when somebody did, or there is nothing to read."""
    document = cell.row.document
    version = document.current
    gone = document.deleted_at or cell.row.removed_at or cell.column.removed_at
    if gone or version is None or version.status != Version.Status.READY:
        return False
    asked = cell.column.asked
    with transaction.atomic():
        # locked: two that advance the same run must not ask it twice
        rows = Cell.objects.select_for_update(of=("self",))
        if rows.get(pk=cell.pk).state != Cell.State.QUEUED:
            return False
        answer = Answer.objects.create(
            workspace=cell.table.workspace,
            author=run.started_by,
            submission=uuid5(cell.public_id, f"{run.public_id} {cell.tries}"),
            question=asked.question,
            brief=brief(asked),
            then=THEN,
            model_requested=cell.table.model,
            effort=cell.table.effort,
        )
        Source.objects.create(answer=answer, version=version)
        run.answers.add(answer)
        Cell.objects.filter(pk=cell.pk).update(
            state=Cell.State.RUNNING,
            pending=answer,
            pending_column_version=cell.column.version,
            changed_at=timezone.now(),
        )
        transaction.on_commit(partial(hint, answer.pk))
    return True
