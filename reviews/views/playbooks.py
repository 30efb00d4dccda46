"""Playbooks: their list, one with its columns, made of a table or a file, and taken over again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Event, Workspace
from accounts.roles import Act
from reviews import books, tables, updating
from reviews.forms import BookForm
from reviews.models import Playbook, PlaybookVersion
from reviews.views import lookups


@require_GET
@in_workspace(Act.READ)
def playbooks(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    rows = Playbook.objects.offered_in(workspace).select_related("created_by")
    found = list(rows.prefetch_related("versions"))
    lines = [(playbook, max(playbook.versions.all(), key=_number)) for playbook in found]
    return render(request, "reviews/playbooks.html", {"workspace": workspace, "lines": lines})


def _number(version: PlaybookVersion) -> int:
    return version.number


@require_GET
@in_workspace(Act.READ)
def playbook(request: MemberRequest, workspace: Workspace, playbook_id: UUID) -> HttpResponse:
    shown = lookups.playbook(request, workspace, playbook_id)
    version = _version(request, shown)
    context = {
        "workspace": workspace,
        "playbook": shown,
        "version": version,
        "book": version.book,
        "versions": shown.versions.select_related("created_by").order_by("-number"),
        "may_delete": _may_delete(request, workspace, shown),
    }
    return render(request, "reviews/playbook.html", context)


def _version(request: MemberRequest, shown: Playbook) -> PlaybookVersion:
    """The one that the address names, or the newest; 404 where there is none of that number."""
    named = request.GET.get("version", "")
    if not named:
        return shown.newest
    if not named.isascii() or not named.isdecimal() or len(named) > 9:
        raise Http404
    return get_object_or_404(shown.versions, number=int(named))


def _may_delete(request: MemberRequest, workspace: Workspace, shown: Playbook) -> bool:
    own = shown.created_by_id == request.user.pk
    act = Act.DELETE_OWN if own else Act.DELETE_ANY
    return not shown.built_in and workspace.allows(request.user, act)


@require_GET
@in_workspace(Act.READ)
def playbook_file(request: MemberRequest, workspace: Workspace, playbook_id: UUID) -> HttpResponse:
    """A version as YAML, to take away and to bring back."""
    require(request, workspace, Act.EXPORT)
    shown = lookups.playbook(request, workspace, playbook_id)
    written = books.write(_version(request, shown).book)
    response = HttpResponse(written, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{shown.name}.yaml"'
    return response


@in_workspace(Act.BUILD_TABLES)
def import_playbook(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """From a file or a pasted text: a new playbook, or the next version of the one of its name."""
    form = BookForm(*_sent(request))
    if request.method == "POST" and form.is_valid():
        before = _versions(workspace, form.book)
        version = Playbook.put(workspace, form.book, request.user)
        return _kept(request, workspace, version, before)
    return _form(request, workspace, form)


@in_workspace(Act.BUILD_TABLES)
def edit_playbook(request: MemberRequest, workspace: Workspace, playbook_id: UUID) -> HttpResponse:
    """The text of a playbook: kept as its next version. One that Pincite brings along becomes a
    playbook of the workspace."""
    shown = lookups.playbook(request, workspace, playbook_id)
    newest = shown.newest
    initial = {"yaml": books.write(newest.book)}
    form = BookForm(*_sent(request), initial=initial)
    more: dict[str, Any] = {"playbook": shown, "seen": newest.number}
    if request.method == "POST" and form.is_valid():
        if form.book.name != shown.name:
            told = _("Keep the name “%(name)s”: another one would be another playbook.")
            form.add_error("yaml", told % {"name": shown.name})
        elif request.POST.get("seen") != f"v{newest.number}":
            told = _("Version %(number)d was made meanwhile. Press again to put yours after it.")
            form.add_error(None, told % {"number": newest.number})
        else:
            before = _versions(workspace, form.book)
            version = (
                Playbook.put(workspace, form.book, request.user)
                if shown.built_in
                else shown.keep(form.book, request.user)
            )
            return _kept(request, workspace, version, before)
    return _form(request, workspace, form, **more)


def _sent(request: MemberRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _form(
    request: MemberRequest, workspace: Workspace, form: BookForm, **more: Any
) -> HttpResponse:
    context = {"workspace": workspace, "form": form, "names": ", ".join(books.names()), **more}
    status = 422 if form.errors else 200
    return render(request, "reviews/playbook_edit.html", context, status=status)


def _versions(workspace: Workspace, book: books.Book) -> int:
    rows = PlaybookVersion.objects.filter(
        playbook__workspace=workspace, playbook__name=book.name, playbook__deleted_at=None
    )
    return rows.count()


def _kept(
    request: MemberRequest, workspace: Workspace, version: PlaybookVersion, before: int
) -> HttpResponse:
    """Says what came of it, and shows it."""
    told = {"title": version.playbook.title, "number": version.number}
    if version.number == 1 and not before:
        said = _("“%(title)s” is a playbook of this workspace now.")
    elif version.number > before:
        said = _("Version %(number)d of “%(title)s” is kept. Tables keep theirs until updated.")
    else:
        said = _("“%(title)s” says the same already: it stays at version %(number)d.")
    if version.number > before:
        Event.objects.record(
            Event.Verb.CREATE,
            by=request.user,
            object=version.playbook,
            workspace=workspace,
            request=request,
            version=version.number,
        )
    messages.success(request, said % told)
    return redirect("reviews:playbook", workspace.slug, version.playbook.public_id)


@in_workspace(Act.BUILD_TABLES)
def delete_playbook(
    request: MemberRequest, workspace: Workspace, playbook_id: UUID
) -> HttpResponse:
    """Asks first. Tables that began with it keep their columns."""
    shown = lookups.playbook(request, workspace, playbook_id)
    if not _may_delete(request, workspace, shown):
        raise PermissionDenied(_("Only who made it, or an admin, may delete this playbook."))
    if request.method == "POST":
        rows = Playbook.objects.filter(pk=shown.pk, deleted_at=None)
        if rows.update(deleted_at=timezone.now()):
            Event.objects.record(
                Event.Verb.DELETE,
                by=request.user,
                object=shown,
                workspace=workspace,
                request=request,
            )
        messages.success(request, _("“%(title)s” is deleted.") % {"title": shown})
        return redirect("reviews:playbooks", workspace.slug)
    context = {"workspace": workspace, "playbook": shown}
    return render(request, "reviews/playbook_delete.html", context)


@in_workspace(Act.BUILD_TABLES)
def save_playbook(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """A table's columns as a playbook, or as the next version of the one of that name."""
    table = lookups.table(request, workspace, table_id)
    had = table.playbook
    title = had.playbook.title if had and had.playbook.workspace_id else table.title
    refusal = ""
    if request.method == "POST":
        title = " ".join(request.POST.get("title", "").split())
        try:
            book = updating.as_book(table, title=title or table.title)
            before = _versions(workspace, book)
            version = updating.save_playbook(table, request.user, title)
        except tables.NotPossible as error:
            refusal = str(error)
        else:
            return _kept(request, workspace, version, before)
    own = Playbook.objects.filter(workspace=workspace, deleted_at=None).order_by("title")
    context = {"workspace": workspace, "table": table, "title": title, "refusal": refusal}
    context["own"] = own.values_list("title", flat=True)
    return render(request, "reviews/save_playbook.html", context, status=422 if refusal else 200)


@in_workspace(Act.BUILD_TABLES)
def update_table(request: MemberRequest, workspace: Workspace, table_id: UUID) -> HttpResponse:
    """Shows what the playbook's newest version would change, and takes over what is chosen."""
    table = lookups.table(request, workspace, table_id)
    version = updating.newer(table)
    if version is None:
        messages.success(request, _("There is no later version of the table's playbook."))
        return redirect("reviews:columns", workspace.slug, table.public_id)
    context: dict[str, Any] = {"workspace": workspace, "table": table, "version": version}
    if request.method == "POST":
        if request.POST.get("version") != f"v{version.number}":
            context["refusal"] = _("A later version was made meanwhile: look at what it changes.")
        else:
            try:
                keys = request.POST.getlist("change")
                taken = updating.take(table, version, keys, request.user, request)
            except tables.NotPossible as error:
                context["refusal"] = str(error)
            else:
                messages.success(request, _taken(taken, version.number))
                return redirect("reviews:columns", workspace.slug, table.public_id)
    context["changes"] = updating.changes(table, version)
    status = 422 if "refusal" in context else 200
    return render(request, "reviews/update.html", context, status=status)


def _taken(taken: int, number: int) -> str:
    told = ngettext(
        "%(n)d column is changed; the table is at version %(number)d.",
        "%(n)d columns are changed; the table is at version %(number)d.",
        taken,
    )
    return told % {"n": taken, "number": number}
