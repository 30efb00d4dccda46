"""Reads plain text and Markdown. A form feed ends a page, and so does enough text."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .canonical import clean, title
from .kinds import encoding_of
from .reading import (
    PAGE_SEPARATOR,
    Limits,
    Pages,
    PageText,
    Progress,
    Reading,
    Unreadable,
)

_HEADING = re.compile(r"^ {0,3}# +(\S[^\n]*?)[ #]*$", re.MULTILINE)
_HEADING_WITHIN = 10_000
#: Characters of a page where the file does not say: about what a printed one has.
PAGE = 4_000
_BREAKS = ("\n\n", "\n", ". ", " ")


class TextReader:
    """Decodes by byte order mark, else as UTF-8, else as cp1252 with a warning."""

    version = "1"

    def __init__(self, name: str, *, headings: bool) -> None:
        self.name = name
        self._headings = headings

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        data = path.read_bytes()
        encoding = encoding_of(data, whole=True)
        warnings = []
        if encoding == "cp1252":
            warnings.append(
                "This text is not Unicode: it was read as Windows-1252, "
                "and some letters may be wrong."
            )
        text = data.decode(encoding, "replace")
        del data
        parts = text.split("\f")
        if len(parts) > 1 and not parts[-1].strip():
            parts.pop()  # a form feed ends the last page: it begins no other
        if len(parts) > limits.pages:
            raise Unreadable("too_many_pages", pages=len(parts), limit=limits.pages)
        pages = Pages(limits)
        room = room_of(len(text), limits.pages - len(parts))
        for number, part in enumerate(parts, start=1):
            for goes_on, piece in enumerate(cut(clean(part), room)):
                pages.add(PageText(text=piece, raw=piece), goes_on=bool(goes_on))
            progress(number, len(parts))
        if len(pages.without_text()) == len(parts):
            raise Unreadable("empty")
        heading = _HEADING.search(clean(parts[0][:_HEADING_WITHIN])) if self._headings else None
        return pages.reading(self, warnings, title(heading[1]) if heading else "")


def room_of(length: int, pages: int, least: int = PAGE) -> int:
    """How much of so long a text stands on a page, so that no more than ``pages`` begin where one
    is full: `cut` fills half of each at least."""
    return max(least, -(-2 * length // max(1, pages)))


def cut(text: str, room: int) -> Iterator[str]:
    """The text in pieces of at most ``room`` characters, cut after a paragraph where one ends in
    the second half of a piece, else after a line, a sentence, a word, or anywhere."""
    begin = 0
    while len(text) - begin > room:
        half, full = begin + room // 2, begin + room
        ends = (text.rfind(mark, half, full) + len(mark) for mark in _BREAKS)
        end = next((end for end in ends if end > half), full)
        yield text[begin:end]
        begin = end
    yield text[begin:]


def put(pages: Pages, texts: Sequence[str], limits: Limits) -> list[tuple[int, int]]:
    """Put texts on pages: each begins one, and a long one goes on over others.

    Gives for each the number of its first page, and where in the canonical text it begins.
    """
    if len(texts) > limits.pages:
        raise Unreadable("too_many_pages", pages=len(texts), limit=limits.pages)
    room = room_of(sum(map(len, texts)), limits.pages - len(texts))
    places, number, start = [], 1, 0
    for text in texts:
        places.append((number, start))
        for goes_on, piece in enumerate(cut(text, room)):
            pages.add(PageText(text=piece, raw=piece), goes_on=bool(goes_on))
            number += 1
        start += len(text) + len(PAGE_SEPARATOR)
    return places
