"""Having a table answered: its price, Run, Cancel."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from qa import budgets, claude_models
from qa.claude import backend_of
from qa.sources import is_uuid
from reviews import planning, pricing, running
from reviews.models import Cell, CellQuerySet, Column, Run, Table
from reviews.tables import NotPossible
from reviews.views import lookups


@in_workspace(Act.ASK)
def run(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """What it will cost, as a batch and live (GET); begins (POST), or says why not. For one column
    alone where the address names it, and for its answered cells too where it says ``again``."""
    table = lookups.table(request, workspace, table_id)
    column = _column(request, table)
    again = column is not None and "again" in request.GET
    refusal = ""
    if request.method == "POST":
        mode = request.POST.get("mode", "")
        try:
            running.start(
                table,
                request.user,
                cells=_cells(table, column, again) if column else None,
                mode=mode if mode in Run.Mode.values else "",
                request=request,
            )
        except NotPossible as error:
            refusal = str(error)
        else:
            return redirect("reviews:table", workspace.slug, table.public_id)
    price = pricing.price(table, _cells(table, column, again))
    left = budgets.left(workspace, request.user, backend_of(workspace))
    context = {
        "workspace": workspace,
        "table": table,
        "in_parts": left is not None and price.batch < left < price.at_most,
        "column": column,
        "again": again,
        "answered": column.cells.live().filter(state="done").count() if column else 0,
        "price": price,
        "batch_refusal": planning.why_not(workspace, claude_models.get(table.model)),
        "refusal": refusal,
    }
    return render(request, "reviews/run.html", context, status=422 if refusal else 200)


def _column(request: MemberRequest, table: Table) -> Column | None:
    """The one that the address names; 404 when the table has it not."""
    named = request.GET.get("column")
    if not named:
        return None
    if not is_uuid(named):
        raise Http404
    return get_object_or_404(table.columns.live(), public_id=named)


def _cells(table: Table, column: Column | None, again: bool) -> CellQuerySet:
    if column is None:
        return table.cells.to_run()
    if not again:
        return table.cells.to_run().filter(column=column)
    idle = [Cell.State.MISSING, Cell.State.DONE, Cell.State.FAILED]
    return Cell.objects.live().filter(column=column, state__in=idle).exclude(mark="corrected")


@require_POST
@in_workspace(Act.ASK)
def cancel(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Ends what is running; what is finished stays."""
    table = lookups.table(request, workspace, table_id)
    for one in table.runs.filter(state=Run.State.RUNNING):
        running.cancel(one)
    return redirect("reviews:table", workspace.slug, table.public_id)
