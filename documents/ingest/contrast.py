"""Whether what is written in Office documents and web pages can be told from what it stands on.

Colours are told as RRGGBB, or by a name that means the same wherever it stands in a file; None is
one that nobody knows. A doubt is no: text is white on something dark far more often than on white.
"""

import re
from functools import lru_cache

WHITE = "FFFFFF"
_RGB = re.compile(r"[0-9A-Fa-f]{6}\Z")
_POINT = 1.0
_NEAR = 16  # of 255, in red, green and blue


def tiny(points: float | None) -> bool:
    """Whether letters of a size are too small to be seen."""
    return points is not None and points <= _POINT


@lru_cache(maxsize=1000)
def faint(ink: str | None, paper: str | None) -> bool:
    """Whether nobody sees a colour on another."""
    if ink is None or paper is None:
        return False
    if not (_RGB.match(ink) and _RGB.match(paper)):
        return ink == paper
    shades = zip(bytes.fromhex(ink), bytes.fromhex(paper), strict=True)
    return all(abs(one - other) <= _NEAR for one, other in shades)
