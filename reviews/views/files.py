"""A table as a file to take away."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from reviews import export
from reviews.models import Table
from reviews.views import lookups

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}


@require_GET
@in_workspace(Act.EXPORT)
def file(request: MemberRequest, workspace: Workspace, table_id: UUID, kind: str) -> HttpResponse:
    table = lookups.table(request, workspace, table_id)
    if kind not in TYPES:
        raise Http404
    response = HttpResponse(_content(table, kind), content_type=TYPES[kind])
    name = slugify(table.title) or "table"
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    Event.objects.record(
        Event.Verb.EXPORT,
        by=request.user,
        object=table,
        workspace=workspace,
        request=request,
        kind=kind,
    )
    return response


def _content(table: Table, kind: str) -> bytes | str:
    if kind == "xlsx":
        return export.xlsx(table)
    return "".join(export.csv_rows(table) if kind == "csv" else export.json_lines(table))
