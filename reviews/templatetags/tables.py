"""What templates say of tables."""

from __future__ import annotations

from typing import Any

from django import template

from qa import claude_models
from qa.picker import LEVELS
from reviews.models import Column, Table

register = template.Library()


@register.filter
def answered_by(table: Table) -> str:
    """Its model's name, with how hard it thinks where that was chosen."""
    name = claude_models.name_of(table.model)
    return f"{name}, {LEVELS.get(table.effort, table.effort)}" if table.effort else name


@register.filter
def kind_name(kind: str) -> Any:
    """What people call a type of answer."""
    return Column.Kind(str(kind)).label
