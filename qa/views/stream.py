"""The stream of a running answer, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from config.database import release
from config.health import LATE
from config.models import Pulse
from qa import streams
from qa.models import Answer
from qa.render import VOIDING, Draft


@require_GET
@in_workspace(Act.READ)
def stream(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponseBase:
    """Server-sent events of a running answer: all of it first, then what changes.

    Whoever joins late, reloads or reconnects gets the whole answer so far in the first message.
    """
    rows = Answer.objects.visible_to(request.user).filter(workspace=workspace)
    shown = get_object_or_404(rows, public_id=answer_id)
    response = StreamingHttpResponse(_messages(shown), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    # the stream may run for minutes: no database connection is held meanwhile
    release()
    return response


async def _messages(answer: Answer) -> AsyncIterator[str]:
    if not answer.working:
        yield sse("", event="done")
        return
    anchor = answer.anchor
    draft, first = Draft(anchor), True
    async for batch in streams.events(answer.public_id):
        if not batch:
            yield ": keep-alive\n\n"
            if not await _still_working(answer.pk):
                break
            if draft.blocks or not await _nobody_writes():
                continue
            batch = [{"type": "status", "sentence": nobody_sentence()}]
        for event in batch:
            draft.apply(event)
            first = first or event["type"] in VOIDING
        context = {"anchor": anchor, "first": first, **draft.update(everything=first)}
        yield sse(render_to_string("qa/_live.html", context))
        first = False
    yield sse("", event="done")


@sync_to_async
def _still_working(pk: int) -> bool:
    try:
        return any(answer.working for answer in Answer.objects.filter(pk=pk))
    finally:
        release()


def nobody_sentence() -> str:
    return _(
        "No worker is running, so nobody writes this answer yet. An admin finds out more at "
        "/health; it is written as soon as a worker starts."
    )


@sync_to_async
def _nobody_writes() -> bool:
    """Whether no worker for answers has been seen lately."""
    try:
        pulse = Pulse.objects.filter(name="worker:answers").first()
        return pulse is None or pulse.late(LATE)
    finally:
        release()


def sse(data: str, event: str = "") -> str:
    """One server-sent event. An unnamed one is swapped into the page, a named one triggers."""
    name = f"event: {event}\n" if event else ""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"{name}{lines}\n"
