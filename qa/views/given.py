"""What the form of a question is given: what it offers, and what was chosen in it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.access import MemberRequest
from accounts.models import Workspace
from documents.forms import PlaceForm
from qa import askable, asking, passages, pictures, scopes, sources
from qa.forms import AskForm
from qa.models import Picture, Scope
from qa.passages import Passage

LISTED = 200  # documents offered for a new question; more are chosen in the library


def choices(documents: Any, chosen: list[str]) -> dict[str, Any]:
    """The documents that a form offers: those that are chosen, then the newest of the others."""
    asked = [value for value in chosen if sources.is_uuid(value)]
    others = documents.exclude(public_id__in=asked)
    return {
        "picked": list(documents.filter(public_id__in=asked)),
        "others": others[:LISTED],
        "more": max(0, others.count() - LISTED),
    }


def enclosed(request: MemberRequest, workspace: Workspace, form: AskForm) -> list[Picture]:
    """The pictures of a form as it was sent: those added before, and files that came along. What
    cannot be taken is said in the form."""
    removed = request.POST.getlist("remove")
    kept = [id_ for id_ in request.POST.getlist("picture") if id_ not in removed]
    found = pictures.drafts(kept, workspace, request.user)
    try:
        files = request.FILES.getlist("pictures")
        pictures.check_count(len(found) + len(files))
        for file in files:
            found.append(pictures.take(file, workspace, request.user))
    except pictures.Refused as refusal:
        form.add_error(None, str(refusal))
    return found


def passage(request: MemberRequest, workspace: Workspace) -> Passage | None:
    """The passage that a form to be shown carries: from its address, or as it was sent."""
    if request.method == "POST":
        try:
            return asking.selected(request.user, workspace, request.POST)
        except askable.NotAskable:
            return None
    place = PlaceForm.place(request.GET)
    return passages.find(request.user, workspace, place) if place else None


def scope(request: MemberRequest, workspace: Workspace, value: str) -> Scope | None:
    """What a form asks about as a whole. Raises NotAskable when it is not there."""
    try:
        return scopes.find(request.user, workspace, value)
    except LookupError as error:
        raise askable.NotAskable(
            _("That folder or tag is not here any more. Choose anew what to ask about.")
        ) from error


def asked_about(request: MemberRequest, workspace: Workspace, value: str) -> dict[str, Any]:
    """What the picker is told of a form: its scope, if there is one, and whether it searches."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        scope = scopes.find(request.user, workspace, value)
    except LookupError:
        scope = None
    return {"scope": scope, "search": "search" in asked}


def places(workspace: Workspace, chosen: str) -> dict[str, Any]:
    """What ``_scope.html`` shows, with what was chosen."""
    return {"places": scopes.choices(workspace), "where": chosen or scopes.CHOSEN}
