"""Legal holds: while one is on a document, nothing of it is deleted."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from accounts.models import Event, User
from documents.models import Document, DocumentQuerySet


def put(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> int:
    """How many are on hold now that were not; what is in the trash must be restored first."""
    return _set(rows, True, Event.Verb.HOLD, by, request)


def lift(rows: DocumentQuerySet, by: User, request: HttpRequest | None = None) -> int:
    """How many are on hold no more."""
    return _set(rows, False, Event.Verb.RELEASE, by, request)


def _set(
    rows: DocumentQuerySet, held: bool, verb: Event.Verb, by: User, request: HttpRequest | None
) -> int:
    count = 0
    for keys in rows.batches():
        with transaction.atomic():
            # locked: of a hold and a deletion at the same moment, the first one wins
            locked = Document.objects.select_for_update().filter(
                pk__in=keys, deleted_at=None, on_hold=not held
            )
            found = list(locked.order_by("pk"))
            Document.objects.filter(pk__in=[one.pk for one in found]).update(on_hold=held)
            Event.objects.record_each(verb, found, by=by, request=request)
        count += len(found)
    return count
