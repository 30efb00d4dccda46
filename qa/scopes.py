"""Where a question looks: chosen documents, or a workspace, a folder or a tag, as forms name it.

``workspace``, ``folder:<id>`` and ``tag:<name>`` are what an address and a form say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from documents.listing import places
from documents.models import Document, DocumentQuerySet, Folder, Tag
from qa.models import Answer, Scope

CHOSEN = "documents"


def within(answer: Answer) -> DocumentQuerySet:
    """The documents that an answer may search: its author must see them, and they be ready."""
    if answer.scope is not None:
        return answer.scope.documents(answer.author).ready()
    given = answer.sources.values("document")
    return Document.objects.visible_to(answer.author).filter(pk__in=given).order_by().ready()


def find(user: User, workspace: Workspace, value: str) -> Scope | None:
    """The scope that a form names; None for chosen documents. LookupError when there is none."""
    kind, _colon, name = value.partition(":")
    if kind in ("", CHOSEN):
        return None
    if value == Scope.Kind.WORKSPACE:
        return Scope.objects.whole(workspace)
    if kind == Scope.Kind.FOLDER and (folder := _folder(user, workspace, name)):
        return Scope.objects.folder(folder)
    if kind == Scope.Kind.TAG and (
        tag := Tag.objects.filter(workspace=workspace, name=name).first()
    ):
        return Scope.objects.tag(tag)
    raise LookupError(value)


def _folder(user: User, workspace: Workspace, public_id: str) -> Folder | None:
    try:
        wanted = UUID(public_id)
    except ValueError:
        return None
    rows = Folder.objects.visible_to(user).filter(workspace=workspace)
    return rows.filter(public_id=wanted).first()


@dataclass(frozen=True)
class Group:
    """Choices under one heading, as ``(value, label)``."""

    label: str
    choices: list[tuple[str, str]]


def choices(workspace: Workspace) -> list[Group]:
    """What may be asked about as a whole; a folder or a tag only where there is one."""
    folders = [
        (f"{Scope.Kind.FOLDER}:{place.folder.public_id}", place.path) for place in places(workspace)
    ]
    tags = [
        (f"{Scope.Kind.TAG}:{tag.name}", tag.name)
        for tag in Tag.objects.filter(workspace=workspace)
    ]
    found = [Group(_("Folders"), folders), Group(_("Tags"), tags)]
    return [group for group in found if group.choices]


def label(value: str, workspace: Workspace) -> Any:
    """What people call a value of a form; "" for chosen documents, or for nothing that is there."""
    if value == Scope.Kind.WORKSPACE:
        return _("All documents of this workspace")
    known = dict(choice for group in choices(workspace) for choice in group.choices)
    return known.get(value, "")
