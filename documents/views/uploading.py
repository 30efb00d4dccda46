"""Files arrive: from the form, one by one or all at once, and the samples."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import samples as sample_files
from documents import tasks, uploads
from documents.forms import UploadForm


@require_POST
@in_workspace(Act.UPLOAD)
def upload(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """One file with JavaScript, which wants its row; any number without, which wants the page."""
    form = UploadForm(request.POST, request.FILES)
    accepted: list[uploads.Accepted] = []
    refused: list[tuple[str, str]] = []
    if not form.is_valid():
        refused.append(("", _("Choose at least one file.")))
    for file in form.cleaned_data.get("files", []):
        try:
            found = uploads.accept(file, file.name, workspace, request.user, request)
        except uploads.Refused as refusal:
            refused.append((uploads.clean_title(file.name), str(refusal)))
            continue
        accepted.append(found)
        if found.created and found.document.current_id:
            tasks.ingest.delay_on_commit(found.document.current_id)
    if request.htmx:
        template = "documents/_uploaded.html"
        context = {"workspace": workspace, "accepted": accepted, "refused": refused}
        return render(request, template, context, status=422 if refused else 200)
    for name, reason in refused:
        messages.error(request, f"{name}: {reason}" if name else reason)
    for found in accepted:
        if not found.created:
            messages.info(
                request, _("%(title)s is here already.") % {"title": found.document.title}
            )
    return redirect("documents:library", slug=workspace.slug)


@require_POST
@in_workspace(Act.UPLOAD)
def samples(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Puts the sample contracts into the workspace."""
    for name, file in sample_files.opened():
        with file:
            found = uploads.accept(file, name, workspace, request.user, request)
        if found.created and found.document.current_id:
            tasks.ingest.delay_on_commit(found.document.current_id)
    return redirect("documents:library", slug=workspace.slug)
