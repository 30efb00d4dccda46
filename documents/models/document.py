"""Documents: what people uploaded, named, and see."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.labels import label
from documents.models.blob import Blob
from documents.models.folder import Folder, Tag
from documents.models.page import Page, Text


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> DocumentQuerySet:
        """Live documents of the user's workspaces; none for a stranger."""
        return self.filter(
            workspace__in=Workspace.objects.visible_to(user).values("pk"), deleted_at=None
        )

    def ready(self) -> DocumentQuerySet:
        return self.filter(current__status="ready")

    def to_erase(self) -> DocumentQuerySet:
        return self.filter(deleted_at__isnull=False, erased_at=None)


class Document(models.Model):
    """What a person uploaded and named. Deleting hides it at once and erases it soon after.

    ``kind`` is that of the current version's bytes, kept here so that lists sort by it without a
    look further. ``container`` is the e-mail or archive it was unpacked from.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="documents")
    folder = models.ForeignKey(Folder, models.PROTECT, null=True, related_name="documents")
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(max_length=20, blank=True)
    tags = models.ManyToManyField(Tag, related_name="documents")
    container = models.ForeignKey("self", models.SET_NULL, null=True, related_name="contents")
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="documents")
    current = models.OneToOneField("Version", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # when a deleted one is to be erased; until then it can be restored
    purge_at = models.DateTimeField(null=True, editable=False)
    # a legal hold: nothing of it may be deleted
    on_hold = models.BooleanField(_("legal hold"), default=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(on_hold=False) | Q(deleted_at=None), name="document_on_hold_is_kept"
            )
        ]
        indexes = [
            # the library: live documents of a workspace, newest first
            models.Index(fields=["workspace", "deleted_at", "-created_at"], name="document_library")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def kind_label(self) -> str:
        """What people call its kind; "" for none."""
        return label(self.kind)

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
