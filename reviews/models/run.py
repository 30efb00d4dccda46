"""Runs: each time that cells of a table were sent for."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from qa.models import Answer, ApiCall
from reviews.models.table import Table


class Run(models.Model):
    """Cells of a table that were sent for together, in one way; what was expected to be paid for
    them, and what was.

    running ──end──▶ ended
       └────cancel──▶ cancelled   what is finished stays
    """

    class Mode(models.TextChoices):
        BATCH = "batch", _("batch")
        LIVE = "live", _("live")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        ENDED = "ended", _("Ended")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    table = models.ForeignKey(Table, models.CASCADE, related_name="runs")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    mode = models.CharField(max_length=5, choices=Mode.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    # how many cells it was to answer, and about what that was to cost in US dollars
    cells_sent = models.PositiveIntegerField(default=0)
    estimate_usd = models.DecimalField(max_digits=18, decimal_places=12, default=Decimal(0))
    # all that were written for it: a cell that is run again has another one
    answers = models.ManyToManyField(Answer, related_name="asked_in")
    # why it stands still, in a sentence; empty while it does not
    notice = models.TextField(blank=True)
    # whoever makes batches of its cells
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["batch", "live"]), name="run_mode_known"),
            models.CheckConstraint(
                condition=Q(state__in=["running", "ended", "cancelled"]), name="run_state_known"
            ),
        ]
        indexes = [
            # the sweep looks for runs that go on every few seconds
            models.Index(fields=["started_at"], condition=Q(state="running"), name="run_running")
        ]

    def __str__(self) -> str:
        return f"{self.table}: {self.cells_sent}"

    @property
    def running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def cost_usd(self) -> Decimal:
        """What its answers have cost so far, by the ledger."""
        calls = ApiCall.objects.filter(answer__asked_in=self)
        return calls.aggregate(usd=Sum("cost_usd"))["usd"] or Decimal(0)

    @property
    def stages(self) -> list[tuple[str, int]]:
        """Where its batches are that have not ended, in words, and how many are there."""
        from reviews.models.batch import Batch

        there = Batch.objects.filter(run=self).open().order_by().values_list("state")
        found = dict(there.annotate(n=Count("pk")))
        return [(str(state.label), found[state]) for state in Batch.State if state in found]

    def claim(self, until: datetime) -> bool:
        """Whether the caller may make batches of it now; nobody else does until then."""
        free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
        rows = Run.objects.filter(free, pk=self.pk, state=self.State.RUNNING)
        return bool(rows.update(lease_until=until))

    def let_go(self) -> None:
        Run.objects.filter(pk=self.pk).update(lease_until=None)

    def end(self) -> bool:
        return self._leave(self.State.ENDED)

    def cancel(self) -> bool:
        return self._leave(self.State.CANCELLED)

    def _leave(self, state: str) -> bool:
        now = timezone.now()
        rows = Run.objects.filter(pk=self.pk, state=self.State.RUNNING)
        won = bool(rows.update(state=state, ended_at=now, notice=""))
        if won:
            self.state, self.ended_at = state, now
        return won
