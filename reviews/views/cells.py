"""One cell beside its source, and what reviewers say of it: by itself or beside its table."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents.source import PART, OpenSource, part
from qa import render as answers
from qa import sources
from qa.models import Answer, Citation
from qa.notes import note
from reviews import cells, marking, tables
from reviews.forms import MarkForm
from reviews.models import Cell, Conflict, Mark
from reviews.views import lookups
from reviews.views.changes import changed
from reviews.views.looking import Look

BESIDE = "beside"


@dataclass(frozen=True)
class Opened:
    """A cell as a page shows it. ``href`` is its address by itself, ``back`` that of its place in
    the table; ``at`` counts its row, from 1, where that is known."""

    cell: Cell
    look: Look
    href: str
    back: str
    answer: Answer | None
    body: SafeString | str
    cited: list[tuple[Citation, str]]
    source: OpenSource | None
    at: str

    @property
    def wanted(self) -> str:
        return marking.wanted(self.cell.column)

    @property
    def to_correct(self) -> str:
        """Its value as somebody would write it who corrects it."""
        value = self.cell.shown_value
        return "\n".join(value) if isinstance(value, list) else self.cell.shown

    @property
    def history(self) -> Any:
        return self.cell.marks.select_related("by").order_by("-revision")


def opened(
    request: MemberRequest, workspace: Workspace, cell: Cell, look: Look, *, first: bool = True
) -> Opened:
    """The cell with the source that the address asks for, or, where that is none, ``first``, with
    the place that is cited first."""
    href = reverse("reviews:cell", args=[workspace.slug, cell.public_id])
    answer, cited = cell.answer, []
    if answer is not None:
        answer.workspace = workspace
        rows = answer.citations.select_related("version__document").order_by("number")
        cited = [(row, _place(row, href)) for row in rows]
    asked = request
    if first and "version" not in request.GET and (places := [to for _row, to in cited if to]):
        asked = copy(request)
        asked.GET = QueryDict(places[0].partition("?")[2].partition("#")[0])
        asked.path = href
    table = reverse("reviews:table", args=[workspace.slug, cell.table.public_id])
    return Opened(
        cell=cell,
        look=look,
        href=href,
        back=f"{table}{look.query}#{cell.row.anchor}",
        answer=answer,
        body=_body(answer, cited) if answer else "",
        cited=cited,
        source=sources.beside(asked, workspace),
        at=request.GET.get("at", ""),
    )


def _place(row: Citation, href: str) -> str:
    """The address that opens the source there, beside the cell; "" where there is nothing to."""
    version = row.version
    if version is None or version.document.deleted_at is not None:
        return ""
    where = {"version": version.public_id, "answer": row.answer.public_id}
    if row.start is None:
        return f"{href}?{urlencode({**where, 'page': row.page_start or 1})}#source"
    return f"{href}?{urlencode({**where, 'start': row.start, 'end': row.end})}#cited"


def _body(answer: Answer, cited: list[tuple[Citation, str]]) -> SafeString:
    """The answer's text, whose footnotes open the source beside the cell."""
    notes = {row.number: replace(note(answer, row), href=to) for row, to in cited}
    return answers.html(answers.marked_source(answer.blocks), answer.anchor, notes)


@require_GET
@in_workspace(Act.READ)
def cell(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> HttpResponse:
    shown = lookups.cell(request, workspace, cell_id)
    return _cell(request, workspace, shown, told="all" if "all" in request.GET else "")


def _cell(
    request: MemberRequest, workspace: Workspace, shown: Cell, status: int = 200, **more: Any
) -> HttpResponse:
    """The cell by itself, or the part of it that a script asks for; what has been said of it with
    the grid's cell, too."""
    beside = request.headers.get(PART) == BESIDE
    look = Look(shown.table, request.GET)
    one = opened(request, workspace, shown, look, first=beside and request.method == "GET")
    context = {
        "workspace": workspace,
        "table": shown.table,
        "look": look,
        "beside": one,
        "source": one.source,
        "in_grid": beside,
        "seen": shown.revision,
        **more,
    }
    template = part(request) or "reviews/cell.html"
    if beside and request.method == "GET":
        template = "reviews/_beside.html"
    elif beside:
        since = shown.changed_at
        context |= {"run": shown.table.runs.first(), **changed(shown.table, since)}
        template = "reviews/_marked.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, [PART])
    return response


@require_GET
@in_workspace(Act.READ)
def following(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> HttpResponse:
    """The next cell that nobody has reviewed, of those that the address looks for; the table, or
    beside it the same cell, when there is none."""
    here = lookups.cell(request, workspace, cell_id)
    look = Look(here.table, request.GET)
    beside = request.headers.get(PART) == BESIDE
    found = cells.next_unreviewed(here, look.wanted, look.rows)
    if found is not None:
        to = reverse("reviews:cell", args=[workspace.slug, found[0].public_id])
        at = f"{'&' if look.query else '?'}at={found[1]}" if beside else ""
        return redirect(f"{to}{look.query}{at}")
    if beside:
        return _cell(request, workspace, here, told="all")
    if look.narrowed:
        messages.success(request, _("Every answered cell that you look for is reviewed."))
    else:
        messages.success(request, _("Every answered cell of this table is reviewed."))
    table = reverse("reviews:table", args=[workspace.slug, here.table.public_id])
    return redirect(table + look.query)


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
        said = _say(shown, request, given)
    except tables.NotPossible as error:
        more = {"refusal": str(error), "typed": given, "seen": given["seen"]}
        return _cell(request, workspace, shown, 422, **more)
    except Conflict as conflict:
        more = {"conflict": conflict, "typed": given, "seen": conflict.revision}
        return _cell(request, workspace, shown, 409, **more)
    if request.headers.get(PART) == BESIDE:
        again = lookups.cell(request, workspace, cell_id)
        return _cell(request, workspace, again, said=said)
    to = reverse("reviews:cell", args=[workspace.slug, shown.public_id])
    return redirect(to + Look(shown.table, request.GET).query)


def _say(shown: Cell, request: MemberRequest, given: dict[str, Any]) -> Mark:
    by, seen, note = request.user, given["seen"], given["note"]
    match given["kind"]:
        case "verified":
            return marking.verify(shown, by, seen, note)
        case "flagged":
            return marking.flag(shown, by, seen, note)
        case "corrected":
            return marking.correct(shown, by, seen, given["value"], note)
        case "absent":
            return marking.correct(shown, by, seen, None, note)
        case _none:
            return marking.unmark(shown, by, seen)
