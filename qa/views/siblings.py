"""The same place of a conversation, asked differently: forms, and two answers side by side."""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from qa import askable, asking, claude_models, picker, siblings
from qa.models import Answer
from qa.views.lookups import visible_answer


class QuestionForm(forms.Form):
    question = forms.CharField()
    web = forms.BooleanField(required=False)
    submission = forms.UUIDField()


@in_workspace(Act.ASK)
def rephrase(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """The question to be edited (GET), and asked in the same place (POST)."""
    shown = _in_thread(request, workspace, answer_id)
    context: dict[str, Any] = {"question": shown.question, "submission": uuid.uuid4()}
    # who asked it may have mistyped it only; anybody else switches the web on for themselves
    context["web"] = shown.web and shown.author_id == request.user.pk
    if request.method == "POST":
        form = QuestionForm(request.POST)
        try:
            if not form.is_valid():
                raise askable.NotAskable(str(next(iter(form.errors.values()))[0]))
            data = form.cleaned_data
            made = siblings.rephrase(
                shown,
                data["question"],
                request.user,
                data["submission"],
                request,
                web=data["web"],
            )
            return _thread_at(workspace, made)
        except askable.NotAskable as refusal:
            context |= {"question": request.POST.get("question", ""), "refusal": str(refusal)}
            context["web"] = "web" in request.POST
    return _form(request, workspace, shown, context)


@in_workspace(Act.ASK)
def other(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """The models to choose from (GET), and the same question to one of them (POST)."""
    shown = _in_thread(request, workspace, answer_id)
    context: dict[str, Any] = {"models": _others(request, workspace, shown)}
    if request.method == "POST":
        try:
            model = request.POST.get("model", "")
            made = siblings.ask_other(shown, model, request.user, request)
            return redirect("qa:beside", workspace.slug, shown.public_id, made.public_id)
        except askable.NotAskable as refusal:
            context["refusal"] = str(refusal)
    return _form(request, workspace, shown, context)


@require_GET
@in_workspace(Act.READ)
def beside(
    request: MemberRequest, workspace: Workspace, answer_id: UUID, other_id: UUID
) -> HttpResponse:
    """Two answers at the same place of a conversation, next to each other."""
    first = _in_thread(request, workspace, answer_id)
    second = _in_thread(request, workspace, other_id)
    if (first.thread_id, first.follows_id) != (second.thread_id, second.follows_id):
        raise Http404
    context = {"workspace": workspace, "thread": second.thread, "first": first, "second": second}
    return render(request, "qa/beside.html", context)


def _others(request: MemberRequest, workspace: Workspace, answer: Answer) -> list[picker.Option]:
    """The models that may be asked instead, each with what that costs."""
    usable = {one.key for one in claude_models.usable(workspace, request.user)}
    made = picker.make(
        workspace,
        request.user,
        asking.documents_of(answer),
        answer.thread,
        scope=answer.scope,
        search=answer.asked_to_search,
    )
    return [one for one in made.options if one.key in usable and one.key != answer.picked]


def _in_thread(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> Answer:
    shown = visible_answer(request, workspace, answer_id)
    if shown.thread is None:
        raise Http404
    return shown


def _form(
    request: MemberRequest, workspace: Workspace, answer: Answer, context: dict[str, Any]
) -> HttpResponse:
    template = "qa/_differently.html" if request.htmx else "qa/differently.html"
    context = {"workspace": workspace, "thread": answer.thread, "answer": answer, **context}
    return render(request, template, context, status=422 if "refusal" in context else 200)


def _thread_at(workspace: Workspace, answer: Answer) -> HttpResponse:
    assert answer.thread is not None
    where = reverse("qa:thread", args=[workspace.slug, answer.thread.public_id])
    return redirect(f"{where}?answer={answer.public_id}#{answer.anchor}")
