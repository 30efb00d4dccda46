"""What pages say of budgets."""

from __future__ import annotations

from django import template
from django.template import Context

from qa import budgets
from qa.claude import backend_of
from qa.models import Budget

register = template.Library()


@register.simple_tag(takes_context=True)
def budget_warnings(context: Context) -> list[str]:
    """Sentences for the user in the page's workspace; none while there is nothing to warn of."""
    user, workspace = context["request"].user, context["workspace"]
    bound = list(Budget.objects.binding(workspace, user).order_by("pk"))
    if not bound:
        return []
    found = budgets.standings(workspace, user, backend_of(workspace), bound)
    return [said for standing in found if (said := budgets.warning(standing))]
