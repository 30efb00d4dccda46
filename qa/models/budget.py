"""What a workspace and its members may spend, and what is set aside for requests on their way."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from qa.models.answer import Answer
from qa.models.ledger import Backend


class BudgetQuerySet(models.QuerySet["Budget"]):
    def binding(self, workspace: Workspace, user: User) -> BudgetQuerySet:
        """Those that a request of the user in the workspace must keep to.

        A budget of one member takes the place of that for each, for the same time.
        """
        own = Budget.objects.filter(workspace=workspace, user=user).values("period")
        of_each = Q(scope=Budget.Scope.EACH) & ~Q(period__in=own)
        whole = Q(scope=Budget.Scope.WORKSPACE)
        return self.filter(Q(user=user) | of_each | whole, workspace=workspace)


class Budget(models.Model):
    """US dollars that may be spent in a day or a month, in the time zone of the workspace."""

    class Scope(models.TextChoices):
        WORKSPACE = "workspace", _("the whole workspace")
        EACH = "each", _("each member")
        MEMBER = "member", _("one member")

    class Period(models.TextChoices):
        DAY = "day", _("a day")
        MONTH = "month", _("a month")

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="budgets", verbose_name=_("workspace")
    )
    scope = models.CharField(_("of"), max_length=10, choices=Scope.choices, default=Scope.WORKSPACE)
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    period = models.CharField(_("for"), max_length=10, choices=Period.choices)
    limit_usd = models.DecimalField(
        _("US dollars"), max_digits=12, decimal_places=2, validators=[MinValueValidator(0)]
    )
    warn_percent = models.PositiveSmallIntegerField(
        _("warn from"),
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Per cent of it."),
    )

    objects = BudgetQuerySet.as_manager()

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["workspace", "period", "scope", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="member", user__isnull=False)
                | Q(scope__in=["workspace", "each"], user=None),
                name="budget_member_named",
            ),
            models.CheckConstraint(
                condition=Q(limit_usd__gte=0, warn_percent__gte=1, warn_percent__lte=100),
                name="budget_in_range",
            ),
            models.UniqueConstraint(
                fields=["workspace", "scope", "period"],
                condition=Q(user=None),
                name="budget_of_all_once",
                violation_error_message=_("There is such a budget already."),
            ),
            models.UniqueConstraint(
                fields=["workspace", "user", "period"],
                condition=Q(user__isnull=False),
                name="budget_of_member_once",
                violation_error_message=_("This member has such a budget already."),
            ),
        ]

    def __str__(self) -> str:
        whose = self.user or self.get_scope_display()
        return f"{whose}: ${self.limit_usd} {self.get_period_display()}"

    def clean(self) -> None:
        if (self.scope == self.Scope.MEMBER) != (self.user_id is not None):
            raise ValidationError({"user": _("Name a member for a budget of one member alone.")})
        members = self.workspace.members if self.workspace_id else None
        if self.user_id and members and not members.filter(user=self.user_id).exists():
            raise ValidationError({"user": _("That is not a member of this workspace.")})

    def begins(self, now: datetime | None = None) -> datetime:
        """The first moment of the day or month that `now` is in."""
        here = (now or timezone.now()).astimezone(ZoneInfo(self.workspace.time_zone))
        day = 1 if self.period == self.Period.MONTH else here.day
        return datetime(here.year, here.month, day, tzinfo=here.tzinfo)

    def renews(self, now: datetime | None = None) -> datetime:
        """The first moment of the next one."""
        first = self.begins(now)
        if self.period == self.Period.MONTH:
            year, month = divmod(first.year * 12 + first.month, 12)
            return datetime(year, month + 1, 1, tzinfo=first.tzinfo)
        # by the calendar: a day may have 23 hours
        following = date.fromordinal(first.toordinal() + 1)
        return datetime(following.year, following.month, following.day, tzinfo=first.tzinfo)


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def live(self) -> ReservationQuerySet:
        """Those whose request may still be on its way: the worker of the answer holds its lease,
        or, where there is no answer, the time is not over."""
        now = timezone.now()
        held = Q(
            answer__status=Answer.Status.RUNNING,
            answer__lease_owner=F("lease_owner"),
            answer__lease_until__gte=now,
        )
        return self.filter(held | Q(answer=None, expires_at__gte=now))


class Reservation(models.Model):
    """The worst case of a request that was let through, until its true cost is in the ledger."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    answer = models.ForeignKey(Answer, models.CASCADE, null=True, related_name="reservations")
    lease_owner = models.CharField(max_length=80, blank=True)
    backend = models.CharField(max_length=10, choices=Backend.choices)
    usd = models.DecimalField(max_digits=18, decimal_places=12, default=Decimal(0))
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = ReservationQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")

    def __str__(self) -> str:
        return f"${self.usd:.4f}, {self.made_at:%Y-%m-%d %H:%M}"
