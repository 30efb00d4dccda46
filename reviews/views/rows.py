"""One row: what all columns say of a document, and what reviewers say of it as a whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents.source import PART
from reviews import cells, marking, tables
from reviews.forms import MarkForm
from reviews.models import Conflict, Mark, Row
from reviews.views import lookups
from reviews.views.cells import BESIDE
from reviews.views.changes import changed
from reviews.views.looking import Look


@require_GET
@in_workspace(Act.READ)
def row(request: MemberRequest, workspace: Workspace, row_id: UUID) -> HttpResponse:
    return _row(request, workspace, lookups.row(request, workspace, row_id))


def _row(
    request: MemberRequest, workspace: Workspace, shown: Row, status: int = 200, **more: Any
) -> HttpResponse:
    beside = request.headers.get(PART) == BESIDE
    look = Look(shown.table, request.GET)
    table = reverse("reviews:table", args=[workspace.slug, shown.table.public_id])
    context = {
        "workspace": workspace,
        "table": shown.table,
        "look": look,
        "row": shown,
        "line": cells.window(shown.table, [shown], look.columns)[0],
        "newest": Mark.newest(shown),
        "history": shown.marks.select_related("by").order_by("-revision"),
        "back": f"{table}{look.query}#{shown.anchor}",
        "in_grid": beside,
        "seen": shown.revision,
        **more,
    }
    template = "reviews/row.html"
    if beside and request.method == "GET":
        template = "reviews/_row_beside.html"
    elif beside:
        newest = shown.marks.order_by("-revision").first()
        context["run"] = shown.table.runs.first()
        context |= changed(shown.table, newest.at if newest else shown.added_at)
        template = "reviews/_row_marked.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, [PART])
    return response


@require_POST
@in_workspace(Act.MARK)
def mark_row(request: MemberRequest, workspace: Workspace, row_id: UUID) -> HttpResponse:
    """Says something of a whole row; as of a cell, who comes second decides."""
    shown = lookups.row(request, workspace, row_id)
    form = MarkForm(request.POST)
    if not form.is_valid() or form.cleaned_data["kind"] not in ("verified", "flagged", "none"):
        return _row(request, workspace, shown, 422, refusal=_("That could not be understood."))
    given = form.cleaned_data
    try:
        match given["kind"]:
            case "verified":
                marking.verify(shown, request.user, given["seen"], given["note"])
            case "flagged":
                marking.flag(shown, request.user, given["seen"], given["note"])
            case _none:
                marking.unmark(shown, request.user, given["seen"])
    except tables.NotPossible as error:
        return _row(request, workspace, shown, 422, refusal=str(error), typed=given)
    except Conflict as conflict:
        more = {"conflict": conflict, "typed": given, "seen": conflict.revision}
        return _row(request, workspace, shown, 409, **more)
    shown.table.touch()
    if request.headers.get(PART) == BESIDE:
        return _row(request, workspace, lookups.row(request, workspace, row_id))
    to = reverse("reviews:row", args=[workspace.slug, shown.public_id])
    return redirect(to + Look(shown.table, request.GET).query)
