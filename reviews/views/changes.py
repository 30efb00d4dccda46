"""What has changed in a table since somebody last looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from reviews import cells
from reviews.models import Table
from reviews.views import lookups
from reviews.views.looking import Look

MOST_CHANGES = 400
"""Cells that are sent one by one; where more have changed, the rows in sight are read again."""
# a change is seen when its transaction ends, which may be a little after the time it bears
OVERLAP = timedelta(seconds=4)


@require_GET
@in_workspace(Act.READ)
def changes(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """The cells and heads of rows that have changed since the time given, with the counts; said
    in one word where they are too many to be sent one by one."""
    shown = lookups.table(request, workspace, table_id)
    since = _time(request.GET.get("since", "")) or timezone.now()
    context = {"workspace": workspace, "table": shown, "look": Look(shown, request.GET)}
    context |= {"run": shown.runs.first(), **changed(shown, since)}
    return render(request, "reviews/_changes.html", context)


def changed(table: Table, since: datetime) -> dict[str, Any]:
    """What ``_changes.html`` shows of a table."""
    late = since - OVERLAP
    found = cells.to_list(cells.changed_since(table, late)[: MOST_CHANGES + 1])
    many = len(found) > MOST_CHANGES
    rows = cells.rows_marked_since(table, late)[:MOST_CHANGES]
    return {**counted(table), "cells": [] if many else found, "rows": rows, "many": many}


def _time(said: str) -> datetime | None:
    try:
        found = parse_datetime(said)
    except ValueError:
        return None
    return found if found and timezone.is_aware(found) else None


def counted(table: Table) -> dict[str, Any]:
    counts = table.counts()
    return {
        "counts": counts,
        "rows_marked": table.rows_marked(),
        "working": counts["queued"] + counts["running"],
        "now": timezone.now(),
    }
