"""Places on pages: what is asked of `locate`, and what comes back."""

from dataclasses import dataclass
from typing import Any, NamedTuple

#: x, y, width and height as fractions of the page as shown, y down.
Rect = tuple[float, float, float, float]

#: How the image files begin that are made here.
SIGNATURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class PageRange(NamedTuple):
    """Characters ``start`` to ``end`` of a page's canonical text (both from 0 on that page), and
    the `PageReading.raw_sha256` of the page when it was read. ``page`` is 1-based."""

    page: int
    start: int
    end: int
    raw_sha256: str


@dataclass(frozen=True)
class PageBoxes:
    """The rectangles of a range on one page, in reading order; none where nothing shows.

    ``changed``: the PDF library reads this page differently from when its text was made, so these
    are not to be trusted.
    """

    page: int
    rects: tuple[Rect, ...]
    changed: bool = False

    @classmethod
    def checked(cls, page: int, rects: list[list[float]], changed: bool) -> "PageBoxes":
        """From what a child says. Raise ValueError or TypeError for what is no fraction."""
        return cls(int(page), tuple(_within(rect) for rect in rects), bool(changed))


@dataclass(frozen=True)
class Fitted:
    """A page as an image file of so many pixels."""

    data: bytes
    media_type: str
    width: int
    height: int

    @classmethod
    def checked(cls, data: bytes, width: int, height: int) -> "Fitted":
        """From what a child says. Raise ValueError or TypeError for what is no picture."""
        kind = next((kind for head, kind in SIGNATURES.items() if data.startswith(head)), None)
        if kind is None or not (int(width) > 0 and int(height) > 0):
            raise ValueError("not a picture")
        return cls(data, kind, int(width), int(height))


class PageLine(NamedTuple):
    """A line, or a stretch of one: characters ``start`` to ``end`` of the page's canonical text.

    ``turns`` are the quarter turns clockwise from a line that runs to the right.
    """

    start: int
    end: int
    rect: Rect
    turns: int = 0


@dataclass(frozen=True)
class PageLines:
    """The lines of a page in reading order; ``changed`` as `PageBoxes` has it."""

    lines: tuple[PageLine, ...]
    changed: bool = False

    @classmethod
    def checked(cls, lines: list[list[Any]], changed: bool) -> "PageLines":
        """From what a child says. Raise ValueError or TypeError for what is no line."""
        found = []
        for start, end, rect, turns in lines:
            if not 0 <= int(start) < int(end):
                raise ValueError("not a range")
            found.append(PageLine(int(start), int(end), _within(rect), int(turns) % 4))
        return cls(tuple(found), bool(changed))


def _within(rect: list[float]) -> Rect:
    x, y, width, height = rect
    if not (0 <= x <= 1 and 0 <= y <= 1 and 0 <= width <= 1 and 0 <= height <= 1):
        raise ValueError("not within the page")
    return x, y, width, height
