"""Having a table answered: its price, Run, Cancel."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from reviews import pricing, running
from reviews.models import Run
from reviews.tables import NotPossible
from reviews.views import lookups


@in_workspace(Act.ASK)
def run(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """What it will cost, as a batch and live (GET); begins (POST), or says why not."""
    table = lookups.table(request, workspace, table_id)
    refusal = ""
    if request.method == "POST":
        mode = request.POST.get("mode", "")
        try:
            running.start(
                table,
                request.user,
                mode=mode if mode in Run.Mode.values else "",
                request=request,
            )
        except NotPossible as error:
            refusal = str(error)
        else:
            return redirect("reviews:table", workspace.slug, table.public_id)
    context = {
        "workspace": workspace,
        "table": table,
        "price": pricing.price(table),
        "refusal": refusal,
    }
    return render(request, "reviews/run.html", context, status=422 if refusal else 200)


@require_POST
@in_workspace(Act.ASK)
def cancel(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Ends what is running; what is finished stays."""
    table = lookups.table(request, workspace, table_id)
    for one in table.runs.filter(state=Run.State.RUNNING):
        running.cancel(one)
    return redirect("reviews:table", workspace.slug, table.public_id)
