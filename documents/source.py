"""A source opened at a place: what both the document's page and the pane beside an answer show."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.access import MemberRequest
from accounts.models import Event
from documents.forms import Place, VersionForm
from documents.models import Document, Version
from documents.reading import Leaves, leaves


@dataclass(frozen=True)
class OpenSource:
    """``leaves`` is None while the version is not ready. ``outdated``: a newer version exists."""

    document: Document
    version: Version
    leaves: Leaves | None
    place: Place | None
    outdated: bool


def open_source(
    request: MemberRequest, document: Document, place: Place | None
) -> OpenSource | None:
    """The place in the document that the address asks for, written down in the event log.

    A place in another document's version, or past the text's end, is no place: the document opens
    at the page asked for, unmarked. None when the document has no version at all.
    """
    version = document.current
    asked = place.version if place else VersionForm.asked(request.GET)
    if asked is not None:
        version = document.versions.filter(public_id=asked).first() or version
    if version is None:
        return None
    if place is not None and (str(version.public_id) != place.version or place.end > version.chars):
        place = None
    shown = None
    if version.status == Version.Status.READY:
        page = request.GET.get("page", "")
        shown = leaves(
            version,
            place.start if place else None,
            place.end if place else None,
            int(page) if page.isdigit() and len(page) < 9 else 1,
        )
    Event.objects.record(
        Event.Verb.OPEN_SOURCE,
        by=request.user,
        object=version,
        workspace=document.workspace,
        request=request,
        **({"start": place.start, "end": place.end} if place else {}),
    )
    return OpenSource(document, version, shown, place, version.pk != document.current_id)
