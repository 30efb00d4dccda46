"""Erasing what was deleted: whatever keeps something of a document gives it up here."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from accounts.models import Event
from documents import pictures, search
from documents.models import Blob, Document, FormerFolder, Page, Text, Version

logger = logging.getLogger(__name__)


def erase(document: Document) -> bool:
    """Removes all that a deleted document consists of but its row, which answers point to.

    False, and nothing removed, when it was restored or erased meanwhile, or is on hold. The bytes
    stay while another document stands on them, be it in the trash. Copies with the Files API are
    qa's to remove: it asks for documents that are `past_keeping`.
    """
    with transaction.atomic():
        locked = Document.objects.select_for_update().select_related(None)
        row = locked.filter(
            pk=document.pk, deleted_at__isnull=False, on_hold=False, erased_at=None
        ).first()
        if row is None:
            return False
        for version in row.versions.all():
            _forget(version)
        _drop_bytes(row)
        Document.objects.filter(pk=row.pk).update(erased_at=timezone.now())
        Event.objects.record(Event.Verb.ERASE, by=None, object=row, workspace=row.workspace)
    logger.info("document=%s erased", document.public_id)
    return True


def forget_folders() -> None:
    """Removes the names of deleted folders into which nothing can be restored any more."""
    FormerFolder.objects.filter(purge_at__lte=timezone.now()).delete()


def _forget(version: Version) -> None:
    search.forget([version])
    Text.objects.filter(version=version).delete()
    Page.objects.filter(version=version).delete()
    pictures.forget(version)
    # they quote it, and name what lies within it
    Version.objects.filter(pk=version.pk).update(findings=[], warnings=[], to_vet=[], vet_at=None)


def _drop_bytes(document: Document) -> None:
    # locked: the same bytes may be uploaded again at this moment
    blobs = Blob.objects.select_for_update().filter(pk__in=document.versions.values("blob"))
    for blob in blobs.filter(erased_at=None):
        others = Document.objects.filter(versions__blob=blob, erased_at=None)
        if not others.exclude(pk=document.pk).exists():
            blob.file.delete(save=False)
            Blob.objects.filter(pk=blob.pk).update(erased_at=timezone.now())
