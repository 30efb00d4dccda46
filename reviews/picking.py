"""Picking documents for a table out of any number: what is picked already, and what is found."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import QueryDict

from accounts.models import User, Workspace
from documents.models import Document, DocumentQuerySet
from qa.sources import is_uuid
from reviews.models import Table

SHOWN = 50
MOST = 500
"""Documents picked one by one: a form has no more fields. Folders and tags have no such end."""


@dataclass(frozen=True)
class Choice:
    """``found`` are the newest of ``total`` documents, not picked, whose titles have ``find``."""

    find: str = ""
    picked: list[Document] = field(default_factory=list)
    found: list[Document] = field(default_factory=list)
    total: int = 0

    @property
    def more(self) -> int:
        """How many of the documents found are not listed."""
        return self.total - len(self.found)

    @property
    def room(self) -> int:
        """How many more may be picked one by one."""
        return max(0, MOST - len(self.picked))


def offered(user: User, workspace: Workspace, table: Table | None = None) -> DocumentQuerySet:
    """What may be picked; not what is in the table already."""
    rows = Document.objects.visible_to(user).filter(workspace=workspace)
    return rows.exclude(pk__in=table.rows.live().values("document")) if table else rows


def choice(
    user: User, workspace: Workspace, given: QueryDict, table: Table | None = None
) -> Choice:
    """As a form was filled in: its ``documents``, those of an address (``document``), and what it
    looks for. ``every`` picks all that are found, as far as there is room."""
    rows = offered(user, workspace, table).select_related("current", "folder")
    asked = [one for name in ("documents", "document") for one in given.getlist(name)]
    named = list(dict.fromkeys(one for one in asked if is_uuid(one)))[:MOST]
    picked = list(rows.filter(public_id__in=named).order_by("title", "pk"))
    find = " ".join(given.get("find", "").split())[:200]
    others = rows.exclude(pk__in=[document.pk for document in picked])
    if find:
        others = others.filter(title__says=find)
    others = others.order_by("-created_at", "-pk")
    if given.get("look") == "every":
        picked += others[: MOST - len(picked)]
        others = others.exclude(pk__in=[document.pk for document in picked])
    return Choice(find, picked, list(others[:SHOWN]), others.count())
