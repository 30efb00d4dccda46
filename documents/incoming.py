"""Large files arrive in pieces: begun, continued after any interruption, and made documents."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from documents import folders, uploads
from documents.models import Folder, Upload
from documents.models.upload import KEPT, UploadQuerySet
from documents.numbers import grouped

PIECE = 8_000_000  # bytes of one piece, unless it is the last
WHOLE = 32_000_000  # up to this size a file is sent in one go
HEAD = 8192  # bytes that tell a kind
QUOTA_FILES = 200  # unfinished files of one person


class WrongPlace(Exception):
    """A piece that does not join on; ``expected`` is the offset that does."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"expected offset {expected}")
        self.expected = expected


def begin(
    workspace: Workspace,
    by: User,
    *,
    name: str,
    size: int,
    fingerprint: str,
    folder: Folder | None = None,
    path: str = "",
) -> Upload:
    """A place for the file, or the one where the same file was interrupted. Raises Refused."""
    name = uploads.clean_title(name)
    uploads.check_size(size)
    with transaction.atomic():
        # locked: two beginnings at once are counted one after the other
        User.objects.select_for_update().get(pk=by.pk)
        own = Upload.objects.unfinished().filter(by=by)
        same = own.filter(workspace=workspace, folder=folder, path=path, name=name, size=size)
        found = same.filter(fingerprint=fingerprint).first()
        if found is not None:
            return found
        _check_quota(own, size)
        return Upload.objects.create(
            workspace=workspace,
            by=by,
            folder=folder,
            path=path,
            name=name,
            size=size,
            fingerprint=fingerprint,
        )


def _check_quota(own: UploadQuerySet, size: int) -> None:
    taken = own.aggregate(total=Sum("size"))["total"] or 0
    limit = settings.UNFINISHED_MB * 1_000_000
    if taken + size > limit or own.count() >= QUOTA_FILES:
        raise uploads.Refused(
            _(
                "Your unfinished uploads take %(taken)s MB of the %(limit)s MB there are for them. "
                "Finish or discard some of them first."
            )
            % {"taken": grouped(-(-taken // 1_000_000)), "limit": grouped(settings.UNFINISHED_MB)}
        )


@contextmanager
def _opened(upload: Upload) -> Iterator[BinaryIO]:
    """The bytes that are here, nobody else writing; the row is read again under the lock.

    Raises Upload.DoesNotExist when it was discarded meanwhile.
    """
    upload.file_path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(upload.file_path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            upload.refresh_from_db()
        except Upload.DoesNotExist:
            upload.file_path.unlink(missing_ok=True)
            raise
        yield file


def append(upload: Upload, offset: int, piece: bytes) -> None:
    """Keep a piece. One that is here already is left as it is.

    Raises WrongPlace, and Refused for a kind that is not accepted: then the upload is gone.
    """
    with _opened(upload) as file:
        if offset + len(piece) <= upload.received:
            return
        if offset != upload.received or offset + len(piece) > upload.size:
            raise WrongPlace(upload.received)
        if not offset:
            _refuse_early(upload, piece[:HEAD])
        # a piece that was cut off when its writer died is written over
        file.truncate(offset)
        file.seek(offset)
        file.write(piece)
        file.flush()
        if offset + len(piece) == upload.size:
            os.fsync(file.fileno())
        if not upload.take(offset, len(piece)):
            raise WrongPlace(upload.received)
    upload.refresh_from_db()


def _refuse_early(upload: Upload, head: bytes) -> None:
    """Before 100 MB are sent. What a ZIP holds stands at its end, so it is told later."""
    if head.startswith(b"PK"):
        return
    try:
        uploads.kind_of(ContentFile(head), upload.name)
    except uploads.Refused:
        discard(upload)
        raise


def finish(
    upload: Upload, request: HttpRequest | None = None, sha256: str = ""
) -> uploads.Accepted:
    """The document that the whole file is. Asked again, the same one.

    ``sha256`` is what the sender has, "" for unknown. Raises WrongPlace while bytes are missing,
    and Refused: then the upload is gone.
    """
    with _opened(upload) as file:
        if upload.document is not None:
            return uploads.Accepted(upload.document, upload.document.current, created=True)
        if upload.received < upload.size:
            raise WrongPlace(upload.received)
        try:
            accepted = _accept(upload, File(file, name=upload.name), request, sha256)
        except uploads.Refused:
            discard(upload)
            raise
        Upload.objects.filter(pk=upload.pk).update(document=accepted.document)
        upload.file_path.unlink(missing_ok=True)
    return accepted


def _accept(
    upload: Upload, file: File, request: HttpRequest | None, sha256: str
) -> uploads.Accepted:
    if file.size != upload.size or sha256 not in ("", uploads.digest(file)):
        raise uploads.Refused(_("The file did not arrive as it was sent. Upload it again."))
    with transaction.atomic():
        folder = folders.ensure(upload.workspace, upload.path.split("/"), upload.by, upload.folder)
        return uploads.accept(
            file, upload.name, upload.workspace, upload.by, request, folder=folder
        )


def discard(upload: Upload) -> None:
    """Forget the upload and its bytes; what it became stays."""
    Upload.objects.filter(pk=upload.pk).delete()
    upload.file_path.unlink(missing_ok=True)


def tidy() -> int:
    """Discard what nobody continues, and bytes that no upload knows; how many uploads."""
    stale = list(Upload.objects.stale())
    for upload in stale:
        discard(upload)
    old = time.time() - KEPT.total_seconds()
    known = {str(public_id) for public_id in Upload.objects.values_list("public_id", flat=True)}
    for path in Path(settings.INCOMING).iterdir():
        if path.name not in known and path.stat().st_mtime < old:
            path.unlink(missing_ok=True)
    return len(stale)
