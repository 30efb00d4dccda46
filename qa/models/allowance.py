"""The rate limits of an account for a line of models, as its last response told them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qa import engine

MINUTE = 60.0


class AccountLimits(models.Model):
    """Limits a minute. ``on_way`` are input tokens of requests that were let through and are not
    in what the account said yet; one that never ends is forgotten within a minute."""

    account = models.CharField(max_length=64)
    line = models.CharField(max_length=40, blank=True)
    seen_at = models.DateTimeField()
    # {"requests": [limit, remaining, when all of it is there], …}
    told = models.JSONField(default=dict)
    on_way = models.PositiveBigIntegerField(default=0)
    on_way_at = models.DateTimeField(default=timezone.now)
    blocked_until = models.DateTimeField(null=True)
    blocked_by = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("rate limits")
        verbose_name_plural = _("rate limits")
        ordering = ["account", "line"]
        constraints = [
            models.UniqueConstraint(fields=["account", "line"], name="account_limits_once")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.line}"

    @property
    def limits(self) -> engine.Limits:
        found = {
            kind: engine.Allowance(limit, left, datetime.fromisoformat(full_at))
            for kind, (limit, left, full_at) in self.told.items()
        }
        return engine.Limits(self.seen_at, **found)

    def hear(self, limits: engine.Limits) -> None:
        """Takes over what a response said, if it is news."""
        if self.seen_at and self.told and limits.seen_at < self.seen_at:
            return
        self.seen_at = limits.seen_at
        self.told = {
            kind: [found.limit, found.remaining, found.full_at.isoformat()]
            for kind in ("requests", "input_tokens", "output_tokens")
            if (found := getattr(limits, kind)) is not None
        }

    def still_on_way(self, now: datetime) -> int:
        limit = self.told.get("input_tokens", [0])[0]
        passed = max(timedelta(0), now - self.on_way_at).total_seconds()
        return max(0, self.on_way - int(passed * limit / MINUTE))
