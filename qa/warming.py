"""Reading a conversation's documents beforehand, and keeping them at Claude while it is read."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import User, Workspace
from documents.models import Document, Version
from qa import (
    asking,
    budgets,
    claude_models,
    compacting,
    engine,
    gate,
    looking,
    modes,
    remote,
    tiers,
    warmth,
)
from qa.claude import Connection, connect, on_behalf
from qa.engine import catalogue, lifetime
from qa.hints import HINT_SECONDS
from qa.keeping import keeping
from qa.ledger import record_warming
from qa.models import (
    Answer,
    ApiCall,
    ClaudeModel,
    ClaudeSettings,
    Enclosure,
    Route,
    Thread,
    Warming,
)
from qa.models.claude_model import forget
from qa.preparing import finished, readable, sources, sources_at_hand, turns
from qa.waiting import Postponed

logger = logging.getLogger(__name__)
BEGUN = 8
"""Characters of a question that is meant."""
SITTING = timedelta(hours=2)
"""Refreshes before that are not counted: they were for another reader."""
# a long prompt takes the API many seconds, and the sweep has its worker in the same process
_at_once = threading.Semaphore(2)
# it stands where the question will, and is not part of what is shared
ANYTHING = engine.prompts.WARMING
PICTURED = engine.Turn(
    ANYTHING,
    (engine.AnswerBlock(ANYTHING),),
    pictures=(engine.Picture("image/png", file_id=ANYTHING),),
)


@dataclass(frozen=True)
class Desk:
    """A conversation as somebody has it open: the next question would be put with this. One that is
    not begun yet has no thread, and `chosen` are its documents."""

    thread: Thread | None
    user: User
    model: catalogue.Model
    effort: str | None = None
    auto: bool = False
    """Whether the model is only the likeliest: it is chosen anew for each question."""
    chosen: tuple[Document, ...] = ()

    @property
    def workspace(self) -> Workspace:
        return self.thread.workspace if self.thread else self.chosen[0].workspace

    @property
    def documents(self) -> list[Document]:
        if self.thread is None:
            return list(self.chosen)
        return list(self.thread.documents.select_related("current"))

    @property
    def last(self) -> Answer | None:
        return self.thread.last_answer() if self.thread else None

    @property
    def versions(self) -> list[Version]:
        """What would be sent. Raises NotAskable."""
        versions = asking.usable_versions(self.documents)
        rows = Version.objects.filter(pk__in=[version.pk for version in versions])
        return readable(rows.select_related("document__workspace", "blob").order_by("pk"))

    def searches(self, versions: list[Version]) -> bool:
        """Whether the next question is searched: then it shares nothing but the tools."""
        if self.thread is not None and self.thread.scope is not None:
            return True
        last = self.last
        goes_on = modes.continued(versions, self.model.key, last).searches
        known = asking.known_tokens(versions, self.model)[0]
        asked = last is not None and last.asked_to_search
        return asked or goes_on or not asking.fit(known, self.model)

    def key(self, connection: Connection) -> str:
        """The same for all who would read the same documents with the same model and account."""
        current = sorted(document.current_id or 0 for document in self.documents)
        told = repr((connection.account, self.model.id, self.effort, current))
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def question(
        self,
        connection: Connection,
        of: tuple[engine.Source, ...],
        history: tuple[engine.Turn, ...] = (),
        earlier: str | None = None,
    ) -> engine.Question:
        return engine.Question(
            ANYTHING,
            self.model,
            of,
            history,
            earlier=earlier,
            effort=self.effort,
            previous=warmth.previous(self.thread),
            **on_behalf(connection, self.user),
        )

    def prefix(self, connection: Connection) -> str:
        """The name of what would be shared; "" while the API does not have all of it.

        Raises NotAskable.
        """
        versions = self.versions
        if self.searches(versions):
            return ""
        shown = looking.plan(versions, self.model)
        at_hand = sources_at_hand(versions, connection, shown)
        if not at_hand:
            return ""
        # of what was asked before, only that there was a picture makes another prefix
        asked = Enclosure.objects.filter(answer__thread=self.thread)
        pictured = self.thread is not None and asked.exists()
        said = (PICTURED,) if pictured else ()
        return warmth.named(connection, engine.build(self.question(connection, at_hand, said)))


# when ------------------------------------------------------------------------------------------


def allowed(desk: Desk) -> bool:
    """Whether documents are read beforehand at all, here and with this model."""
    if not settings.PREWARM:
        return False
    chosen = ClaudeSettings.objects.filter(workspace=desk.workspace).first()
    if chosen is not None and not chosen.prewarm:
        return False
    return not claude_models.entry(desk.model.key).refuses_prewarm


def opened(desk: Desk) -> bool:
    """A conversation was opened, or its documents were changed; whether they are read now."""
    return _begin(desk, lambda warm, _name: warm is None)


def meant(desk: Desk, question: str) -> bool:
    """A first question is being written; whether its documents are read now.

    Documents are often chosen to look at prices, or anew: they are read only once so much of a
    question stands there that somebody means to ask it.
    """
    if len(question.strip()) < BEGUN:
        return False
    return _begin(desk, lambda warm, _name: warm is None)


def being_read(desk: Desk) -> bool:
    """A conversation is still open; whether its documents are read again to keep them."""
    rates = desk.model.rates

    def due(warm: warmth.Warmth | None, name: str) -> bool:
        if warm is None:
            return False
        return lifetime.worth_refreshing(rates, warm.ttl, refreshes(name), warm.seconds_left)

    return _begin(desk, due)


def refreshes(name: str) -> int:
    """How often the documents behind a prefix were only read since the last question on them."""
    since = timezone.now() - SITTING
    rows = ApiCall.objects.filter(prefix=name, at__gte=since)
    asked = rows.filter(purpose=ApiCall.Purpose.ANSWER).order_by("-at").first()
    reads = rows.filter(purpose=ApiCall.Purpose.WARM)
    return reads.filter(at__gt=asked.at).count() if asked else reads.count()


def _begin(desk: Desk, due: Callable[[warmth.Warmth | None, str], bool]) -> bool:
    """Send a worker where it is due, and nobody was sent a moment ago."""
    try:
        if not allowed(desk):
            return False
        if desk.thread is not None and desk.thread.answers.working().exists():
            return False
        if desk.searches(desk.versions):
            return False
        connection = connect(desk.workspace)
        name = desk.prefix(connection)
    except (engine.EngineError, asking.NotAskable):
        # asking says why; nothing is read for it beforehand
        return False
    if not due(warmth.of(name), name) or not Warming.claim(desk.key(connection)):
        return False
    transaction.on_commit(partial(_send, desk))
    return True


def _send(desk: Desk) -> None:
    """By the task's name, because the task imports this."""
    about = desk.thread.pk if desk.thread else None
    chosen = [document.pk for document in desk.chosen]
    try:
        current_app.send_task(
            "qa.tasks.warm",
            (about, desk.user.pk, desk.model.key, desk.effort, *([chosen] if chosen else [])),
            expires=HINT_SECONDS,
        )
    except OperationalError as error:
        logger.warning("thread=%s not warmed, the broker is away: %s", about, error)


# the work itself -------------------------------------------------------------------------------


def warm(desk: Desk) -> ApiCall | None:
    """Read what the next question will share; the ledger's row, or None where nothing was sent."""
    connection = connect(desk.workspace)
    begun = _at_once.acquire(blocking=False)
    try:
        return _warm(desk, connection) if begun else None
    except asking.NotAskable:
        return None
    finally:
        if begun:
            _at_once.release()
        Warming.end(desk.key(connection))


def _warm(desk: Desk, connection: Connection) -> ApiCall | None:
    versions = desk.versions
    model = desk.model
    if desk.searches(versions):
        return None
    tokens = sum(remote.ensure_counted(version, model, connection) for version in versions)
    shown = looking.plan(versions, model)
    if not asking.fit(tokens + shown.tokens, model):
        # it is searched, and shares nothing but the tools
        return None
    of = sources(versions, connection, shown)
    room = looking.room_beside(of, model, connection)
    told = compacting.at_hand(finished(desk.last), compacting.room(versions, model, searches=False))
    question = desk.question(connection, of, turns(told.whole, connection, room), told.earlier)
    request = keeping(question, connection, desk.workspace, desk.thread, build=engine.build_warming)
    if tokens < model.cache_minimum or not _accepted(desk, request):
        return None
    found = warmth.of(warmth.named(connection, request))
    if found is not None and found.seconds_left > lifetime.MARGIN:
        return None
    try:
        payer = gate.Payer(desk.workspace, desk.user)
        with gate.passing(payer, connection, request) as passage:
            return _sent(desk, connection, request, passage)
    except (budgets.OverBudget, Postponed) as reason:
        logger.info("thread=%s not warmed: %s", _named(desk), reason)
        return None


def _named(desk: Desk) -> str:
    return str(desk.thread.public_id) if desk.thread else "new"


def _sent(
    desk: Desk, connection: Connection, request: engine.Request, passage: gate.Passage
) -> ApiCall:
    model = desk.model
    record = partial(
        record_warming, desk.workspace, desk.thread, desk.user, connection, request, model=model.key
    )
    try:
        warmed = engine.warm(connection.client, request)
    except engine.EngineError as error:
        logger.info("thread=%s not warmed code=%s", _named(desk), error.code)
        passage.heard(error.limits, error)
        if error.code == "invalid":
            _remember_refusal(model)
        return record(error)
    passage.heard(warmed.limits)
    return record(warmed)


def _accepted(desk: Desk, request: engine.Request) -> bool:
    """Whether it is worth asking the API: it refuses while thinking is on.

    Where thinking cannot be switched off, it is asked once, and what it says is remembered.
    """
    if claude_models.entry(desk.model.key).refuses_prewarm:
        return False
    if "disabled" not in desk.model.thinking:
        return True
    return not engine.warming_is_refused(request, desk.model)


def _remember_refusal(model: catalogue.Model) -> None:
    ClaudeModel.objects.filter(api_id=model.id).update(refuses_prewarm=True)
    forget()
    logger.info("model=%s refuses to read beforehand", model.id)


def new_desk(
    documents: Sequence[Document], workspace: Workspace, user: User, key: str, effort: str = ""
) -> Desk | None:
    """A first question about the documents; None where there are none, or no such model."""
    found = _model(key or claude_models.default_key(workspace), workspace, user)
    if not documents or found is None:
        return None
    return Desk(None, user, found[0], effort or None, found[1], tuple(documents))


def _model(key: str, workspace: Workspace, user: User) -> tuple[catalogue.Model, bool] | None:
    """What would answer, and whether only probably."""
    wanted = key
    if auto := wanted == claude_models.AUTO:
        # most questions are ordinary ones
        ordinary = tiers.models(workspace, user).get(Route.Tier.ORDINARY)
        wanted = ordinary.key if ordinary else wanted
    try:
        chosen = claude_models.choose(wanted, workspace, user)
    except engine.UnknownModel:
        return None
    return claude_models.get(chosen.entry.key), auto


def desk_of(thread: Thread, user: User, key: str = "", effort: str = "") -> Desk | None:
    """The conversation with the chosen model, or the one that answered last.

    None where there is no such model any more.
    """
    last: Answer | None = thread.last_answer()
    wanted, level = key, effort
    if not key:
        wanted = last.picked if last else claude_models.default_key(thread.workspace)
        level = last.effort if last else ""
    found = _model(wanted, thread.workspace, user)
    return Desk(thread, user, found[0], level or None, found[1]) if found else None
