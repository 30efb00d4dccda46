"""Deleting and its undoing: many documents put into the trash, restored, or given up at once, and
folders with what lies in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Event, User, Workspace
from documents import folders
from documents.models import Document, DocumentQuerySet, Folder, FormerFolder, NotPossible

_NAMED = 10  # titles kept for a sentence


@dataclass
class Deleted:
    """What came of deleting: ``at`` marks all of it, to undo it by; ``held`` are titles kept.

    ``folder`` is the name of the one that was deleted with what lay in it.
    """

    at: datetime
    folder: str = ""
    count: int = 0
    title: str = ""
    held: list[str] = field(default_factory=list)
    held_count: int = 0

    @property
    def until(self) -> datetime:
        """So long it can be undone."""
        return self.at + timedelta(days=settings.TRASH_DAYS)

    @property
    def held_sentence(self) -> str:
        """Which documents stay because of a legal hold."""
        names = ", ".join(self.held) + (" …" if self.held_count > len(self.held) else "")
        return ngettext(
            "%(count)d document is on legal hold and stays: %(names)s",
            "%(count)d documents are on legal hold and stay: %(names)s",
            self.held_count,
        ) % {"count": self.held_count, "names": names}


def delete(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> Deleted:
    """Puts them into the trash, all but those on hold, which are named."""
    done = Deleted(timezone.now())
    for keys in rows.batches():
        with transaction.atomic():
            locked = Document.objects.select_for_update().filter(pk__in=keys, deleted_at=None)
            found = list(locked.order_by("pk"))
            free = [document for document in found if not document.on_hold]
            held = [document.title for document in found if document.on_hold]
            Document.objects.filter(pk__in=[document.pk for document in free]).update(
                deleted_at=done.at, deleted_by=by, purge_at=done.until
            )
            Event.objects.record_each(Event.Verb.DELETE, free, by=by, request=request)
        done.count += len(free)
        done.title = done.title or (free[0].title if free else "")
        done.held_count += len(held)
        done.held += held[: _NAMED - len(done.held)]
    return done


def delete_folder(folder: Folder, by: User, request: HttpRequest | None = None) -> Deleted:
    """With all folders in it; their documents go into the trash.

    Raises NotPossible, and changes nothing, while one of them may not be deleted.
    """
    gone = NotPossible(_("Somebody has just put something into the folder. Look again."))
    try:
        with transaction.atomic():
            return _delete_folder(folder, by, request)
    except (ProtectedError, IntegrityError) as error:
        raise gone from error


def _delete_folder(folder: Folder, by: User, request: HttpRequest | None) -> Deleted:
    tree = Folder.objects.locked_tree(folder.workspace_id)
    inner = sorted(tree.below(folder.pk), key=lambda key: -len(tree.path(key)))
    rows = Document.objects.filter(folder__in=inner, deleted_at=None)
    _refuse_unless_deletable(rows, folder, by)
    done = delete(rows, by, request)
    if done.held_count:
        raise NotPossible(done.held_sentence)
    done.folder = folder.name
    names = dict(Folder.objects.filter(workspace=folder.workspace_id).values_list("pk", "name"))
    for key in inner:  # the innermost first
        _make_former(folder.workspace, [names[step] for step in tree.path(key)], key, done, by)
    Event.objects.record(
        Event.Verb.DELETE,
        by=by,
        object=folder,
        workspace=folder.workspace,
        request=request,
        name=folder.name,
    )
    return done


def _make_former(workspace: Workspace, path: list[str], key: int, done: Deleted, by: User) -> None:
    former = FormerFolder.objects.create(
        workspace=workspace, path=path, deleted_at=done.at, deleted_by=by, purge_at=done.until
    )
    # one that was restored at this moment keeps its folder, which then cannot be deleted
    trashed = Document.objects.filter(folder=key, deleted_at__isnull=False)
    trashed.update(folder=None, former_folder=former)
    Folder.objects.filter(pk=key).delete()


def _refuse_unless_deletable(rows: DocumentQuerySet, folder: Folder, by: User) -> None:
    others = rows.count() - rows.deletable_by(by, folder.workspace).count()
    if others:
        raise NotPossible(
            ngettext(
                "%(count)d document in it is another one's; your role does not let you delete it.",
                "%(count)d documents in it are others'; your role does not let you delete them.",
                others,
            )
            % {"count": others}
        )


def restore_folders(workspace: Workspace, at: datetime, by: User) -> int:
    """Makes the folders anew that were deleted at one moment by the user; how many.

    What lay in them is in the trash still.
    """
    theirs = FormerFolder.objects.filter(
        workspace=workspace, deleted_at=at, deleted_by=by, purge_at__gt=timezone.now()
    )
    with transaction.atomic():
        return _make_anew(theirs, by)


def _make_anew(formers: QuerySet[FormerFolder], by: User) -> int:
    """Puts all that lay in them, be it in the trash, into folders of their paths again."""
    first = formers.first()
    if first is None:
        return 0
    # as deleting does it: until the transaction ends no folder is deleted
    Folder.objects.locked_tree(first.workspace_id)
    count = 0
    for former in formers.order_by("pk"):
        folder = folders.ensure(former.workspace, former.path, by)
        Document.objects.filter(former_folder=former).update(folder=folder, former_folder=None)
        former.delete()
        count += 1
    return count


def restore(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> int:
    """Back to their folders, which are made anew where they were deleted too; how many."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            lost = Document.objects.filter(pk__in=keys, former_folder__isnull=False)
            _make_anew(FormerFolder.objects.filter(pk__in=lost.values("former_folder")), by)
            # erasing locks the row too: of the two, one comes first and the other finds it done;
            # and what lost its folder at this moment waits until it is asked for again
            locked = Document.objects.select_for_update().filter(
                pk__in=keys,
                deleted_at__isnull=False,
                erased_at=None,
                purge_at__gt=timezone.now(),
                former_folder=None,
            )
            found = list(locked.order_by("pk"))
            Document.objects.filter(pk__in=[document.pk for document in found]).update(
                deleted_at=None, deleted_by=None, purge_at=None
            )
            Event.objects.record_each(Event.Verb.RESTORE, found, by=by, request=request)
        count += len(found)
    return count


def give_up(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> int:
    """Ends the time in which they can be restored; the sweep erases them. How many."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            locked = Document.objects.select_for_update().filter(
                pk__in=keys, deleted_at__isnull=False, erased_at=None
            )
            found = list(locked.order_by("pk"))
            Document.objects.filter(pk__in=[document.pk for document in found]).update(
                purge_at=timezone.now()
            )
            Event.objects.record_each(Event.Verb.ERASE, found, by=by, request=request, asked=True)
        count += len(found)
    return count
