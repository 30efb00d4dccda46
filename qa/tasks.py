"""Work on answers in the background. A message is only a hint: the rows are the queue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.models import User, Workspace
from config.models import Pulse
from documents.models import Document, Version
from qa import (
    budgets,
    claude_models,
    counting,
    desks,
    engine,
    model_list,
    pictures,
    remote,
    spent,
    streams,
    suggestions,
    warming,
)
from qa.claude import Account, Connection, accounts, connect
from qa.engine import catalogue, files
from qa.hints import HINT_SECONDS, hint
from qa.ledger import recorded
from qa.models import Answer, ApiCall, Scope, Thread, Warming
from qa.turns import write_next

logger = logging.getLogger(__name__)
KEEP_STREAMS = 24 * 3600
ASK_CLAUDE = timedelta(minutes=5)
LIST_MODELS = timedelta(days=1)


@shared_task(expires=HINT_SECONDS)
def write_answer(answer_id: int) -> None:
    """Something is due: write what has its turn, which may be another than the one named."""
    if write_next() and (following := Answer.objects.next_due()) is not None:
        hint(following.pk)


@shared_task(expires=HINT_SECONDS)
def warm(
    thread_id: int | None,
    user_id: int,
    model: str,
    effort: str | None,
    document_ids: Sequence[int] = (),
    scope_id: int | None = None,
) -> None:
    """Reads the documents of a conversation that was opened, or is about to begin. Lost, it costs
    nothing but time."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    desk = None
    if user is not None and thread_id is not None:
        threads = Thread.objects.visible_to(user).select_related("workspace", "scope")
        thread = threads.filter(pk=thread_id).first()
        desk = desks.of_thread(thread, user, model, effort or "") if thread else None
    elif user is not None:
        desk = _new_desk(user, model, effort or "", document_ids, scope_id)
    if desk is None:
        return
    try:
        warming.warm(desk)
    except engine.EngineError as error:
        logger.info("thread=%s not warmed code=%s", thread_id, error.code)


def _new_desk(
    user: User, model: str, effort: str, document_ids: Sequence[int], scope_id: int | None
) -> desks.Desk | None:
    """None where the user does not see all of it any more."""
    rows = Document.objects.visible_to(user).filter(pk__in=document_ids)
    chosen = list(rows.select_related("workspace", "current").order_by("pk"))
    areas = Scope.objects.select_related("workspace").filter(pk__in=[scope_id])
    scope = areas.first() if scope_id is not None else None
    workspace = scope.workspace if scope else chosen[0].workspace if chosen else None
    if workspace is None or len(chosen) < len(document_ids):
        return None
    return desks.new(chosen, scope, workspace, user, model, effort)


@shared_task(expires=HINT_SECONDS)
def count_tokens(version_ids: list[int], user_id: int) -> None:
    """Counts documents for the models of the picker. Lost, prices stay estimates."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        counting.count(version_ids, user)


@shared_task(expires=HINT_SECONDS)
def suggest(version_id: int, user_id: int) -> None:
    """Looks for first questions about a document. Lost, it is sent again by who looks later."""
    version = Version.objects.ready().filter(pk=version_id, document__deleted_at=None).first()
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if version is not None and user is not None:
        suggestions.make(version, user)


@shared_task(expires=HINT_SECONDS)
def sweep() -> None:
    """Sends again what is due: messages may be lost, and workers killed."""
    for pk in Answer.objects.due().order_by("pk").values_list("pk", flat=True)[:50]:
        hint(pk)
    budgets.tidy()
    carry_files.delay()
    asked = Pulse.objects.filter(name="claude").first()
    if asked is None or asked.late(ASK_CLAUDE):
        ask_whether_claude_answers.delay()
    if models_due():
        sync_models.delay()
    Pulse.beat("sweep")


class Started:
    """Whether this process has asked for the models yet: they are listed at every start."""

    listed = False


def models_due() -> bool:
    """At the start, once a day, and every few minutes while it fails."""
    pulse = Pulse.objects.filter(name="models").first()
    if not Started.listed or pulse is None:
        Started.listed = True
        return True
    return pulse.late(LIST_MODELS if pulse.detail.startswith("ok") else ASK_CLAUDE)


class Rests:
    """What failed rests, twice as long each time, so that a dead API is not asked every second.

    In the memory of this process: after a restart everything is tried once at once.
    """

    def __init__(self) -> None:
        self._until: dict[object, tuple[int, float]] = {}

    def failed(self, key: object) -> None:
        times, _until = self._until.get(key, (0, 0.0))
        self._until[key] = (times + 1, time.monotonic() + min(3600.0, 5.0 * 2**times))

    def well(self, key: object) -> None:
        self._until.pop(key, None)

    def resting(self) -> list[object]:
        now = time.monotonic()
        return [key for key, (_times, until) in self._until.items() if until > now]


OF_A_FILE = {"invalid", "too_large", "too_long", "file_missing"}
rests = Rests()  # by account, and by version
_carrying = threading.Lock()


@shared_task(expires=HINT_SECONDS)
def carry_files() -> None:
    """Uploads texts that are ready, counts their tokens, deletes copies of erased documents.

    Nothing depends on it now: what fails is tried again later, or at the first question.
    """
    if not _carrying.acquire(blocking=False):
        return
    try:
        for account in accounts():
            _carry_account(account)
        remote.drop_worn_out_keys()
    finally:
        _carrying.release()


def _carry_account(account: Account) -> None:
    name = account.connection.account
    if name in rests.resting():
        return
    try:
        remote.erase_deleted(account, limit=20)
        for version in remote.waiting_for_upload(account, but=rests.resting(), limit=5):
            _carry(version, account.connection)
        rests.well(name)
    except engine.EngineError as error:
        rests.failed(name)
        logger.info("files not carried account=%s code=%s", name, error.code)


def _usual_model(workspace: Workspace) -> catalogue.Model:
    """The one whose count of tokens will be asked for first."""
    key = claude_models.default_key(workspace)
    return claude_models.get(settings.DEFAULT_MODEL if key == claude_models.AUTO else key)


def _carry(version: Version, connection: Connection) -> None:
    try:
        remote.ensure_uploaded(version, connection)
        remote.ensure_counted(version, _usual_model(version.document.workspace), connection)
    except engine.EngineError as error:
        if error.code not in OF_A_FILE:
            raise
        rests.failed(version.pk)
        logger.warning("version=%s not carried code=%s", version.public_id, error.code)


@shared_task(expires=HINT_SECONDS)
def ask_whether_claude_answers() -> None:
    """Keeps for /health whether the key is accepted."""
    try:
        connection = connect()
        with recorded(ApiCall.Purpose.LIST, connection):
            files.check_key(connection.client)
    except engine.EngineError as error:
        Pulse.beat("claude", f"failed: {error.code}")
    else:
        Pulse.beat("claude", f"ok: {connection.backend}")


@shared_task(expires=HINT_SECONDS)
def sync_models() -> None:
    """Takes over which models the API has; the table stays as it is while that fails."""
    Pulse.beat("models", "asking")
    try:
        report = model_list.sync(connect())
    except engine.EngineError as error:
        Pulse.beat("models", f"failed: {error.code}")
        logger.warning("models not listed code=%s", error.code)
    else:
        Pulse.beat("models", f"ok: {len(report.new)} new, {len(report.missing)} missing")


@shared_task(expires=HINT_SECONDS)
def tidy_remote_files() -> None:
    for account in accounts():
        try:
            removed = remote.tidy(account.connection)
        except engine.EngineError as error:
            logger.warning("files not tidied code=%s", error.code)
        else:
            logger.info("remote files tidied removed=%d", removed)


@shared_task(expires=HINT_SECONDS)
def close_days() -> None:
    """Adds up what days have cost that are over; until then, and after a failure, the ledger is
    asked for it, which only takes longer."""
    spent.close_days()


@shared_task(expires=HINT_SECONDS)
def tidy_streams() -> None:
    """A finished answer is read from the database; its stream log is kept for a day. So are who
    read which documents beforehand, and pictures of questions that were never asked. What was
    suggested goes with its document."""
    streams.backend().tidy(KEEP_STREAMS)
    Warming.tidy(timezone.now() - timedelta(seconds=KEEP_STREAMS))
    pictures.drop_unasked()
    suggestions.forget_erased()
