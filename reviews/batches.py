"""Batches at the Message Batches API: sent once, looked for, looked after, taken in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from config.database import release
from config.keeper import Keeper
from qa import budgets, claude_models, engine, gate
from qa.claude import Connection, accounts, connect
from qa.engine import batches as api
from qa.engine import catalogue
from qa.ledger import recorded
from qa.models import ApiCall, Reservation
from qa.waiting import Postponed
from reviews import planning, settling, taking
from reviews.leases import BEAT, LEASE, Hold, renewing
from reviews.models import Batch, BatchItem, Cell, Run

logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=2)
"""A batch that is not in the account's list so long after it was sent was never made."""
PATIENCE = 60.0
"""Seconds until a batch that waits for money is looked at again, if nothing wakes it."""
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
            _goes_on(batch)
        except (engine.EngineError, Postponed) as later:
            wait = _later(batch, later)
        finally:
            batch.let_go(timezone.now() + timedelta(seconds=wait))
    if not wait and batch.open:
        planning.hint_batch(batch.pk)


def _goes_on(batch: Batch) -> None:
    """The run stands still no more, unless another of its batches waits."""
    others = Batch.objects.filter(run=batch.run_id, state=Batch.State.INTENDED)
    if not others.exclude(pk=batch.pk).exists():
        Run.objects.filter(pk=batch.run_id).exclude(notice="").update(notice="")


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
    ready = list(_written(batch, connection))
    try:
        reservation = _reserve(batch, connection, ready)
    except budgets.OverBudget as refusal:
        return _refused(batch, str(refusal))
    if not batch.move(
        Batch.State.INTENDED, Batch.State.SENDING, sent_at=timezone.now(), reservation=reservation
    ):
        return 0.0
    release()
    try:
        with recorded(ApiCall.Purpose.BATCH, connection, workspace=run.table.workspace):
            made = api.create(connection.client, [one.body for one in ready[: batch.requests]])
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


@dataclass(frozen=True)
class Ready:
    """A request as it is sent, and what it costs at most in US dollars."""

    item: BatchItem
    body: bytes
    usd: Decimal


def _written(batch: Batch, connection: Connection) -> Iterator[Ready]:
    items = batch.items.select_related(
        "cell__column", "version__blob", "version__document__workspace"
    )
    model = claude_models.get(batch.model)
    sources: dict[int, tuple[engine.Source, ...]] = {}
    counted: dict[int, dict[str, int]] = {}
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
        if item.version_id not in counted:
            counted[item.version_id] = gate.counted(request)
        worst = engine.estimate(request, model, counted[item.version_id])
        body = api.written(item.custom_id, planning.params_of(request))
        yield Ready(item, body, worst.usd * catalogue.BATCH)


def _reserve(batch: Batch, connection: Connection, ready: list[Ready]) -> Reservation | None:
    """The worst case of all its requests is set aside until its results are in. Where a budget does
    not bear so much the batch keeps as many as it does, and the others become one that is sent
    when this one has ended: most of what is set aside is not spent.

    Raises budgets.OverBudget where not even one may be sent, and Postponed where one may be when
    others have ended.
    """
    workspace, by = batch.run.table.workspace, batch.run.started_by
    left = budgets.left(workspace, by, connection.backend)
    if left is not None and (fit := _fitting(ready, left)) < len(ready):
        if not fit:
            _wait_for_one(workspace, by, connection, ready[0].usd)
        _split(batch, ready[max(fit, 1) :])
    usd = sum((one.usd for one in ready[: batch.requests]), Decimal(0))
    kept = budgets.reserve(workspace, by, connection, usd)
    if kept is not None:
        until = timezone.now() + timedelta(hours=25)
        Reservation.objects.filter(pk=kept.pk).update(expires_at=until)
    return kept


def _fitting(ready: list[Ready], usd: Decimal) -> int:
    """How many of the requests, from the first, cost so much at most: those of whole documents,
    whose cache they share, if that is any."""
    fit = whole = 0
    for number, one in enumerate(ready):
        if number and ready[number - 1].item.version_id != one.item.version_id:
            whole = number
        if (usd := usd - one.usd) < 0:
            return whole or fit
        fit = number + 1
    return fit


def _wait_for_one(workspace: Workspace, by: User, connection: Connection, usd: Decimal) -> None:
    """Raises OverBudget, or Postponed for longer than a question waits: an end wakes it."""
    try:
        kept = budgets.reserve(workspace, by, connection, usd)
    except Postponed as later:
        raise Postponed(PATIENCE, str(later)) from later
    if kept is not None:
        # the money came back just now
        budgets.release(kept)


def _split(batch: Batch, rest: list[Ready]) -> None:
    """Makes a batch of its own of the requests given, to be sent later."""
    keys = [one.item.pk for one in rest]
    with transaction.atomic():
        other = Batch.objects.create(
            run=batch.run,
            backend=batch.backend,
            account=batch.account,
            model=batch.model,
            requests=len(rest),
            look_at=timezone.now() + timedelta(seconds=PATIENCE),
        )
        for at in range(0, len(keys), 1000):
            BatchItem.objects.filter(pk__in=keys[at : at + 1000]).update(batch=other)
        batch.requests -= len(rest)
        Batch.objects.filter(pk=batch.pk).update(requests=batch.requests)
    logger.info(
        "batch=%s left=%d for batch=%s by a budget", batch.public_id, len(rest), other.public_id
    )


def _wake(batch: Batch) -> None:
    """Money is there again: what the run has to send is looked at now."""
    waiting = Batch.objects.filter(run=batch.run_id, state=Batch.State.INTENDED)
    for pk in list(waiting.values_list("pk", flat=True)):
        Batch.objects.filter(pk=pk).update(look_at=None)
        planning.hint_batch(pk)


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
    _wake(batch)
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
