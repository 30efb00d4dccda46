"""The library: the documents of a workspace as a list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, remember_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import tasks
from documents.views import lookups

PER_PAGE = 100


def _library(request: MemberRequest, workspace: Workspace, **context: Any) -> HttpResponse:
    remember_workspace(request, workspace)
    rows = lookups.documents(request, workspace)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    pages = rows.aggregate(pages=Sum("current__page_count"))["pages"] or 0
    return render(
        request,
        "documents/library.html",
        {
            "workspace": workspace,
            "page": page,
            "total": page.paginator.count,
            "pages": pages,
            "max_mb": settings.MAX_UPLOAD_MB,
            **context,
        },
        status=context.get("status", 200),
    )


@require_GET
@in_workspace(Act.READ)
def library(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    return _library(request, workspace)


def _row(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    context = {
        "workspace": workspace,
        "document": lookups.document(request, workspace, document_id),
    }
    return render(request, "documents/_row.html", context)


@require_GET
@in_workspace(Act.READ)
def row(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """One line of the library; it asks for itself again while its document is being read.

    Nothing at all for htmx when the document is gone, so that the line goes too.
    """
    if (
        request.htmx
        and not lookups.documents(request, workspace).filter(public_id=document_id).exists()
    ):
        return HttpResponse()
    return _row(request, workspace, document_id)


@require_POST
@in_workspace(Act.UPLOAD)
def retry(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
    if shown.current and shown.current.retry():
        tasks.ingest.delay_on_commit(shown.current.pk)
    if request.htmx:
        return _row(request, workspace, document_id)
    return redirect("documents:library", slug=workspace.slug)
