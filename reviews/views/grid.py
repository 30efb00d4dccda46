"""A table as a grid."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from reviews import cells
from reviews.forms import FilterForm
from reviews.models import Column
from reviews.views import lookups

ON_A_PAGE = 50


@dataclass(frozen=True)
class Head:
    """A column's head: ``next`` is the order that its link asks for, ``order`` that it has now."""

    column: Column
    order: str
    next: str


@require_GET
@in_workspace(Act.READ)
def table(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """The grid; the grid alone for htmx, which asks again while cells are being answered."""
    shown = lookups.table(request, workspace, table_id)
    columns = list(shown.columns.live())
    sort = request.GET.get("sort", "")
    by = next((one for one in columns if str(one.public_id) == sort.removeprefix("-")), None)
    form = FilterForm(request.GET, table=shown)
    wanted = form.wanted
    found = cells.rows(shown, wanted, sort=by, descending=sort.startswith("-"))
    pages = Paginator(found.select_related("document__current"), ON_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    counts = shown.counts()
    context = {
        "workspace": workspace,
        "table": shown,
        "heads": [_head(column, sort) for column in columns],
        "form": form,
        "narrowed": not wanted.empty,
        "page": page,
        "lines": cells.window(shown, list(page.object_list), columns),
        "counts": counts,
        "working": counts["queued"] + counts["running"],
        "run": shown.runs.first(),
    }
    return render(request, "reviews/_grid.html" if request.htmx else "reviews/table.html", context)


def _head(column: Column, sort: str) -> Head:
    name = str(column.public_id)
    if sort.removeprefix("-") != name:
        return Head(column, "", name)
    falling = sort.startswith("-")
    order = "descending" if falling else "ascending"
    return Head(column, order, name if falling else f"-{name}")
