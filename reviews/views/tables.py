"""Tables: their list, a new one, one deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from reviews import picking, running
from reviews import tables as making
from reviews.forms import TableForm
from reviews.models import Table
from reviews.views import lookups

ON_A_PAGE = 50


@require_GET
@in_workspace(Act.READ)
def tables(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    rows = Table.objects.visible_to(request.user).filter(workspace=workspace)
    page = Paginator(rows.to_list().select_related("created_by"), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "reviews/tables.html", {"workspace": workspace, "page": page})


@in_workspace(Act.BUILD_TABLES)
def new(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A table to be made. ``look`` in what is sent looks for documents only, and keeps the rest as
    it was filled in; htmx gets the documents alone."""
    sent = request.POST if request.method == "POST" else request.GET
    choice = picking.choice(request.user, workspace, sent)
    context: dict[str, Any] = {"workspace": workspace, "choice": choice}
    if "look" in request.POST and request.htmx:
        return render(request, "reviews/_documents.html", context)
    given: dict[str, Any] = {"workspace": workspace, "user": request.user, "picked": choice.picked}
    if request.method != "POST" or "look" in request.POST:
        context["form"] = TableForm(initial=sent.dict(), **given)
        return render(request, "reviews/new.html", context)
    form = TableForm(request.POST, **given)
    if form.is_valid():
        try:
            table = making.make(workspace, request.user, request=request, **form.made_of)
        except making.NotPossible as refusal:
            form.add_error(None, str(refusal))
        except LookupError:
            form.add_error("scope", _("That folder or tag is not there any more."))
        else:
            where = "reviews:table" if form.cleaned_data["playbook"] else "reviews:columns"
            return redirect(where, workspace.slug, table.public_id)
    return render(request, "reviews/new.html", context | {"form": form}, status=422)


@in_workspace(Act.BUILD_TABLES)
def delete(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Asks first; what is on its way is cancelled."""
    shown = lookups.table(request, workspace, table_id)
    own = shown.created_by_id == request.user.pk
    if not workspace.allows(request.user, Act.DELETE_OWN if own else Act.DELETE_ANY):
        context = {"workspace": workspace, "table": shown, "refused": True}
        return render(request, "reviews/delete.html", context, status=403)
    if request.method == "POST":
        for one in shown.runs.filter(state="running"):
            running.cancel(one)
        if shown.mark_deleted():
            Event.objects.record(
                Event.Verb.DELETE,
                by=request.user,
                object=shown,
                workspace=workspace,
                request=request,
            )
        return redirect("reviews:tables", workspace.slug)
    return render(request, "reviews/delete.html", {"workspace": workspace, "table": shown})
