"""Columns: the questions of a table."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reviews import books
from reviews.models.table import Table
from reviews.values import Kind


class ColumnQuerySet(models.QuerySet["Column"]):
    def live(self) -> ColumnQuerySet:
        return self.filter(removed_at=None)


class Column(models.Model):
    """A question to every document of a table.

    ``version`` counts the changes of what is asked; each is kept as a ``ColumnVersion``, because a
    batch may bring the answer to an earlier one. The title and the place are not asked: changing
    them makes nothing stale.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        YES_NO = "yes_no", _("Yes or no")
        DATE = "date", _("Date")
        MONEY = "money", _("Amount of money")
        NUMBER = "number", _("Number")
        CHOICE = "choice", _("One of given values")
        LIST = "list", _("List")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    table = models.ForeignKey(Table, models.CASCADE, related_name="columns")
    position = models.PositiveIntegerField(default=0)
    title = models.CharField(_("title"), max_length=books.TITLE)
    question = models.TextField(_("question"))
    kind = models.CharField(_("type"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    choices = models.JSONField(_("values"), default=list, blank=True)
    guidance = models.TextField(_("guidance"), blank=True)
    expected = models.TextField(_("expected position"), blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = ColumnQuerySet.as_manager()

    class Meta:
        verbose_name = _("column")
        verbose_name_plural = _("columns")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=["text", "yes_no", "date", "money", "number", "choice", "list"]
                ),
                name="column_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def anchor(self) -> str:
        """The id of the column's element on a page."""
        return f"column-{self.public_id}"

    @property
    def asked(self) -> books.Asked:
        """What it asks now."""
        return books.Asked(
            self.title,
            self.question,
            Kind(self.kind),
            tuple(self.choices),
            self.guidance,
            self.expected,
        )

    def asked_in(self, version: int) -> books.Asked:
        """What it asked in that version."""
        if version == self.version:
            return self.asked
        return self.versions.get(number=version).asked


class ColumnVersion(models.Model):
    """What a column asked: never changed."""

    column = models.ForeignKey(Column, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # as ``books.Asked.as_dict`` writes it
    content = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("version of a column")
        verbose_name_plural = _("versions of columns")
        ordering = ["column", "number"]
        constraints = [
            models.UniqueConstraint(fields=["column", "number"], name="column_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.column_id} {self.number}"

    @property
    def asked(self) -> books.Asked:
        said: dict[str, Any] = self.content
        return books.Asked(
            said["title"],
            said["question"],
            Kind(said["type"]),
            tuple(said.get("choices", ())),
            said.get("guidance", ""),
            said.get("expected", ""),
        )
