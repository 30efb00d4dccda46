"""Documents, the bytes they were made from, and the readings of those bytes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.ingest import Reading

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3


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


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> DocumentQuerySet:
        """Live documents of the user's workspaces; none for a stranger."""
        return self.filter(
            workspace__in=Workspace.objects.visible_to(user).values("pk"), deleted_at=None
        )

    def ready(self) -> DocumentQuerySet:
        return self.filter(current__status=Version.Status.READY)

    def to_erase(self) -> DocumentQuerySet:
        return self.filter(deleted_at__isnull=False, erased_at=None)


class Document(models.Model):
    """What a person uploaded and named. Deleting hides it at once and erases it soon after."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="documents")
    title = models.CharField(_("title"), max_length=200)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="documents")
    current = models.OneToOneField("Version", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at", "-pk"]
        indexes = [
            # the library: live documents of a workspace, newest first
            models.Index(fields=["workspace", "deleted_at", "-created_at"], name="document_library")
        ]

    def __str__(self) -> str:
        return self.title

    def mark_deleted(self, by: User) -> bool:
        """Hides the document; False when somebody else deleted it first."""
        won = Document.objects.filter(pk=self.pk, deleted_at=None).update(
            deleted_at=timezone.now(), deleted_by=by
        )
        return bool(won)

    def erase(self) -> None:
        """Removes text and, unless another document stands on them, the bytes. Can be repeated."""
        with transaction.atomic():
            Document.objects.select_for_update().get(pk=self.pk)
            # locked: the same bytes may be uploaded again at this moment
            for blob in Blob.objects.select_for_update().filter(
                pk__in=self.versions.values("blob")
            ):
                used = Document.objects.filter(versions__blob=blob, deleted_at=None).exists()
                if not used and blob.erased_at is None:
                    blob.file.delete(save=False)
                    Blob.objects.filter(pk=blob.pk).update(erased_at=timezone.now())
            Text.objects.filter(version__document=self).delete()
            Page.objects.filter(version__document=self).delete()
            Document.objects.filter(pk=self.pk).update(erased_at=timezone.now())


class VersionQuerySet(models.QuerySet["Version"]):
    def visible_to(self, user: Any) -> VersionQuerySet:
        return self.filter(document__in=Document.objects.visible_to(user).values("pk"))

    def ready(self) -> VersionQuerySet:
        return self.filter(status=Version.Status.READY)

    def due(self) -> VersionQuerySet:
        """Waiting, or left behind by a worker that died; documents deleted meanwhile are not."""
        now = timezone.now()
        waiting = Q(status=Version.Status.QUEUED)
        abandoned = Q(status=Version.Status.READING, lease_until__lt=now)
        return self.filter(waiting | abandoned, document__deleted_at=None)


class Version(models.Model):
    """One immutable reading of a blob.

    queued ──claim──▶ reading ──mark_ready──▶ ready
      ▲                  │  ▲──── claim, when the lease ran out
      └──── retry ── failed ◀── fail
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        READING = "reading", _("Reading")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    reader = models.CharField(max_length=40, blank=True)
    reader_version = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    chars = models.PositiveIntegerField(default=0)
    page_count = models.PositiveIntegerField(default=0)
    pages_read = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ready_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="version_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "reading", "ready", "failed"]),
                name="version_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="version_failure_has_reason"
            ),
        ]
        indexes = [
            # the sweep looks for unfinished versions every few seconds
            models.Index(
                fields=["lease_until"],
                condition=Q(status__in=["queued", "reading"]),
                name="version_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"

    @property
    def working(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.READING)

    @property
    def percent(self) -> int:
        """0 to 100, of the pages read so far."""
        if self.status == self.Status.READY:
            return 100
        return min(99, 100 * self.pages_read // self.page_count) if self.page_count else 0

    def claim(self, owner: str) -> bool:
        """Take the work; False when another worker has it, or nothing is to be done."""
        won = (
            Version.objects.filter(pk=self.pk)
            .due()
            .update(
                status=self.Status.READING,
                lease_owner=owner,
                lease_until=timezone.now() + LEASE,
                attempts=F("attempts") + 1,
                pages_read=0,
            )
        )
        if won:
            self.refresh_from_db()
        return bool(won)

    def _mine(self) -> VersionQuerySet:
        # a worker that lost its lease must not write over the one that took over
        return Version.objects.filter(
            pk=self.pk, status=self.Status.READING, lease_owner=self.lease_owner
        )

    def progress(self, done: int, total: int) -> None:
        self._mine().update(pages_read=done, page_count=total)

    def mark_ready(self, reading: Reading, seconds: float) -> bool:
        """Store the reading whole, or, if the lease was lost, not at all."""
        with transaction.atomic():
            # locked: erasing waits for this, or has hidden the document before
            live = Document.objects.select_for_update().filter(pk=self.document_id, deleted_at=None)
            won = live.exists() and self._mine().update(
                status=self.Status.READY,
                reader=reading.reader,
                reader_version=reading.reader_version,
                warnings=list(reading.warnings),
                sha256=reading.sha256,
                chars=len(reading.text),
                page_count=len(reading.pages),
                pages_read=len(reading.pages),
                ready_at=timezone.now(),
                seconds=seconds,
                error="",
                error_code="",
            )
            if won:
                Text.objects.create(version=self, content=reading.text)
                Page.objects.bulk_create(
                    [Page.from_reading(self, page) for page in reading.pages], batch_size=500
                )
        self.refresh_from_db()
        return bool(won)

    def fail(self, code: str, sentence: str) -> bool:
        won = self._mine().update(status=self.Status.FAILED, error_code=code, error=sentence)
        self.refresh_from_db()
        return bool(won)

    def retry(self) -> bool:
        """Queue a failed version again, with its attempts forgotten."""
        won = Version.objects.filter(pk=self.pk, status=self.Status.FAILED).update(
            status=self.Status.QUEUED, error="", error_code="", attempts=0, pages_read=0
        )
        return bool(won)


class Text(models.Model):
    """A version's canonical text, apart from it so that lists never load it."""

    version = models.OneToOneField(Version, models.CASCADE, primary_key=True)
    content = models.TextField()

    def __str__(self) -> str:
        return str(self.version_id)


class Page(models.Model):
    """Where a page lies in the canonical text, and how large it is in PDF points."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    width = models.FloatField(default=0)
    height = models.FloatField(default=0)
    rotation = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=10)
    confidence = models.FloatField(null=True)
    raw_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="page_number_once"),
            models.CheckConstraint(condition=Q(start__lte=F("end")), name="page_range_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} p. {self.number}"

    @classmethod
    def from_reading(cls, version: Version, page: Any) -> Page:
        return cls(
            version=version,
            number=page.number,
            start=page.start,
            end=page.end,
            width=page.width,
            height=page.height,
            rotation=page.rotation,
            source=page.source,
            raw_sha256=page.raw_sha256,
        )


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
