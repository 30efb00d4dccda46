"""What templates say of tables."""

from __future__ import annotations

from typing import Any

from django import template

from reviews.models import Column

register = template.Library()


@register.filter
def kind_name(kind: str) -> Any:
    """What people call a type of answer."""
    return Column.Kind(str(kind)).label
