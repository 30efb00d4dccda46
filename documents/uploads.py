"""An uploaded file becomes a document, or is refused with a sentence."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Event, User, Workspace
from documents import ingest
from documents.models import Blob, Document, Folder, Version
from documents.numbers import grouped

_LENGTH = 200
_ENDING = re.compile(r"\.\w{1,10}$")


class Refused(Exception):
    """The file is not accepted; str() says why, in sentences for its uploader.

    ``reason`` is the first of them: what would be accepted is left out.
    """

    def __init__(self, reason: str, more: str = "") -> None:
        super().__init__(f"{reason} {more}".rstrip())
        self.reason = reason


@dataclass(frozen=True)
class Accepted:
    document: Document
    version: Version | None  # the one that the bytes are
    created: bool  # False: the same bytes were here already

    @property
    def earlier(self) -> Version | None:
        """The version, where the document is about another file now."""
        shown = (self.document.current_id, self.document.upcoming_id)
        version = self.version
        return version if version is not None and version.pk not in shown else None


def clean_title(name: str) -> str:
    """A file's name without folders, control and direction characters, its accents composed: some
    systems write them apart, and nobody who types the name does.

    At most 200 long: what stands before its ending is cut, for the ending tells what it is.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in base if unicodedata.category(c)[0] != "C")
    title = " ".join(unicodedata.normalize("NFC", kept).split())
    ending = found[0] if len(title) > _LENGTH and (found := _ENDING.search(title)) else ""
    return (title[: _LENGTH - len(ending)].rstrip() + ending)[:_LENGTH] or _("Untitled")


def check_size(size: int) -> None:
    """Raises Refused."""
    if not size:
        raise Refused(_("The file is empty."))
    if size > settings.MAX_UPLOAD_MB * 1_000_000:
        raise Refused(
            _("The file has %(size)s MB; at most %(limit)s MB are accepted.")
            % {
                "size": grouped(-(-size // 1_000_000)),
                "limit": grouped(settings.MAX_UPLOAD_MB),
            }
        )


def kind_of(file: File, name: str) -> ingest.Kind:
    """What the bytes are; raises Refused for everything that cannot be read."""
    check_size(file.size or 0)
    file.seek(0)
    head = file.read(8192)
    kind = ingest.sniff(head, name, file.file)
    if kind is not None:
        return kind
    accepted = _("Accepted are %(accepted)s.") % {"accepted": ingest.ACCEPTED}
    what = ingest.describe(head, name, file.file)
    if what is None:
        raise Refused(_("Not accepted: the kind is unknown."), accepted)
    advice = ingest.advise(head, name, file.file)
    raise Refused(
        _("Not accepted: this is %(what)s.") % {"what": what}, _(advice) if advice else accepted
    )


def digest(file: File) -> str:
    sha = hashlib.sha256()
    file.seek(0)
    for chunk in file.chunks(1 << 20):
        sha.update(chunk)
    file.seek(0)
    return sha.hexdigest()


def keep(workspace: Workspace, file: File, kind: ingest.Kind, sha256: str) -> Blob:
    """The bytes, stored once, and locked until the end of the transaction that this must run in."""
    Blob.objects.get_or_create(
        workspace=workspace,
        sha256=sha256,
        defaults={"size": file.size, "kind": kind, "file": ""},
    )
    blob = Blob.objects.select_for_update().get(workspace=workspace, sha256=sha256)
    if not blob.file or blob.erased_at or not blob.file.storage.exists(blob.file.name):
        blob.erased_at = None
        blob.file.save(sha256, file, save=True)
    return blob


def accept(
    file: File,
    name: str,
    workspace: Workspace,
    by: User,
    request: HttpRequest | None = None,
    *,
    folder: Folder | None = None,
    container: Document | None = None,
) -> Accepted:
    """Keep the bytes and queue a first version, or show the document that has them already, or
    can have them again.

    The same bytes are kept once; in another folder they are another document. ``container`` is the
    document it was unpacked from. Raises Refused.
    """
    title = clean_title(name)
    kind = kind_of(file, title)
    sha256 = digest(file)
    with transaction.atomic():
        if folder is not None and not Folder.objects.still_has(folder):
            raise Refused(_("The folder is not there any more."))
        # of two uploads of the same bytes, the second finds the first one's document
        blob = keep(workspace, file, kind, sha256)
        if (twin := _same(blob, folder)) is not None:
            return Accepted(twin.document, twin, created=False)
        document = Document.objects.create(
            workspace=workspace,
            folder=folder,
            container=container,
            title=title,
            kind=blob.kind,
            uploaded_by=by,
        )
        version = Version.objects.create(document=document, blob=blob, name=title, uploaded_by=by)
        document.current = version
        document.save(update_fields=["current"])
        Event.objects.record(
            Event.Verb.UPLOAD, by=by, object=document, workspace=workspace, request=request
        )
    return Accepted(document, version, created=True)


def _same(blob: Blob, folder: Folder | None) -> Version | None:
    """The version in the folder that has the bytes: one that is its document's current one, or is
    to become it, before one that only could be."""
    rows = Version.objects.filter(blob=blob, document__folder=folder, document__deleted_at=None)
    found = list(rows.select_related("document").order_by("-pk"))
    shown = [v for v in found if v.pk in (v.document.current_id, v.document.upcoming_id)]
    return next((v for v in (*shown, *found) if v in shown or v.status == v.Status.READY), None)
