"""One document: its own page, and its name."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import search
from documents.forms import PlaceForm, RenameForm
from documents.source import open_source
from documents.views import lookups


@require_GET
@in_workspace(Act.READ)
def document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
    source = open_source(request, shown, PlaceForm.place(request.GET))
    return render(
        request,
        "documents/document.html",
        {"workspace": workspace, "document": shown, "source": source},
    )


@in_workspace(Act.READ)
def rename(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
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
        search.retitle(shown)
        return redirect("documents:document", slug=workspace.slug, document_id=document_id)
    return render(
        request,
        "documents/rename.html",
        {"workspace": workspace, "document": shown, "form": form},
        status=422 if form.errors else 200,
    )
