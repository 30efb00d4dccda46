"""What a workbook notes down of its cells, so that corrections made in it find their way back."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reviews.models import Cell

KEYS = "Pincite"
"""The hidden sheet: the table; the columns and their titles; then each row with its cells."""
ROW = "Pincite row"
"""The head of the hidden column that says which row is which."""


def note(cell: Cell | None, value: Any) -> str:
    """How often the cell had been marked, and what stands in the workbook."""
    return f"{cell.revision}:{digest(value)}" if cell is not None else ""


def digest(value: Any) -> str:
    """The same for a value before it is written and after it is read."""
    return hashlib.sha256(plain(value).encode("utf-8", "replace")).hexdigest()[:12]


def plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() | date():
            return value.isoformat()[:10]
        case int() | float() | Decimal():
            # as exact as a workbook's numbers are
            return f"{float(value):.13g}"
    return "\n".join(line.rstrip() for line in str(value).strip().splitlines())
