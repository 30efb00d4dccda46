"""Which pages of a document Claude is to look at, beside reading its text.

On its own, a page is looked at where its text does not say all: nothing or little of it could be
read (no text, or recognised with less certainty than `SURE`), it is a picture, or tables and
figures are at least `DRAWN` of what stands on it. People may switch that for a document: all its
pages, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.db import transaction
from django.http import HttpRequest

from accounts.models import Event, User
from documents import ingest
from documents.models import Document, Page, Version

SURE = 0.85
"""A page recognised with less has a wrong character in thirty."""
DRAWN = 0.5
KINDS = (ingest.Kind.PDF, ingest.Kind.IMAGE)
"""What has pages to look at."""


@dataclass(frozen=True)
class Shown:
    """A page that can be looked at: its size in points, its characters; ``telling`` where the text
    does not say all."""

    number: int
    width: float
    height: float
    chars: int
    telling: bool


@dataclass(frozen=True)
class Outlook:
    """What the switch of a document says. ``pages`` are those that are looked at as it stands;
    ``total`` counts those that could be, on which something stands."""

    pages: tuple[int, ...]
    total: int

    @property
    def runs(self) -> list[str]:
        return ingest.runs(list(self.pages))

    @property
    def all(self) -> bool:
        return len(self.pages) == self.total


def pages(version: Version) -> tuple[Shown, ...]:
    """The pages of a ready version to be looked at, by its document's switch; in order."""
    if version.blob.kind not in KINDS:
        return ()
    switch = version.document.visually
    if switch == Document.Visually.NO:
        return ()
    every = _every(version)
    return every if switch == Document.Visually.YES else tuple(p for p in every if p.telling)


def _every(version: Version) -> tuple[Shown, ...]:
    return _shown(str(version.public_id), version.blob.kind == ingest.Kind.IMAGE)


def outlook(document: Document) -> Outlook | None:
    """None for a document that has no pages to look at, or is not read yet."""
    version = document.current
    if version is None or version.status != Version.Status.READY:
        return None
    if version.blob.kind not in KINDS:
        return None
    version.document = document
    return Outlook(tuple(page.number for page in pages(version)), len(_every(version)))


def switch(document: Document, visually: str, by: User, request: HttpRequest | None = None) -> bool:
    """Change it; False when that is how it was."""
    if document.visually == visually:
        return False
    with transaction.atomic():
        document.visually = visually
        document.save(update_fields=["visually"])
        Event.objects.record(
            Event.Verb.SETTINGS,
            by=by,
            object=document,
            workspace=document.workspace,
            request=request,
            visually=visually,
        )
    return True


@lru_cache(maxsize=512)
def _shown(version: str, pictures: bool) -> tuple[Shown, ...]:
    """All that something stands on. A version never changes once it is ready."""
    fields = ("number", "width", "height", "start", "end", "source", "confidence", "legible")
    rows = Page.objects.filter(version__public_id=version).order_by("number")
    found = []
    for number, width, height, start, end, source, sure, legible, drawn in rows.values_list(
        *fields, "drawn"
    ):
        if source == "none" and legible:
            continue  # nothing stands on it
        doubtful = not legible or (sure is not None and sure < SURE)
        telling = pictures or doubtful or drawn >= DRAWN
        found.append(Shown(number, width, height, end - start, telling))
    return tuple(found)
