"""Documents' tokens counted for all models that the picker shows, so that it need not guess.

Counting is free, but each count sends a whole text: it is done when somebody opens the picker, for
what is chosen there, and once for each version and model.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.models import User, Workspace
from documents.models import Document, Version
from qa import claude_models, engine, remote
from qa.claude import connect
from qa.hints import HINT_SECONDS
from qa.models import TokenCount, Warming
from qa.models.claude_model import MORE

logger = logging.getLogger(__name__)
MOST = 40
"""Counts at one time: of 2,000 a minute that the smallest account may have."""


def missing(versions: Sequence[Version], user: User) -> list[tuple[Version, str]]:
    """What was not counted yet, for the models that are shown at once and that the user may use;
    no more than `MOST`."""
    if not versions:
        return []
    usable = claude_models.usable(versions[0].document.workspace, user)
    models = list(dict.fromkeys(one.api_id for one in usable if one.order < MORE))
    rows = TokenCount.objects.filter(version__in=versions)
    known = set(rows.values_list("version", "model"))
    wanted = [(one, model) for one in versions for model in models if (one.pk, model) not in known]
    return wanted[:MOST]


def opened(documents: Sequence[Document], workspace: Workspace, user: User) -> bool:
    """Somebody looks at the prices; whether a worker is sent to count what they guess."""
    versions = _versions([document.current_id for document in documents])
    if not missing(versions, user):
        return False
    try:
        account = connect(workspace).account
    except engine.EngineError:
        return False  # asking says why
    told = repr(("count", account, [version.pk for version in versions]))
    if not Warming.claim(hashlib.sha256(told.encode()).hexdigest()[:32]):
        return False
    transaction.on_commit(partial(_send, versions, user))
    return True


def _versions(ids: Sequence[int | None]) -> list[Version]:
    rows = Version.objects.ready().with_text().filter(pk__in=ids, document__deleted_at=None)
    return list(rows.select_related("document__workspace").order_by("pk"))


def _send(versions: Sequence[Version], user: User) -> None:
    """By the task's name, because the task imports this."""
    try:
        current_app.send_task(
            "qa.tasks.count_tokens",
            ([version.pk for version in versions], user.pk),
            expires=HINT_SECONDS,
        )
    except OperationalError as error:
        logger.warning("nothing counted, the broker is away: %s", error)


def count(ids: Sequence[int], user: User) -> int:
    """Count what is missing, one after another; how many. At the first failure it is left: a
    question counts what it needs, and who opens the picker later sends again."""
    done = 0
    for version, model in missing(_versions(ids), user):
        try:
            remote.ensure_counted(version, model, connect(version.document.workspace))
        except engine.EngineError as error:
            logger.info("version=%s not counted code=%s", version.public_id, error.code)
            break
        done += 1
    return done
