"""A stretch of passages, packed: where they stand, and which keys they have how often.

Small enough to be read whole (about 8 KB for 64 passages), so that a database need only say which
stretches to look at; BM25 is counted here, the same over every database.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .passages import Passage, Range

#: Passages of one stretch: about five pages.
LENGTH = 64
_HEAD = struct.Struct("<HHHI2s")
#: A key is not counted more often than this in a passage; of both counts one byte is made.
MOST, HEADING = 15, 4
_NONE = 0xFFFF


@dataclass(frozen=True)
class Counted:
    """A passage with how often each key stands in it, and in the heading above it."""

    passage: Passage
    body: Counter[str]
    heading: Counter[str]

    @property
    def length(self) -> int:
        return self.body.total() + self.heading.total()


@dataclass(frozen=True)
class Packed:
    """``keys``: sorted, those of all its passages; in ``packed``, all the rest."""

    keys: list[str]
    packed: bytes


def pack(counted: Sequence[Counted], language: str) -> Packed:
    """At most `LENGTH` passages as one stretch."""
    postings: dict[str, bytearray] = {}
    for number, one in enumerate(counted):
        for key in one.body.keys() | one.heading.keys():
            often = min(one.body[key], MOST) | min(one.heading[key], MOST) << HEADING
            postings.setdefault(key, bytearray()).extend((number, often))
    keys = sorted(postings)
    counts = [len(postings[key]) // 2 for key in keys]
    headings = list(dict.fromkeys(one.passage.heading for one in counted if one.passage.heading))
    spans = [one.passage for one in counted]
    parts = [
        array("I", [span.start for span in spans]),
        array("I", [span.end for span in spans]),
        array("I", [span.page for span in spans]),
        array("I", [span.page_end for span in spans]),
        array("I", [at for heading in headings for at in heading]),
        array("I", [at for span in spans for sentence in span.sentences for at in sentence]),
        array("H", [min(one.length, 0xFFFF) for one in counted]),
        array("H", [len(span.sentences) for span in spans]),
        array("H", [headings.index(span.heading) if span.heading else _NONE for span in spans]),
        array("B", counts),
        array("B", b"".join(postings[key] for key in keys)),
    ]
    sentences = sum(len(span.sentences) for span in spans)
    head = _HEAD.pack(len(spans), len(keys), len(headings), sentences, language.encode())
    body = b"".join(part.tobytes() for part in parts)
    return Packed(keys, zlib.compress(head + body, 6))


class Stretch:
    """A packed stretch, to be looked at; ``size`` is the number of its passages."""

    def __init__(self, words: str, packed: bytes) -> None:
        """From its row's columns: the last of the words is no key but the workspace's mark."""
        self._words = f" {words} "
        self._data = zlib.decompress(packed)
        head = _HEAD.unpack_from(self._data)
        self.size, self._keys, self._headings, self._sentences, language = head
        self.language = language.decode()
        at = _HEAD.size + 16 * self.size + 8 * self._headings + 8 * self._sentences
        self.lengths = self._array("H", at, self.size)
        self._rest = at + 6 * self.size
        self._counts = self._data[self._rest : self._rest + self._keys]

    def _array(self, kind: str, at: int, count: int) -> array[int]:
        found = array(kind)
        found.frombytes(self._data[at : at + count * found.itemsize])
        return found

    @property
    def keys(self) -> list[str]:
        return self._words.split()[:-1]

    def counts(self) -> Iterator[tuple[str, int]]:
        """Each key, and how many passages have it."""
        return zip(self.keys, self._counts, strict=True)

    def often(self, key: str) -> Iterator[tuple[int, int]]:
        """(number of the passage, how often: up to `MOST` in its body, and `HEADING` bits higher in
        its heading) of a key."""
        # found and counted as one string: most stretches are looked at for a few keys of thousands
        where = self._words.find(f" {key} ")
        if where < 0:
            return iter(())
        at = self._words.count(" ", 0, where)
        begin = self._rest + self._keys + 2 * sum(self._counts[:at])
        found = self._data[begin : begin + 2 * self._counts[at]]
        return zip(found[::2], found[1::2], strict=True)

    def passage(self, number: int) -> Passage:
        """A passage as it was packed."""
        at = _HEAD.size
        start, end, page, page_end = (
            self._array("I", at + 4 * (self.size * row + number), 1)[0] for row in range(4)
        )
        at += 16 * self.size
        headings = self._array("I", at, 2 * self._headings)
        at += 8 * self._headings
        after = at + 8 * self._sentences + 2 * self.size
        many = self._array("H", after, self.size)
        named = self._array("H", after + 2 * self.size, self.size)[number]
        flat = self._array("I", at + 8 * sum(many[:number]), 2 * many[number])
        sentences: tuple[Range, ...] = tuple(zip(flat[::2], flat[1::2], strict=True))
        heading = None if named == _NONE else (headings[2 * named], headings[2 * named + 1])
        return Passage(start, end, sentences, heading, page, page_end)
