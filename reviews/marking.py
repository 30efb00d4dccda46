"""What reviewers say of cells and rows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from reviews import values
from reviews.models import Cell, Column, Mark, Row
from reviews.tables import NotPossible
from reviews.values import Kind


def verify(target: Cell | Row, by: User, seen: int, note: str = "") -> Mark:
    """Raises Conflict where somebody marked it since the revision that was ``seen``; so do all."""
    return Mark.put(target, Mark.Kind.VERIFIED, by, seen, note=note)


def flag(target: Cell | Row, by: User, seen: int, note: str) -> Mark:
    """Raises NotPossible without a note, and Conflict."""
    if not note.strip():
        raise NotPossible(_("Say what is to be looked at."))
    return Mark.put(target, Mark.Kind.FLAGGED, by, seen, note=note.strip())


def correct(cell: Cell, by: User, seen: int, text: str | None, note: str = "") -> Mark:
    """Gives a cell the value that somebody wrote; None says that it is not in the document.

    Raises NotPossible when it is no value of the column's kind, and Conflict.
    """
    said: dict[str, Any] = {"value": None, "value_text": ""}
    if text is not None:
        column = cell.column
        try:
            value = values.typed(text, Kind(column.kind), column.choices)
        except values.NotThat as error:
            raise NotPossible(wanted(column)) from error
        said = {"value": value.value, "value_text": value.text, "order": value.order}
    return Mark.put(cell, Mark.Kind.CORRECTED, by, seen, note=note.strip(), **said)


def unmark(target: Cell | Row, by: User, seen: int) -> Mark:
    """Takes back what was said. Raises Conflict."""
    return Mark.put(target, Mark.Kind.NONE, by, seen)


def wanted(column: Column) -> str:
    """How a value of the column is written, in a sentence."""
    match Kind(column.kind):
        case Kind.DATE:
            return _("Write the date as year-month-day, like 2025-03-31.")
        case Kind.MONEY:
            return _("Write the amount with its currency, like 1,250,000.00 USD.")
        case Kind.NUMBER:
            return _("Write a number, and its unit after it if it has one, like 12.5 months.")
        case Kind.YES_NO:
            return _("Write yes or no.")
        case Kind.CHOICE:
            return _("Choose one of: %(choices)s.") % {"choices": ", ".join(column.choices)}
        case Kind.LIST:
            return _("Write one item a line.")
        case _kind:
            return _("Write a text.")
