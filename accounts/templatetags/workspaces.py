"""What the left column says about where you are."""

from django import template
from django.template import Context

from accounts.models import Workspace
from accounts.roles import Act

register = template.Library()


@register.simple_tag(takes_context=True)
def my_workspaces(context: Context) -> list[Workspace]:
    return list(Workspace.objects.visible_to(context["request"].user))


@register.simple_tag(takes_context=True)
def may(context: Context, act: str) -> bool:
    """Whether the user's role in the page's workspace allows ``act`` (a value of Act)."""
    request, workspace = context["request"], context["workspace"]
    if not hasattr(request, "allowed"):
        request.allowed = {}
    if act not in request.allowed:
        request.allowed[act] = workspace.allows(request.user, Act(act))
    return request.allowed[act]


@register.simple_tag(takes_context=True)
def may_delete(context: Context, owner_id: int) -> bool:
    """Whether the user may delete what this user made: their own, or anybody's."""
    own = owner_id == context["request"].user.pk
    return bool(may(context, "delete own" if own else "delete any"))
