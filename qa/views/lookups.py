"""Look-ups limited to what the user may see: a stranger gets 404."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from accounts.models import Workspace
from documents.models import Document
from qa.models import Answer, Thread


def visible_thread(request: MemberRequest, workspace: Workspace, thread_id: UUID) -> Thread:
    rows = Thread.objects.visible_to(request.user).filter(workspace=workspace)
    documents = Prefetch("documents", Document.objects.select_related("current__blob"))
    found = get_object_or_404(
        rows.select_related("author", "scope__folder", "scope__tag").prefetch_related(documents),
        public_id=thread_id,
    )
    # what was asked of it once need not be asked again
    found.workspace = workspace
    return found


def visible_answer(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> Answer:
    rows = Answer.objects.visible_to(request.user).filter(workspace=workspace)
    return get_object_or_404(
        rows.select_related("workspace", "thread", "author").to_show(),
        public_id=answer_id,
    )


def live_documents(request: MemberRequest, workspace: Workspace) -> Any:
    rows = Document.objects.visible_to(request.user).filter(workspace=workspace)
    return rows.select_related("current__blob", "folder")
