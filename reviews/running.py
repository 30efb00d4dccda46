"""Having cells answered: a run begins, goes on until all of them have ended, or is cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.models import Event, User
from qa import askable, budgets, claude_models, engine
from qa.claude import backend_of, connect
from qa.hints import HINT_SECONDS
from qa.models import ClaudeSettings
from reviews import batches, live, planning, pricing, settling
from reviews.models import Cell, CellQuerySet, Run, Table
from reviews.tables import CHUNK, NotPossible, check_model

HANDFUL = 8
"""Cells that are asked at once where nobody chose."""


def start(
    table: Table,
    by: User,
    *,
    cells: Iterable[Cell] | None = None,
    mode: str = "",
    request: HttpRequest | None = None,
) -> Run:
    """Sends for the cells given (whatever they say so far, corrected ones too), or for all that
    are missing, stale or failed. ``mode`` is the table's unless it is said.

    Raises NotPossible before anything is stored or spent: nothing to run, a model that is not
    allowed, a budget.
    """
    wanted = table.cells.to_run() if cells is None else _those(table, cells)
    ready = wanted.filter(row__document__current__status="ready")
    keys = list(ready.values_list("pk", flat=True))
    if not keys:
        raise NotPossible(_nothing(wanted.exists()))
    check_model(table.workspace, by, table.model, table.effort)
    chosen = choose(table, len(keys), mode)
    expected = pricing.price(table, ready)
    usd = expected.batch if chosen == Run.Mode.BATCH else expected.live
    try:
        place = ClaudeSettings.place_of(table.workspace)
        askable.check_place(place, table.model)
        found = budgets.standings(table.workspace, by, backend_of(table.workspace))
        budgets.check(found, usd)
    except (askable.NotAskable, budgets.OverBudget) as refusal:
        raise NotPossible(str(refusal)) from refusal
    with transaction.atomic():
        run = Run.objects.create(table=table, started_by=by, mode=chosen, estimate_usd=usd)
        run.cells_sent = sum(
            _queue(run, keys[at : at + CHUNK]) for at in range(0, len(keys), CHUNK)
        )
        if not run.cells_sent:
            raise NotPossible(_("All of these are being answered already."))
        run.save(update_fields=["cells_sent"])
        Event.objects.record(
            Event.Verb.ASK,
            by=by,
            object=table,
            workspace=table.workspace,
            request=request,
            cells=run.cells_sent,
            mode=chosen,
        )
        transaction.on_commit(partial(hint_run, run.pk))
    table.touch()
    return run


def _those(table: Table, cells: Iterable[Cell]) -> CellQuerySet:
    # a table has more cells than a statement may have values
    keys = cells.values("pk") if isinstance(cells, CellQuerySet) else [cell.pk for cell in cells]
    return Cell.objects.live().filter(table=table, pk__in=keys)


def _nothing(some: bool) -> str:
    if some:
        return _("The documents of these cells are still being read, or could not be read.")
    return _("All cells are answered: nothing is missing or stale.")


def _queue(run: Run, keys: list[int]) -> int:
    idle = Cell.objects.filter(pk__in=keys).exclude(
        state__in=[Cell.State.QUEUED, Cell.State.RUNNING]
    )
    return idle.update(
        state=Cell.State.QUEUED, run=run, error="", tries=0, changed_at=timezone.now()
    )


def choose(table: Table, cells: int, mode: str = "") -> Run.Mode:
    """How so many cells are run. Raises NotPossible where a batch was chosen and cannot be."""
    wanted = mode or table.mode
    why_not = planning.why_not(table.workspace, claude_models.get(table.model))
    if wanted == Table.Mode.BATCH and why_not:
        raise NotPossible(why_not)
    if wanted == Table.Mode.AUTO:
        wanted = Table.Mode.BATCH if cells > HANDFUL and not why_not else Table.Mode.LIVE
    return Run.Mode(wanted)


def advance(run: Run) -> None:
    """Takes the run a step on. Whoever comes by may do it, at any time."""
    if not run.running:
        return
    for answer in [
        cell.pending
        for cell in Cell.objects.filter(run=run, pending__isnull=False).select_related("pending")
        if cell.pending is not None and not cell.pending.working
    ]:
        settling.settle(answer)
    if not Cell.objects.filter(run=run, state=Cell.State.QUEUED).exists():
        # all are on their way: a run may stand like this for hours
        settling.end_if_done(run)
        return
    try:
        planned = run.mode == Run.Mode.LIVE or planning.prepare(run, connect(run.table.workspace))
        if planned:
            live.advance(run)
    except engine.EngineError as error:
        _stands(run, error)
    settling.end_if_done(run)


def _stands(run: Run, error: engine.EngineError) -> None:
    """It waits for Claude, or fails where waiting does not help."""
    sentence = _(error.sentence)
    if error.temporary:
        Run.objects.filter(pk=run.pk).update(notice=sentence)
        return
    for cell in Cell.objects.filter(run=run, state=Cell.State.QUEUED):
        cell.fail(sentence)


def cancel(run: Run) -> bool:
    """Ends the run; what is finished stays, and what a batch has answered by now still comes."""
    if not run.cancel():
        return False
    waiting = Cell.objects.filter(run=run, state=Cell.State.QUEUED)
    settling.give_back(waiting)
    running = Cell.objects.filter(run=run, pending__isnull=False).select_related("pending")
    for cell in running:
        if cell.pending is not None:
            cell.pending.request_stop()
            settling.settle(cell.pending)
    batches.request_cancel(run)
    run.table.touch()
    return True


def hint_run(run_id: int) -> None:
    """Only a hint: if it is lost, the sweep finds the row."""
    try:
        current_app.send_task("reviews.tasks.advance", (run_id,), expires=HINT_SECONDS)
    except OperationalError:
        return
