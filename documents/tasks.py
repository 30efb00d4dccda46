"""Work on documents in the background. A message is only a hint: the rows are the queue."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from documents import erasing, incoming, search
from documents.models import Document, Version
from documents.reading import ingest_due
from documents.unpacking import Unpacked
from documents.vetting import vet_due

# a hint that nobody took for so long is worth nothing: the sweep has sent others since
HINT_SECONDS = 60
# a hint is good for more than one small file: so the sweep's few keep every thread busy
TURN_SECONDS = 1.0
HINTS = 20
# whoever waits to be read is waited for, so long
INDEX_AFTER = timedelta(seconds=20)


@shared_task(expires=HINT_SECONDS)
def ingest(version_id: int) -> None:
    """Something is due: read what has its turn, which may be another than the one named."""
    ingest_due(Version.Lane.QUICK, TURN_SECONDS, _queue, _index)
    if Version.objects.waiting(Version.Lane.SLOW).exists():
        recognise.delay()


def _queue(unpacked: Unpacked) -> None:
    """A file within another is read soon after it."""
    if unpacked.created and unpacked.document and unpacked.document.current_id:
        ingest.delay_on_commit(unpacked.document.current_id)


def _index(version: Version) -> None:
    """Another worker makes it findable; when others wait to be read, the sweep sees to it later."""
    if not Version.objects.waiting(Version.Lane.QUICK).exists():
        index.delay(version.pk)


@shared_task(expires=HINT_SECONDS)
def recognise() -> None:
    """Something may have to be recognised in pictures: read what has its turn, and when nobody
    waits to be read, compare hidden text with its pictures."""
    ingest_due(Version.Lane.SLOW, then=_index)
    vet_due()


@shared_task(expires=HINT_SECONDS)
def erase(document_id: int) -> None:
    document = Document.objects.to_erase().filter(pk=document_id).first()
    if document is not None:
        erasing.erase(document)


@shared_task
def tidy_uploads() -> None:
    incoming.tidy()


@shared_task(expires=HINT_SECONDS)
def index(version_id: int) -> None:
    """Make a version findable; not while others wait to be read, but not much later either."""
    version = Version.objects.to_index().filter(pk=version_id).first()
    if version is None or version.ready_at is None:
        return
    rested = timezone.now() - version.ready_at > INDEX_AFTER
    if rested or not Version.objects.waiting(Version.Lane.QUICK).exists():
        search.index(version)


@shared_task(expires=HINT_SECONDS)
def sweep() -> None:
    """Sends again what is due: messages may be lost, and workers killed."""
    for due in (Version.objects.abandoned, Version.objects.waiting):
        for pk in due(Version.Lane.QUICK).values_list("pk", flat=True)[:HINTS]:
            ingest.delay(pk)
        if due(Version.Lane.SLOW).exists():
            recognise.delay()
    if Version.objects.vettable().exists():
        recognise.delay()
    erasing.forget_folders()
    for pk in Document.objects.to_erase().values_list("pk", flat=True)[:HINTS]:
        erase.delay(pk)
    for pk in Version.objects.to_index().values_list("pk", flat=True)[:HINTS]:
        index.delay(pk)
