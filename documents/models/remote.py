"""Copies of texts with the Files API."""

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
    """A copy of a version's text with the Files API. Its id never meets a browser."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="remote_files")
    kind = models.CharField(max_length=10, default="text")
    part = models.PositiveIntegerField(default=0)
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
