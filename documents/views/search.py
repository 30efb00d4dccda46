"""Search: passages of the library's documents, as they are typed for or asked for at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace, remember_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import search as index
from documents.finding import SearchForm
from documents.models import Document

SHOWN = 40  # passages of one search
AT_ONCE = 4  # of one document


@dataclass(frozen=True)
class Found:
    """A document with the passages found in it, the best first."""

    document: Document
    hits: list[Shown]

    @property
    def former(self) -> index.Hit | None:
        """One of them, when they are of an earlier version: the current one is not found yet."""
        return self.hits[0].hit if self.hits[0].hit.outdated else None

    @property
    def first(self) -> list[Shown]:
        return self.hits[:AT_ONCE]

    @property
    def others(self) -> list[Shown]:
        """Those that are shown when they are asked for."""
        return self.hits[AT_ONCE:]


@dataclass(frozen=True)
class Shown:
    """A passage as it is listed: ``parts`` are pieces of its text, each marked or not."""

    hit: index.Hit
    address: str

    @property
    def parts(self) -> Iterator[tuple[str, bool]]:
        text, start, at = self.hit.text, self.hit.start, 0
        for begin, end in self.hit.marks:
            yield text[at : begin - start], False
            yield text[begin - start : end - start], True
            at = end - start
        yield text[at:], False


@require_GET
@in_workspace(Act.READ)
def search(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """The page; for htmx only what was found, for words that may be unfinished."""
    remember_workspace(request, workspace)
    form = SearchForm(request.GET, workspace)
    query = form.cleaned_data.get("query", "")
    rows = form.narrow(Document.objects.visible_to(request.user).filter(workspace=workspace))
    typing = bool(request.htmx)
    hits = index.search(workspace, [query], rows, SHOWN, typing=typing)
    if query and not typing:
        Event.objects.record(
            Event.Verb.SEARCH,
            by=request.user,
            workspace=workspace,
            request=request,
            query=query,
            found=len(hits),
        )
    context = {
        "workspace": workspace,
        "form": form,
        "query": query,
        "found": _by_document(workspace, hits),
        "total": len(hits),
        "searched": rows.ready().count() if query and not hits else 0,
    }
    return render(request, f"documents/{'_hits' if typing else 'search'}.html", context)


def _by_document(workspace: Workspace, hits: list[index.Hit]) -> list[Found]:
    """The passages by document, in the order of each one's best."""
    found: dict[int, Found] = {}
    for hit in hits:
        group = found.setdefault(hit.document.pk, Found(hit.document, []))
        group.hits.append(Shown(hit, _address(workspace, hit)))
    return list(found.values())


def _address(workspace: Workspace, hit: index.Hit) -> str:
    """Where the source is opened at the passage."""
    page = reverse("documents:document", args=[workspace.slug, hit.document.public_id])
    place = {"version": hit.version.public_id, "start": hit.start, "end": hit.end}
    return f"{page}?{urlencode(place)}#cited"
