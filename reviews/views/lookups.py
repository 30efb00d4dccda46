"""Look-ups limited to what the user may see: a stranger gets 404."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from accounts.models import Workspace
from reviews.models import Cell, Column, Playbook, Row, Table


def table(request: MemberRequest, workspace: Workspace, table_id: UUID) -> Table:
    rows = Table.objects.visible_to(request.user).filter(workspace=workspace)
    related = ("workspace", "scope", "playbook__playbook")
    return get_object_or_404(rows.select_related(*related), public_id=table_id)


def cell(request: MemberRequest, workspace: Workspace, cell_id: UUID) -> Cell:
    rows = Cell.objects.visible_to(request.user).filter(table__workspace=workspace)
    return get_object_or_404(rows.to_show().select_related("table__workspace"), public_id=cell_id)


def row(request: MemberRequest, workspace: Workspace, row_id: UUID) -> Row:
    mine = Table.objects.visible_to(request.user).filter(workspace=workspace)
    rows = Row.objects.live().filter(table__in=mine).select_related("table", "document")
    return get_object_or_404(rows, public_id=row_id)


def column(
    request: MemberRequest, workspace: Workspace, column_id: UUID, *, removed: bool = False
) -> Column:
    """A column that is in its table; one that was removed where that is looked for."""
    mine = Table.objects.visible_to(request.user).filter(workspace=workspace)
    rows = Column.objects.filter(table__in=mine, removed_at__isnull=not removed)
    return get_object_or_404(rows.select_related("table__workspace"), public_id=column_id)


def playbook(request: MemberRequest, workspace: Workspace, playbook_id: UUID) -> Playbook:
    """One of the workspace, or that Pincite brings along."""
    rows = Playbook.objects.visible_to(request.user)
    mine = rows.filter(Q(workspace=workspace) | Q(workspace=None))
    return get_object_or_404(mine, public_id=playbook_id)
