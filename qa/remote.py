"""Copies of canonical texts with the Files API: uploaded once, renewed, and cleared away."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from documents.models import Document, RemoteFile, Text, Version
from qa import engine
from qa.claude import Connection, installation
from qa.engine import files
from qa.ledger import recorded
from qa.models import ApiCall, TokenCount

logger = logging.getLogger(__name__)
PREFIX = "pincite-"


def file_name(version: Version) -> str:
    return f"{PREFIX}{installation()}-{version.public_id}.txt"


def ensure_uploaded(version: Version, connection: Connection) -> str:
    """The file id of the version's text in this account, uploading it if it must be."""
    known = RemoteFile.objects.usable(connection.account).filter(version=version).first()
    if known is not None:
        return known.file_id
    text = Text.objects.get(version=version).content
    workspace = version.document.workspace
    with recorded(ApiCall.Purpose.UPLOAD, connection, workspace=workspace) as row:
        remote = files.upload_text(connection.client, file_name(version), text, settings.FILE_DAYS)
        row.request_id = remote.request_id or ""
    old = RemoteFile.objects.filter(version=version, account=connection.account)
    try:
        with transaction.atomic():
            old.delete()
            RemoteFile.objects.create(
                version=version,
                account=connection.account,
                file_id=remote.file_id,
                expires_at=remote.expires_at,
            )
    except IntegrityError:
        # another worker was quicker; the daily tidying removes this copy, which no row owns
        return RemoteFile.objects.get(version=version, account=connection.account).file_id
    logger.info("version=%s uploaded request=%s", version.public_id, remote.request_id)
    return remote.file_id


def forget(versions: list[Version], connection: Connection) -> None:
    """The API does not have these any more: the next question uploads them again."""
    RemoteFile.objects.filter(version__in=versions, account=connection.account).delete()


def ensure_counted(
    version: Version, model: engine.catalogue.Model | str, connection: Connection
) -> int:
    """The version's tokens for the model, counted by the API once and kept."""
    model = engine.catalogue.normalise(model)
    known = TokenCount.objects.filter(version=version, model=model).first()
    if known is not None:
        return known.tokens
    text = Text.objects.get(version=version).content
    workspace = version.document.workspace
    with recorded(ApiCall.Purpose.COUNT, connection, workspace=workspace, model_requested=model):
        tokens = engine.count(connection.client, engine.count_params(text, model))
    TokenCount.objects.update_or_create(version=version, model=model, defaults={"tokens": tokens})
    return tokens


def waiting_for_upload(connection: Connection, but: list[object], limit: int) -> list[Version]:
    """Ready versions with a text of live documents, but for ``but``, that have no usable copy."""
    usable = RemoteFile.objects.usable(connection.account).values("version")
    current = Document.objects.filter(deleted_at=None).values("current")
    tried = [pk for pk in but if isinstance(pk, int)]
    rows = Version.objects.ready().with_text().filter(pk__in=current).exclude(pk__in=tried)
    rows = rows.exclude(pk__in=usable)
    return list(rows.select_related("document__workspace").order_by("pk")[:limit])


def erase_deleted(connection: Connection, limit: int) -> int:
    """Deletes the copies of documents whose time in the trash is over; how many.

    A failure is tried again later.
    """
    gone = RemoteFile.objects.filter(
        version__document__in=Document.objects.past_keeping(), account=connection.account
    ).select_related("version__document__workspace")[:limit]
    for remote in gone:
        workspace = remote.version.document.workspace
        with recorded(ApiCall.Purpose.DELETE, connection, workspace=workspace):
            files.delete_file(connection.client, remote.file_id)
        remote.delete()
    return len(gone)


def tidy(connection: Connection) -> int:
    """Deletes files of this installation that no row owns; how many."""
    ours = f"{PREFIX}{installation()}-"
    with recorded(ApiCall.Purpose.LIST, connection):
        listed = [
            file_id
            for file_id, name, made in files.list_files(connection.client)
            # a young one may be about to get its row
            if name.startswith(ours) and made < timezone.now() - timedelta(hours=1)
        ]
    owned = set(RemoteFile.objects.values_list("file_id", flat=True))
    strays = [file_id for file_id in listed if file_id not in owned]
    for file_id in strays:
        with recorded(ApiCall.Purpose.DELETE, connection):
            files.delete_file(connection.client, file_id)
    RemoteFile.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()
    return len(strays)
