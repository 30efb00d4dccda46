"""Whether a conversation's documents are warm, said on its page for as long as it is open."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from qa import askable, desks, engine, looking, scopes, sources, warming, warmth
from qa.claude import connect
from qa.engine import lifetime
from qa.models import Thread, Warming
from qa.next_cost import Costs, NextCost
from qa.views.lookups import live_documents, visible_thread

SOON = 3
"""Seconds until the page looks again while documents are being read."""
WRITING = 20
"""While an answer is being written: its end says so itself."""
EVERY = 60


@dataclass(frozen=True)
class Said:
    """What the page says; ``look`` is in how many seconds it asks again. ``only`` is the one model
    that it is true of, where another may answer. Where nothing is stored, and pages would have to
    be made to tell, it is not ``known`` whether they are warm."""

    warm: warmth.Warmth | None
    cost: NextCost | None
    reading: bool
    look: int
    only: str = ""
    known: bool = True


LATER = Said(None, None, False, WRITING)
"""Says nothing yet: a question that was just sent must not wait for it, and will change it."""


@require_POST
@in_workspace(Act.ASK)
def warm(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> HttpResponse:
    """The page is still open, with this model chosen: keep the documents warm if it pays."""
    thread = visible_thread(request, workspace, thread_id)
    key = request.POST.get("model", "")
    effort, search = request.POST.get(f"effort:{key}", ""), "search" in request.POST
    desk = desks.of_thread(thread, request.user, key, effort, search)
    if desk is not None:
        warming.being_read(desk)
    context = {"workspace": workspace, "thread": thread, "warmth": said(desk)}
    return render(request, "qa/_warmth.html", context)


@require_POST
@in_workspace(Act.ASK)
def begin(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A first question is being written: its documents are read beforehand. Nothing is said."""
    asked = [one for one in request.POST.getlist("documents") if sources.is_uuid(one)]
    rows = live_documents(request, workspace).select_related("workspace", "current")
    documents = list(rows.filter(public_id__in=asked))
    key = request.POST.get("model", "")
    effort = request.POST.get(f"effort:{key}", "")
    try:
        scope = scopes.find(request.user, workspace, request.POST.get("scope", ""))
    except LookupError:
        return HttpResponse(status=204)
    desk = desks.new(documents, scope, workspace, request.user, key, effort)
    if desk is not None and not request.POST.get("search"):
        warming.meant(desk, request.POST.get("question", ""))
    return HttpResponse(status=204)


def said(desk: desks.Desk | None) -> Said | None:
    """What to say at a desk; None where nothing can be asked there."""
    if desk is None or desk.thread is None:
        return None
    if desk.thread.answers.working().exists():
        return LATER
    workspace, thread = desk.thread.workspace, desk.thread
    only = desk.model.name if desk.auto else ""
    try:
        connection = connect(workspace)
        versions = desk.versions
        if not versions or desk.searches(versions):
            cost = Costs(workspace, thread, versions, searches=True).of(desk.model)
            return Said(None, cost, False, EVERY, only)
        name = desk.prefix(connection)
    except (engine.EngineError, askable.NotAskable):
        return None
    found = warmth.of(name)
    chosen = warmth.lifetimes(workspace, thread, name, desk.model.rates)
    reading = found is None and Warming.running(desk.key(connection))
    cost = Costs(workspace, thread, versions).of(desk.model, chosen)
    known = not (connection.inline and looking.plan(versions, desk.model).pages)
    return Said(found, cost, reading, SOON if reading else _next_look(found), only, known)


def _next_look(found: warmth.Warmth | None) -> int:
    """In time to keep it warm, then when it has run out; and now and then."""
    if found is None:
        return EVERY
    left = found.seconds_left
    in_time = left - lifetime.MARGIN + 1
    return max(1, ceil(min(in_time if in_time > 0 else left + 1, EVERY)))


def at(thread: Thread, request: MemberRequest) -> Said | None:
    """What the page of a conversation says at first, to those who may ask in it: opening it puts
    its documents into the cache."""
    if not thread.workspace.allows(request.user, Act.ASK):
        return None
    desk = desks.of_thread(thread, request.user)
    if desk is not None and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        warming.opened(desk)
    return said(desk)
