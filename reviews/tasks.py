"""Work on review tables in the background. A message is only a hint: the rows are the queue."""

from __future__ import annotations

from celery import shared_task

from config.models import Pulse
from qa.hints import HINT_SECONDS
from qa.models import Answer
from reviews import batches, following, live, running, settling, tables
from reviews.models import Batch, Run, Table


@shared_task(expires=HINT_SECONDS)
def settle(answer_id: int) -> None:
    """A cell's answer has ended: the cell takes it, and the run goes on."""
    answer = Answer.objects.filter(pk=answer_id).first()
    if answer is None:
        return
    cell = settling.settle(answer)
    if cell is not None and cell.run is not None and cell.run.running:
        # the first of its row has ended: the others are due
        live.advance(cell.run, cell.row)


@shared_task(expires=HINT_SECONDS)
def advance(run_id: int) -> None:
    run = Run.objects.select_related("table__workspace").filter(pk=run_id).first()
    if run is not None:
        running.advance(run)


@shared_task(expires=HINT_SECONDS)
def tend(batch_id: int) -> None:
    """Sends a batch, looks after it, or takes its results in, whatever is due."""
    batch = Batch.objects.select_related("run__table__workspace").filter(pk=batch_id).first()
    if batch is not None:
        batches.tend(batch)


def _follow(table: Table) -> None:
    try:
        tables.follow(table)
    except tables.NotPossible as refusal:
        # it is full: the others go on
        Table.objects.filter(pk=table.pk).update(new_notice=str(refusal))
        return
    following.run_new(table)


@shared_task(expires=HINT_SECONDS)
def sweep() -> None:
    """Goes on with what is due: messages may be lost, and workers killed."""
    for pk in Run.objects.filter(state=Run.State.RUNNING).values_list("pk", flat=True):
        advance.delay(pk)
    for pk in Batch.objects.due().values_list("pk", flat=True)[:20]:
        tend.delay(pk)
    for table in Table.objects.following().select_related("workspace", "scope", "new_asked_by"):
        _follow(table)
    Pulse.beat("sweep reviews")
