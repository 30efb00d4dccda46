"""Deleting and its undoing: many documents put into the trash, restored, or given up at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import Event, User
from documents.models import Document, DocumentQuerySet

_NAMED = 10  # titles kept for a sentence


@dataclass
class Deleted:
    """What came of deleting: ``at`` marks all of it, to undo it by; ``held`` are titles kept."""

    at: datetime
    count: int = 0
    title: str = ""
    held: list[str] = field(default_factory=list)
    held_count: int = 0

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
    until = done.at + timedelta(days=settings.TRASH_DAYS)
    for keys in rows.batches():
        with transaction.atomic():
            locked = Document.objects.select_for_update().filter(pk__in=keys, deleted_at=None)
            found = list(locked.order_by("pk"))
            free = [document for document in found if not document.on_hold]
            held = [document.title for document in found if document.on_hold]
            Document.objects.filter(pk__in=[document.pk for document in free]).update(
                deleted_at=done.at, deleted_by=by, purge_at=until
            )
            Event.objects.record_each(Event.Verb.DELETE, free, by=by, request=request)
        done.count += len(free)
        done.title = done.title or (free[0].title if free else "")
        done.held_count += len(held)
        done.held += held[: _NAMED - len(done.held)]
    return done


def restore(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> int:
    """Back to their folders; how many. One whose folder is gone stands at the top."""
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            # erasing locks the row too: of the two, one comes first and the other finds it done
            locked = Document.objects.select_for_update().filter(
                pk__in=keys, deleted_at__isnull=False, erased_at=None, purge_at__gt=timezone.now()
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
