"""Files that are still arriving, piece by piece."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.models.document import Document
from documents.models.folder import Folder

KEPT = timedelta(days=1)  # since the last piece


def _expiry() -> datetime:
    return timezone.now() + KEPT


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user: Any) -> UploadQuerySet:
        """One's own, in workspaces one still belongs to."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(by=user, workspace__in=Workspace.objects.visible_to(user).values("pk"))

    def unfinished(self) -> UploadQuerySet:
        return self.filter(document=None, expires_at__gt=timezone.now())

    def stale(self) -> UploadQuerySet:
        return self.filter(expires_at__lte=timezone.now())


class Upload(models.Model):
    """A file on its way here. Its uploader alone sees it; a day after its last piece it goes.

    ``received`` bytes of ``size`` are kept in ``file_path``; what stands there beyond them does
    not count. ``fingerprint`` is how the uploader's browser knows the file again; ``document`` is
    what it became.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="uploads")
    by = models.ForeignKey(User, models.PROTECT, related_name="uploads")
    folder = models.ForeignKey(Folder, models.SET_NULL, null=True, related_name="+")
    path = models.CharField(max_length=1000, blank=True)  # the folders below it, with "/" between
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    fingerprint = models.CharField(max_length=64)
    received = models.PositiveBigIntegerField(default=0)
    document = models.ForeignKey(Document, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(default=_expiry)

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(received__lte=F("size")), name="upload_no_longer_than_said"
            )
        ]
        indexes = [
            # the sweep looks for what nobody continues
            models.Index(fields=["expires_at"], name="upload_expiry")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file_path(self) -> Path:
        return Path(settings.INCOMING) / str(self.public_id)

    @property
    def percent(self) -> int:
        """0 to 99, of the bytes that are here."""
        return min(99, 100 * self.received // self.size)

    def take(self, offset: int, length: int) -> bool:
        """Count a piece that was written; False when another one was at that place first."""
        won = Upload.objects.filter(pk=self.pk, received=offset, document=None).update(
            received=offset + length, expires_at=_expiry()
        )
        return bool(won)
