"""One answer: shown, stopped, tried or asked again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import User, Workspace
from accounts.roles import Act
from qa import askable, asking, going_on, streams
from qa.models import Answer
from qa.views.lookups import visible_answer

logger = logging.getLogger(__name__)


@require_GET
@in_workspace(Act.READ)
def answer(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """The answer's fragment for htmx; a page round the same fragment otherwise."""
    shown = visible_answer(request, workspace, answer_id)
    template = "qa/_answer.html" if request.htmx else "qa/answer.html"
    return render(request, template, {"workspace": workspace, "answer": shown})


@require_POST
@in_workspace(Act.ASK)
def stop(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    shown = visible_answer(request, workspace, answer_id)
    shown.request_stop()
    if not shown.working:
        # it was waiting: no worker will say that it ended
        try:
            streams.publish(shown.public_id, shown.attempts, [{"type": "end"}])
        except streams.Unreachable:
            logger.warning("answer=%s stream out of reach", shown.public_id)
    return _back(request, workspace, shown)


@require_POST
@in_workspace(Act.ASK)
def anew(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """The same question about the documents' current versions, at the end of the thread."""
    return _again(request, workspace, answer_id, asking.ask_anew)


@require_POST
@in_workspace(Act.ASK)
def go_on(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """A new answer that goes on where this one was cut off."""
    return _again(request, workspace, answer_id, going_on.go_on)


@require_POST
@in_workspace(Act.ASK)
def retry(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """A new answer to the same question; pressing the button twice makes one."""
    return _again(request, workspace, answer_id, asking.ask_again)


def _again(
    request: MemberRequest,
    workspace: Workspace,
    answer_id: UUID,
    ask: Callable[[Answer, User, HttpRequest], Answer],
) -> HttpResponse:
    shown = visible_answer(request, workspace, answer_id)
    try:
        newest = ask(shown, request.user, request)
    except askable.NotAskable as refusal:
        context = {"workspace": workspace, "answer": shown, "refusal": str(refusal)}
        template = "qa/_answer.html" if request.htmx else "qa/answer.html"
        return render(request, template, context, status=422)
    return _back(request, workspace, newest)


def _back(request: MemberRequest, workspace: Workspace, answer: Answer) -> HttpResponse:
    if request.htmx:
        return render(request, "qa/_answer.html", {"workspace": workspace, "answer": answer})
    if answer.thread is None:
        return redirect("qa:answer", workspace.slug, answer.public_id)
    where = reverse("qa:thread", args=[workspace.slug, answer.thread.public_id])
    return redirect(f"{where}#{answer.anchor}")
