"""The documents of a table: added later, removed and taken back in, or coming by themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from qa import claude_models, scopes
from qa.sources import is_uuid
from reviews import following, picking, planning, tables
from reviews.forms import AddForm, FollowForm
from reviews.models import RowQuerySet, Table
from reviews.views import lookups

ON_A_PAGE = 100
REMOVED = 50  # removed documents that are listed


@require_GET
@in_workspace(Act.READ)
def documents(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    return _page(request, lookups.table(request, workspace, table_id))


def _page(
    request: MemberRequest, table: Table, form: FollowForm | None = None, status: int = 200
) -> HttpResponse:
    find = " ".join(request.GET.get("find", "").split())[:200]
    rows = table.rows.live().select_related("document__current", "document__folder")
    if find:
        rows = rows.filter(document__title__says=find)
    gone = table.rows.filter(document__deleted_at=None).exclude(removed_at=None)
    context = {
        "workspace": table.workspace,
        "table": table,
        "find": find,
        "page": Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page")),
        "removed": gone.select_related("document").order_by("-removed_at", "-pk")[:REMOVED],
        "form": form or FollowForm(table=table),
        "batch_refusal": planning.why_not(table.workspace, claude_models.get(table.model)),
    }
    return render(request, "reviews/documents.html", context, status=status)


@in_workspace(Act.BUILD_TABLES)
def add(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Picks more documents, as a new table does."""
    table = lookups.table(request, workspace, table_id)
    sent = request.POST if request.method == "POST" else request.GET
    choice = picking.choice(request.user, workspace, sent, table)
    context: dict[str, Any] = {"workspace": workspace, "table": table, "choice": choice}
    if "look" in request.POST and request.htmx:
        return render(request, "reviews/_documents.html", context)
    given: dict[str, Any] = {"workspace": workspace, "picked": choice.picked}
    if request.method != "POST" or "look" in request.POST:
        context["form"] = AddForm(initial=sent.dict(), **given)
        return render(request, "reviews/add_documents.html", context)
    form = AddForm(request.POST, **given)
    if form.is_valid():
        try:
            scope = scopes.find(request.user, workspace, form.cleaned_data["scope"])
            found = scope.documents(request.user).order_by("created_at", "pk") if scope else None
            added = tables.add_documents(table, choice.picked if found is None else found)
        except tables.NotPossible as refusal:
            form.add_error("scope", str(refusal))
        except LookupError:
            form.add_error("scope", _("That folder or tag is not there any more."))
        else:
            messages.success(request, _added(added))
            return redirect("reviews:documents", workspace.slug, table.public_id)
    context["form"] = form
    return render(request, "reviews/add_documents.html", context, status=422)


def _added(added: int) -> str:
    if not added:
        return _("All of these are in the table already.")
    told = ngettext(
        "%(n)d document is added. Its cells wait to be run.",
        "%(n)d documents are added. Their cells wait to be run.",
        added,
    )
    return told % {"n": added}


@require_POST
@in_workspace(Act.BUILD_TABLES)
def remove(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    gone = tables.remove_rows(table, _named(request, table.rows.live()))
    told = ngettext(
        "%(n)d document is removed. It can be taken back in below, with its answers.",
        "%(n)d documents are removed. They can be taken back in below, with their answers.",
        gone,
    )
    messages.success(request, told % {"n": gone} if gone else _("No document was chosen."))
    return redirect("reviews:documents", workspace.slug, table.public_id)


@require_POST
@in_workspace(Act.BUILD_TABLES)
def restore(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    rows = _named(request, table.rows.exclude(removed_at=None)).select_related("document")
    try:
        tables.add_documents(table, [row.document for row in rows])
    except tables.NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect("reviews:documents", workspace.slug, table.public_id)


def _named(request: MemberRequest, rows: RowQuerySet) -> RowQuerySet:
    return rows.filter(public_id__in=[one for one in request.POST.getlist("row") if is_uuid(one)])


@require_POST
@in_workspace(Act.BUILD_TABLES)
def follow(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    form = FollowForm(request.POST, table=table)
    if not form.is_valid():
        return _page(request, table, form, 422)
    given = form.cleaned_data
    if given["runs_new"] and not workspace.allows(request.user, Act.ASK):
        form.add_error("runs_new", _("Your role does not allow to ask."))
        return _page(request, table, form, 422)
    try:
        scope = scopes.find(request.user, workspace, given["scope"])
        came = following.set_following(
            table, request.user, scope, runs_new=given["runs_new"], request=request
        )
    except tables.NotPossible as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _page(request, table, form, 422)
    except LookupError:
        form.add_error("scope", _("That folder or tag is not there any more."))
        return _page(request, table, form, 422)
    messages.success(request, _added(came) if came else _("Kept."))
    return redirect("reviews:documents", workspace.slug, table.public_id)
