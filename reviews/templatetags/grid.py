"""Cells of a grid as HTML: by a function, for a page has a thousand and more of them."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import Workspace
from reviews.models import Cell
from reviews.views.looking import Look

register = template.Library()

SHOWN = 140  # characters of a value


@register.filter
def rowindex(counter: int, first: int) -> int:
    """The place of a row in the grid, whose head is the first."""
    return first + counter


@register.simple_tag
def grid_cell(cell: Cell, workspace: Workspace, look: Look) -> SafeString:
    """A cell of the grid, which links to its page. It looks at what ``cells.window`` reads."""
    return format_html(
        '<td role="gridcell" id="{}" class="{}"><a tabindex="-1" href="{}{}">'
        '<span class="v" dir="auto">{}</span><span class="w">{}</span></a></td>',
        cell.anchor,
        _classes(cell),
        reverse("reviews:cell", args=[workspace.slug, cell.public_id]),
        look.query,
        _value(cell),
        format_html_join(" ", "<span{}>{}</span>", _words(cell)),
    )


def _classes(cell: Cell) -> str:
    deviates = cell.verdict == Cell.Verdict.DEVIATES and not cell.mark
    names = [cell.state, cell.shown_outcome, "deviates" if deviates else "", cell.mark]
    return " ".join(dict.fromkeys(name for name in names if name))


def _value(cell: Cell) -> str:
    if shown := cell.shown:
        return shown if len(shown) <= SHOWN else Truncator(shown).chars(SHOWN)
    if cell.shown_outcome == Cell.Outcome.ABSENT:
        return _("Not in this document")
    return str(cell.get_state_display())


NEAR, OK, NO, PLAIN = (
    mark_safe(attributes) for attributes in (' class="near"', ' class="ok"', ' class="no"', "")
)


def _words(cell: Cell) -> list[tuple[SafeString, str]]:
    """What stands below the value, each with its class."""
    said: list[tuple[SafeString, str]] = []
    if cell.shown and cell.working:
        said.append((PLAIN, str(cell.get_state_display())))
    elif cell.shown and cell.state == Cell.State.FAILED:
        said.append((NO, "✕ " + _("the last run failed")))
    if cited := getattr(cell, "cited_at", None):
        said.append((PLAIN, _("p. %(page)s") % {"page": cited}))
    if cell.verdict:
        near = cell.verdict == Cell.Verdict.DEVIATES
        said.append((NEAR if near else PLAIN, _short(cell.verdict)))
    if cell.doubt and not cell.mark:
        said.append((NEAR, f"? {_short(cell.doubt)}"))
    if cell.is_stale:
        said.append((NEAR, _("out of date")))
    if cell.mark == "verified":
        said.append((OK, "✓ " + _("verified")))
    elif cell.mark == "corrected":
        said.append((OK, "✎ " + _("corrected")))
    elif cell.mark == "flagged":
        said.append((NEAR, "⚑ " + _("flagged")))
    return said


def _short(word: str) -> str:
    """A verdict or a doubt in a word; what is open says it in full."""
    return {
        "meets": _("meets"),
        "deviates": _("deviates"),
        "missing": _("missing"),
        "unclear": _("unclear"),
        "ambiguous": _("ambiguous"),
        "unparsed": _("not in the form asked for"),
        "uncited": _("uncited"),
    }.get(word, word)
