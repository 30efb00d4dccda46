"""The tags of a workspace: how many documents each is on, their names, their end."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import tags as tagging
from documents.models import NotPossible, Tag


@require_GET
@in_workspace(Act.READ)
def tags(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    live = Count("documents", filter=Q(documents__deleted_at=None))
    rows = Tag.objects.filter(workspace=workspace).annotate(on=live)
    return render(request, "documents/tags.html", {"workspace": workspace, "tags": rows})


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
