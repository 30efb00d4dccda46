"""First questions about chosen documents: looked for once per version, shown when found."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User
from config.database import release
from documents.models import Document, Text, Version
from qa import budgets, engine, gate, tiers
from qa.claude import connect, on_behalf
from qa.engine import prompts, suggesting
from qa.hints import HINT_SECONDS
from qa.ledger import record_suggesting
from qa.models import Suggestion
from qa.waiting import Postponed

logger = logging.getLogger(__name__)
DOCUMENTS = 3
"""Of more documents than these none is suggested for the others."""


@dataclass(frozen=True)
class Offer:
    """A question, and the form's address with it filled in."""

    question: str
    query: str


@dataclass(frozen=True)
class Offers:
    """What a form offers to ask; ``pending`` while more may come."""

    questions: list[Offer]
    pending: bool


def about(documents: Sequence[Document], user: User) -> Offers:
    """First questions about documents the user may see. Those that nobody looked for yet, a
    worker is sent for."""
    if not settings.SUGGEST:
        return Offers([], False)
    chosen = [("document", str(document.public_id)) for document in documents]
    current = [document.current_id for document in documents]
    versions = Version.objects.ready().with_text().filter(pk__in=current).order_by("pk")
    found: dict[str, Offer] = {}
    pending = False
    for version in versions[:DOCUMENTS]:
        row, _made = Suggestion.objects.get_or_create(
            version=version, prompt_version=prompts.SUGGESTING_VERSION
        )
        if row.claim():
            transaction.on_commit(partial(_send, version, user))
        pending = pending or row.pending
        for question in row.questions:
            query = urlencode([*chosen, ("question", question)])
            found.setdefault(question, Offer(question, query))
    return Offers(list(found.values()), pending)


def _send(version: Version, user: User) -> None:
    """By the task's name, because the task imports this."""
    try:
        current_app.send_task("qa.tasks.suggest", (version.pk, user.pk), expires=HINT_SECONDS)
    except OperationalError as error:
        logger.warning("version=%s no suggestions, the broker is away: %s", version.pk, error)


def make(version: Version, user: User) -> None:
    """Ask a cheap model for them, once. What fails is not shown: nobody asked for it."""
    row = Suggestion.objects.filter(
        version=version, prompt_version=prompts.SUGGESTING_VERSION, found_at=None
    ).first()
    if row is None:
        return
    try:
        row.found(_asked(version, user))
    except (engine.EngineError, engine.UnknownModel, budgets.OverBudget, Postponed) as reason:
        logger.info("version=%s no suggestions: %s", version.public_id, reason)
        row.fail()


def _asked(version: Version, user: User) -> list[str]:
    document = version.document
    workspace = document.workspace
    connection = connect(workspace)
    model = tiers.router(workspace, user)
    text = Text.objects.get(version=version).content
    request = suggesting.request(document.title, text, model, **on_behalf(connection, user))
    record = partial(record_suggesting, workspace, user, connection, request)
    with gate.passing(gate.Payer(workspace, user), connection, request) as passage:
        # the model may take its time: no database connection is held meanwhile
        release()
        try:
            said = suggesting.send(connection.client, request)
        except engine.EngineError as error:
            record(
                error.usage,
                model=model.id,
                request_id=error.request_id or "",
                error_type=error.type or error.code,
            )
            raise
        passage.heard(said.limits)
        record(
            said.usage,
            model=said.model,
            message_id=said.message_id,
            request_id=said.request_id or "",
            stop_reason=said.stop_reason,
        )
    return suggesting.read(said.text)


def forget_erased() -> None:
    """Removes what was found in documents that are erased."""
    Suggestion.objects.filter(version__document__erased_at__isnull=False).delete()
