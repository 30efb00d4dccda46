"""One cell beside its source, and what reviewers say of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from qa import sources
from qa.models import Answer, Citation
from reviews import cells, tables
from reviews.forms import MarkForm
from reviews.models import Cell, Conflict, Mark
from reviews.views import lookups


@require_GET
@in_workspace(Act.READ)
def cell(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> HttpResponse:
    return _cell(request, workspace, lookups.cell(request, workspace, cell_id))


def _cell(
    request: MemberRequest, workspace: Workspace, shown: Cell, status: int = 200, **more: Any
) -> HttpResponse:
    answers = Answer.objects.select_related("workspace", "thread", "author").to_show()
    answer = answers.get(pk=shown.answer_id) if shown.answer_id else None
    cited = [_place(row) for row in answer.citations.all() if row.version] if answer else []
    context = {
        "workspace": workspace,
        "cell": shown,
        "table": shown.table,
        "answer": answer,
        "cited": cited,
        "source": sources.beside(request, workspace),
        "seen": shown.revision,
        "wanted": tables.wanted(shown.column),
        "history": shown.marks.select_related("by").order_by("-revision"),
        **more,
    }
    return render(request, "reviews/cell.html", context, status=status)


def _place(row: Citation) -> tuple[Citation, str]:
    """A citation with the address that opens the source there, beside the cell."""
    where = {"version": row.version.public_id, "answer": row.answer.public_id}  # type: ignore[union-attr]
    if row.start is None:
        return row, f"?{urlencode({**where, 'page': row.page_start or 1})}#source"
    return row, f"?{urlencode({**where, 'start': row.start, 'end': row.end})}#cited"


@require_GET
@in_workspace(Act.READ)
def following(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> HttpResponse:
    """The next cell that nobody has reviewed; the table when there is none."""
    here = lookups.cell(request, workspace, cell_id)
    found = cells.next_unreviewed(here)
    if found is None:
        messages.success(request, _("Every answered cell of this table is reviewed."))
        return redirect("reviews:table", workspace.slug, here.table.public_id)
    return redirect("reviews:cell", workspace.slug, found.public_id)


@require_POST
@in_workspace(Act.MARK)
def mark(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> HttpResponse:
    """Says something of the cell. Where somebody was quicker, both are shown, nothing is kept yet
    and the next press decides."""
    shown = lookups.cell(request, workspace, cell_id)
    form = MarkForm(request.POST)
    if not form.is_valid():
        return _cell(request, workspace, shown, 422, refusal=_("That could not be understood."))
    given = form.cleaned_data
    try:
        _say(shown, request, given)
    except tables.NotPossible as error:
        more = {"refusal": str(error), "typed": given, "seen": given["seen"]}
        return _cell(request, workspace, shown, 422, **more)
    except Conflict as conflict:
        more = {"conflict": conflict, "typed": given, "seen": conflict.revision}
        return _cell(request, workspace, shown, 409, **more)
    return redirect("reviews:cell", workspace.slug, shown.public_id)


def _say(shown: Cell, request: MemberRequest, given: dict[str, Any]) -> Mark:
    by, seen, note = request.user, given["seen"], given["note"]
    match given["kind"]:
        case "verified":
            return tables.verify(shown, by, seen, note)
        case "flagged":
            return tables.flag(shown, by, seen, note)
        case "corrected":
            return tables.correct(shown, by, seen, given["value"], note)
        case "absent":
            return tables.correct(shown, by, seen, None, note)
        case _none:
            return tables.unmark(shown, by, seen)


@require_POST
@in_workspace(Act.MARK)
def verify_row(request: MemberRequest, workspace: Workspace, row_id: UUID) -> HttpResponse:
    """Verifies a whole row, or takes that back."""
    row = lookups.row(request, workspace, row_id)
    seen = request.POST.get("seen", "")
    try:
        put = tables.unmark if row.mark else tables.verify
        put(row, request.user, int(seen) if seen.isdecimal() else -1)
    except Conflict as conflict:
        who = conflict.theirs.by if conflict.theirs else _("Somebody")
        told = _("%(who)s marked %(row)s meanwhile: look at it again.")
        messages.warning(request, told % {"who": who, "row": row.document})
    row.table.touch()
    return redirect("reviews:table", workspace.slug, row.table.public_id)
