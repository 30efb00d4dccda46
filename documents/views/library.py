"""The library: the documents of a workspace as a list, and one line of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, remember_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import tasks
from documents.listing import NO_FOLDERS, Listing, inner_folders
from documents.models import Document
from documents.views import lookups

COLUMNS = (
    ("title", "name", _("Document")),
    ("kind", "kind", _("Kind")),
    ("pages", "num length", _("Pages")),
    ("state", "", _("State")),
    ("by", "by", _("Added by")),
    ("date", "num date", _("Added")),
)


@dataclass(frozen=True)
class Column:
    """A column's head: ``next`` is the order that its link asks for, ``order`` that it has now."""

    name: str
    css: str
    label: str
    order: str
    next: str


def columns(sort: str) -> list[Column]:
    found = []
    for name, css, label in COLUMNS:
        here = sort.removeprefix("-") == name
        falling = sort.startswith("-")
        order = ("descending" if falling else "ascending") if here else ""
        # dates and sizes are looked at from the newest and the largest
        first = f"-{name}" if name in ("date", "pages") else name
        again = name if falling else f"-{name}"
        found.append(Column(name, css, str(label), order, again if here else first))
    return found


@require_GET
@in_workspace(Act.READ)
def library(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    remember_workspace(request, workspace)
    listing = lookups.listing(request, workspace, request.GET)
    page = listing.page(request.GET.get("page"))
    every = request.GET.get("folders") == "all"
    inner = NO_FOLDERS if listing.flat else inner_folders(workspace, listing.folder, all=every)
    context = {
        "workspace": workspace,
        "listing": listing,
        "folder": listing.folder,
        "columns": columns(listing.sort),
        "page": page,
        "total": listing.totals["count"],
        "pages": listing.totals["pages"],
        "inner": inner,
        "empty": _why_empty(listing) if not (page.object_list or inner.total) else "",
        "max_mb": settings.MAX_UPLOAD_MB,
    }
    return render(request, "documents/library.html", context)


def _why_empty(listing: Listing) -> str:
    """Which sentence stands in place of the list: "filter", "folder", "top", or "new"."""
    if listing.form.active:
        return "filter"
    if listing.folder:
        return "folder"
    anything = Document.objects.filter(workspace=listing.workspace, deleted_at=None).exists()
    return "top" if anything else "new"


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
    if shown.newest and shown.newest.retry():
        tasks.ingest.delay_on_commit(shown.newest.pk)
    if request.htmx:
        return _row(request, workspace, document_id)
    if request.POST.get("back") == "document":
        return redirect("documents:document", workspace.slug, document_id)
    return redirect("documents:library", slug=workspace.slug)
