"""How much was spent: the same whether days were added up or not, and never less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Workspace
from qa import spent
from qa.models import ApiCall, Budget, DayTotal

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
USD = Decimal


@pytest.fixture
def ledger(workspace, elsewhere, owner, mate, stranger):
    """A dollar of the owner and two of their mate every seven hours, for five weeks."""
    moments = [NOW - timedelta(hours=7 * n) for n in range(120)]
    rows = [
        ApiCall(workspace=of, user=by, cost_usd=usd, backend="anthropic", purpose="answer", at=at)
        for at in moments
        for of, by, usd in (
            (workspace, owner, USD("1.000000000001")),
            (workspace, mate, USD("2")),
            (workspace, None, USD("0.25")),
            (elsewhere, stranger, USD("64")),
        )
    ]
    ApiCall.objects.bulk_create(rows)
    ApiCall.objects.create(
        workspace=workspace, user=owner, cost_usd=8, backend="emulator", purpose="answer", at=NOW
    )
    return workspace


def sums(workspace, *users):
    """By the beginnings of periods in several time zones, some of them not on a full hour."""
    begins = [
        Budget(workspace=Workspace(time_zone=zone), period=period).begins(NOW)
        for zone in ("UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
        for period in ("day", "month")
    ]
    return [spent.since(begin, workspace, "anthropic", user) for begin in begins for user in users]


def test_added_up_it_is_the_same(ledger, owner, mate):
    before = sums(ledger, None, owner, mate)
    assert before[0] == 2 * USD("3.250000000001")
    assert spent.close_days(NOW) > 0
    assert sums(ledger, None, owner, mate) == before
    ApiCall.objects.create(
        workspace=ledger, user=mate, cost_usd=5, backend="anthropic", purpose="answer", at=NOW
    )
    assert spent.close_days(NOW + timedelta(days=2)) > 0
    after = sums(ledger, None, owner, mate)
    assert after == [usd + (0 if n % 3 == 1 else 5) for n, usd in enumerate(before)]


def test_what_is_added_up_is_not_looked_at_in_the_ledger_again(ledger):
    month = datetime(2026, 11, 1, tzinfo=UTC)
    whole = spent.since(month, ledger, "anthropic")
    spent.close_days(NOW)
    ApiCall.objects.filter(at__gte=month, at__lt=NOW - timedelta(days=2)).delete()
    assert spent.since(month, ledger, "anthropic") == whole


def test_a_day_is_added_up_once_and_not_before_its_requests_have_ended(ledger):
    spent.close_days(NOW)
    assert DayTotal.objects.latest("day").day == datetime(2026, 11, 23, tzinfo=UTC).date()
    assert spent.close_days(NOW) == 0
    assert spent.close_days(NOW + timedelta(hours=14)) == 0
    assert spent.close_days(NOW + timedelta(hours=15)) > 0
