"""Places on pages: what is asked of `boxes`, and what comes back."""

from dataclasses import dataclass
from typing import NamedTuple

#: x, y, width and height as fractions of the page as shown, y down.
Rect = tuple[float, float, float, float]


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
        found = []
        for x, y, width, height in rects:
            if not (0 <= x <= 1 and 0 <= y <= 1 and 0 <= width <= 1 and 0 <= height <= 1):
                raise ValueError("not within the page")
            found.append((x, y, width, height))
        return cls(int(page), tuple(found), bool(changed))
