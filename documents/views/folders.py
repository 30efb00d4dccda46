"""Folders: a new one, its name, its end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import deleting, folders
from documents.models import Document, Folder, NotPossible
from documents.views import lookups
from documents.views.selection import back
from documents.views.trash import say_deleted


def _inside(folder: Folder | None) -> str:
    """The library's query that shows the folder."""
    return f"folder={folder.public_id}" if folder else ""


def _name(request: MemberRequest) -> str:
    """The name that was sent, cleaned; raises NotPossible when there is none."""
    name = folders.clean_name(request.POST.get("name", "").strip())
    if not name:
        raise NotPossible(_("Write a name first."))
    return name


def _form(
    request: MemberRequest, workspace: Workspace, refusal: str = "", **context: Any
) -> HttpResponse:
    context |= {"workspace": workspace, "refusal": refusal}
    return render(request, "documents/folder.html", context, status=422 if refusal else 200)


@in_workspace(Act.UPLOAD)
def new(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A form (GET), and the folder that comes of it; one is shown the folder it stands in."""
    posted = request.POST if request.method == "POST" else request.GET
    parent = lookups.folder_named(request, workspace, posted.get("parent", ""))
    if request.method != "POST":
        return _form(request, workspace, parent=parent)
    try:
        folders.create(_name(request), workspace, parent, request.user, request)
    except NotPossible as refusal:
        name = request.POST.get("name", "")
        return _form(request, workspace, str(refusal), parent=parent, name=name)
    return back(workspace, _inside(parent))


@in_workspace(Act.UPLOAD)
def rename(request: MemberRequest, workspace: Workspace, folder_id: UUID) -> HttpResponse:
    folder = lookups.folder(request, workspace, folder_id)
    if request.method != "POST":
        return _form(request, workspace, folder=folder, name=folder.name)
    try:
        folders.rename(folder, _name(request), request.user, request)
    except NotPossible as refusal:
        name = request.POST.get("name", "")
        return _form(request, workspace, str(refusal), folder=folder, name=name)
    return back(workspace, _inside(folder))


@in_workspace(Act.UPLOAD)
def delete(request: MemberRequest, workspace: Workspace, folder_id: UUID) -> HttpResponse:
    """Asks first (GET), saying what lies in it; then its documents go into the trash with it."""
    folder = lookups.folder(request, workspace, folder_id)
    parent = folder.parent
    refusal = ""
    if request.method == "POST":
        try:
            done = deleting.delete_folder(folder, request.user, request)
            say_deleted(request, workspace, done, _inside(parent))
            return back(workspace, _inside(parent))
        except NotPossible as refused:
            refusal = str(refused)
    inner = Folder.objects.tree(workspace.pk).below(folder.pk)
    context = {
        "workspace": workspace,
        "folder": folder,
        "documents": Document.objects.filter(folder__in=inner, deleted_at=None).count(),
        "folders": len(inner) - 1,
        "refusal": refusal,
    }
    return render(request, "documents/folder_delete.html", context, status=409 if refusal else 200)
