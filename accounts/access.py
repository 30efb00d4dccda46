"""How a view gets its workspace: with the permission, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from accounts.models import User, Workspace
from accounts.roles import Act

View = Callable[..., HttpResponseBase]


class MemberRequest(HttpRequest):
    """What a view of a workspace gets: the user is signed in, and htmx's headers are read."""

    user: User
    htmx: HtmxDetails


def in_workspace(act: Act) -> Callable[[View], View]:
    """Gives the view the workspace of its address instead of the slug.

    A stranger gets 404. A member whose role does not allow ``act`` gets 403 with a sentence.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(
            request: MemberRequest, slug: str, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            workspace = get_object_or_404(Workspace.objects.visible_to(request.user), slug=slug)
            require(request, workspace, act)
            return view(request, workspace, *args, **kwargs)

        @wraps(wrapper)
        def signed_in(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated and request.headers.get("HX-Request"):
                # the page stays, with what was typed and the files that wait; a sentence on it
                # says what to do
                return HttpResponse(status=401)
            return login_required(wrapper)(request, *args, **kwargs)

        return signed_in

    return decorate


def require(request: MemberRequest, workspace: Workspace, act: Act) -> None:
    """Raises PermissionDenied, with a sentence, when the user's role here does not allow it."""
    if not workspace.allows(request.user, act):
        raise PermissionDenied(
            _("Your role in %(workspace)s does not allow this. An admin of it can change that.")
            % {"workspace": workspace.name}
        )


def remember_workspace(request: MemberRequest, workspace: Workspace) -> None:
    """Home leads here next time. Written only when it changes: a session is a row."""
    if request.session.get("workspace") != workspace.slug:
        request.session["workspace"] = workspace.slug
