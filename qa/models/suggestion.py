"""First questions about a document, looked for once."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Version

LONGEST = timedelta(seconds=90)
"""So long a page waits for a worker."""
AGAIN = timedelta(minutes=10)
"""What failed, or was lost, is tried again after that."""


class Suggestion(models.Model):
    """What may be asked of a version, as a version of the prompt found it. Begun → found; what was
    begun and not found is begun again after a while."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="suggestions")
    prompt_version = models.CharField(max_length=40)
    questions = models.JSONField(default=list)
    begun_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("suggested questions")
        verbose_name_plural = _("suggested questions")
        constraints = [
            models.UniqueConstraint(fields=["version", "prompt_version"], name="suggested_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.prompt_version}"

    @property
    def pending(self) -> bool:
        """Whether a worker is about to find them."""
        if self.found_at or self.failed or self.begun_at is None:
            return False
        return timezone.now() - self.begun_at < LONGEST

    def claim(self) -> bool:
        """Whether the caller is to send for them now."""
        now = timezone.now()
        due = Q(begun_at=None) | Q(begun_at__lt=now - AGAIN)
        rows = Suggestion.objects.filter(due, pk=self.pk, found_at=None)
        won = bool(rows.update(begun_at=now, failed=False))
        if won:
            self.begun_at, self.failed = now, False
        return won

    def found(self, questions: list[str]) -> None:
        Suggestion.objects.filter(pk=self.pk, found_at=None).update(
            questions=questions, found_at=timezone.now(), failed=False
        )

    def fail(self) -> None:
        Suggestion.objects.filter(pk=self.pk, found_at=None).update(failed=True)
