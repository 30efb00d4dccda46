"""Copies of canonical texts with the Files API: uploaded once, renewed, and cleared away."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from config import sealing
from documents.models import Document, RemoteFile, Text, Version
from qa import engine
from qa.claude import Account, Connection, installation
from qa.engine import files
from qa.ledger import heard, recorded
from qa.models import ApiCall, ClaudeKey, RemotePicture, TokenCount

logger = logging.getLogger(__name__)
PREFIX = "pincite-"


def file_name(version: Version) -> str:
    return f"{PREFIX}{installation()}-{version.public_id}.txt"


def ensure_uploaded(version: Version, connection: Connection) -> str:
    """The file id of the version's text in this account, uploading it if it must be."""
    of_text = RemoteFile.objects.filter(version=version, kind=RemoteFile.Kind.TEXT)
    known = of_text.usable(connection.account).first()
    if known is not None:
        return known.file_id
    text = Text.objects.get(version=version).content
    workspace = version.document.workspace
    with recorded(ApiCall.Purpose.UPLOAD, connection, workspace=workspace) as row:
        remote = files.upload_text(connection.client, file_name(version), text, settings.FILE_DAYS)
        row.request_id = remote.request_id or ""
        heard(row, connection, remote.limits)
    old = of_text.filter(account=connection.account)
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
        return of_text.get(account=connection.account).file_id
    logger.info("version=%s uploaded request=%s", version.public_id, remote.request_id)
    return remote.file_id


def forget(versions: list[Version], connection: Connection) -> None:
    """The API does not have these any more: the next question uploads them again."""
    RemoteFile.objects.filter(version__in=versions, account=connection.account).delete()


def tokens(
    versions: Sequence[Version], model: engine.catalogue.Model | str, connection: Connection
) -> int:
    """Of the versions' texts for the model, counting what the API has not counted yet."""
    asked = TokenCount.objects.filter(version__in=versions, model=engine.catalogue.normalise(model))
    known = dict(asked.values_list("version", "tokens"))
    return sum(
        known[version.pk] if version.pk in known else ensure_counted(version, model, connection)
        for version in versions
    )


def ensure_counted(
    version: Version, model: engine.catalogue.Model | str, connection: Connection
) -> int:
    """The version's tokens for the model, counted by the API once and kept."""
    model = engine.catalogue.normalise(model)
    known = TokenCount.objects.filter(version=version, model=model).first()
    if known is not None:
        return known.tokens
    text = Text.objects.get(version=version).content
    if not text.strip():
        return 0  # all there is of it is looked at
    workspace = version.document.workspace
    told = {"workspace": workspace, "model_requested": model}
    with recorded(ApiCall.Purpose.COUNT, connection, **told) as row:
        counted = engine.count(connection.client, engine.count_params(text, model))
        heard(row, connection, counted.limits)
    tokens = counted.tokens
    TokenCount.objects.update_or_create(version=version, model=model, defaults={"tokens": tokens})
    return tokens


def waiting_for_upload(account: Account, but: list[object], limit: int) -> list[Version]:
    """Ready versions with a text of live documents, but for ``but``, that have no usable copy in
    the account that their workspace speaks through. Where nothing may be stored, none wait."""
    storing = account.workspaces.exclude(claude__inline=True)
    copies = RemoteFile.objects.usable(account.connection.account)
    usable = copies.filter(kind=RemoteFile.Kind.TEXT).values("version")
    current = Document.objects.filter(deleted_at=None).values("current")
    tried = [pk for pk in but if isinstance(pk, int)]
    rows = Version.objects.ready().with_text().filter(pk__in=current).exclude(pk__in=tried)
    rows = rows.filter(document__workspace__in=storing).exclude(pk__in=usable)
    return list(rows.select_related("document__workspace").order_by("pk")[:limit])


def erase_deleted(account: Account, limit: int) -> int:
    """Deletes the copies in an account of documents whose time in the trash is over, and of
    workspaces that use it no more or store nothing there; how many.

    Only the account's own key can delete them. A failure is tried again later.
    """
    connection = account.connection
    storing = account.workspaces.exclude(claude__inline=True)
    gone = RemoteFile.objects.filter(account=connection.account).filter(
        Q(version__document__in=Document.objects.past_keeping())
        | ~Q(version__document__workspace__in=storing)
    )
    rows = list(gone.select_related("version__document__workspace").order_by("pk")[:limit])
    for remote in rows:
        workspace = remote.version.document.workspace
        with recorded(ApiCall.Purpose.DELETE, connection, workspace=workspace):
            files.delete_file(connection.client, remote.file_id)
        remote.delete()
    return len(rows) + _erase_pictures(account, limit)


def _erase_pictures(account: Account, limit: int) -> int:
    """The same of the copies of questions' pictures."""
    connection = account.connection
    storing = account.workspaces.exclude(claude__inline=True)
    copies = RemotePicture.objects.filter(account=connection.account)
    gone = copies.exclude(picture__workspace__in=storing)
    rows = list(gone.select_related("picture__workspace").order_by("pk")[:limit])
    for copy in rows:
        workspace = copy.picture.workspace
        with recorded(ApiCall.Purpose.DELETE, connection, workspace=workspace):
            files.delete_file(connection.client, copy.file_id)
        copy.delete()
    return len(rows)


def drop_worn_out_keys() -> None:
    """Replaced keys are kept only while they have something to delete."""
    ClaudeKey.objects.worn_out().delete()
    for key in ClaudeKey.objects.exclude(retired_at=None):
        with contextlib.suppress(sealing.Sealed):
            name = engine.account(key.open(), settings.ANTHROPIC_BASE_URL)
            left = RemoteFile.objects.filter(
                account=name, version__document__workspace=key.workspace_id
            )
            if not left.exists():
                key.delete()


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
    owned |= set(RemotePicture.objects.values_list("file_id", flat=True))
    strays = [file_id for file_id in listed if file_id not in owned]
    for file_id in strays:
        with recorded(ApiCall.Purpose.DELETE, connection):
            files.delete_file(connection.client, file_id)
    RemoteFile.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()
    RemotePicture.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()
    return len(strays)
