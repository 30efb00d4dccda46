"""One document: its own page, its name, its password."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import ingest, provenance, reading, search, tasks, versions, visual
from documents.forms import PasswordForm, PlaceForm, RenameForm, VisuallyForm
from documents.models import Document
from documents.source import PART, open_source, part
from documents.views import lookups


@require_GET
@in_workspace(Act.READ)
def document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
    source = open_source(request, shown, PlaceForm.place(request.GET))
    response = render(
        request,
        part(request) or "documents/document.html",
        {
            "workspace": workspace,
            "document": shown,
            "source": source,
            "look": visual.outlook(shown),
            "stretches": provenance.stretches(source.version) if source else [],
        },
    )
    patch_vary_headers(response, [PART])
    return response


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


@require_POST
@in_workspace(Act.UPLOAD)
def index_again(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Has the current version made findable, after that was given up."""
    shown = lookups.document(request, workspace, document_id)
    if shown.current and shown.current.index_again():
        tasks.index.delay_on_commit(shown.current.pk)
        messages.info(request, _("It is being added to the search index."))
    return redirect("documents:document", slug=workspace.slug, document_id=document_id)


@require_POST
@in_workspace(Act.UPLOAD)
def visually(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Switches whether Claude looks at the document's pages. With htmx: the switch; else back."""
    shown = lookups.document(request, workspace, document_id)
    form = VisuallyForm(request.POST)
    if form.is_valid():
        visual.switch(shown, form.cleaned_data["visually"], request.user, request)
    if not request.htmx:
        return redirect("documents:document", slug=workspace.slug, document_id=document_id)
    context = {"workspace": workspace, "document": shown, "look": visual.outlook(shown)}
    status = 200 if form.is_valid() else 422
    return render(request, "documents/_visually.html", context, status=status)


@sensitive_post_parameters("password")
@in_workspace(Act.READ)
def unlock(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Asks for the password of an encrypted PDF (GET), and has it read without it (POST)."""
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    if not shown.newest or not shown.newest.is_locked:
        return redirect("documents:document", slug=workspace.slug, document_id=document_id)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            password = form.cleaned_data["password"]
            version = versions.unlock(shown, password, request.user, request)
        except ingest.Unreadable as error:
            form.add_error("password", reading.sentence(error))
        except Document.DoesNotExist as gone:
            raise Http404 from gone
        else:
            tasks.ingest.delay_on_commit(version.pk)
            return redirect("documents:library", slug=workspace.slug)
    context = {"workspace": workspace, "document": shown, "form": form}
    return render(request, "documents/unlock.html", context, status=422 if form.errors else 200)
