"""Why an answer was written by another model than was asked for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Route(models.Model):
    """What was chosen for an answer, and why something else wrote it: it was chosen
    automatically, or what was chosen is gone."""

    class Kind(models.TextChoices):
        AUTO = "auto", _("chosen automatically")
        RETIRED = "retired", _("in place of a retired one")
        MISSING = "missing", _("in place of one that is no longer offered")

    class Tier(models.TextChoices):
        SIMPLE = "simple", _("simple")
        ORDINARY = "ordinary", _("ordinary")
        HARD = "hard", _("hard")

    answer = models.OneToOneField("qa.Answer", models.CASCADE, related_name="route")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    asked = models.CharField(max_length=80)
    tier = models.CharField(max_length=10, choices=Tier.choices, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    failed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("choice of a model")
        verbose_name_plural = _("choices of models")

    def __str__(self) -> str:
        return f"{self.asked}: {self.get_kind_display()}"
