"""Rows: the documents of a table."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from reviews.models.table import Table


class RowQuerySet(models.QuerySet["Row"]):
    def live(self) -> RowQuerySet:
        """Those that are in their table, about documents that are not in the trash."""
        return self.filter(removed_at=None, document__deleted_at=None)


class Row(models.Model):
    """A document of a table. Which version of it was read is each cell's own: a newer one makes
    its cells stale. ``mark`` and ``revision`` are those of the newest ``Mark`` on the row."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    table = models.ForeignKey(Table, models.CASCADE, related_name="rows")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(default=0)
    mark = models.CharField(max_length=10, blank=True)
    revision = models.PositiveIntegerField(default=0)
    # whether it came in by itself, because the table follows its place
    followed = models.BooleanField(default=False)
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = RowQuerySet.as_manager()

    class Meta:
        verbose_name = _("row")
        verbose_name_plural = _("rows")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["table", "document"], name="row_once"),
        ]
        indexes = [
            # the grid reads its rows in their order, a window at a time
            models.Index(
                fields=["table", "position"], condition=Q(removed_at=None), name="row_order"
            )
        ]

    def __str__(self) -> str:
        return str(self.document)

    @property
    def anchor(self) -> str:
        """The id of the row's element on a page."""
        return f"row-{self.public_id}"
