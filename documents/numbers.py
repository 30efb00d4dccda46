"""Numbers as people read them."""

from __future__ import annotations

from typing import Any

from django.utils.formats import number_format


def grouped(value: Any) -> Any:
    """A number with its thousands set apart, as its reader's language does it; all else as is."""
    if isinstance(value, int | float):
        return number_format(value, force_grouping=True)
    return value
