"""A source opened at a place: what both the document's page and the pane beside an answer show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from django.db.models.functions import Substr
from django.http import QueryDict
from django.urls import reverse

from accounts.access import MemberRequest
from accounts.models import Event
from documents import sheets
from documents.forms import Place, VersionForm
from documents.models import Document, Text, Version
from documents.reading import Leaves, leaves
from documents.sheets import Cited, Sheets, Tick

PART = "Pincite-Part"
"""A request's header: ``source`` asks for the pane alone, ``pages`` for some of its pages."""
PAGES, TEXT = "pages", "text"
VIEW = "source_view"  # in the session
QUOTED = 300  # characters of a quote that are read out


@dataclass(frozen=True)
class OpenSource:
    """``sheets`` are there when pages are looked at, ``leaves`` when text is read; neither while
    the version is not ready. ``outdated``: another version is the current one. ``here`` is the
    address of the same place without a page, ``quote`` the beginning of its text."""

    document: Document
    version: Version
    view: str
    leaves: Leaves | None
    sheets: Sheets | None
    place: Place | None
    cited: Sequence[Cited]
    outdated: bool
    page: int | None
    here: str
    quote: str

    @property
    def is_later(self) -> bool:
        """Whether an earlier version than this is the current one."""
        current = self.document.current
        return current is not None and self.version.number > current.number

    @property
    def has_pages(self) -> bool:
        return sheets.shows(self.version)

    @property
    def at(self) -> int:
        """The page that is shown first."""
        if self.page is not None:
            return min(max(self.page, 1), max(self.version.page_count, 1))
        shown = self.sheets.first_cited if self.sheets else None
        read = self.leaves.first_marked if self.leaves else None
        return shown or read or 1

    @property
    def ticks(self) -> list[Tick]:
        """Where the cited ranges lie; none when there is but the one that is open."""
        return sheets.ticks(self.version, self.cited) if len(self.cited) > 1 else []

    @property
    def path(self) -> str:
        return self.here.partition("?")[0]

    @property
    def place_fields(self) -> list[tuple[str, str]]:
        """The query of ``here`` as the fields of a form."""
        return parse_qsl(self.here.partition("?")[2])

    @property
    def findings(self) -> list[tuple[dict[str, Any], str]]:
        """What a reviewer must know of the file, each with the address of its place, if any."""
        return [(finding, self._place_of(finding)) for finding in self.version.findings]

    def _place_of(self, finding: dict[str, Any]) -> str:
        version = f"?version={self.version.public_id}"
        if finding["start"] is not None and finding["start"] < (finding["end"] or 0):
            place = f"{version}&start={finding['start']}&end={finding['end']}#cited"
            return self.path + place
        if finding["page"] is not None:
            # a page without characters to light is no place beside a conversation
            return f"{self.alone}{version}&page={finding['page']}#page-{finding['page']}"
        return ""

    @property
    def alone(self) -> str:
        """The document's own page."""
        return reverse(
            "documents:document", args=[self.document.workspace.slug, self.document.public_id]
        )


def open_source(
    request: MemberRequest,
    document: Document,
    place: Place | None,
    also: Sequence[Cited] = (),
) -> OpenSource | None:
    """The place in the document that the address asks for, written down in the event log.

    Only what has been read is written down. A place in another document's version, or past the
    text's end, is no place: the document opens at the page asked for, unmarked. ``also`` are other
    cited ranges of the place's version. None when the document has no version at all.
    """
    version = document.current if document.status == Version.Status.READY else document.newest
    asked = place.version if place else VersionForm.asked(request.GET)
    if asked is not None:
        version = (
            document.versions.filter(public_id=asked).select_related("blob").first() or version
        )
    if version is None:
        return None
    if place is not None and (str(version.public_id) != place.version or place.end > version.chars):
        place = None
    view = _view(request, version)
    page = _page(request)
    cited = _cited(place, also, version)
    ready = version.status == Version.Status.READY
    # a page that waits for its document asks again and again, and shows nothing of it
    if ready and request.headers.get(PART) != "pages":
        _record(request, document, version, place)
    return OpenSource(
        document=document,
        version=version,
        view=view,
        leaves=_leaves(version, place, cited, page) if ready and view == TEXT else None,
        sheets=sheets.sheets(version, cited, page) if ready and view == PAGES else None,
        place=place,
        cited=cited,
        outdated=version.pk not in (document.current_id, document.upcoming_id),
        page=page,
        here=_here(request),
        quote=_quote(version, place) if place else "",
    )


def part(request: MemberRequest) -> str | None:
    """The template of the part of the page that a script asks for; None: all of it."""
    asked = request.headers.get(PART)
    if asked == "source":
        return "documents/_source.html"
    if asked == "pages":
        return "documents/_pages.html"
    return None


def _view(request: MemberRequest, version: Version) -> str:
    """Pages or text: what was chosen last, where the version has both."""
    chosen = request.GET.get("view")
    if chosen in (PAGES, TEXT) and request.session.get(VIEW, PAGES) != chosen:
        request.session[VIEW] = chosen
    kept = request.session.get(VIEW, PAGES)
    return PAGES if kept == PAGES and sheets.shows(version) else TEXT


def _page(request: MemberRequest) -> int | None:
    page = request.GET.get("page", "")
    return int(page) if page.isdecimal() and len(page) < 9 else None


def _cited(place: Place | None, also: Sequence[Cited], version: Version) -> list[Cited]:
    """The active range last, so that it is drawn over the others."""
    inside = [one for one in also if one.end <= version.chars]
    if place is None:
        return inside
    active = Cited(place.start, place.end)
    others = []
    for one in inside:
        if (one.start, one.end) == (place.start, place.end):
            active = one
        else:
            others.append(one)
    return [*others, replace(active, active=True)]


def _leaves(
    version: Version, place: Place | None, cited: Sequence[Cited], page: int | None
) -> Leaves:
    start, end = (place.start, place.end) if place else (None, None)
    return leaves(version, start, end, page, [(one.start, one.end) for one in cited])


def _quote(version: Version, place: Place) -> str:
    length = min(place.end - place.start, QUOTED)
    part = Text.objects.filter(version=version).annotate(
        part=Substr("content", place.start + 1, length)
    )
    return " ".join((part.values_list("part", flat=True).first() or "").split())


def _here(request: MemberRequest) -> str:
    kept = QueryDict(mutable=True)
    for name in ("version", "answer", "start", "end"):
        if name in request.GET:
            kept[name] = request.GET[name]
    return f"{request.path}?{kept.urlencode()}"


def _record(
    request: MemberRequest, document: Document, version: Version, place: Place | None
) -> None:
    Event.objects.record(
        Event.Verb.OPEN_SOURCE,
        by=request.user,
        object=version,
        workspace=document.workspace,
        request=request,
        **({"start": place.start, "end": place.end} if place else {}),
    )
