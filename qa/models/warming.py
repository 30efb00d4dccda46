"""Who is reading documents beforehand, so that it is not done twice at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PAUSE = timedelta(seconds=45)
"""So long nobody else begins: longer than reading takes, shorter than a cache lives."""


class Warming(models.Model):
    """The same documents, for the same model and account, by ``key``: when they were last begun."""

    key = models.CharField(max_length=32, unique=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("warming")
        verbose_name_plural = _("warmings")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(begun_at__isnull=False), name="warming_began_first"
            )
        ]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def claim(cls, key: str) -> bool:
        """Whether the caller is to read now; False when somebody did a moment ago."""
        cls.objects.get_or_create(key=key)
        now = timezone.now()
        rested = Q(begun_at=None) | Q(begun_at__lt=now - PAUSE)
        return bool(cls.objects.filter(rested, key=key).update(begun_at=now, ended_at=None))

    @classmethod
    def end(cls, key: str) -> None:
        cls.objects.filter(key=key).exclude(begun_at=None).update(ended_at=timezone.now())

    @classmethod
    def running(cls, key: str) -> bool:
        """Whether it was begun and has not ended; one whose worker died is over after a pause."""
        begun: datetime = timezone.now() - PAUSE
        return cls.objects.filter(key=key, begun_at__gte=begun, ended_at=None).exists()

    @classmethod
    def tidy(cls, before: datetime) -> int:
        """Forgets those that nobody began again since; how many."""
        return cls.objects.filter(begun_at__lt=before).delete()[0]
