"""What is done with the documents and folders that were chosen in the library, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, in_workspace
from accounts.models import Workspace
from accounts.roles import Act
from documents import deleting, folders, tags, tasks, versions
from documents.listing import places
from documents.models import Document, DocumentQuerySet, Folder, NotPossible, Tag
from documents.views import lookups
from documents.views.trash import say_deleted

ASKED_AT_ONCE = 200  # documents; their ids travel in an address, and no model reads more at once
TOP = "top"


@dataclass(frozen=True)
class Chosen:
    """``query`` is that of the list it was chosen from; with ``all``, everything that it lists."""

    documents: DocumentQuerySet
    folders: list[Folder]
    query: str
    all: bool

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What a page that asks back sends again."""
        shown = [("query", self.query)]
        if self.all:
            shown.append(("all", "yes"))
        else:
            ids = self.documents.values_list("public_id", flat=True)
            shown += [("document", str(public_id)) for public_id in ids]
        return shown + [("folder", str(folder.public_id)) for folder in self.folders]


def chosen(request: MemberRequest, workspace: Workspace) -> Chosen:
    query = QueryDict(request.POST.get("query", ""))
    everything = bool(request.POST.get("all"))
    if everything:
        documents = lookups.listing(request, workspace, query).rows
    else:
        ids = lookups.ids(request.POST.getlist("document"))
        documents = lookups.documents(request, workspace).filter(public_id__in=ids)
    named = lookups.ids(request.POST.getlist("folder"))
    inner = list(lookups.folders(request, workspace).filter(public_id__in=named))
    return Chosen(documents, inner, query.urlencode(), everything)


def back(workspace: Workspace, query: str) -> Any:
    where = reverse("documents:library", args=[workspace.slug])
    return redirect(f"{where}?{query}" if query else where)


def _nothing(request: MemberRequest, workspace: Workspace, query: str) -> Any:
    messages.error(request, _("Choose at least one document."))
    return back(workspace, query)


@require_POST
@in_workspace(Act.ASK)
def ask(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """To a new question about the chosen documents and what lies in the chosen folders."""
    picked = chosen(request, workspace)
    if whole := _as_a_whole(picked):
        return redirect(f"{reverse('qa:new', args=[workspace.slug])}?{urlencode({'scope': whole})}")
    rows = _with_inner(request, workspace, picked)
    count = rows.count()
    ready = list(rows.filter(status="ready").order_by("pk").values_list("public_id", flat=True))
    if not ready:
        messages.error(request, _("None of what you chose can be read yet."))
        return back(workspace, picked.query)
    if len(ready) > ASKED_AT_ONCE:
        said = _("A question takes at most %(limit)d documents; these are %(count)d.")
        messages.error(request, said % {"limit": ASKED_AT_ONCE, "count": len(ready)})
        return back(workspace, picked.query)
    if left := count - len(ready):
        said = ngettext(
            "%(count)d document that is not ready was left out.",
            "%(count)d documents that are not ready were left out.",
            left,
        )
        messages.info(request, said % {"count": left})
    query = "&".join(f"document={public_id}" for public_id in ready)
    return redirect(f"{reverse('qa:new', args=[workspace.slug])}?{query}")


@require_POST
@in_workspace(Act.BUILD_TABLES)
def review(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """To a new review table of the chosen documents and what lies in the chosen folders."""
    picked = chosen(request, workspace)
    new = reverse("reviews:new", args=[workspace.slug])
    if whole := _as_a_whole(picked):
        return redirect(f"{new}?{urlencode({'scope': whole})}")
    rows = _with_inner(request, workspace, picked).order_by("pk")
    found = list(rows.values_list("public_id", flat=True)[: ASKED_AT_ONCE + 1])
    if not found:
        messages.error(request, _("Choose documents first."))
        return back(workspace, picked.query)
    if len(found) > ASKED_AT_ONCE:
        said = _(
            "At most %(limit)d documents are picked like this. Give them a tag, or put them in a "
            "folder, and choose that in a new table."
        )
        messages.error(request, said % {"limit": ASKED_AT_ONCE})
        return back(workspace, picked.query)
    return redirect(f"{new}?{'&'.join(f'document={public_id}' for public_id in found)}")


def _with_inner(request: MemberRequest, workspace: Workspace, picked: Chosen) -> DocumentQuerySet:
    """The chosen documents, and those that lie in the chosen folders or below."""
    if not picked.folders:
        return picked.documents
    tree = Folder.objects.tree(workspace.pk)
    inner = {key for folder in picked.folders for key in tree.below(folder.pk)}
    live = lookups.documents(request, workspace)
    return live.filter(pk__in=picked.documents.values("pk")) | live.filter(folder__in=inner)


def _as_a_whole(picked: Chosen) -> str:
    """What was chosen, if a question can be about it as such: one folder, or everything."""
    if picked.all and picked.query == "view=all":
        return "workspace"
    if len(picked.folders) == 1 and not picked.all and not picked.documents.exists():
        return f"folder:{picked.folders[0].public_id}"
    return ""


@require_POST
@in_workspace(Act.UPLOAD)
def move(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Into the folder ``to``; without one, asks which."""
    picked = chosen(request, workspace)
    if not picked.folders and not picked.documents.exists():
        return _nothing(request, workspace, picked.query)
    if not (named := request.POST.get("to", "")):
        return _where_to(request, workspace, picked)
    to = lookups.folder_named(request, workspace, "" if named == TOP else named)
    try:
        folders.move_all(picked.folders, picked.documents, to, request.user, request)
    except NotPossible as refusal:
        return _where_to(request, workspace, picked, str(refusal))
    said = _("Moved to “%(name)s”.") % {"name": to.name} if to else _("Moved to the top.")
    messages.info(request, said)
    return back(workspace, picked.query)


def _where_to(
    request: MemberRequest, workspace: Workspace, picked: Chosen, refusal: str = ""
) -> HttpResponse:
    context = {
        "workspace": workspace,
        "chosen": picked,
        "places": places(workspace),
        "refusal": refusal,
    }
    return render(request, "documents/move.html", context, status=422 if refusal else 200)


@require_POST
@in_workspace(Act.UPLOAD)
def tag(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Puts the tag on what was chosen; with ``take``, takes it off."""
    picked = chosen(request, workspace)
    name = tags.clean_name(request.POST.get("name", ""))
    if not picked.documents.exists():
        return _nothing(request, workspace, picked.query)
    if not name:
        messages.error(request, _("Write the tag first."))
        return back(workspace, picked.query)
    if request.POST.get("take"):
        known = Tag.objects.filter(workspace=workspace, name__iexact=name).first()
        count = tags.take(picked.documents, known, request.user, request) if known else 0
        said = ngettext(
            "“%(name)s” was taken off %(count)d document.",
            "“%(name)s” was taken off %(count)d documents.",
            count,
        )
    else:
        count = tags.put(picked.documents, name, workspace, request.user, request)
        said = ngettext(
            "“%(name)s” was put on %(count)d document.",
            "“%(name)s” was put on %(count)d documents.",
            count,
        )
    messages.info(request, said % {"name": name, "count": count})
    return back(workspace, picked.query)


@require_POST
@in_workspace(Act.UPLOAD)
def read_again(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """A next version of each, of the same file, for a reader that knows more by now."""
    picked = chosen(request, workspace)
    count = picked.documents.count()
    if not count:
        return _nothing(request, workspace, picked.query)
    if count > ASKED_AT_ONCE:
        said = _("At most %(limit)d documents are read again at once; these are %(count)d.")
        messages.error(request, said % {"limit": ASKED_AT_ONCE, "count": count})
        return back(workspace, picked.query)
    again = 0
    for document in picked.documents:
        try:
            version = versions.read_again(document, request.user, request)
        except Document.DoesNotExist:
            continue  # it was deleted meanwhile
        if version is not None:
            tasks.ingest.delay_on_commit(version.pk)
            again += 1
    said = ngettext(
        "%(count)d document is read again.", "%(count)d documents are read again.", again
    )
    messages.info(request, said % {"count": again})
    return back(workspace, picked.query)


@require_POST
@in_workspace(Act.DELETE_OWN)
def delete(request: MemberRequest, workspace: Workspace) -> HttpResponse:
    """Into the trash, what the role allows; asks back when it is everything that is listed."""
    picked = chosen(request, workspace)
    mine = picked.documents.deletable_by(request.user, workspace)
    count = mine.count()
    if picked.all and count and not request.POST.get("sure"):
        context = {"workspace": workspace, "chosen": picked, "count": count}
        return render(request, "documents/delete_many.html", context)
    others = picked.documents.count() - count
    if not count and not others:
        return _nothing(request, workspace, picked.query)
    say_deleted(request, workspace, deleting.delete(mine, request.user, request), picked.query)
    if others:
        said = ngettext(
            "%(count)d document is another one's; your role does not let you delete it.",
            "%(count)d documents are others'; your role does not let you delete them.",
            others,
        )
        messages.error(request, said % {"count": others})
    return back(workspace, picked.query)
