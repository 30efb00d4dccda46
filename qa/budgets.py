"""Money: what may be spent, what was, and what is set aside for requests that are on their way.

The ledger alone says what was spent. Before a request its worst case is set aside under a lock on
the budgets it must keep to, so that of any number of simultaneous questions no two count on the
same money; after its row is in the ledger it is given back.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from accounts.roles import Role
from qa.claude import Connection
from qa.models import Answer, Budget, Reservation
from qa.spent import since
from qa.waiting import Postponed

LONGEST = timedelta(minutes=15)
"""A request that belongs to no answer is over by then."""
LOOK_AGAIN = 3.0
"""Seconds until the money that others have set aside is looked at again."""
NAMED = 3


class OverBudget(Exception):
    """A budget does not allow the request; str() says which, when it renews, who can raise it."""


@dataclass(frozen=True)
class Standing:
    """How a budget stands for one member."""

    budget: Budget
    spent: Decimal
    reserved: Decimal
    renews: datetime

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.budget.limit_usd - self.spent)

    @property
    def percent(self) -> int:
        """How much of it is spent, 0 to 100."""
        limit = self.budget.limit_usd
        return min(100, int(100 * self.spent / limit)) if limit else 100

    @property
    def used_up(self) -> bool:
        return self.spent >= self.budget.limit_usd

    @property
    def warns(self) -> bool:
        return self.percent >= self.budget.warn_percent


def standings(
    workspace: Workspace, user: User, backend: str, budgets: list[Budget] | None = None
) -> list[Standing]:
    """How the budgets stand that the user's requests in the workspace must keep to."""
    if budgets is None:
        rows = Budget.objects.binding(workspace, user).select_related("user")
        budgets = list(rows.order_by("pk"))
    return [_standing(budget, workspace, user, backend) for budget in budgets]


def _standing(budget: Budget, workspace: Workspace, user: User, backend: str) -> Standing:
    now = timezone.now()
    budget.workspace = workspace
    whose = Q(workspace=workspace, backend=backend)
    one = user if budget.scope != Budget.Scope.WORKSPACE else None
    if one is not None:
        whose &= Q(user=one)
    # in this order: what is given back in between is then counted twice, and never not at all
    reserved = Reservation.objects.live().filter(whose).aggregate(usd=Sum("usd"))["usd"]
    spent = since(budget.begins(now), workspace, backend, one)
    return Standing(budget, spent, reserved or Decimal(0), budget.renews(now))


def left(workspace: Workspace, user: User, backend: str) -> Decimal | None:
    """As ``least``, of the budgets that bind now."""
    return least(standings(workspace, user, backend))


def least(found: list[Standing]) -> Decimal | None:
    """US dollars that are not spent, of the budget with the least left; None where no budget binds.

    What others have set aside is not taken off: most of it comes back, and is waited for."""
    return min((one.left for one in found), default=None)


def check(found: list[Standing], usd: Decimal) -> None:
    """Raises OverBudget when there is not so much left; nothing is set aside."""
    for standing in found:
        _refuse(standing, usd)


def reserve(
    workspace: Workspace,
    user: User,
    connection: Connection,
    usd: Decimal,
    answer: Answer | None = None,
) -> Reservation | None:
    """Sets the worst case of a request aside; None where no budget binds it.

    Raises OverBudget when a budget does not allow it, and Postponed when it would, were it not for
    what others have set aside: most of that comes back.
    """
    if not Budget.objects.binding(workspace, user).exists():
        return None
    with transaction.atomic():
        # locked, in this order: two requests must not find the same money
        rows = Budget.objects.binding(workspace, user).select_for_update(of=("self",))
        budgets = list(rows.order_by("pk"))
        if answer is not None:
            # an attempt makes one request after another: what is still there, a dead one left
            Reservation.objects.filter(answer=answer).delete()
        found = standings(workspace, user, connection.backend, budgets)
        for standing in found:
            _refuse(standing, usd)
        for standing in found:
            if standing.spent + standing.reserved + usd > standing.budget.limit_usd:
                raise Postponed(
                    LOOK_AGAIN * random.uniform(0.75, 1.25),
                    _("Waiting for other questions to end: %(budget)s may not allow all of them.")
                    % {"budget": _named(standing.budget)},
                )
        return Reservation.objects.create(
            workspace=workspace,
            user=user,
            answer=answer,
            lease_owner=answer.lease_owner if answer else "",
            backend=connection.backend,
            usd=usd,
            expires_at=timezone.now() + LONGEST,
        )


def release(reservation: Reservation) -> None:
    """Gives back what was set aside: by now the ledger has the true cost."""
    Reservation.objects.filter(pk=reservation.pk).delete()


def tidy() -> None:
    """Forgets what dead workers have set aside; it did not count any more."""
    old = Reservation.objects.filter(made_at__lt=timezone.now() - LONGEST)
    old.exclude(pk__in=Reservation.objects.live().values("pk")).delete()


# sentences ---------------------------------------------------------------------------------------


def _refuse(standing: Standing, usd: Decimal) -> None:
    budget = standing.budget
    if standing.spent + usd <= budget.limit_usd:
        return
    facts = {
        "budget": _named(budget),
        "limit": dollars(budget.limit_usd),
        "left": dollars(standing.left),
        "worst": dollars(usd, up=True),
    }
    if standing.used_up:
        happened = _("Of %(budget)s of %(limit)s nothing is left.")
    else:
        happened = _(
            "This question may cost up to %(worst)s, and only %(left)s of %(budget)s of %(limit)s "
            "is left."
        )
    raise OverBudget(f"{happened % facts} {renewal(standing)} {_who(budget.workspace)}")


def warning(standing: Standing) -> str:
    """What whoever is about to ask should know; empty while there is nothing to warn of."""
    if not standing.warns:
        return ""
    facts = {"budget": _named(standing.budget), "limit": dollars(standing.budget.limit_usd)}
    if standing.used_up:
        said = _("Of %(budget)s of %(limit)s nothing is left.") % facts
        return f"{said} {renewal(standing)} {_who(standing.budget.workspace)}"
    said = _("%(percent)d %% of %(budget)s of %(limit)s is spent.")
    return f"{said % (facts | {'percent': standing.percent})} {renewal(standing)}"


def _named(budget: Budget) -> str:
    whole = budget.scope == Budget.Scope.WORKSPACE
    if budget.period == Budget.Period.DAY:
        return _("this workspace's budget for today") if whole else _("your budget for today")
    return _("this workspace's budget for this month") if whole else _("your budget for this month")


def renewal(standing: Standing) -> str:
    return _("It renews on %(when)s (%(zone)s).") % {
        "when": formats.date_format(standing.renews, "j F Y, H:i"),
        "zone": standing.budget.workspace.time_zone,
    }


def _who(workspace: Workspace) -> str:
    admins = workspace.members.filter(role=Role.ADMIN, user__is_active=True).order_by("pk")
    names = [str(member.user) for member in admins.select_related("user")[:NAMED]]
    if not names:
        return _("An administrator can raise it.")
    if len(names) == 1:
        return _("%(name)s can raise it.") % {"name": names[0]}
    listed = _(" or ").join([", ".join(names[:-1]), names[-1]])
    return _("%(names)s can raise it.") % {"names": listed}


def dollars(usd: Decimal, *, up: bool = False) -> str:
    """Rounded to cents; ``up`` where it must not say less than it is."""
    cents = usd.quantize(Decimal("0.01"), rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return f"${cents:,}"
