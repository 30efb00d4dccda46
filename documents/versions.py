"""A document's next version: other bytes, or the same bytes to be read anew."""

from __future__ import annotations

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import Event, User
from documents import ingest, uploads
from documents.models import Document, Version
from documents.reading import limits

UNLOCK_SECONDS = 20.0


def add(
    document: Document,
    data: File,
    kind: ingest.Kind,
    name: str,
    by: User,
    verb: Event.Verb,
    request: HttpRequest | None = None,
) -> Version:
    """The queued next version of a live document, made its current one."""
    sha256 = uploads.digest(data)
    with transaction.atomic():
        blob = uploads.keep(document.workspace, data, kind, sha256)
        # locked: two new versions at once must not have the same number
        locked = Document.objects.select_for_update().get(pk=document.pk)
        last = locked.versions.order_by("-number").values_list("number", flat=True).first() or 0
        version = Version.objects.create(
            document=locked, blob=blob, number=last + 1, name=name, uploaded_by=by
        )
        Document.objects.filter(pk=locked.pk).update(current=version, kind=kind)
        Event.objects.record(
            verb, by=by, object=version, workspace=document.workspace, request=request
        )
    document.refresh_from_db()
    return version


@sensitive_variables("password")
def unlock(
    document: Document, password: str, by: User, request: HttpRequest | None = None
) -> Version:
    """The next version of an encrypted PDF: the same pages without the password, queued to be read.

    The password is used once and kept nowhere. Raises `ingest.Unreadable`, with the code
    "wrong_password" when it does not open the file.
    """
    locked = document.current
    if locked is None or not locked.is_locked:
        raise ingest.Unreadable("missing", "not locked")
    data = ingest.unlock(locked.blob.file.path, limits(UNLOCK_SECONDS), password)
    return add(
        document,
        ContentFile(data, name=locked.name),
        ingest.Kind.PDF,
        locked.name,
        by,
        Event.Verb.UNLOCK,
        request,
    )


def sentence(error: ingest.Unreadable) -> str:
    """What a user is told, in their language."""
    return _(ingest.SENTENCES[error.code]) % error.fields
