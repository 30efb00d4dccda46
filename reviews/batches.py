"""Cells answered by the Message Batches API: planned, sent once, looked after, taken in.

What is intended is stored before it is sent, with the custom_id of every request. All cells of a
document stand next to each other and share its cached prefix, kept for an hour.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.models import Workspace
from config.database import release
from config.keeper import Keeper
from documents.models import Version
from qa import asking, budgets, claude_models, engine, looking, preparing, remote
from qa.claude import Connection, accounts, connect, on_behalf
from qa.engine import batches as api
from qa.engine import catalogue
from qa.hints import HINT_SECONDS
from qa.ledger import document_map, recorded
from qa.models import ApiCall, ClaudeSettings, Reservation
from qa.waiting import Postponed
from reviews import live, pricing, settling, taking
from reviews.books import Asked
from reviews.models import Batch, BatchItem, Cell, Run

logger = logging.getLogger(__name__)

MOST_REQUESTS = api.MOST_REQUESTS
LARGEST = 64_000_000
"""Bytes of one batch. The API takes four times as much, but a worker holds it twice in memory."""
LEASE = timedelta(seconds=20)
BEAT = 2.0
QUIET = timedelta(minutes=5)
"""A batch that is not in the account's list so long after it was sent was never made."""
SKEW = timedelta(minutes=5)
"""So much the API's clock may be behind ours."""
HOUR = engine.Lifetimes("1h", "1h")


def why_not(workspace: Workspace, model: catalogue.Model) -> str:
    """Why the workspace's cells cannot be answered by a batch; "" when they can."""
    if not model.batch:
        return _("%(model)s cannot be asked by batch.") % {"model": model.name}
    if ClaudeSettings.objects.filter(workspace=workspace, inline=True).exists():
        return _(
            "This workspace stores nothing with Claude, and a batch is kept there until it is "
            "fetched. Run it live."
        )
    return ""


# planning ----------------------------------------------------------------------------------------


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
        sources = _sources(version, run, connection)
        looked = [page for source in sources for one in source.looks for page in one.pages]
        for cell in of_row:
            request = engine.build(_question(run, sources, cell.column.asked, connection))
            size = len(api.written("0" * 32, _params(request))) + 1
            yield Planned(cell, version, request.prefix, document_map(request), looked, size)


def _whole(version: Version, run: Run, connection: Connection) -> bool:
    """Whether a question about it reads all of it, and need not search."""
    model = claude_models.get(run.table.model)
    if version.status != Version.Status.READY:
        return False
    if not preparing.readable(Version.objects.filter(pk=version.pk)):
        return False
    looks = looking.plan([version], model).tokens
    return asking.fit(remote.ensure_counted(version, model, connection) + looks, model)


def _sources(version: Version, run: Run, connection: Connection) -> tuple[engine.Source, ...]:
    shown = looking.plan([version], claude_models.get(run.table.model))
    return preparing.sources([version], connection, shown)


def _question(
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


def _params(request: engine.Request) -> dict[str, object]:
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


# tending -----------------------------------------------------------------------------------------


def tend(batch: Batch) -> None:
    """Does what is due: sends it, looks for it, looks at it, or takes its results in."""
    if not batch.claim(timezone.now() + LEASE):
        return
    batch.refresh_from_db()
    wait = 0.0
    with _leases.holding(batch.pk, Hold()):
        try:
            wait = _tend(batch)
        except (engine.EngineError, Postponed) as later:
            wait = _later(batch, later)
        finally:
            batch.let_go(timezone.now() + timedelta(seconds=wait))
    if not wait and batch.open:
        hint_batch(batch.pk)


def _tend(batch: Batch) -> float:
    """Seconds until it is to be looked at again."""
    connection = _connection(batch)
    if connection is None:
        return _lost(batch, _("The key that this batch was sent with is not there any more."))
    match batch.state:
        case Batch.State.INTENDED:
            return _send(batch, connection)
        case Batch.State.SENDING:
            # whoever sent it died: nobody can say whether it was made
            batch.move(Batch.State.SENDING, Batch.State.UNKNOWN, looks=0)
            return 0.0
        case Batch.State.UNKNOWN:
            return _find(batch, connection)
        case Batch.State.SENT:
            return _look(batch, connection)
        case Batch.State.COLLECTING:
            return _collect(batch, connection)
    return 0.0


def _connection(batch: Batch) -> Connection | None:
    """The account the batch belongs to, if it can still be reached: a workspace may have changed
    its key meanwhile."""
    now = connect(batch.run.table.workspace)
    if now.account == batch.account:
        return now
    former = (one.connection for one in accounts() if one.connection.account == batch.account)
    return next(former, None)


def _later(batch: Batch, later: engine.EngineError | Postponed) -> float:
    Batch.objects.filter(pk=batch.pk).update(looks=batch.looks + 1)
    if isinstance(later, Postponed):
        Run.objects.filter(pk=batch.run_id).update(notice=str(later))
        return later.seconds
    logger.warning("batch=%s code=%s detail=%s", batch.public_id, later.code, later.detail[:300])
    Run.objects.filter(pk=batch.run_id).update(notice=_(later.sentence))
    return max(api.backoff(batch.looks), later.retry_after or 0.0)


def _send(batch: Batch, connection: Connection) -> float:
    run = batch.run
    if not run.running:
        return _refused(batch, "", cancelled=True)
    requests = list(_written(batch, connection))
    try:
        reservation = _reserve(batch, connection)
    except budgets.OverBudget as refusal:
        return _refused(batch, str(refusal))
    if not batch.move(
        Batch.State.INTENDED, Batch.State.SENDING, sent_at=timezone.now(), reservation=reservation
    ):
        return 0.0
    release()
    try:
        with recorded(ApiCall.Purpose.BATCH, connection, workspace=run.table.workspace):
            made = api.create(connection.client, requests)
    except api.NotMade as error:
        _give_back_money(batch)
        if error.temporary:
            batch.move(Batch.State.SENDING, Batch.State.INTENDED)
            raise
        logger.warning("batch=%s refused: %s", batch.public_id, error.detail)
        return _refused(batch, _(error.sentence))
    except engine.EngineError:
        batch.move(Batch.State.SENDING, Batch.State.UNKNOWN, looks=0)
        raise
    _made(batch, Batch.State.SENDING, made)
    return api.backoff(0)


def _written(batch: Batch, connection: Connection) -> Iterator[bytes]:
    items = batch.items.select_related(
        "cell__column", "version__blob", "version__document__workspace"
    )
    sources: dict[int, tuple[engine.Source, ...]] = {}
    for item in items.order_by("pk"):
        if item.version_id not in sources:
            sources[item.version_id] = _sources(item.version, batch.run, connection)
        asked = item.cell.column.asked_in(item.column_version)
        question = _question(batch.run, sources[item.version_id], asked, connection)
        request = engine.build(question)
        if not batch.parameters:
            batch.parameters = {
                name: value
                for name, value in _params(request).items()
                if name not in ("system", "messages")
            }
            Batch.objects.filter(pk=batch.pk).update(parameters=batch.parameters)
        yield api.written(item.custom_id, _params(request))


def _reserve(batch: Batch, connection: Connection) -> Reservation | None:
    """What it is expected to cost is set aside until its results are in: its worst case, every
    request thinking to its limit and missing the cache, is many times what anybody pays."""
    run = batch.run
    cells = Cell.objects.filter(items__batch=batch)
    usd = pricing.price(run.table, cells).batch
    kept = budgets.reserve(run.table.workspace, run.started_by, connection, usd)
    if kept is not None:
        until = timezone.now() + timedelta(hours=25)
        Reservation.objects.filter(pk=kept.pk).update(expires_at=until)
    return kept


def _give_back_money(batch: Batch) -> None:
    if batch.reservation is not None:
        budgets.release(batch.reservation)


def _made(batch: Batch, before: str, made: api.Batch) -> None:
    batch.move(
        before,
        Batch.State.SENT,
        api_id=made.id,
        counts=made.counts,
        expires_at=made.expires_at,
        looks=0,
    )
    Run.objects.filter(pk=batch.run_id).update(notice="")
    logger.info("batch=%s sent id=%s requests=%d", batch.public_id, made.id, batch.requests)


def _refused(batch: Batch, sentence: str, *, cancelled: bool = False) -> float:
    """Nothing was made, and nothing will be: its cells fail, or are as they were."""
    if not any(
        batch.move(state, Batch.State.FAILED, error=sentence, ended_at=timezone.now())
        for state in (Batch.State.INTENDED, Batch.State.SENDING)
    ):
        return 0.0
    if cancelled:
        settling.give_back(Cell.objects.filter(items__batch=batch))
    else:
        for cell in Cell.objects.filter(items__batch=batch):
            cell.fail(sentence)
    batch.items.filter(state=BatchItem.State.WAITING).update(state=BatchItem.State.FAILED)
    settling.end_if_done(batch.run)
    return 0.0


def _lost(batch: Batch, sentence: str) -> float:
    """Its results cannot be reached any more."""
    _give_back_money(batch)
    Batch.objects.filter(pk=batch.pk).update(
        state=Batch.State.FAILED, error=sentence, ended_at=timezone.now()
    )
    for item in batch.items.filter(state=BatchItem.State.WAITING).select_related("cell"):
        if item.leave(BatchItem.State.FAILED, "lost"):
            item.cell.fail(sentence)
    batch.refresh_from_db()
    settling.end_if_done(batch.run)
    return 0.0


def _find(batch: Batch, connection: Connection) -> float:
    """Looks for a batch that may have been made: among those of the account made since, with as
    many requests, that no row owns. Which it is, their results say when they have ended."""
    assert batch.sent_at is not None
    owned = set(
        Batch.objects.filter(account=batch.account).exclude(api_id="").values_list("api_id")
    )
    known = {one for (one,) in owned} | set(batch.candidates)
    with recorded(ApiCall.Purpose.BATCH, connection):
        found = [
            one
            for one in api.since(connection.client, batch.sent_at - SKEW)
            if one.requests == batch.requests and one.id not in known
        ]
    for one in found:
        if not one.ended:
            continue
        if _is_ours(batch, one, connection):
            _made(batch, Batch.State.UNKNOWN, one)
            return 0.0
        batch.candidates = [*batch.candidates, one.id]
        Batch.objects.filter(pk=batch.pk).update(candidates=batch.candidates)
    waits = [one for one in found if not one.ended]
    if not waits and timezone.now() > batch.sent_at + QUIET:
        logger.warning("batch=%s was never made", batch.public_id)
        _give_back_money(batch)
        batch.move(Batch.State.UNKNOWN, Batch.State.INTENDED, looks=0, candidates=[])
        return 0.0
    Batch.objects.filter(pk=batch.pk).update(looks=batch.looks + 1)
    return api.backoff(batch.looks)


def _is_ours(batch: Batch, one: api.Batch, connection: Connection) -> bool:
    """The first result tells: no two batches have a custom_id in common."""
    with recorded(ApiCall.Purpose.BATCH, connection):
        results = api.results(connection.client, one.id)
        first = next(results, None)
        results.close()  # type: ignore[attr-defined]
    return first is not None and taking.item_of(batch, first.custom_id) is not None


def _look(batch: Batch, connection: Connection) -> float:
    workspace = batch.run.table.workspace
    with recorded(ApiCall.Purpose.BATCH, connection, workspace=workspace):
        if batch.cancel_requested_at and not batch.counts.get("cancelling"):
            one = api.cancel(connection.client, batch.api_id)
        else:
            one = api.retrieve(connection.client, batch.api_id)
    counts = one.counts | ({"cancelling": 1} if one.canceling else {})
    Batch.objects.filter(pk=batch.pk).update(counts=counts, looks=batch.looks + 1)
    if one.ended:
        batch.move(Batch.State.SENT, Batch.State.COLLECTING, looks=0)
        return 0.0
    return api.backoff(batch.looks)


def _collect(batch: Batch, connection: Connection) -> float:
    """Takes the results in as they are read, those that were not; begun again after a crash."""
    work = taking.Taking(batch, connection)
    with recorded(ApiCall.Purpose.BATCH, connection, workspace=batch.run.table.workspace):
        for result in api.results(connection.client, batch.api_id):
            work.take(result)
    left = batch.items.filter(state=BatchItem.State.WAITING)
    if left.exists() and batch.looks < taking.MOST_TRIES:
        # the list broke off
        Batch.objects.filter(pk=batch.pk).update(looks=batch.looks + 1)
        return api.backoff(batch.looks)
    for item in left.select_related("cell__run"):
        work.missing(item)
    batch.move(Batch.State.COLLECTING, Batch.State.ENDED, ended_at=timezone.now())
    _give_back_money(batch)
    run = batch.run
    logger.info("batch=%s ended id=%s", batch.public_id, batch.api_id)
    settling.end_if_done(run)
    run.table.touch()
    return 0.0


def request_cancel(run: Run) -> None:
    """Asks for the end of the run's batches. What is answered by then still comes."""
    now = timezone.now()
    rows = Batch.objects.open().filter(run=run, cancel_requested_at=None)
    for pk in list(rows.values_list("pk", flat=True)):
        Batch.objects.filter(pk=pk).update(cancel_requested_at=now, look_at=None)
        hint_batch(pk)


class Hold:
    """A lease that is kept while its work goes on; short work needs no renewal."""

    def __init__(self) -> None:
        self.renewed = time.monotonic()

    def due(self) -> bool:
        late = time.monotonic() - self.renewed > LEASE.total_seconds() / 4
        if late:
            self.renewed = time.monotonic()
        return late


def _renew(model: type[Batch] | type[Run]) -> Callable[[dict[int, Hold]], None]:
    def beat(held: dict[int, Hold]) -> None:
        late = [pk for pk, hold in held.items() if hold.due()]
        if late:
            rows = model._default_manager.filter(pk__in=late)
            rows.update(lease_until=timezone.now() + LEASE)

    return beat


_leases: Keeper[Hold] = Keeper("batch-leases", BEAT, _renew(Batch))
_runs: Keeper[Hold] = Keeper("run-leases", BEAT, _renew(Run))
