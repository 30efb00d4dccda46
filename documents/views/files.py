"""What a version consists of, for those who may see it: pictures of pages, places, the file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace
from accounts.models import Event, Workspace
from accounts.roles import Act
from documents import geometry, ingest, layers, pictures, reading, uploads
from documents.forms import RangeForm
from documents.models import Version

# a version's pages never change
KEPT = "private, max-age=604800, immutable"
CHUNK = 1 << 18
# never a type that a browser would run or draw: the file comes from anybody
TYPES = {
    ingest.Kind.PDF: "application/pdf",
    ingest.Kind.TEXT: "text/plain",
    ingest.Kind.MARKDOWN: "text/plain",
    ingest.Kind.CSV: "text/plain",
}
SIGNATURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


def _version(request: MemberRequest, workspace: Workspace, version_id: UUID) -> Version:
    rows = Version.objects.visible_to(request.user).filter(document__workspace=workspace)
    return get_object_or_404(rows.select_related("blob"), public_id=version_id)


def safe(response: HttpResponseBase) -> HttpResponseBase:
    """Whatever is in it, a browser that is sent here runs none of it."""
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _unreadable(error: ingest.Unreadable) -> HttpResponseBase:
    return safe(
        HttpResponse(reading.sentence(error), status=404, content_type="text/plain; charset=utf-8")
    )


@require_GET
@in_workspace(Act.READ)
def picture(
    request: MemberRequest, workspace: Workspace, version_id: UUID, page: int, width: int
) -> HttpResponseBase:
    version = _version(request, workspace, version_id)
    if not pictures.has(version, page):
        raise Http404
    wide = pictures.snapped(width)
    etag = f'"{version.public_id.hex}-{page}-{wide}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            data = pictures.picture(version, page, wide)
        except ingest.Unreadable as error:
            return _unreadable(error)
        kind = next((kind for head, kind in SIGNATURES.items() if data.startswith(head)), "")
        response = HttpResponse(data, content_type=kind or "application/octet-stream")
    response["Cache-Control"] = KEPT
    response["ETag"] = etag
    return safe(response)


@require_GET
@in_workspace(Act.READ)
def layer(
    request: MemberRequest, workspace: Workspace, version_id: UUID, page: int
) -> HttpResponseBase:
    """The words of a page as an SVG of the page's shape, to be laid over its picture."""
    version = _version(request, workspace, version_id)
    try:
        shown = layers.layer(version, page)
    except ingest.Unreadable as error:
        return _unreadable(error)
    if shown is None:
        raise Http404
    response = render(
        request, "documents/_layer.html", {"layer": shown}, content_type="image/svg+xml"
    )
    response["Cache-Control"] = KEPT
    return safe(response)


@require_GET
@in_workspace(Act.READ)
def boxes(request: MemberRequest, workspace: Workspace, version_id: UUID) -> HttpResponseBase:
    version = _version(request, workspace, version_id)
    form = RangeForm(request.GET)
    if not form.is_valid() or form.cleaned_data["end"] > version.chars:
        return safe(JsonResponse({"error": _("This is no range of the text.")}, status=422))
    try:
        found = geometry.boxes(version, form.cleaned_data["start"], form.cleaned_data["end"])
    except ingest.Unreadable as error:
        return _unreadable(error)
    return safe(JsonResponse({"pages": [vars(one) for one in found]}))


@require_GET
@in_workspace(Act.READ)
def original(request: MemberRequest, workspace: Workspace, version_id: UUID) -> HttpResponseBase:
    """The file as it was uploaded."""
    version = _version(request, workspace, version_id)
    try:
        path = Path(version.blob.file.path)
        size = path.stat().st_size
    except (ValueError, OSError) as error:
        raise Http404 from error
    Event.objects.record(
        Event.Verb.DOWNLOAD, by=request.user, object=version, workspace=workspace, request=request
    )
    kind = TYPES.get(ingest.Kind(version.blob.kind), "application/octet-stream")
    response = StreamingHttpResponse(_chunks(path), content_type=kind)
    response["Content-Length"] = str(size)
    response["Cache-Control"] = "private, no-store"
    name = uploads.clean_title(version.name)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return safe(response)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    """The bytes of a file; read in threads, so that nobody waits for the disk."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()
