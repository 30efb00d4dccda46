"""The tags of a workspace: how many documents each is on, their names, their end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Workspace
from accounts.roles import Act
from documents import tags as tagging
from documents.models import Document, NotPossible, Tag
from documents.views import lookups


@require_GET
@in_workspace(Act.READ)
def tags(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    live = Count("documents", filter=Q(documents__deleted_at=None))
    rows = Tag.objects.filter(workspace=workspace).annotate(on=live)
    return render(request, "documents/tags.html", {"workspace": workspace, "tags": rows})


@require_POST
@in_workspace(Act.READ)
def of_document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Puts the tag ``name`` on one document; with ``take``, takes that one off."""
    shown = lookups.document(request, workspace, document_id)
    require(request, workspace, Act.UPLOAD)
    rows = Document.objects.filter(pk=shown.pk)
    known = Tag.objects.filter(workspace=workspace, name=request.POST.get("take", "")).first()
    name = tagging.clean_name(request.POST.get("name", ""))
    if known is not None:
        tagging.take(rows, known, request.user, request)
    elif name:
        tagging.put(rows, name, workspace, request.user, request)
    if request.htmx:
        context = {"workspace": workspace, "document": shown}
        return render(request, "documents/_tags.html", context)
    return redirect("documents:document", workspace.slug, document_id)


def _tag(request: MemberRequest, workspace: Workspace) -> Tag:
    name = tagging.clean_name(request.POST.get("tag", ""))
    return get_object_or_404(Tag, workspace=workspace, name=name)


@require_POST
@in_workspace(Act.DELETE_ANY)
def rename(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    tag = _tag(request, workspace)
    name = tagging.clean_name(request.POST.get("name", ""))
    try:
        if not name:
            raise NotPossible(_("Write a name first."))
        tagging.rename(tag, name, request.user, request)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect("documents:tags", slug=workspace.slug)


@require_POST
@in_workspace(Act.DELETE_ANY)
def delete(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    tag = _tag(request, workspace)
    tagging.delete(tag, request.user, request)
    messages.info(request, _("The tag “%(name)s” is gone.") % {"name": tag.name})
    return redirect("documents:tags", slug=workspace.slug)
