"""Words that were recognised on a picture of a page: their characters and where they stand."""

import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

#: Boxes count in this many parts of the page's width and height.
SCALE = 65_535

_WORD = struct.Struct("<IIHHHHB")


class Word(NamedTuple):
    """Characters ``start`` to ``end`` of the *page's* text, and their box on the page as shown.

    The corners are in 1/`SCALE` of the page's width and height, y down; ``confidence`` is 0 to 100.
    """

    start: int
    end: int
    left: int
    top: int
    right: int
    bottom: int
    confidence: int


def pack(words: Iterable[Word]) -> bytes:
    """A few KB a page."""
    return zlib.compress(b"".join(_WORD.pack(*word) for word in words))


def unpack(data: bytes) -> list[Word]:
    """What `pack` was given. Raises zlib.error or struct.error for anything else."""
    return [Word(*fields) for fields in _WORD.iter_unpack(zlib.decompress(data))]
