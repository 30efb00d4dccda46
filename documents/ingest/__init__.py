"""A file becomes canonical text with pages.

`sniff` tells a file's kind by its content; `read` has it read in a limited process and gives a
`Reading`, or raises `Unreadable` with a sentence for the user. Knows nothing of Django. A new kind
is a module with a `Reader`, a line in `readers`, a member of `Kind` and its test.
"""

from .kinds import ACCEPTED, describe, sniff
from .reading import (
    PAGE_SEPARATOR,
    SENTENCES,
    Kind,
    Limits,
    PageReading,
    Progress,
    Reader,
    Reading,
    Unreadable,
)
from .sandbox import close, read

__all__ = [
    "ACCEPTED",
    "PAGE_SEPARATOR",
    "SENTENCES",
    "Kind",
    "Limits",
    "PageReading",
    "Progress",
    "Reader",
    "Reading",
    "Unreadable",
    "close",
    "describe",
    "read",
    "sniff",
]
