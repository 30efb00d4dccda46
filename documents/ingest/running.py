"""Running text on its way to pages: what stands in it beside characters, and how it is cut.

The marks are characters that no XML and no web page can have in its text.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .canonical import clean
from .reading import Finding, Limits, Pages, PageText, Progress, Unreadable
from .text import PAGE, cut, room_of

#: A new page, as the author wants it.
BREAK = "\f"
#: A new page, where the program that wrote the file last had one; says nothing after a `BREAK`.
RENDERED = "\v"
#: Something that nobody sees was left out here.
HIDDEN = "\x01"

#: Finds the two breaks.
BREAKS = re.compile(r"[\f\v]")

_ADDRESS = re.compile(r"(https?://|mailto:)\S{1,300}\Z", re.IGNORECASE)
_MARKED = re.compile(r"[\s\x01]+")
# A page of small type; more than that was never on one sheet.
_SHEET = 12_000
_QUOTED = 120


@dataclass(frozen=True)
class Running:
    """Text with marks, and what was left out at each `HIDDEN` in it, in their order."""

    text: str
    hidden: Sequence[str] = ()


def to_pages(running: Running, limits: Limits, progress: Progress) -> tuple[Pages, list[Finding]]:
    """Its pages, and a finding for each that something was left out of. Raise `Unreadable`.

    Without a break, pages are cut like those of a plain text.
    """
    parts = _parted(running.text)
    if len(parts) > limits.pages:
        raise Unreadable("too_many_pages", pages=len(parts), limit=limits.pages)
    least = _SHEET if RENDERED in running.text else PAGE
    room = room_of(len(running.text), limits.pages - len(parts), least)
    pages, findings = Pages(limits), []
    hidden, added = deque(running.hidden), 0
    for number, part in enumerate(parts, start=1):
        for goes_on, piece in enumerate(cut(part.strip("\n"), room)):
            text = clean(piece)
            pages.add(PageText(text=text, raw=text), goes_on=bool(goes_on))
            added += 1
            unseen = [hidden.popleft() for _ in range(min(piece.count(HIDDEN), len(hidden)))]
            if unseen:
                findings.append(left_out(unseen, added))
        progress(number, len(parts))
    if len(pages.without_text()) == added:
        raise Unreadable("empty")
    return pages, findings


def address(target: str, text: str) -> str:
    """What to add to a link's text so that it says where it leads; "" when it does."""
    plain = target.removeprefix("mailto:").rstrip("/")
    if not _ADDRESS.match(target) or plain.rpartition("://")[2] in text:
        return ""
    return f" ({target.removeprefix('mailto:')})"


def _parted(text: str) -> list[str]:
    """The text between breaks. Several in a row are as many pages, except that the two kinds tell
    of the same ones."""

    def together(match: re.Match[str]) -> str:
        run = match[0]
        pages = max(run.count(BREAK), run.count(RENDERED))
        if not pages and match.start():
            return run
        return BREAK * pages + HIDDEN * run.count(HIDDEN)

    parts = _MARKED.sub(together, text.rstrip()).split(BREAK)
    while len(parts) > 1 and not parts[-1].strip(HIDDEN):
        last = parts.pop()
        parts[-1] += last
    return parts


def left_out(texts: list[str], page: int) -> Finding:
    """What to tell of a page that has texts nobody sees."""
    whole = " ".join(" ".join(texts).split())
    quoted = clean(whole if len(whole) <= _QUOTED else whole[:_QUOTED] + "…")
    return Finding(
        "hidden_text",
        f"Text that a reader does not see was left out here ({len(whole)} characters): “{quoted}”.",
        page=page,
    )


def struck(words: str, length: int) -> Finding:
    """What to tell of a document that has words crossed out; ``words`` are the first of them."""
    return Finding(
        "struck_text",
        f"Words are struck through in this document ({length} characters). "
        f"Here they read like any other: “{words}”.",
    )
