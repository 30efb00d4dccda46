"""What the footnotes of an answer rest on."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from documents.models import Version


class Citation(models.Model):
    """What a footnote rests on: a range of a version's text, a page of it, or a web address.

    ``cited_text`` equals ``text[start:end]`` of the version where a range is given, and stays
    when the source is erased.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        PAGE = "page", _("page")
        WEB = "web", _("web")

    class State(models.TextChoices):
        EXACT = "exact", _("exact")
        REALIGNED = "realigned", _("realigned")
        UNVERIFIED = "unverified", _("unverified")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey("qa.Answer", models.CASCADE, related_name="citations")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=5, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="citations")
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    page_start = models.PositiveIntegerField(null=True)
    page_end = models.PositiveIntegerField(null=True)
    address = models.TextField(blank=True)
    title = models.CharField(max_length=300, blank=True)
    cited_text = models.TextField(blank=True)
    # it was read from the page's picture, and not from the text
    seen = models.BooleanField(default=False)
    raw = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ["answer", "number"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "number"], name="citation_number_once"),
            models.CheckConstraint(
                condition=Q(start=None, end=None) | Q(start__lt=F("end")),
                name="citation_range_ordered",
            ),
            models.CheckConstraint(
                condition=~Q(kind="text", state__in=["exact", "realigned"])
                | Q(start__isnull=False, version__isnull=False),
                name="citation_verified_has_range",
            ),
        ]

    def __str__(self) -> str:
        return f"[{self.number}] {self.title}"
