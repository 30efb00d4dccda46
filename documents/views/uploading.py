"""Files arrive whole: from the form, one by one or all at once, as pasted text, and the samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib import messages
from django.core.files.base import ContentFile, File
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import folders, tasks, uploads
from documents import samples as sample_files
from documents.forms import PasteForm, UploadForm
from documents.labels import isolated
from documents.models import Folder


@dataclass
class Outcome:
    """What became of files that were to go into ``shown``; refused ones with their reasons."""

    shown: Folder | None = None
    accepted: list[uploads.Accepted] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def keep(self, found: uploads.Accepted) -> None:
        """A document that was made is read soon."""
        self.accepted.append(found)
        if found.created and found.document.current_id:
            tasks.ingest.delay_on_commit(found.document.current_id)

    def answer(self, request: MemberRequest, workspace: Workspace) -> HttpResponse:
        """With htmx the rows and sentences; without, the library that shows them."""
        if request.htmx:
            context = {"workspace": workspace, "outcome": self}
            status = 422 if self.refused else 200
            return render(request, "documents/_uploaded.html", context, status=status)
        for name, reason in self.refused:
            messages.error(request, f"{name}: {reason}" if name else reason)
        for found in self.accepted:
            if not found.created:
                messages.info(request, _known(found))
        where = reverse("documents:library", args=[workspace.slug])
        return redirect(f"{where}?folder={self.shown.public_id}" if self.shown else where)


def _known(found: uploads.Accepted) -> str:
    title = isolated(found.document.title)
    if found.earlier is None:
        return _("%(title)s is here already.") % {"title": title}
    said = _(
        "This is the file of version %(number)d of %(title)s, which is not the current one. It can "
        "be made so among the document's versions."
    )
    return said % {"number": found.earlier.number, "title": title}


@require_POST
@in_workspace(Act.UPLOAD)
def upload(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """One file with JavaScript, which wants its row; any number without, which wants the page."""
    form = UploadForm(workspace, request.POST, request.FILES)
    outcome = Outcome()
    if not form.is_valid():
        outcome.refused.append(("", form.problem))
        return outcome.answer(request, workspace)
    data = form.cleaned_data
    outcome.shown = data["folder"]
    for file in data["files"]:
        _keep(outcome, request, workspace, file, file.name, data["path"])
    return outcome.answer(request, workspace)


def _keep(
    outcome: Outcome,
    request: MemberRequest,
    workspace: Workspace,
    file: File,
    name: str,
    path: str = "",
) -> None:
    by = request.user
    try:
        uploads.kind_of(file, name)  # before its folders are made
        folder = folders.ensure(workspace, path.split("/"), by, outcome.shown)
        outcome.keep(uploads.accept(file, name, workspace, by, request, folder=folder))
    except uploads.Refused as refusal:
        outcome.refused.append((uploads.clean_title(name), str(refusal)))


@require_http_methods(["GET", "POST"])
@in_workspace(Act.UPLOAD)
def paste(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A text and its title become a document."""
    form = PasteForm(workspace, request.POST or None, initial={"folder": request.GET.get("folder")})
    if form.is_valid():
        outcome = Outcome(form.cleaned_data["folder"])
        file = ContentFile(form.cleaned_data["text"].encode(), form.name)
        _keep(outcome, request, workspace, file, form.name)
        if not outcome.refused:
            return outcome.answer(request, workspace)
        form.add_error("text", outcome.refused[0][1])
    status = 422 if form.is_bound else 200
    context = {"workspace": workspace, "form": form}
    return render(request, "documents/paste.html", context, status=status)


@require_POST
@in_workspace(Act.UPLOAD)
def samples(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Puts the sample contracts into the workspace."""
    outcome = Outcome()
    for name, file in sample_files.opened():
        with file:
            outcome.keep(uploads.accept(file, name, workspace, request.user, request))
    return redirect("documents:library", slug=workspace.slug)
