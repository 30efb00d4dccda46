"""The end of documents: deleting, the trash, restoring, and erasing before the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import MemberRequest, in_workspace, require
from accounts.models import Workspace
from accounts.roles import Act
from documents import deleting
from documents.models import Document, DocumentQuerySet
from documents.views import lookups

PER_PAGE = 100


@in_workspace(Act.READ)
def delete(request: MemberRequest, workspace: Workspace, document_id: UUID) -> HttpResponse:
    """Asks first (GET), then puts it into the trash (POST); a legal hold is said instead."""
    shown = lookups.document(request, workspace, document_id)
    own = shown.uploaded_by_id == request.user.pk
    require(request, workspace, Act.DELETE_OWN if own else Act.DELETE_ANY)
    if request.method != "POST" or shown.on_hold:
        status = 409 if request.method == "POST" else 200
        context = {"workspace": workspace, "document": shown, "days": settings.TRASH_DAYS}
        return render(request, "documents/delete.html", context, status=status)
    say_deleted(
        request,
        workspace,
        deleting.delete(Document.objects.filter(pk=shown.pk), request.user, request),
    )
    return redirect("documents:library", slug=workspace.slug)


def say_deleted(
    request: MemberRequest, workspace: Workspace, done: deleting.Deleted, query: str = ""
) -> None:
    """The sentences after deleting: how many, with a button that undoes it, and what was held.

    ``query`` is that of the library's page to which undoing leads back.
    """
    said = _deleted(done)
    if said:
        context = {"workspace": workspace, "said": said, "at": done.at.isoformat(), "query": query}
        messages.info(request, render_to_string("documents/_undo.html", context))
    if done.held_count:
        messages.error(request, done.held_sentence)


def _deleted(done: deleting.Deleted) -> str:
    """What was, in sentences; "" for nothing."""
    said = []
    if done.folder:
        said.append(_("The folder “%(name)s” was deleted.") % {"name": done.folder})
    if done.count == 1:
        said.append(_("%(title)s was deleted.") % {"title": done.title})
    elif done.count:
        many = ngettext(
            "%(count)d document was deleted.", "%(count)d documents were deleted.", done.count
        )
        said.append(many % {"count": done.count})
    return " ".join(said)


def _trashed(request: MemberRequest, workspace: Workspace) -> DocumentQuerySet:
    return Document.objects.in_trash_for(request.user).filter(workspace=workspace)


@require_GET
@in_workspace(Act.READ)
def trash(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    rows = _trashed(request, workspace).order_by("-deleted_at", "-pk")
    rows = rows.select_related("deleted_by", "folder", "former_folder", "uploaded_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = Document.objects.filter(pk__in=[document.pk for document in page])
    context = {
        "workspace": workspace,
        "page": page,
        "restorable": shown.deletable_by(request.user, workspace).exists(),
        "days": settings.TRASH_DAYS,
    }
    return render(request, "documents/trash.html", context)


def _chosen(request: MemberRequest, workspace: Workspace) -> DocumentQuerySet:
    """Of the trash: the documents named, or all that the user deleted at one moment."""
    rows = _trashed(request, workspace)
    if (at := _moment(request.POST.get("at", ""))) is not None:
        return rows.filter(deleted_at=at, deleted_by=request.user)
    return rows.filter(public_id__in=lookups.ids(request.POST.getlist("document")))


def _moment(value: str) -> datetime | None:
    """What `say_deleted` wrote; None for anything else."""
    try:
        at = parse_datetime(value)
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


@require_POST
@in_workspace(Act.DELETE_OWN)
def restore(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    at = _moment(request.POST.get("at", ""))
    chosen = _chosen(request, workspace).deletable_by(request.user, workspace)
    made = deleting.restore_folders(workspace, at, request.user) if at else 0
    _say_restored(request, made, deleting.restore(chosen, request.user, request))
    if request.POST.get("at"):
        where = reverse("documents:library", args=[workspace.slug])
        query = request.GET.urlencode()
        return redirect(f"{where}?{query}" if query else where)
    return redirect("documents:trash", slug=workspace.slug)


def _say_restored(request: MemberRequest, made: int, count: int) -> None:
    if made:
        said = ngettext("%(count)d folder is back.", "%(count)d folders are back.", made)
        messages.info(request, said % {"count": made})
    if count:
        said = ngettext("%(count)d document is back.", "%(count)d documents are back.", count)
        messages.info(request, said % {"count": count})
    if not made and not count:
        messages.error(request, _("Choose documents that you may restore."))


@require_POST
@in_workspace(Act.DELETE_ANY)
def erase(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Asks first; what is then confirmed cannot be restored any more."""
    everything = bool(request.POST.get("all"))
    chosen = _trashed(request, workspace) if everything else _chosen(request, workspace)
    count = chosen.count()
    if count and not request.POST.get("sure"):
        context: dict[str, Any] = {"workspace": workspace, "count": count, "all": everything}
        if not everything:
            context["documents"] = chosen
        return render(request, "documents/erase.html", context)
    deleting.give_up(chosen, request.user, request)
    if count:
        said = ngettext("%(count)d document is erased.", "%(count)d documents are erased.", count)
        messages.info(request, said % {"count": count})
    else:
        messages.error(request, _("Choose at least one document."))
    return redirect("documents:trash", slug=workspace.slug)
