"""Folders: made along paths, named, moved and filled."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Event, User, Workspace
from documents.models import Document, DocumentQuerySet, Folder, NotPossible
from documents.models.folder import MAX_DEPTH
from documents.uploads import Refused, clean_title

_NAME_LENGTH = 120


def clean_name(name: str) -> str:
    """A folder's name without control and direction characters; "" for none."""
    return clean_title(name.replace("/", "-").replace("\\", "-"))[:_NAME_LENGTH] if name else ""


def ensure(
    workspace: Workspace, names: Sequence[str], by: User, under: Folder | None = None
) -> Folder | None:
    """The folder at the end of a path of names below ``under``, made where it is missing.

    Names are cleaned like titles, and their capitals do not matter; "", "." and ".." are passed
    over, and what lies too deep lands in the deepest folder allowed. Without names, ``under``
    itself (None: the top). Raises `uploads.Refused` when one of them is deleted at this moment.
    """
    folder = under
    depth = len(under.trail) if under else 0
    for name in names:
        if name.strip() in ("", ".", "..") or depth >= MAX_DEPTH:
            continue
        named = clean_title(name)[:_NAME_LENGTH]
        known = Folder.objects.named(named, workspace.pk, folder)
        folder = known or _made(named, workspace, folder, by)
        depth += 1
    return folder


def _made(name: str, workspace: Workspace, parent: Folder | None, by: User) -> Folder:
    """A folder along a path, or the one that somebody else has just made."""
    with transaction.atomic():
        if not _held(workspace, parent):
            raise Refused(_("The folder is not there any more."))
        known = Folder.objects.named(name, workspace.pk, parent)
        if known is not None:
            return known
        # renaming does not wait for this: the very name may be there by now
        folder, created = Folder.objects.get_or_create(
            workspace=workspace, parent=parent, name=name, defaults={"created_by": by}
        )
        if created:
            _record(Event.Verb.CREATE, folder, by, None)
    return folder


def _held(workspace: Workspace, parent: Folder | None) -> bool:
    """Whether the place is there; then nobody else makes a folder in it until the transaction ends.

    Two names that differ by their capitals are two to the database.
    """
    if parent is not None:
        return Folder.objects.still_has(parent)
    return (
        Workspace.objects.select_for_update(no_key=True).filter(pk=workspace.pk).first() is not None
    )


def create(
    name: str,
    workspace: Workspace,
    parent: Folder | None,
    by: User,
    request: HttpRequest | None = None,
) -> Folder:
    """A new empty folder. Raises NotPossible when one of the name is there, or too deep."""
    if parent and len(parent.trail) >= MAX_DEPTH:
        raise NotPossible(_("Folders cannot lie more than %(depth)d deep.") % {"depth": MAX_DEPTH})
    folder = Folder(workspace=workspace, parent=parent, name=name, created_by=by)
    with transaction.atomic():
        if not _held(workspace, parent):
            raise NotPossible(_("The folder is not there any more."))
        folder.save_once()
        _record(Event.Verb.CREATE, folder, by, request)
    return folder


def rename(folder: Folder, name: str, by: User, request: HttpRequest | None = None) -> None:
    """Raises NotPossible when another folder beside it has the name."""
    with transaction.atomic():
        folder.name = name
        folder.save_once("name")
        _record(Event.Verb.RENAME, folder, by, request)


def move(folder: Folder, to: Folder | None, by: User, request: HttpRequest | None = None) -> None:
    """With all it holds; raises NotPossible as `Folder.put_into` does."""
    with transaction.atomic():
        folder.put_into(to)
        _record(Event.Verb.MOVE, folder, by, request, to=_id(to))


def move_all(
    chosen: Sequence[Folder],
    rows: DocumentQuerySet,
    to: Folder | None,
    by: User,
    request: HttpRequest | None = None,
) -> None:
    """Folders and documents together. Raises NotPossible, and nothing is moved."""
    try:
        with transaction.atomic():
            for folder in chosen:
                move(folder, to, by, request)
            move_documents(rows, to, by, request)
    except NotPossible as refusal:
        raise NotPossible(_("%(reason)s Nothing was moved.") % {"reason": refusal}) from refusal


def move_documents(
    rows: DocumentQuerySet, to: Folder | None, by: User, request: HttpRequest | None = None
) -> int:
    """How many were somewhere else before. Raises NotPossible when the folder is gone."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            if to and not Folder.objects.still_has(to):
                raise NotPossible(_("The folder is not there any more."))
            locked = Document.objects.select_for_update().filter(pk__in=keys, deleted_at=None)
            found = [one for one in locked.order_by("pk") if one.folder_id != (to and to.pk)]
            Document.objects.filter(pk__in=[one.pk for one in found]).update(folder=to)
            Event.objects.record_each(Event.Verb.MOVE, found, by=by, request=request, to=_id(to))
        count += len(found)
    return count


def _id(folder: Folder | None) -> str:
    return str(folder.public_id) if folder else ""


def _record(
    verb: Event.Verb, folder: Folder, by: User, request: HttpRequest | None, **detail: str
) -> None:
    Event.objects.record(
        verb, by=by, object=folder, workspace=folder.workspace, request=request, **detail
    )
