"""Reading a conversation's documents beforehand, and keeping them at Claude while it is read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.roles import Act
from qa import (
    askable,
    budgets,
    claude_models,
    compacting,
    engine,
    gate,
    looking,
    remote,
    warmth,
)
from qa.claude import Connection, connect
from qa.desks import Desk
from qa.engine import catalogue, lifetime
from qa.hints import HINT_SECONDS
from qa.keeping import keeping
from qa.ledger import record_warming
from qa.models import (
    ApiCall,
    ClaudeModel,
    ClaudeSettings,
    Warming,
)
from qa.models.claude_model import forget
from qa.preparing import finished, sources, turns
from qa.waiting import Postponed

logger = logging.getLogger(__name__)
BEGUN = 8
"""Characters of a question that is meant."""
SITTING = timedelta(hours=2)
"""Refreshes before that are not counted: they were for another reader."""
# a long prompt takes the API many seconds, and the sweep has its worker in the same process
_at_once = threading.Semaphore(2)


# when ------------------------------------------------------------------------------------------


def allowed(desk: Desk) -> bool:
    """Whether documents are read beforehand at all, here, for this user and with this model."""
    if not settings.PREWARM or not desk.workspace.allows(desk.user, Act.ASK):
        return False
    if not ClaudeSettings.of(desk.workspace).prewarm:
        return False
    return not claude_models.entry(desk.model.key).refuses_prewarm


def opened(desk: Desk) -> bool:
    """A conversation was opened, or its documents were changed; whether they are read now.

    Not where that costs more than ``PREWARM_USD``: opening one is no promise to ask.
    """
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
        connection = connect(desk.workspace)
        askable.check_place(connection.inference_geo, desk.model)
        versions = desk.versions
        if desk.searches(versions):
            return False
        name = desk.prefix(connection)
    except (engine.EngineError, askable.NotAskable):
        # asking says why; nothing is read for it beforehand
        return False
    warm = warmth.of(name)
    tokens = askable.known_tokens(versions, desk.model)[0]
    if not due(warm, name) or _too_dear(tokens, desk, connection, warm):
        return False
    if not Warming.claim(desk.key(connection)):
        return False
    transaction.on_commit(partial(_send, desk))
    return True


def _too_dear(tokens: int, desk: Desk, connection: Connection, warm: warmth.Warmth | None) -> bool:
    """Whether so many tokens of documents cost more than may be spent while nobody asks: written
    where they are cold, only read where they are still warm."""
    usage = engine.Usage(
        cache_creation_input_tokens=0 if warm else tokens,
        cache_read_input_tokens=tokens if warm else 0,
        inference_geo=connection.inference_geo,
    )
    return catalogue.cost(usage, desk.model) > settings.PREWARM_USD


def _send(desk: Desk) -> None:
    """By the task's name, because the task imports this."""
    about = desk.thread.pk if desk.thread else None
    chosen = [document.pk for document in desk.chosen]
    new: list[Any] = [chosen, desk.area.pk] if desk.area else [chosen] if chosen else []
    try:
        current_app.send_task(
            "qa.tasks.warm",
            (about, desk.user.pk, desk.model.key, desk.effort, *new),
            expires=HINT_SECONDS,
        )
    except OperationalError as error:
        logger.warning("thread=%s not warmed, the broker is away: %s", about, error)


# the work itself -------------------------------------------------------------------------------


def warm(desk: Desk) -> ApiCall | None:
    """Read what the next question will share; the ledger's row, or None where nothing was sent.

    Whether it may is asked again: somebody may have switched it off since it was sent.
    """
    connection = connect(desk.workspace)
    begun = _at_once.acquire(blocking=False)
    try:
        return _warm(desk, connection) if begun and allowed(desk) else None
    except askable.NotAskable:
        return None
    finally:
        if begun:
            _at_once.release()
        Warming.end(desk.key(connection))


def _warm(desk: Desk, connection: Connection) -> ApiCall | None:
    askable.check_place(connection.inference_geo, desk.model)
    versions = desk.versions
    model = desk.model
    if desk.searches(versions):
        return None
    tokens = remote.tokens(versions, model, connection)
    shown = looking.plan(versions, model)
    if not askable.fit(tokens + shown.tokens, model):
        # it is searched, and shares nothing but the tools
        return None
    of = sources(versions, connection, shown)
    room = looking.room_beside(of, model, connection)
    left = compacting.room(tokens + shown.tokens, model, searches=False)
    told = compacting.at_hand(finished(desk.last), left)
    question = desk.question(connection, of, turns(told.whole, connection, room), told.earlier)
    request = keeping(question, connection, desk.workspace, desk.thread, build=engine.build_warming)
    if tokens < model.cache_minimum or not _accepted(desk, request):
        return None
    found = warmth.of(warmth.named(connection, request))
    if found is not None and found.seconds_left > lifetime.MARGIN:
        return None
    if _too_dear(tokens + shown.tokens, desk, connection, found):
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
        if error.code == "invalid" and "disabled" not in model.thinking:
            # of one that can stop thinking it is something else that the API does not like
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
