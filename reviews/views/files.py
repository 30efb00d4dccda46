"""A table as a file to take away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from config.database import release
from reviews import export
from reviews.views import lookups

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}

CHUNK = 64_000  # characters sent at once


@require_GET
@in_workspace(Act.EXPORT)
def file(
    request: MemberRequest, workspace: Workspace, table_id: UUID, kind: str
) -> HttpResponseBase:
    """CSV and JSON lines are sent as they are made; a workbook only when all of it is."""
    table = lookups.table(request, workspace, table_id)
    if kind not in TYPES:
        raise Http404
    response: HttpResponseBase
    if kind == "xlsx":
        response = HttpResponse(export.xlsx(table), content_type=TYPES[kind])
    else:
        made = export.csv_rows(table) if kind == "csv" else export.json_lines(table)
        response = StreamingHttpResponse(_streamed(made), content_type=TYPES[kind])
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


async def _streamed(made: Iterator[str]) -> AsyncIterator[str]:
    """Some lines at a time, each made in a thread of its own; no database connection is held while
    the reader takes them. Django would make all of a plain iterator first."""
    while chunk := await sync_to_async(_some)(made):
        yield chunk


def _some(made: Iterator[str]) -> str:
    """So much of it, or what is left; "" at the end."""
    lines, size = list[str](), 0
    try:
        for line in made:
            lines.append(line)
            size += len(line)
            if size >= CHUNK:
                break
    finally:
        release()
    return "".join(lines)
