"""How a view gets documents: those that the user may see, in the workspace of the address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from accounts.models import Workspace
from documents.models import Document


def documents(request: MemberRequest, workspace: Workspace) -> Any:
    rows = Document.objects.visible_to(request.user).filter(workspace=workspace)
    return rows.select_related("current__blob", "uploaded_by", "workspace")


def document(request: MemberRequest, workspace: Workspace, document_id: UUID) -> Document:
    return get_object_or_404(documents(request, workspace), public_id=document_id)
