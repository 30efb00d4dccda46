"""A document's next version: another file, the same file read anew, or one without its password.

What is asked about stays what it was until the next version has been read: `Document.current` is
the one, `Document.upcoming` the other. Any that was read can be made the current one again.
"""

from __future__ import annotations

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import Event, User
from documents import ingest, uploads
from documents.models import Blob, Document, Version
from documents.reading import limits

UNLOCK_SECONDS = 20.0


def replace(
    document: Document, file: File, name: str, by: User, request: HttpRequest | None = None
) -> Version:
    """The queued next version of a document, of another file.

    Raises `uploads.Refused`, and `Document.DoesNotExist` when it was deleted meanwhile, as all do
    that make one.
    """
    name = uploads.clean_title(name)
    kind = uploads.kind_of(file, name)
    sha256 = uploads.digest(file)
    with transaction.atomic():
        _refuse_same(_locked(document), sha256)
        blob = uploads.keep(document.workspace, file, kind, sha256)
        return _next(document, blob, name, by, Event.Verb.VERSION, request)


def read_again(document: Document, by: User, request: HttpRequest | None = None) -> Version | None:
    """The queued next version, of the same file, for a reader that knows more than the last one.

    None when the document is being read already.
    """
    with transaction.atomic():
        # whichever number it has: the file that is asked about, or that is to take its place
        newest = _locked(document).newest
        if newest is None or newest.working:
            return None
        return _next(document, newest.blob, newest.name, by, Event.Verb.READ_AGAIN, request)


@sensitive_variables("password")
def unlock(
    document: Document, password: str, by: User, request: HttpRequest | None = None
) -> Version:
    """The queued next version of an encrypted PDF: the same pages without the password.

    The password is used once and kept nowhere. Raises `ingest.Unreadable`, with the code
    "wrong_password" when it does not open the file.
    """
    locked = document.newest
    if locked is None or not locked.is_locked:
        raise ingest.Unreadable("missing", "not locked")
    data = ContentFile(ingest.unlock(locked.blob.file.path, limits(UNLOCK_SECONDS), password))
    with transaction.atomic():
        _locked(document)
        blob = uploads.keep(document.workspace, data, ingest.Kind.PDF, uploads.digest(data))
        return _next(document, blob, locked.name, by, Event.Verb.UNLOCK, request)


def make_current(version: Version, by: User, request: HttpRequest | None = None) -> bool:
    """Have its document's questions be about this version, be it earlier or later than the one
    they are about; False when it is that one, or is not ready.

    What is being read for the document takes its place all the same when it has been read. Raises
    `Document.DoesNotExist` when the document was deleted meanwhile.
    """
    with transaction.atomic():
        locked = _locked(version.document)
        ready = locked.versions.ready().filter(pk=version.pk)
        if version.pk == locked.current_id or not ready.exists():
            return False
        rows = Document.objects.filter(pk=locked.pk)
        rows.update(current=version)
        rows.follow_current()
        Event.objects.record(
            Event.Verb.MAKE_CURRENT,
            by=by,
            object=version,
            workspace=locked.workspace,
            request=request,
        )
    return True


def discard(document: Document) -> bool:
    """Give up a next version that could not be read; False when there is none."""
    failed = Version.objects.filter(status=Version.Status.FAILED)
    rows = Document.objects.filter(pk=document.pk, upcoming__in=failed)
    return bool(rows.update(upcoming=None))


def _refuse_same(locked: Document, sha256: str) -> None:
    rows = locked.versions.filter(blob__sha256=sha256).order_by("number")
    shown = rows.filter(pk__in=[locked.current_id, locked.upcoming_id]).first()
    if (same := shown or rows.first()) is None:
        return
    said = _("This is the file of version %(number)d, byte for byte.") % {"number": same.number}
    may = shown is None and same.status == Version.Status.READY
    raise uploads.Refused(said, _("Make that one the current version instead.") if may else "")


def _locked(document: Document) -> Document:
    # two next versions at once must not have the same number; and what is being erased gets none,
    # or it would keep its bytes. Before the bytes are locked, as erasing does it
    return Document.objects.select_for_update().get(pk=document.pk, deleted_at=None)


def _next(
    document: Document,
    blob: Blob,
    name: str,
    by: User,
    verb: Event.Verb,
    request: HttpRequest | None,
) -> Version:
    locked = _locked(document)
    last = locked.versions.order_by("number").values_list("number", flat=True).last() or 0
    version = Version.objects.create(
        document=locked, blob=blob, number=last + 1, name=name, uploaded_by=by
    )
    rows = Document.objects.filter(pk=locked.pk)
    if rows.ready().exists():
        rows.update(upcoming=version)
    else:
        rows.update(current=version, upcoming=None)
        rows.follow_current()
    Event.objects.record(verb, by=by, object=version, workspace=document.workspace, request=request)
    document.refresh_from_db()
    return version
