"""A page's text for reading: the lines of a PDF flow again, and no character is changed."""

from __future__ import annotations

import re
from itertools import pairwise

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from documents.labels import isolated
from documents.models import Page
from documents.reading import Leaf

register = template.Library()

# what begins a line of its own: (a), (iv), 1., 8.2, §, a bullet, Markdown
MARKER = re.compile(
    r"[(\[]\w{1,5}[)\]]|\d+(\.\d+)*[.)]?\s|[§•◦▪·*#>|–—-]|(article|section)\b", re.I
)
ENDS = tuple('.:;”"!?)')
CELLS = " | "  # between the cells of a table's row, which is a line
HARD_WRAPPED = range(40, 200)  # characters of a full line, where lines are a printer's
DOUBTFUL = 0.8  # below this confidence, what was recognised is to be checked
SOFT, PARAGRAPH = "soft", "para"
NO_BREAK = "\xa0"  # many a program writes it for every space, and no line would end at a word


def breaks(text: str) -> dict[int, str]:
    """How to show the newlines at these offsets; the others are plain ends of lines.

    ``soft``: a printer's line ends here but the paragraph goes on. ``para``: a paragraph ends.
    """
    lines = text.split("\n")
    lengths = sorted(len(line) for line in lines if line.strip())
    full = lengths[int(len(lengths) * 0.9)] if lengths else 0
    if full not in HARD_WRAPPED or len(lengths) < 4:
        return {}
    found, offset = {}, 0
    for line, following in pairwise(lines):
        offset += len(line)
        if _goes_on(line, following, full):
            found[offset] = SOFT
        elif line.strip() and following.strip() and max(len(line), len(following)) > full / 2:
            found[offset] = PARAGRAPH
        offset += 1
    return found


def _goes_on(line: str, following: str, full: int) -> bool:
    if not following.strip() or following.strip().isdigit():
        return False
    if CELLS in line or CELLS in following:
        return False
    if MARKER.match(following) and line.rstrip().endswith(ENDS):
        return False
    # a paragraph's last line is seldom this long
    return len(line) >= full * (0.6 if following[0].islower() else 0.82)


@register.filter
def fraction(value: float) -> str:
    """For an attribute: six places, with a point in every language."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


@register.filter
def breakable(text: str) -> str:
    """The same characters one for one, with spaces that a line may end at."""
    return text.replace(NO_BREAK, " ")


register.filter(isolated)


@register.filter
def percent(share: float) -> int:
    """Of a confidence: rounded down, so that 100 means it."""
    return int(share * 100)


@register.filter
def legibility(page: Page | Leaf) -> str:
    """The class of the note that says how well a page could be read."""
    if not page.legible:
        return "bad"
    return "warn" if page.confidence is not None and page.confidence < DOUBTFUL else ""


@register.filter
def flowing(leaf: Leaf, anchor: bool) -> SafeString:
    """The leaf's text with its mark, named ``cited`` when ``anchor``.

    A newline inside a paragraph is wrapped so that it shows as a space: the text of the element
    has as many characters as the text of the page, which citations count in.
    """
    text = breakable(leaf.before + leaf.marked + leaf.after)
    shown = {} if leaf.lined else breaks(text)
    begin, end = len(leaf.before), len(leaf.before) + len(leaf.marked)
    parts = [_lit(leaf, text, 0, begin, shown)]
    if leaf.marked:
        name = ' id="cited" tabindex="-1"' if anchor else ""
        parts.append(f"<mark{name}>{_part(text, begin, end, shown)}</mark>")
    parts.append(_lit(leaf, text, end, len(text), shown))
    return mark_safe("".join(parts))


def _lit(leaf: Leaf, text: str, begin: int, end: int, shown: dict[int, str]) -> str:
    """A stretch beside the mark, with what else is cited in it."""
    cuts = {begin, end}
    for span in leaf.also:
        cuts.update(min(max(at, begin), end) for at in span)
    parts = []
    for first, last in pairwise(sorted(cuts)):
        part = _part(text, first, last, shown)
        lit = any(one <= first and last <= other for one, other in leaf.also)
        parts.append(f'<span class="also">{part}</span>' if lit else part)
    return "".join(parts)


def _part(text: str, begin: int, end: int, shown: dict[int, str]) -> str:
    parts, at = [], begin
    for offset, kind in shown.items():
        if begin <= offset < end:
            parts += [escape(text[at:offset]), f'<span class="{kind}">\n</span>']
            at = offset + 1
    parts.append(escape(text[at:end]))
    return "".join(parts)
