"""How a view gets its workspace: with the permission, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.roles import Act

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]


def in_workspace(
    act: Act,
) -> Callable[[Callable[Concatenate[Any, Workspace, P], HttpResponseBase]], View]:
    """Gives the view the workspace of its address instead of the slug.

    A stranger gets 404. A member whose role does not allow ``act`` gets 403 with a sentence.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            workspace = get_object_or_404(
                Workspace.objects.visible_to(request.user).distinct(), slug=slug
            )
            require(request, workspace, act)
            request.workspace = workspace  # type: ignore[attr-defined]
            return view(request, workspace, *args, **kwargs)

        return login_required(wrapper)

    return decorate


def require(request: HttpRequest, workspace: Workspace, act: Act) -> None:
    """Raises PermissionDenied, with a sentence, when the user's role here does not allow it."""
    if not workspace.allows(request.user, act):  # type: ignore[arg-type]
        raise PermissionDenied(
            _("Your role in %(workspace)s does not allow this. An admin of it can change that.")
            % {"workspace": workspace.name}
        )
