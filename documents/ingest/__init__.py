"""A file becomes canonical text with pages.

`sniff` tells a file's kind by its content; `read` has it read in a limited process and gives a
`Reading`, or raises `Unreadable` with a sentence for the user; `picture` and `boxes` show a page
and where characters stand on it. Knows nothing of Django. A new kind is a module with a `Reader`,
a line in `readers`, a member of `Kind` and its test.
"""

from .kinds import ACCEPTED, advise, describe, sniff
from .lanes import close
from .numbers import runs
from .places import Fitted, PageBoxes, PageLine, PageLines, PageRange, Rect
from .reading import (
    CONTAINERS,
    PAGE_SEPARATOR,
    PASSING,
    SENTENCES,
    Container,
    Finding,
    Kind,
    Limits,
    PageReading,
    Part,
    Progress,
    Reader,
    Reading,
    Unreadable,
)
from .sandbox import boxes, excerpt, fitted, get_ready, lines, picture, read, unlock, vet
from .words import Word

__all__ = [
    "ACCEPTED",
    "CONTAINERS",
    "PAGE_SEPARATOR",
    "PASSING",
    "SENTENCES",
    "Container",
    "Finding",
    "Fitted",
    "Kind",
    "Limits",
    "PageBoxes",
    "PageLine",
    "PageLines",
    "PageRange",
    "PageReading",
    "Part",
    "Progress",
    "Reader",
    "Reading",
    "Rect",
    "Unreadable",
    "Word",
    "advise",
    "boxes",
    "close",
    "describe",
    "excerpt",
    "fitted",
    "get_ready",
    "lines",
    "picture",
    "read",
    "runs",
    "sniff",
    "unlock",
    "vet",
]
