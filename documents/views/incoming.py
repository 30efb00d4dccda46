"""Large files arrive in pieces. Whose they are not does not find them."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import incoming, uploads
from documents.forms import BeginForm, FinishForm, PieceForm
from documents.models import Upload
from documents.views.uploading import Outcome


def _upload(request: MemberRequest, workspace: Workspace, upload_id: UUID) -> Upload:
    own = Upload.objects.visible_to(request.user).filter(workspace=workspace)
    return get_object_or_404(own, public_id=upload_id)


def _refused(reason: str) -> HttpResponse:
    return JsonResponse({"reason": reason}, status=422)


@require_POST
@in_workspace(Act.UPLOAD)
def begin(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Where the pieces go, and how much is there from an earlier time."""
    form = BeginForm(workspace, request.POST)
    if not form.is_valid():
        return _refused(form.problem)
    try:
        begun = incoming.begin(workspace, request.user, **form.cleaned_data)
    except uploads.Refused as refusal:
        return _refused(str(refusal))
    address = reverse("documents:upload_piece", args=[workspace.slug, begun.public_id])
    return JsonResponse({"address": address, "received": begun.received, "piece": incoming.PIECE})


@require_http_methods(["PUT"])
@in_workspace(Act.UPLOAD)
def piece(request: MemberRequest, workspace: Workspace, upload_id: UUID) -> HttpResponse:
    """The body belongs at ``offset``. 409 tells the offset that is wanted instead."""
    found = _upload(request, workspace, upload_id)
    form = PieceForm(request.GET)
    body = request.read(incoming.PIECE + 1)
    if not form.is_valid() or not 0 < len(body) <= incoming.PIECE:
        return HttpResponse(status=400)
    try:
        incoming.append(found, form.cleaned_data["offset"], body)
    except Upload.DoesNotExist as gone:
        raise Http404 from gone
    except incoming.WrongPlace as wrong:
        return JsonResponse({"received": wrong.expected}, status=409)
    except uploads.Refused as refusal:
        return _refused(str(refusal))
    return JsonResponse({"received": found.received})


@require_POST
@in_workspace(Act.UPLOAD)
def finish(request: MemberRequest, workspace: Workspace, upload_id: UUID) -> HttpResponse:
    """All is there: the answer is that of `uploading.upload`."""
    found = _upload(request, workspace, upload_id)
    form = FinishForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    outcome = Outcome(found.folder)
    try:
        outcome.keep(incoming.finish(found, request, form.cleaned_data["sha256"]))
    except Upload.DoesNotExist as gone:
        raise Http404 from gone
    except incoming.WrongPlace as wrong:
        return JsonResponse({"received": wrong.expected}, status=409)
    except uploads.Refused as refusal:
        outcome.refused.append((found.name, str(refusal)))
    return outcome.answer(request, workspace)


@require_POST
@in_workspace(Act.UPLOAD)
def discard(request: MemberRequest, workspace: Workspace, upload_id: UUID) -> HttpResponse:
    incoming.discard(_upload(request, workspace, upload_id))
    if request.htmx:
        return HttpResponse()
    return redirect("documents:library", slug=workspace.slug)
