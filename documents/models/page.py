"""What a reading consists of: the canonical text, its pages, and the words seen on scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import F, Q

from documents.ingest import PageReading, words


class Text(models.Model):
    """A version's canonical text, apart from it so that lists never load it."""

    version = models.OneToOneField("Version", models.CASCADE, primary_key=True)
    content = models.TextField()

    def __str__(self) -> str:
        return str(self.version_id)


class PageQuerySet(models.QuerySet["Page"]):
    def keep(self, version: Any, pages: Sequence[PageReading]) -> None:
        """Store the pages of a reading, with the words of those that were recognised."""
        rows = self.bulk_create([Page.of(version, page) for page in pages], batch_size=500)
        Words.objects.bulk_create(
            [
                Words(page=row, packed=words.pack(page.words))
                for row, page in zip(rows, pages, strict=True)
                if page.words
            ],
            batch_size=200,
        )


class Page(models.Model):
    """Where a page lies in the canonical text, and how large it is in PDF points.

    ``source``, ``confidence``, ``legible`` and ``drawn`` are as `ingest.PageReading` has them.
    """

    version = models.ForeignKey("Version", models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    width = models.FloatField(default=0)
    height = models.FloatField(default=0)
    rotation = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=10)
    confidence = models.FloatField(null=True)
    legible = models.BooleanField(default=True)
    drawn = models.FloatField(default=0)
    raw_sha256 = models.CharField(max_length=64)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="page_number_once"),
            models.CheckConstraint(condition=Q(start__lte=F("end")), name="page_range_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} p. {self.number}"

    @classmethod
    def of(cls, version: Any, page: PageReading) -> Page:
        return cls(
            version=version,
            number=page.number,
            start=page.start,
            end=page.end,
            width=page.width,
            height=page.height,
            rotation=page.rotation,
            source=page.source,
            confidence=page.confidence,
            legible=page.legible,
            drawn=page.drawn,
            raw_sha256=page.raw_sha256,
        )


class Words(models.Model):
    """Where the words of a recognised page stand on its picture, as `ingest.words` packs them."""

    page = models.OneToOneField(Page, models.CASCADE, primary_key=True, related_name="words")
    packed = models.BinaryField()

    def __str__(self) -> str:
        return str(self.page_id)
