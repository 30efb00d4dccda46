"""The versions of a document: their list, the next one, and two of them side by side."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Workspace
from accounts.roles import Act
from documents import tasks, uploads
from documents import versions as documents_versions
from documents.comparing import compare as compared
from documents.forms import CompareForm, NextVersionForm
from documents.models import Document, Text, Version
from documents.views import lookups

ROWS = 200  # of a comparison on one page


def _list(
    request: MemberRequest, workspace: Workspace, shown: Document, form: NextVersionForm
) -> HttpResponse:
    rows = list(shown.versions.select_related("blob", "uploaded_by").order_by("-number"))
    earlier = {new.pk: old for new, old in pairwise(row for row in rows if row.status == "ready")}
    context = {
        "workspace": workspace,
        "document": shown,
        "form": form,
        "versions": [(row, earlier.get(row.pk)) for row in rows],
    }
    template = "documents/_versions.html" if request.htmx else "documents/versions.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_GET
@in_workspace(Act.READ)
def versions(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
    return _list(request, workspace, shown, NextVersionForm())


@require_POST
@in_workspace(Act.READ)
def replace(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """A new file for the document. What is asked about changes when it has been read."""
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    form = NextVersionForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            version = documents_versions.replace(shown, file, file.name, request.user, request)
        except uploads.Refused as refusal:
            form.add_error("file", f"{uploads.clean_title(file.name)}: {refusal}")
        except Document.DoesNotExist as gone:
            raise Http404 from gone
        else:
            tasks.ingest.delay_on_commit(version.pk)
            return redirect("documents:versions", workspace.slug, document_id)
    return _list(request, workspace, shown, form)


@require_POST
@in_workspace(Act.READ)
def read_again(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    try:
        version = documents_versions.read_again(shown, request.user, request)
    except Document.DoesNotExist as gone:
        raise Http404 from gone
    if version is None:
        messages.info(request, _("It is being read already."))
    else:
        tasks.ingest.delay_on_commit(version.pk)
    return redirect("documents:versions", workspace.slug, document_id)


@require_POST
@in_workspace(Act.READ)
def discard(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Gives up a next version that could not be read; it stays in the list."""
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    documents_versions.discard(shown)
    return redirect("documents:versions", workspace.slug, document_id)


@require_POST
@in_workspace(Act.READ)
def make_current(
    request: MemberRequest, workspace: Workspace, document_id: UUID, version_id: UUID
) -> HttpResponse:
    """Questions are about this version from now on, and it is the one that is found."""
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    version = get_object_or_404(shown.versions.select_related("document"), public_id=version_id)
    try:
        made = documents_versions.make_current(version, request.user, request)
    except Document.DoesNotExist as gone:
        raise Http404 from gone
    if made:
        tasks.index.delay_on_commit(version.pk)
        said = _("Version %(number)d is the current version now.")
    elif version.pk == shown.current_id:
        said = _("Version %(number)d is the current version already.")
    else:
        said = _("Version %(number)d has not been read, so nothing can be asked about it.")
    messages.info(request, said % {"number": version.number})
    page = "documents:document" if request.POST.get("back") == "document" else "documents:versions"
    return redirect(page, workspace.slug, document_id)


@require_GET
@in_workspace(Act.READ)
def compare(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Two versions' texts side by side with their changes marked."""
    shown = lookups.document(request, workspace, document_id)
    ready = shown.versions.ready().filter(text__isnull=False).order_by("-number")
    form = CompareForm(request.GET or None, ready)
    context = {"workspace": workspace, "document": shown, "form": form}
    if form.is_valid():
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        rows = compared(_text(old), _text(new))
        page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
        changes = sum(not row.same for row in rows)
        context |= {"old": old, "new": new, "page": page, "changes": changes}
    return render(request, "documents/compare.html", context, status=422 if form.errors else 200)


def _text(version: Version) -> str:
    return Text.objects.values_list("content", flat=True).get(version=version)
