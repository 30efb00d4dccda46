"""The library, uploads, and one document's own page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, remember_workspace, require
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import samples as sample_files
from documents import tasks, uploads
from documents.forms import PlaceForm, RenameForm, UploadForm
from documents.models import Document
from documents.source import open_source

PER_PAGE = 100


def _documents(request: MemberRequest, workspace: Workspace) -> Any:
    rows = Document.objects.visible_to(request.user).filter(workspace=workspace)
    return rows.select_related("current__blob", "uploaded_by", "workspace")


def _document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> Document:
    return get_object_or_404(_documents(request, workspace), public_id=document_id)


def _library(request: MemberRequest, workspace: Workspace, **context: Any) -> HttpResponse:
    remember_workspace(request, workspace)
    rows = _documents(request, workspace)
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


@require_POST
@in_workspace(Act.UPLOAD)
def upload(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """One file with JavaScript, which wants its row; any number without, which wants the page."""
    form = UploadForm(request.POST, request.FILES)
    accepted: list[uploads.Accepted] = []
    refused: list[tuple[str, str]] = []
    if not form.is_valid():
        refused.append(("", _("Choose at least one file.")))
    for file in form.cleaned_data.get("files", []):
        try:
            found = uploads.accept(file, file.name, workspace, request.user, request)
        except uploads.Refused as refusal:
            refused.append((uploads.clean_title(file.name), str(refusal)))
            continue
        accepted.append(found)
        if found.created and found.document.current_id:
            tasks.ingest.delay_on_commit(found.document.current_id)
    if request.htmx:
        template = "documents/_uploaded.html"
        context = {"workspace": workspace, "accepted": accepted, "refused": refused}
        return render(request, template, context, status=422 if refused else 200)
    for name, reason in refused:
        messages.error(request, f"{name}: {reason}" if name else reason)
    for found in accepted:
        if not found.created:
            messages.info(
                request, _("%(title)s is here already.") % {"title": found.document.title}
            )
    return redirect("documents:library", slug=workspace.slug)


@require_POST
@in_workspace(Act.UPLOAD)
def samples(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Puts the sample contracts into the workspace."""
    for name, file in sample_files.opened():
        with file:
            found = uploads.accept(file, name, workspace, request.user, request)
        if found.created and found.document.current_id:
            tasks.ingest.delay_on_commit(found.document.current_id)
    return redirect("documents:library", slug=workspace.slug)


@require_GET
@in_workspace(Act.READ)
def document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = _document(request, workspace, document_id)
    source = open_source(request, shown, PlaceForm.place(request.GET))
    return render(
        request,
        "documents/document.html",
        {"workspace": workspace, "document": shown, "source": source},
    )


def _row(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    context = {"workspace": workspace, "document": _document(request, workspace, document_id)}
    return render(request, "documents/_row.html", context)


@require_GET
@in_workspace(Act.READ)
def row(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """One line of the library; it asks for itself again while its document is being read.

    Nothing at all for htmx when the document is gone, so that the line goes too.
    """
    if request.htmx and not _documents(request, workspace).filter(public_id=document_id).exists():
        return HttpResponse()
    return _row(request, workspace, document_id)


@require_POST
@in_workspace(Act.UPLOAD)
def retry(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = _document(request, workspace, document_id)
    if shown.current and shown.current.retry():
        tasks.ingest.delay_on_commit(shown.current.pk)
    if request.htmx:
        return _row(request, workspace, document_id)
    return redirect("documents:library", slug=workspace.slug)


@in_workspace(Act.READ)
def rename(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = _document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    form = RenameForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.save(update_fields=["title"])
            Event.objects.record(
                Event.Verb.RENAME,
                by=request.user,
                object=shown,
                workspace=workspace,
                request=request,
            )
        return redirect("documents:document", slug=workspace.slug, document_id=document_id)
    return render(
        request,
        "documents/rename.html",
        {"workspace": workspace, "document": shown, "form": form},
        status=422 if form.errors else 200,
    )


@in_workspace(Act.READ)
def delete(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Asks first (GET), then deletes (POST)."""
    shown = _document(request, workspace, document_id)
    own = shown.uploaded_by_id == request.user.pk
    require(request, workspace, Act.DELETE_OWN if own else Act.DELETE_ANY)
    if request.method != "POST":
        context = {"workspace": workspace, "document": shown}
        return render(request, "documents/delete.html", context)
    with transaction.atomic():
        if shown.mark_deleted(request.user):
            Event.objects.record(
                Event.Verb.DELETE,
                by=request.user,
                object=shown,
                workspace=workspace,
                request=request,
            )
            tasks.erase.delay_on_commit(shown.pk)
    messages.info(request, _("%(title)s was deleted.") % {"title": shown.title})
    return redirect("documents:library", slug=workspace.slug)
