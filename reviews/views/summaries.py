"""What a column says over all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
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
from reviews.models import Column
from reviews.views import lookups
from reviews.views.cells import BESIDE
from reviews.views.looking import Look


@dataclass(frozen=True)
class Line:
    """A bar with the address of the grid that it narrows; ``on``: it is narrowed to that now.
    ``anchor`` is the id of its link on a page, which is the same when the grid is narrowed."""

    bar: summaries.Bar
    href: str
    on: bool
    anchor: str


@require_GET
@in_workspace(Act.READ)
def summary(request: MemberRequest, workspace: Workspace, column_id: UUID) -> HttpResponse:
    column = lookups.column(request, workspace, column_id)
    context = {"workspace": workspace, "table": column.table}
    context |= summed(workspace, column, Look(column.table, request.GET))
    beside = request.headers.get(PART) == BESIDE
    template = "reviews/_summary_beside.html" if beside else "reviews/summary.html"
    response = render(request, template, context)
    patch_vary_headers(response, [PART])
    return response


def summed(workspace: Workspace, column: Column, look: Look) -> dict[str, Any]:
    """What a column says over all rows, as its page shows it."""
    said = summaries.of(column)
    table = reverse("reviews:table", args=[workspace.slug, column.table.public_id])

    def lines(name: str, bars: list[summaries.Bar]) -> list[Line]:
        return [_line(bar, look, table, f"{name}-{n}") for n, bar in enumerate(bars)]

    return {
        "column": column,
        "summary": said,
        "values": lines("value", said.values),
        "outliers": lines("outlier", said.outliers),
        "groups": [
            lines("fact", said.facts),
            lines("verdict", said.verdicts),
            lines("mark", said.marks),
        ],
        "back": table + look.query,
    }


def _line(bar: summaries.Bar, look: Look, table: str, name: str) -> Line:
    href = table + look.narrowed_to(bar.only) if bar.only and bar.n else ""
    return Line(bar, href, bar.only in look.wanted.only, f"bar-{name}")
