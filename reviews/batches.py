"""Batches at the Message Batches API: sent once, looked for, looked after, taken in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from config.database import release
from config.keeper import Keeper
from qa import budgets, engine
from qa.claude import Connection, accounts, connect
from qa.engine import batches as api
from qa.ledger import recorded
from qa.models import ApiCall, Reservation
from qa.waiting import Postponed
from reviews import planning, pricing, settling, taking
from reviews.leases import BEAT, LEASE, Hold, renewing
from reviews.models import Batch, BatchItem, Cell, Run

logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=2)
"""A batch that is not in the account's list so long after it was sent was never made."""
SKEW = timedelta(minutes=5)
"""So much the API's clock may be behind ours."""


def tend(batch: Batch) -> None:
    """Does what is due: sends it, looks for it, looks at it, or takes its results in."""
    if not batch.claim(timezone.now() + LEASE):
        return
    batch.refresh_from_db()
    wait = 0.0
    with _leases.holding(batch.pk, Hold()):
        try:
            wait = _tend(batch)
            Run.objects.filter(pk=batch.run_id).exclude(notice="").update(notice="")
        except (engine.EngineError, Postponed) as later:
            wait = _later(batch, later)
        finally:
            batch.let_go(timezone.now() + timedelta(seconds=wait))
    if not wait and batch.open:
        planning.hint_batch(batch.pk)


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
            sources[item.version_id] = planning.sources_of(item.version, batch.run, connection)
        asked = item.cell.column.asked_in(item.column_version)
        question = planning.question(batch.run, sources[item.version_id], asked, connection)
        request = engine.build(question)
        if not batch.parameters:
            batch.parameters = {
                name: value
                for name, value in planning.params_of(request).items()
                if name not in ("system", "messages")
            }
            Batch.objects.filter(pk=batch.pk).update(parameters=batch.parameters)
        yield api.written(item.custom_id, planning.params_of(request))


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
        planning.hint_batch(pk)


_leases: Keeper[Hold] = Keeper("batch-leases", BEAT, renewing(Batch))
