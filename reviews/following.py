"""Tables that take in what comes into a folder, a tag or a workspace, and may have it answered."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Event, User
from accounts.roles import Act
from documents.models import Version
from qa.models import Scope
from reviews import running, tables
from reviews.models import Cell, CellQuerySet, Run, Table
from reviews.tables import NotPossible

AGAIN = timedelta(minutes=10)
"""Until a run that was refused is tried again: a budget may be raised or renewed by then."""
GATHER = timedelta(minutes=15)
"""So long new documents wait for others of the same place that are still being read."""


def set_following(
    table: Table,
    by: User,
    scope: Scope | None,
    *,
    runs_new: bool = False,
    request: HttpRequest | None = None,
) -> int:
    """From now on the table takes in what comes into the scope, or nothing; how many documents
    came in at once. With ``runs_new`` those that come later are answered by batches that ``by``
    pays for, but not those that are there now. Raises NotPossible."""
    if runs_new and scope is None:
        raise NotPossible(_("Choose what to follow first."), "scope")
    table.follows = scope is not None
    table.scope = scope or table.scope
    came = tables.follow(table) if scope else 0
    table.new_asked_by = by if runs_new else None
    table.new_since = timezone.now() if runs_new else None
    table.new_notice, table.new_look_at = "", None
    fields = ["follows", "scope", "new_asked_by", "new_since", "new_notice", "new_look_at"]
    table.save(update_fields=fields)
    table.touch()
    Event.objects.record(
        Event.Verb.SETTINGS,
        by=by,
        object=table,
        workspace=table.workspace,
        request=request,
        follows=scope.value if scope else "",
        runs_new=runs_new,
    )
    return came


def run_new(table: Table) -> Run | None:
    """Begins a batch of what came in by itself since that was asked for, when all of it has been
    read; None where nothing is due. A refusal is kept with the table, and tried again later."""
    now = timezone.now()
    by, due = table.new_asked_by, _due(table)
    if by is None or not table.follows or not due.exists():
        if table.new_notice:
            _keep(table, "", None)
        return None
    if table.new_look_at and table.new_look_at > now:
        return None
    if table.runs.filter(state=Run.State.RUNNING).exists():
        return None
    if _more_to_come(table) and not due.filter(row__added_at__lt=now - GATHER).exists():
        return None
    try:
        if not table.workspace.allows(by, Act.ASK):
            raise NotPossible(_("%(who)s may not ask here any more.") % {"who": by})
        run = running.start(table, by, cells=due, mode=Run.Mode.BATCH)
    except NotPossible as refusal:
        _keep(table, str(refusal), now + AGAIN)
        return None
    _keep(table, "", None)
    return run


def _due(table: Table) -> CellQuerySet:
    if table.new_since is None:
        return table.cells.none()
    return table.cells.live().filter(
        state=Cell.State.MISSING,
        mark="",
        run=None,  # what was cancelled is not begun again
        row__followed=True,
        row__added_at__gte=table.new_since,
        row__document__current__status=Version.Status.READY,
    )


def _more_to_come(table: Table) -> bool:
    assert table.scope is not None
    found = table.scope.documents(table.created_by)
    reading = [Version.Status.QUEUED, Version.Status.READING]
    return found.filter(current__status__in=reading).exists()


def _keep(table: Table, notice: str, look_at: object) -> None:
    rows = Table.objects.filter(pk=table.pk)
    rows.update(new_notice=notice, new_look_at=look_at)
