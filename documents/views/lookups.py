"""How a view gets documents and folders: those the user may see, in the address's workspace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from accounts.models import Workspace
from documents.listing import Listing
from documents.models import Document, Folder


def documents(request: MemberRequest, workspace: Workspace) -> Any:
    rows = Document.objects.visible_to(request.user).filter(workspace=workspace)
    return rows.select_related("current__blob", "upcoming", "uploaded_by", "workspace", "folder")


def document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> Document:
    return get_object_or_404(documents(request, workspace), public_id=document_id)


def folders(request: MemberRequest, workspace: Workspace) -> Any:
    return Folder.objects.visible_to(request.user).filter(workspace=workspace)


def folder(request: MemberRequest, workspace: Workspace, folder_id: UUID) -> Folder:
    return get_object_or_404(folders(request, workspace), public_id=folder_id)


def ids(values: Iterable[str]) -> list[UUID]:
    """The public ids among what a form sent; anything else names nothing."""
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def folder_named(request: MemberRequest, workspace: Workspace, value: str) -> Folder | None:
    """The folder that a query or a form names by its public id; None for "", the top."""
    if not value:
        return None
    named = ids([value])
    if not named:
        raise Http404
    return folder(request, workspace, named[0])


def listing(request: MemberRequest, workspace: Workspace, query: QueryDict) -> Listing:
    named = folder_named(request, workspace, query.get("folder", ""))
    return Listing.asked(query, workspace, named)
