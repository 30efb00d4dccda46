"""What a column says over all rows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents.source import PART
from reviews import summary as summaries
from reviews.views import lookups
from reviews.views.cells import BESIDE
from reviews.views.looking import Look


@dataclass(frozen=True)
class Line:
    """A bar with the address of the grid that it narrows; ``on``: it is narrowed to that now."""

    bar: summaries.Bar
    href: str
    on: bool


@require_GET
@in_workspace(Act.READ)
def summary(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    column = lookups.column(request, workspace, column_id)
    look = Look(column.table, request.GET)
    said = summaries.of(column)
    table = reverse("reviews:table", args=[workspace.slug, column.table.public_id])

    def lines(bars: list[summaries.Bar]) -> list[Line]:
        return [_line(bar, look, table) for bar in bars]

    context = {
        "workspace": workspace,
        "table": column.table,
        "column": column,
        "summary": said,
        "values": lines(said.values),
        "outliers": lines(said.outliers),
        "groups": [lines(said.facts), lines(said.verdicts), lines(said.marks)],
        "back": table + look.query,
    }
    beside = request.headers.get(PART) == BESIDE
    template = "reviews/_summary_beside.html" if beside else "reviews/summary.html"
    response = render(request, template, context)
    patch_vary_headers(response, [PART])
    return response


def _line(bar: summaries.Bar, look: Look, table: str) -> Line:
    href = table + look.narrowed_to(bar.only) if bar.only and bar.n else ""
    return Line(bar, href, bar.only in look.wanted.only)
