"""What of one's own is still on its way."""

from django import template
from django.template import Context

from documents import incoming
from documents.forms import PasteForm
from documents.models import Upload

register = template.Library()


@register.simple_tag(takes_context=True)
def unfinished_uploads(context: Context) -> list[Upload]:
    """The user's own in the page's workspace, oldest first."""
    own = Upload.objects.unfinished().visible_to(context["request"].user)
    return list(own.filter(workspace=context["workspace"]).select_related("folder"))


@register.simple_tag
def whole_bytes() -> int:
    """Up to this size a file is sent in one go."""
    return incoming.WHOLE


@register.simple_tag(takes_context=True)
def paste_form(context: Context) -> PasteForm:
    folder = context.get("folder")
    initial = {"folder": folder.public_id if folder else None}
    return PasteForm(context["workspace"], initial=initial)
