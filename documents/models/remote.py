"""Copies of texts, and of pages as they look, with the Files API."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models.version import Version


class RemoteFileQuerySet(models.QuerySet["RemoteFile"]):
    def usable(self, account: str) -> RemoteFileQuerySet:
        """Copies in this account that outlive the next hour."""
        soon = timezone.now() + timedelta(hours=1)
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=soon), account=account)


class RemoteFile(models.Model):
    """A copy of a version with the Files API. Its id never meets a browser.

    ``kind`` says what of it: its text, or of some ``pages`` a PDF (in several parts, if they are
    many) or a picture (whose part is its page). A part counts its pages from 1: ``pages[i]`` is the
    version's number of page ``i + 1``.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        PDF = "pdf", _("pages")
        PICTURE = "picture", _("picture")

    version = models.ForeignKey(Version, models.PROTECT, related_name="remote_files")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    part = models.PositiveIntegerField(default=0)
    pages = models.JSONField(default=list)
    account = models.CharField(max_length=64)
    file_id = models.CharField(max_length=120)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RemoteFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("remote file")
        verbose_name_plural = _("remote files")
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind", "part", "account"], name="remote_file_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.kind} {self.part}"
