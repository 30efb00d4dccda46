"""Pictures of questions: added before one is asked, and shown to those who may see it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents.views.files import KEPT, safe
from qa import pictures
from qa.models import Picture


@require_POST
@in_workspace(Act.ASK)
def add(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """One picture, sent by a script: its line for the form. A sentence, with 422, if it cannot be
    taken."""
    file = request.FILES.get("picture")
    try:
        if file is None:
            raise pictures.Refused(_("Choose a picture."))
        picture = pictures.take(file, workspace, request.user)
    except pictures.Refused as refusal:
        return HttpResponse(str(refusal), status=422, content_type="text/plain; charset=utf-8")
    context = {"workspace": workspace, "picture": picture}
    return render(request, "qa/_picture.html", context)


@require_GET
@in_workspace(Act.READ)
def picture(request: MemberRequest, workspace: Workspace, picture_id: UUID) -> HttpResponseBase:
    rows = Picture.objects.visible_to(request.user).filter(workspace=workspace)
    shown = get_object_or_404(rows, public_id=picture_id)
    try:
        with shown.file.open("rb") as file:
            response = HttpResponse(file.read(), content_type=shown.media_type)
    except (ValueError, OSError) as error:
        raise Http404 from error
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = KEPT
    return safe(response)
