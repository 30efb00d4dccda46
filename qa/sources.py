"""Sources as an answer cites them: beside its conversation, and alone."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import provenance
from documents.forms import Place, PlaceForm, VersionForm
from documents.models import Document
from documents.sheets import Cited
from documents.source import PART, OpenSource, open_source, part
from documents.views import lookups
from qa.models import Answer, Citation
from qa.notes import note


def is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def beside(request: MemberRequest, workspace: Workspace) -> OpenSource | None:
    """The source pane that the address asks for, if the user may see it."""
    place = PlaceForm.place(request.GET)
    version = place.version if place else _version_of_page(request)
    document = _document(request, workspace, version) if version else None
    if version is None or document is None:
        return None
    asked = request.GET.get("answer", "")
    rows = _citations(request, version, asked) if is_uuid(asked) else []
    cited = [_cited(row, note(row.answer, row).href) for row in rows]
    return open_source(request, document, place, cited)


def _version_of_page(request: MemberRequest) -> str | None:
    """The version that an address opens at a page: what a footnote has that is not found on it."""
    return VersionForm.asked(request.GET) if "page" in request.GET else None


def alone_href(request: MemberRequest, workspace: Workspace, source: OpenSource) -> str:
    """Where the pane is opened by itself, with all that its answer cites of the document."""
    asked, place = request.GET.get("answer", ""), source.place
    if place is None:
        at = f"&page={source.page}#page-{source.page}" if source.page else ""
        return f"{source.alone}?version={source.version.public_id}{at}"
    if not is_uuid(asked):
        return _href(source.alone, place, place.start, place.end)
    return _href(_alone(workspace, asked), place, place.start, place.end)


@require_GET
@in_workspace(Act.READ)
def alone(request: MemberRequest, workspace: Workspace, answer_id: UUID) -> HttpResponse:
    """The document's page at a place, with all that the answer cites of it lit."""
    place = PlaceForm.place(request.GET)
    answers = Answer.objects.visible_to(request.user).filter(workspace=workspace)
    document = _document(request, workspace, place.version) if place else None
    if place is None or document is None or not answers.filter(public_id=answer_id).exists():
        raise Http404
    rows = _citations(request, place.version, str(answer_id))
    cited = [_cited(row, _href(request.path, place, row.start, row.end)) for row in rows]
    source = open_source(request, document, place, cited)
    context = {
        "workspace": workspace,
        "document": document,
        "source": source,
        "stretches": provenance.stretches(source.version) if source else [],
    }
    response = render(request, part(request) or "documents/document.html", context)
    patch_vary_headers(response, [PART])
    return response


def _document(request: MemberRequest, workspace: Workspace, version: str) -> Document | None:
    rows = lookups.documents(request, workspace)
    found: Document | None = rows.filter(versions__public_id=version).first()
    return found


def _citations(request: MemberRequest, version: str, answer: str) -> list[Citation]:
    """What the answer cites of the version and was found there."""
    seen = Answer.objects.visible_to(request.user).filter(public_id=answer)
    rows = Citation.objects.filter(answer__in=seen, version__public_id=version)
    rows = rows.exclude(start=None).select_related(
        "answer__workspace", "answer__thread", "version__document"
    )
    return list(rows)


def _cited(row: Citation, href: str) -> Cited:
    return Cited(row.start, row.end, row.number, href)  # type: ignore[arg-type]


def _alone(workspace: Workspace, answer: str) -> str:
    return reverse("qa:alone", args=[workspace.slug, answer])


def _href(address: str, place: Place, start: int | None, end: int | None) -> str:
    query = urlencode({"version": place.version, "start": start, "end": end})
    return f"{address}?{query}#cited"
