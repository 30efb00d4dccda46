"""Signs of life: when each process was last seen working."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone


class Pulse(models.Model):
    """One row per worker, for the sweep, and for the last look whether Claude answers."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str, detail: str = "") -> None:
        cls.objects.update_or_create(
            name=name[:60], defaults={"at": timezone.now(), "detail": detail[:200]}
        )

    def late(self, after: timedelta) -> bool:
        return self.at < timezone.now() - after
