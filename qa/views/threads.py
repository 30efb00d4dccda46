"""Conversations: the list, a new one, one with its answers, a follow-up, its form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, remember_workspace, require
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import visual
from documents.models import Document
from documents.source import PART, part
from qa import (
    askable,
    asking,
    counting,
    picker,
    siblings,
    sources,
    suggestions,
)
from qa.forms import AskForm, NewThreadForm, ThreadForm
from qa.models import Answer, Picture, Scope, Thread
from qa.passages import Passage
from qa.views import given, warmth
from qa.views.lookups import live_documents, visible_thread

PER_PAGE = 50


@require_GET
@in_workspace(Act.READ)
def threads(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    rows = Thread.objects.visible_to(request.user).filter(workspace=workspace)
    page = Paginator(rows.select_related("author"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "qa/threads.html", {"workspace": workspace, "page": page})


@in_workspace(Act.ASK)
def new(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A first question: the form with the chosen documents, and what comes of it."""
    documents = live_documents(request, workspace)
    shown: list[Picture] = []
    if request.method == "POST":
        form = NewThreadForm(request.POST, documents=documents)
        shown = given.enclosed(request, workspace, form)
        if form.is_valid():
            try:
                about = asking.selected(request.user, workspace, request.POST)
                data = form.cleaned_data | {"effort": form.effort}
                answer = _start(request, workspace, data, about, shown)
                return redirect("qa:thread", workspace.slug, answer.thread.public_id)  # type: ignore[union-attr]
            except askable.NotAskable as refusal:
                form.add_error(None, str(refusal))
        chosen, where = request.POST.getlist("documents"), request.POST.get("scope", "")
    else:
        asked = {"question": request.GET.get("question", "")}
        form = NewThreadForm(documents=documents, initial=asked)
        chosen, where = request.GET.getlist("document"), request.GET.get("scope", "")
    context: dict[str, Any] = {"workspace": workspace, "form": form}
    context |= given.places(workspace, where)
    context["about"] = given.passage(request, workspace)
    context |= {"pictures": shown, **given.choices(documents, chosen)}
    form.picker = picker.make(
        workspace,
        request.user,
        context["picked"],
        picked=form.data.get("model", ""),
        effort=form.effort,
        **given.asked_about(request, workspace, where),
    )
    context["suggestions"] = suggestions.about(context["picked"], request.user)
    return render(request, "qa/new.html", context, status=422 if form.errors else 200)


@require_GET
@in_workspace(Act.ASK)
def models(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """The models with what a question about the chosen documents costs, while they are chosen."""
    form = NewThreadForm(request.GET, documents=live_documents(request, workspace))
    about: Thread | None = None
    if sources.is_uuid(thread_id := request.GET.get("thread", "")):
        about = visible_thread(request, workspace, UUID(thread_id))
        documents = list(about.documents.all())
        where: dict[str, Any] = {"scope": about.scope, "search": "search" in request.GET}
    else:
        asked = [one for one in request.GET.getlist("documents") if sources.is_uuid(one)]
        documents = list(live_documents(request, workspace).filter(public_id__in=asked))
        where = given.asked_about(request, workspace, request.GET.get("scope", ""))
    picked = request.GET.get("model", "")
    form.picker = picker.make(
        workspace, request.user, documents, about, picked=picked, effort=form.effort, **where
    )
    context = {"workspace": workspace, "thread": about, "form": form}
    return render(request, "qa/_model.html", context)


@require_POST
@in_workspace(Act.ASK)
def count(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """The picker was opened: what its prices guess is counted, for whoever looks next."""
    rows = live_documents(request, workspace)
    if sources.is_uuid(thread_id := request.POST.get("thread", "")):
        rows = rows.filter(threads=visible_thread(request, workspace, UUID(thread_id)))
    else:
        asked = [one for one in request.POST.getlist("documents") if sources.is_uuid(one)]
        rows = rows.filter(public_id__in=asked)
    counting.opened(list(rows), workspace, request.user)
    return HttpResponse(status=204)


@require_GET
@in_workspace(Act.ASK)
def suggested(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """First questions about the chosen documents, while they are chosen."""
    asked = [one for one in request.GET.getlist("documents") if sources.is_uuid(one)]
    documents = list(live_documents(request, workspace).filter(public_id__in=asked))
    context = {"suggestions": suggestions.about(documents, request.user)}
    return render(request, "qa/_suggestions.html", context | {"workspace": workspace})


def _start(
    request: MemberRequest,
    workspace: Workspace,
    data: dict[str, Any],
    about: Passage | None,
    shown: list[Picture],
) -> Answer:
    """The thread and its first answer; the same submission again gives the first one."""
    twin = Answer.objects.filter(author=request.user, submission=data["submission"]).first()
    if twin is not None and twin.thread is not None:
        return twin
    with transaction.atomic():
        thread = Thread.objects.create(
            workspace=workspace, author=request.user, title=_title(data["question"])
        )
        scope = given.scope(request, workspace, data["scope"])
        documents = list(data["documents"]) if scope is None else []
        thread.documents.set(documents)
        if scope is not None:
            Thread.objects.filter(pk=thread.pk).update(scope=scope)
        answer, created = asking.ask(
            question=data["question"],
            documents=documents,
            scope=scope,
            web=data["web"],
            search=data["search"],
            model=data["model"],
            effort=data["effort"],
            workspace=workspace,
            by=request.user,
            thread=thread,
            submission=data["submission"],
            about=about,
            pictures=shown,
            request=request,
        )
        if not created:
            # the twin was stored between the look and the write
            thread.documents.clear()
            thread.delete()
    return answer


def _title(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= 120 else line[:119].rsplit(" ", 1)[0] + "…"


@require_GET
@in_workspace(Act.READ)
def thread(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> HttpResponse:
    shown = visible_thread(request, workspace, thread_id)
    source = sources.beside(request, workspace)
    if source and (asked := part(request)):
        # a click on a footnote: the conversation is there already
        context = {"workspace": workspace, "thread": shown, "source": source}
        context["alone"] = sources.alone_href(request, workspace, source)
        pane = render(request, asked, context)
        patch_vary_headers(pane, [PART])
        return pane
    # a footnote's address names its answer too: the page shows where that one stands
    through = siblings.through(shown, request.GET, "answer")
    path = shown.path(through)
    remember_workspace(request, workspace)
    context = {
        "workspace": workspace,
        "thread": shown,
        "answers": path,
        "through": through,
        "form": _fresh(request, shown, path[-1] if path else None),
        "source": source,
        "alone": sources.alone_href(request, workspace, source) if source else "",
        "source_missing": source is None and "version" in request.GET,
        "warmth": warmth.at(shown, request),
    }
    return render(request, "qa/thread.html", context)


def _fresh(request: MemberRequest, thread: Thread, last: Answer | None) -> AskForm:
    """The form of a next question, as the last one was asked."""
    chosen = picker.of_thread(thread, request.user, last)
    return AskForm(picker=chosen, initial={"search": last is not None and last.asked_to_search})


@require_POST
@in_workspace(Act.ASK)
def ask(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> HttpResponse:
    """A follow-up. With htmx: the new answer, and a fresh form; else back to the thread."""
    shown = visible_thread(request, workspace, thread_id)
    form = AskForm(request.POST)
    added = given.enclosed(request, workspace, form)
    answer: Answer | None = None
    if form.is_valid():
        try:
            data = form.cleaned_data | {"effort": form.effort}
            answer = _follow_up(request, shown, data, added)
        except askable.NotAskable as refusal:
            form.add_error("question", str(refusal))
    context: dict[str, Any] = {"workspace": workspace, "thread": shown, "form": form}
    context["warmth"] = warmth.LATER
    context["through"] = through = siblings.through(shown, request.POST, "through")
    if answer is None:
        form.picker = picker.make(
            workspace,
            request.user,
            list(shown.documents.all()),
            shown,
            picked=form.data.get("model", ""),
            effort=form.effort,
            scope=shown.scope,
            search="search" in request.POST,
        )
        context |= {"about": given.passage(request, workspace), "pictures": added}
        if request.htmx:
            return render(request, "qa/_ask.html", context, status=422)
        return render(
            request, "qa/thread.html", {**context, "answers": shown.path(through)}, status=422
        )
    if not request.htmx:
        where = reverse("qa:thread", args=[workspace.slug, thread_id])
        at = f"?answer={answer.public_id}" if through else ""
        return redirect(f"{where}{at}#{answer.anchor}")
    # what is asked next follows what is shown here
    context["through"] = answer if through else None
    context |= {"answer": answer, "form": _fresh(request, shown, answer)}
    return render(request, "qa/_asked.html", context)


@transaction.atomic
def _follow_up(
    request: MemberRequest, thread: Thread, data: dict[str, Any], shown: list[Picture]
) -> Answer:
    # locked: two questions at once must not follow the same answer
    Thread.objects.select_for_update().values_list("pk").get(pk=thread.pk)
    last = thread.last_answer(siblings.through(thread, request.POST, "through"))
    if last is not None and last.working and last.submission != data["submission"]:
        raise askable.NotAskable(_("The answer above is still being written. Wait, or stop it."))
    answer, _created = asking.ask(
        question=data["question"],
        documents=list(thread.documents.all()) if thread.scope is None else [],
        scope=thread.scope,
        web=data["web"],
        search=data["search"],
        model=data["model"],
        effort=data["effort"],
        workspace=thread.workspace,
        by=request.user,
        thread=thread,
        follows=last,
        submission=data["submission"],
        about=asking.selected(request.user, thread.workspace, request.POST),
        pictures=shown,
        request=request,
    )
    return answer


@in_workspace(Act.ASK)
def edit(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> HttpResponse:
    """Title and documents of a thread, for all who may ask in it; its privacy, for its author."""
    shown = visible_thread(request, workspace, thread_id)
    documents = live_documents(request, workspace)
    form = ThreadForm(request.POST or None, instance=shown, documents=documents)
    if shown.author_id != request.user.pk:
        del form.fields["is_private"]
    scope: Scope | None = None
    if request.method == "POST" and form.is_valid():
        try:
            scope = given.scope(request, workspace, form.cleaned_data["scope"])
        except askable.NotAskable as refusal:
            form.add_error(None, str(refusal))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.scope = scope
            form.save()
            if scope is not None:
                shown.documents.clear()
            _switch(request, workspace, form.cleaned_data["documents"])
            Event.objects.record(
                Event.Verb.RENAME,
                by=request.user,
                object=shown,
                workspace=workspace,
                request=request,
            )
        return redirect("qa:thread", workspace.slug, thread_id)
    asked = request.POST.getlist("documents") if form.is_bound else None
    context = {"workspace": workspace, "thread": shown, "form": form}
    now = shown.scope.value if shown.scope else ""
    context |= given.places(workspace, form["scope"].value() or "" if form.is_bound else now)
    context |= given.choices(documents, asked if asked is not None else _ids(shown))
    return render(request, "qa/edit.html", context, status=422 if form.errors else 200)


def _switch(request: MemberRequest, workspace: Workspace, documents: Any) -> None:
    """How the chosen documents are read: as their page has it too."""
    if not workspace.allows(request.user, Act.UPLOAD):
        return
    for document in documents:
        asked = request.POST.get(f"visually_{document.public_id}", document.visually)
        if asked in Document.Visually.values:
            visual.switch(document, asked, request.user, request)


def _ids(thread: Thread) -> list[str]:
    return [str(document.public_id) for document in thread.documents.all()]


@in_workspace(Act.READ)
def delete(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> HttpResponse:
    """Asks first (GET), then deletes (POST)."""
    shown = visible_thread(request, workspace, thread_id)
    own = shown.author_id == request.user.pk
    require(request, workspace, Act.DELETE_OWN if own else Act.DELETE_ANY)
    if request.method != "POST":
        return render(request, "qa/delete.html", {"workspace": workspace, "thread": shown})
    with transaction.atomic():
        shown.mark_deleted()
        Event.objects.record(
            Event.Verb.DELETE, by=request.user, object=shown, workspace=workspace, request=request
        )
    return redirect("documents:library", slug=workspace.slug)
