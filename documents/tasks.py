"""Work on documents in the background. A message is only a hint: the rows are the queue."""

from __future__ import annotations

from celery import shared_task

from documents.models import Document, Version
from documents.reading import ingest_version

# a hint that nobody took for so long is worth nothing: the sweep has sent others since
HINT_SECONDS = 60


@shared_task(expires=HINT_SECONDS)
def ingest(version_id: int) -> None:
    version = Version.objects.filter(pk=version_id).first()
    if version is not None:
        ingest_version(version)


@shared_task(expires=HINT_SECONDS)
def erase(document_id: int) -> None:
    document = Document.objects.to_erase().filter(pk=document_id).first()
    if document is not None:
        document.erase()


@shared_task(expires=HINT_SECONDS)
def sweep() -> None:
    """Sends again what is due: messages may be lost, and workers killed."""
    for pk in Version.objects.due().order_by("pk").values_list("pk", flat=True)[:20]:
        ingest.delay(pk)
    for pk in Document.objects.to_erase().values_list("pk", flat=True)[:20]:
        erase.delay(pk)
