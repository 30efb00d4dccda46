"""The bytes of files."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Workspace


def blob_path(blob: Blob, _name: str) -> str:
    return f"{blob.workspace.public_id}/{blob.sha256[:2]}/{blob.sha256}"


class Blob(models.Model):
    """The bytes of a file, kept once per workspace."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="blobs")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=20)
    file = models.FileField(upload_to=blob_path, max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="blob_once_per_workspace")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"
