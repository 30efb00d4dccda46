"""What was spent since a moment, told at once however long the ledger is.

Days that are long over are added up once, and kept; the ledger is asked for what is left of the
time. A day is one of UTC: the days of a workspace begin and end within them.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User, Workspace
from qa.models import ApiCall, DayTotal

logger = logging.getLogger(__name__)
LAG = timedelta(days=1)
"""A row is written when its request begins, and completed when it ends: by then it has."""
ONE_DAY = timedelta(days=1)


def since(begin: datetime, workspace: Workspace, backend: str, user: User | None = None) -> Decimal:
    """US dollars that the workspace has spent, or one member in it, from `begin` until now."""
    whose = Q(workspace=workspace, backend=backend)
    # in the sum and not beside it, or databases take the index of users, which has no costs
    one = Q(user=user) if user is not None else None
    first, after = _midnight_from(begin), _closed_until()
    if after is None or first >= after:
        return _usd(ApiCall.objects.filter(whose, at__gte=begin), "cost_usd", one)
    days = DayTotal.objects.filter(whose, day__gte=first.date(), day__lt=after.date())
    left = Q(at__gte=after)
    if begin < first:
        left |= Q(at__gte=begin, at__lt=first)
    return _usd(days, "usd", one) + _usd(ApiCall.objects.filter(whose, left), "cost_usd", one)


def _usd(rows: QuerySet[ApiCall] | QuerySet[DayTotal], column: str, one: Q | None) -> Decimal:
    usd = rows.order_by().aggregate(usd=Sum(column, filter=one))["usd"]
    return usd or Decimal(0)


def _midnight_from(moment: datetime) -> datetime:
    """The first beginning of a day that is not before `moment`."""
    day = _midnight(moment.astimezone(UTC).date())
    return day if day == moment else day + ONE_DAY


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _closed_until() -> datetime | None:
    """The end of the last day that is added up. What was spent before it is, too: totals are never
    changed, and always written up to a day."""
    last = DayTotal.objects.aggregate(day=Max("day"))["day"]
    return _midnight(last) + ONE_DAY if last else None


def close_days(now: datetime | None = None) -> int:
    """Adds up the days that are over since the last time; how many totals were written."""
    until = _midnight(((now or timezone.now()) - LAG).astimezone(UTC).date())
    paid = ApiCall.objects.filter(at__lt=until, cost_usd__gt=0, workspace__isnull=False)
    try:
        with transaction.atomic():
            if (after := _closed_until()) is not None:
                paid = paid.filter(at__gte=after)
            days = paid.order_by().annotate(day=TruncDate("at", tzinfo=UTC))
            found = days.values("day", "workspace", "user", "backend").annotate(usd=Sum("cost_usd"))
            rows = [
                DayTotal(
                    day=row["day"],
                    workspace_id=row["workspace"],
                    user_id=row["user"],
                    backend=row["backend"],
                    usd=row["usd"],
                )
                for row in found
            ]
            DayTotal.objects.bulk_create(rows)
    except IntegrityError:
        # another worker was quicker, and has written the same
        return 0
    logger.info("days closed until=%s totals=%d", until.date(), len(rows))
    return len(rows)
