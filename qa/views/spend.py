"""What a workspace spends, for its admins; and all of it, for those who run the installation."""

from __future__ import annotations

import csv
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from qa import budgets
from qa.claude import backend_of
from qa.models import ApiCall, Backend, Budget
from qa.spend import Span, Spend


@require_GET
@in_workspace(Act.BUDGETS)
def spend(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """One workspace's spend, and how its budgets stand."""
    books = _books(request, workspace)
    whole = [b for b in workspace.budgets.order_by("pk") if b.scope == Budget.Scope.WORKSPACE]
    standings = budgets.standings(workspace, request.user, books.backend, whole)
    context = page_of(books) | {"workspace": workspace, "standings": standings}
    context["others"] = workspace.budgets.exclude(user=None, scope=Budget.Scope.WORKSPACE)
    return render(request, "qa/spend.html", context)


@require_GET
@in_workspace(Act.BUDGETS)
def spend_file(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    books = _books(request, workspace)
    Event.objects.record(
        Event.Verb.EXPORT, by=request.user, object=workspace, workspace=workspace, request=request
    )
    return file_of(books, workspace.slug)


def _books(request: MemberRequest, workspace: Workspace) -> Spend:
    span = Span.read(request.GET.get("first"), request.GET.get("last"), workspace.time_zone)
    mine = Workspace.objects.filter(pk=workspace.pk)
    return Spend(mine, span, request.user, backend_of(workspace))


def page_of(books: Spend, *, by_workspace: bool = False) -> dict[str, Any]:
    days = books.by_day()
    return {
        "books": books,
        "bars": books.bars(days),
        "days": days,
        "tables": books.tables(by_workspace=by_workspace),
    }


def file_of(books: Spend, name: str) -> HttpResponse:
    """The books as a file of comma-separated values."""
    span = books.span
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = (
        f'attachment; filename="spend-{name}-{span.first}-{span.last}.csv"'
    )
    csv.writer(answer).writerows(books.rows())
    return answer


def all_books(request: HttpRequest, workspaces: QuerySet[Workspace]) -> Spend:
    """Of several workspaces, in the viewer's time zone: real money, where there is any."""
    zone = getattr(request.user, "time_zone", "UTC")
    span = Span.read(request.GET.get("first"), request.GET.get("last"), zone)
    paid = ApiCall.objects.filter(workspace__in=workspaces, backend=Backend.ANTHROPIC)
    backend = Backend.ANTHROPIC if paid.exists() else Backend.EMULATOR
    return Spend(workspaces, span, request.user, backend)
