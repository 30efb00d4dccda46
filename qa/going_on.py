"""Going on with an answer that was cut off at the most it may write."""

from __future__ import annotations

from uuid import uuid5

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from qa import askable, asking
from qa.engine import prompts
from qa.models import Answer, Thread


def go_on(answer: Answer, by: User, request: HttpRequest | None = None) -> Answer:
    """A new answer that follows the cut one and goes on where it stopped.

    The cut one stays as it is. Pressing the button twice goes on once. Raises NotAskable.
    """
    if answer.thread is None or not answer.cut:
        raise askable.NotAskable(_("There is nothing to go on with: the answer is complete."))
    with transaction.atomic():
        # locked: two questions at once must not follow the same answer
        Thread.objects.select_for_update().get(pk=answer.thread.pk)
        submission = uuid5(answer.public_id, "go on")
        after = answer.followers.first()
        if after is not None and after.submission != submission:
            raise askable.NotAskable(_("Another question followed this one. Ask it again below."))
        made, _new = asking.ask(
            question=prompts.GO_ON,
            documents=asking.documents_of(answer),
            scope=answer.scope,
            web=answer.web,
            search=answer.asked_to_search,
            model=answer.model_requested,
            effort=answer.effort,
            workspace=answer.workspace,
            by=by,
            thread=answer.thread,
            follows=answer,
            submission=submission,
            request=request,
        )
    return made
