"""Answers that stand at the same place of a conversation: asked differently, or of another model.

The newest is shown; the earlier ones are kept with all that was asked after them, and the page
leads to each.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid5

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from qa import askable, asking, passages, pictures
from qa.models import Answer, Thread
from qa.sources import is_uuid


def through(thread: Thread, fields: Mapping[str, str], name: str) -> Answer | None:
    """The answer of the thread that an address or a form names; None where it names none."""
    asked = fields.get(name, "")
    return thread.answers.filter(public_id=asked).first() if is_uuid(asked) else None


def rephrase(
    answer: Answer,
    question: str,
    by: User,
    submission: UUID,
    request: HttpRequest | None = None,
    *,
    web: bool = False,
) -> Answer:
    """The answer to be of another question in the same place. Whether that may look at the web is
    said anew. Raises NotAskable."""
    return _beside(answer, question, answer.picked, by, submission, request, web)


def ask_other(answer: Answer, model: str, by: User, request: HttpRequest | None = None) -> Answer:
    """The same question to another model; pressing the button twice asks once.

    Raises NotAskable.
    """
    if model == answer.picked:
        raise askable.NotAskable(_("This model has answered already. Choose another one."))
    submission = uuid5(answer.public_id, f"model {model}")
    return _beside(answer, answer.question, model, by, submission, request, answer.web)


def _beside(
    answer: Answer,
    question: str,
    model: str,
    by: User,
    submission: UUID,
    request: HttpRequest | None,
    web: bool,
) -> Answer:
    if answer.thread is None:
        raise askable.NotAskable(_("This question stands in no conversation. Ask it anew."))
    if answer.working:
        raise askable.NotAskable(_("The answer above is still being written. Wait, or stop it."))
    with transaction.atomic():
        # locked: what follows an answer, and what stands beside it, is decided one by one
        Thread.objects.select_for_update().get(pk=answer.thread.pk)
        made, _new = asking.ask(
            question=question,
            documents=asking.documents_of(answer),
            scope=answer.scope,
            web=web,
            search=answer.asked_to_search,
            model=model,
            effort=answer.effort,
            workspace=answer.workspace,
            by=by,
            thread=answer.thread,
            follows=answer.follows,
            submission=submission,
            about=passages.kept(answer),
            pictures=pictures.of(answer),
            request=request,
        )
    return made
