"""An answer has ended: its cell takes the value, or the reason why there is none."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qa.models import Answer, Citation
from reviews import values
from reviews.models import Cell, CellQuerySet, Run
from reviews.values import Kind, Outcome

CHUNK = 1000  # cells changed in one statement
VERIFIED = [Citation.State.EXACT, Citation.State.REALIGNED]


def settle(answer: Answer) -> Cell | None:
    """Gives the cell that waits for the answer what came of it; the cell, if there is one.

    Told twice, it does nothing the second time.
    """
    cell = Cell.objects.select_related("column", "run").filter(pending=answer).first()
    if cell is None or answer.working:
        return None
    match answer.status:
        case Answer.Status.DONE:
            take(cell, answer, cell.pending_column_version or cell.column.version)
        case Answer.Status.FAILED:
            cell.fail(answer.error)
        case _stopped:
            give_back(Cell.objects.filter(pk=cell.pk))
    if cell.run is not None:
        end_if_done(cell.run)
    return cell


def take(cell: Cell, answer: Answer, column_version: int) -> bool:
    """The cell's value is what the finished answer says to the column as it was then."""
    asked = cell.column.asked_in(column_version)
    read = values.read(
        answer.closing,
        Kind(asked.kind),
        asked.choices,
        fallback=answer.text,
        measured=bool(asked.expected),
    )
    doubt = read.doubt
    if read.outcome is Outcome.VALUE and not doubt and not _rests(answer):
        doubt = Cell.Doubt.UNCITED
    version = answer.sources.first()
    return cell.settle(
        answer,
        column_version=column_version,
        version=version,
        outcome=str(read.outcome),
        value=read.value.value if read.value else None,
        value_text=read.text[:500],
        order=read.value.order if read.value else None,
        doubt=doubt,
        verdict=read.verdict,
        reason=read.reason,
    )


def _rests(answer: Answer) -> bool:
    return answer.citations.filter(state__in=VERIFIED).exists()


def give_back(cells: CellQuerySet) -> int:
    """Cells that are not asked after all: they are as they were before; how many."""
    now = timezone.now()
    back = 0
    keys = list(cells.working().order_by().values_list("pk", flat=True))
    for at in range(0, len(keys), CHUNK):
        rows = Cell.objects.filter(pk__in=keys[at : at + CHUNK]).working()
        answered = rows.exclude(outcome="")
        with transaction.atomic():
            back += answered.update(state=Cell.State.DONE, pending=None, changed_at=now)
            back += rows.update(state=Cell.State.MISSING, pending=None, changed_at=now)
    return back


def end_if_done(run: Run) -> bool:
    """Ends the run when none of its cells is on its way any more."""
    if Cell.objects.filter(run=run).working().exists():
        return False
    ended = run.end()
    if ended:
        run.table.touch()
    return ended


def again(cell: Cell, most: int, reason: str) -> None:
    """The cell is asked once more; after so many times it has failed for the reason."""
    now = timezone.now()
    rows = Cell.objects.filter(pk=cell.pk, state=Cell.State.RUNNING)
    waits = rows.filter(tries__lt=most - 1)
    if not waits.update(
        state=Cell.State.QUEUED, pending=None, tries=cell.tries + 1, changed_at=now
    ):
        cell.fail(reason or _("It could not be answered."))
