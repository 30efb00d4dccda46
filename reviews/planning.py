"""Cells become batches: which go together, what is asked, and the intent that is stored first.

All cells of a document stand next to each other and share its cached prefix, kept for an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.models import Workspace
from config.keeper import Keeper
from documents.models import Version
from qa import askable, claude_models, engine, looking, preparing, remote
from qa.claude import Connection, on_behalf
from qa.engine import batches as api
from qa.engine import catalogue
from qa.hints import HINT_SECONDS
from qa.ledger import document_map
from qa.models import ClaudeSettings
from reviews import live
from reviews.books import Asked
from reviews.leases import BEAT, LEASE, Hold, renewing
from reviews.models import Batch, BatchItem, Cell, Run

logger = logging.getLogger(__name__)

MOST_REQUESTS = api.MOST_REQUESTS
LARGEST = 64_000_000
"""Bytes of one batch. The API takes four times as much, but a worker holds it twice in memory."""
HOUR = engine.Lifetimes("1h", "1h")


def why_not(workspace: Workspace, model: catalogue.Model) -> str:
    """Why the workspace's cells cannot be answered by a batch; "" when they can."""
    if not model.batch:
        return _("%(model)s cannot be asked by batch.") % {"model": model.name}
    if ClaudeSettings.of(workspace).inline:
        return _(
            "This workspace stores nothing with Claude, and a batch is kept there until it is "
            "fetched. Run it live."
        )
    return ""


def prepare(run: Run, connection: Connection) -> bool:
    """Writes down batches of the run's waiting cells. Whether what still waits is to be asked live,
    because a batch cannot do it: a document that must be searched. False while another worker
    plans: it may wait for nothing but that.

    Uploads and counts the documents first. Raises EngineError; then the run rests for a lease.
    """
    if why_not(run.table.workspace, claude_models.get(run.table.model)):
        return True
    if not run.claim(timezone.now() + LEASE):
        return False
    with _runs.holding(run.pk, Hold()):
        chunk, size = list[Planned](), 0
        for planned in _planned(run, connection):
            full = len(chunk) == MOST_REQUESTS or size + planned.size > LARGEST
            if chunk and full:
                _intend(run, connection, chunk)
                chunk, size = [], 0
            chunk.append(planned)
            size += planned.size
        if chunk:
            _intend(run, connection, chunk)
        run.let_go()
    return True


@dataclass(frozen=True)
class Planned:
    """A cell that goes into a batch, about a version, with what its row keeps of the request;
    ``size`` in bytes."""

    cell: Cell
    version: Version
    prefix: str
    document_map: list[Any]
    looked: list[int]
    size: int


def _planned(run: Run, connection: Connection) -> Iterator[Planned]:
    """The cells that go into batches, those of a document together."""
    waiting = Cell.objects.filter(run=run, state=Cell.State.QUEUED).select_related(
        "column", "row__document__current__blob", "table__workspace"
    )
    ordered = waiting.order_by("row__position", "row", "column__position", "column")
    for _row, cells in groupby(list(ordered), key=lambda cell: cell.row_id):
        of_row = list(cells)
        version = of_row[0].row.document.current
        if version is None or not _whole(version, run, connection):
            continue
        sources = sources_of(version, run, connection)
        looked = [page for source in sources for one in source.looks for page in one.pages]
        for cell in of_row:
            request = engine.build(question(run, sources, cell.column.asked, connection))
            size = len(api.written("0" * 32, params_of(request))) + 1
            yield Planned(cell, version, request.prefix, document_map(request), looked, size)


def _whole(version: Version, run: Run, connection: Connection) -> bool:
    """Whether a question about it reads all of it, and need not search."""
    model = claude_models.get(run.table.model)
    if version.status != Version.Status.READY:
        return False
    if not preparing.readable(Version.objects.filter(pk=version.pk)):
        return False
    looks = looking.plan([version], model).tokens
    return askable.fit(remote.ensure_counted(version, model, connection) + looks, model)


def sources_of(version: Version, run: Run, connection: Connection) -> tuple[engine.Source, ...]:
    shown = looking.plan([version], claude_models.get(run.table.model))
    return preparing.sources([version], connection, shown)


def question(
    run: Run, sources: tuple[engine.Source, ...], asked: Asked, connection: Connection
) -> engine.Question:
    return engine.Question(
        text=asked.question,
        model=claude_models.get(run.table.model),
        sources=sources,
        effort=run.table.effort or None,
        brief=live.brief(asked),
        lifetimes=HOUR,
        **on_behalf(connection, run.started_by),
    )


def params_of(request: engine.Request) -> dict[str, object]:
    return {name: value for name, value in request.params.items() if name != "diagnostics"}


def _intend(run: Run, connection: Connection, chunk: list[Planned]) -> None:
    """Stores the intent and its custom_ids, for the cells that still wait."""
    with transaction.atomic():
        keys = [planned.cell.pk for planned in chunk]
        waiting = Cell.objects.select_for_update(of=("self",)).filter(
            pk__in=keys, run=run, state=Cell.State.QUEUED
        )
        left = set(waiting.values_list("pk", flat=True))
        mine = [planned for planned in chunk if planned.cell.pk in left]
        if not mine:
            return
        batch = Batch.objects.create(
            run=run,
            backend=connection.backend,
            account=connection.account,
            model=run.table.model,
            requests=len(mine),
        )
        BatchItem.objects.bulk_create(
            [
                BatchItem(
                    batch=batch,
                    cell=one.cell,
                    column_version=one.cell.column.version,
                    version=one.version,
                    prefix=one.prefix,
                    document_map=one.document_map,
                    looked=one.looked,
                )
                for one in mine
            ],
            batch_size=1000,
        )
        Cell.objects.filter(pk__in=left).update(state=Cell.State.RUNNING, changed_at=timezone.now())
        transaction.on_commit(partial(hint_batch, batch.pk))
    logger.info("batch=%s intended requests=%d", batch.public_id, batch.requests)


def hint_batch(batch_id: int) -> None:
    """Only a hint: if it is lost, the sweep finds the row."""
    try:
        current_app.send_task("reviews.tasks.tend", (batch_id,), expires=HINT_SECONDS)
    except OperationalError:
        logger.warning("batch=%s not hinted, the broker is away", batch_id)


_runs: Keeper[Hold] = Keeper("run-leases", BEAT, renewing(Run))
