"""What a table is made of: its columns, one by one, and what it is called and answered by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from reviews import tables, updating
from reviews.forms import ColumnForm, SettingsForm
from reviews.models import Column, Table
from reviews.views import lookups


@require_GET
@in_workspace(Act.READ)
def columns(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    due = tables.due_by_column(table)
    found = list(table.columns.live())
    context = {
        "workspace": workspace,
        "table": table,
        "lines": [(column, due.get(column.pk, 0)) for column in found],
        "newer": updating.newer(table),
        "removed": table.columns.exclude(removed_at=None).order_by("-removed_at"),
    }
    return render(request, "reviews/columns.html", context)


@in_workspace(Act.BUILD_TABLES)
def add_column(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    form = ColumnForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = tables.add_column(table, form.asked)
        except tables.NotPossible as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(title)s” is added.") % {"title": made})
            return redirect("reviews:columns", workspace.slug, table.public_id)
    return _form(request, table, form)


@in_workspace(Act.BUILD_TABLES)
def column(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    """Changes what a column asks. Who saw an earlier version is told so first."""
    shown = lookups.column(request, workspace, column_id)
    answered = shown.cells.live().filter(state="done").count()
    more: dict[str, Any] = {"column": shown, "answered": answered}
    more["versions"] = shown.versions.exclude(number=shown.version).order_by("-number")
    form = ColumnForm(request.POST if request.method == "POST" else None, instance=shown)
    if request.method != "POST" or not form.is_valid():
        return _form(request, shown.table, form, **more)
    if request.POST.get("seen") != f"v{shown.version}":
        form.add_error(None, _("Somebody changed this column meanwhile: see below what it asks."))
        return _form(request, shown.table, form, 409, theirs=shown.asked, **more)
    try:
        moved = tables.edit_column(shown, form.asked)
    except tables.NotPossible as refusal:
        form.refuse(refusal)
        return _form(request, shown.table, form, **more)
    told = _("“%(title)s” is changed.")
    if moved and answered:
        told = _("“%(title)s” is changed: its cells are out of date until they are run again.")
    messages.success(request, told % {"title": shown})
    return redirect("reviews:columns", workspace.slug, shown.table.public_id)


def _form(
    request: MemberRequest, table: Table, form: ColumnForm, status: int = 422, **more: Any
) -> HttpResponse:
    context = {"workspace": table.workspace, "table": table, "form": form, **more}
    status = status if form.errors else 200
    return render(request, "reviews/column.html", context, status=status)


@require_POST
@in_workspace(Act.BUILD_TABLES)
def move_column(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    """One place up or down; at the end it stays where it is."""
    moved = lookups.column(request, workspace, column_id)
    tables.move_column(moved, {"up": -1, "down": 1}.get(request.POST.get("to", ""), 0))
    return _to_columns(moved)


@in_workspace(Act.BUILD_TABLES)
def remove_column(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    """Asks first; it can be taken back in."""
    shown = lookups.column(request, workspace, column_id)
    if request.method == "POST":
        tables.remove_column(shown)
        told = _("“%(title)s” is removed. It can be taken back in below, with its answers.")
        messages.success(request, told % {"title": shown})
        return redirect("reviews:columns", workspace.slug, shown.table.public_id)
    cells = shown.cells.live()
    context = {
        "workspace": workspace,
        "table": shown.table,
        "column": shown,
        "answered": cells.filter(state="done").count(),
        "marked": cells.exclude(mark="").count(),
    }
    return render(request, "reviews/column_remove.html", context)


@require_POST
@in_workspace(Act.BUILD_TABLES)
def restore_column(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    shown = lookups.column(request, workspace, column_id, removed=True)
    try:
        tables.restore_column(shown)
    except tables.NotPossible as refusal:
        messages.error(request, str(refusal))
    return _to_columns(shown)


def _to_columns(column: Column) -> HttpResponse:
    table = column.table
    return redirect("reviews:columns", table.workspace.slug, table.public_id)


@in_workspace(Act.BUILD_TABLES)
def settings(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """What it is called, which model answers, and how it runs."""
    table = lookups.table(request, workspace, table_id)
    form = SettingsForm(
        request.POST if request.method == "POST" else None, table=table, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data | {"effort": form.effort}
            tables.change(table, request.user, request=request, **given)
        except tables.NotPossible as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The settings are kept."))
            return redirect("reviews:settings", workspace.slug, table.public_id)
    context = {"workspace": workspace, "table": table, "form": form}
    return render(request, "reviews/settings.html", context, status=422 if form.errors else 200)
