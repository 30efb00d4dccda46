"""A table as a grid: a page of its rows, and more rows as somebody scrolls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents.source import PART
from qa.sources import is_uuid
from reviews import cells
from reviews.models import Cell, Column
from reviews.views import lookups
from reviews.views.cells import opened
from reviews.views.changes import counted
from reviews.views.looking import ON_A_PAGE, Look
from reviews.views.summaries import summed

HIGH = 76  # pixels of a row that is not there yet, about


@dataclass(frozen=True)
class Head:
    """A column's head, or that of the rows: ``next`` is the order that its link asks for (None: as
    they came), ``order`` that it has now."""

    column: Column | None
    order: str
    next: str | None


@dataclass(frozen=True)
class Stretch:
    """A page of rows in the grid: rows, or the room for them. ``first`` counts rows from 1."""

    number: int
    first: int
    size: int
    lines: list[cells.Line]

    @property
    def high(self) -> int:
        return self.size * HIGH


@require_GET
@in_workspace(Act.READ)
def table(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """The grid, with a cell or a summary open beside it where the address names one; some rows
    alone for a script that asks for that part."""
    shown = lookups.table(request, workspace, table_id)
    look = Look(shown, request.GET)
    page = look.page(request.GET.get("page"))
    lines = cells.window(shown, list(page.object_list), look.columns)
    context = {"workspace": workspace, "table": shown, "look": look, "page": page}
    if request.headers.get(PART) == "rows":
        more = {"stretch": _stretch(page, page.number, lines), "heads": look.columns}
        response = render(request, "reviews/_rows.html", {**context, **more})
    else:
        stretches = [_stretch(page, n, lines) for n in page.paginator.page_range]
        heads = {"heads": _heads(look), "title_head": _title_head(look)}
        more = {**heads, "lines": lines, "stretches": stretches}
        about = {"run": shown.runs.first(), **counted(shown), **_beside(request, workspace, look)}
        response = render(request, "reviews/table.html", {**context, **more, **about})
    patch_vary_headers(response, [PART])
    return response


def _stretch(page: Any, number: int, lines: list[cells.Line]) -> Stretch:
    first = (number - 1) * ON_A_PAGE + 1
    size = min(ON_A_PAGE, page.paginator.count - first + 1)
    return Stretch(number, first, size, lines if number == page.number else [])


def _beside(request: MemberRequest, workspace: Workspace, look: Look) -> dict[str, Any]:
    """The cell that the address names, if it is one of the table, or else the summary."""
    named = request.GET.get("cell", "")
    if not is_uuid(named):
        return summed(workspace, look.summed, look) if look.summed else {}
    rows = Cell.objects.live().filter(table=look.table, public_id=named)
    cell = rows.to_show().select_related("table__workspace").first()
    return {"beside": opened(request, workspace, cell, look)} if cell else {}


def _heads(look: Look) -> list[Head]:
    return [_head(column, str(column.public_id), look.order) for column in look.columns]


def _title_head(look: Look) -> Head:
    head = _head(None, cells.TITLE, look.order)
    return replace(head, next=None) if head.order == "descending" else head


def _head(column: Column | None, name: str, sort: str) -> Head:
    if sort.removeprefix("-") != name:
        return Head(column, "", name)
    falling = sort.startswith("-")
    order = "descending" if falling else "ascending"
    return Head(column, order, name if falling else f"-{name}")
