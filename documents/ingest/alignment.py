"""Where the characters of a page went when another PDF library reads it a little differently."""

import difflib
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

_ENOUGH = 0.8  # of a range's characters must be found again
_CELLS = 1_000_000  # letters times letters: larger stretches are not compared letter by letter
_WORDS = 5_000  # on a page of more, words that are all over it tell nothing
_GONE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Pd"})


@dataclass(frozen=True)
class Moved:
    """From positions in ``old`` to positions in ``new``, two readings of one page."""

    old: str
    new: str

    def range(self, start: int, end: int) -> tuple[int, int] | None:
        """Where ``old[start:end]`` stands in ``new``; None when too little of it is there."""
        first, last = self._old.within(start, end)
        if first == last:
            return None
        exact = self._again(self._old.text[first:last], first)
        if exact is not None:
            return self._new.span(exact, exact + last - first)
        found = [at for at in self._places[first:last] if at >= 0]
        if len(found) < _ENOUGH * (last - first):
            return None
        return self._new.span(min(found), max(found) + 1)

    def _again(self, wanted: str, first: int) -> int | None:
        """Where the same letters stand, if they stand there as often as they did."""
        before, after = list(_each(self._old.text, wanted)), list(_each(self._new.text, wanted))
        return after[before.index(first)] if len(before) == len(after) else None

    @cached_property
    def _old(self) -> "_Letters":
        return _letters(self.old)

    @cached_property
    def _new(self) -> "_Letters":
        return _letters(self.new)

    @cached_property
    def _places(self) -> "array[int]":
        """For each letter of the old its place among those of the new, -1 where it has none."""
        places = array("i", [-1]) * len(self._old.text)
        old, new = self.old.split(), self.new.split()
        words = difflib.SequenceMatcher(None, old, new, autojunk=len(new) > _WORDS)
        old_at, new_at = _ends(old), _ends(new)
        for tag, a, b, c, d in words.get_opcodes():
            here, there = (old_at[a], old_at[b]), (new_at[c], new_at[d])
            if tag == "equal":
                places[slice(*here)] = array("i", range(*there))
            elif (here[1] - here[0]) * (there[1] - there[0]) <= _CELLS:
                _compare(self._old.text, here, self._new.text, there, places)
        return places


@dataclass(frozen=True)
class _Letters:
    """A text without white space, dashes and what shows nothing, its letters all of one case;
    ``at`` is where each came from."""

    text: str
    at: "array[int]"

    def within(self, start: int, end: int) -> tuple[int, int]:
        """The letters that came from a range of the text."""
        return bisect_left(self.at, start), bisect_left(self.at, end)

    def span(self, first: int, last: int) -> tuple[int, int]:
        return self.at[first], self.at[last - 1] + 1


def _letters(text: str) -> _Letters:
    parts: list[str] = []
    at = array("i")
    for position, character in enumerate(text):
        folded = _folded(character)
        parts.append(folded)
        at.extend([position] * len(folded))
    return _Letters("".join(parts), at)


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).casefold()
    return "".join(part for part in parts if unicodedata.category(part) not in _GONE)


def _each(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _ends(words: list[str]) -> list[int]:
    """How many letters there are before each word, and before the end."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + sum(len(_folded(character)) for character in word))
    return ends


def _compare(
    old: str, a: tuple[int, int], new: str, b: tuple[int, int], places: "array[int]"
) -> None:
    matcher = difflib.SequenceMatcher(None, old[slice(*a)], new[slice(*b)], autojunk=False)
    for first, second, size in matcher.get_matching_blocks():
        for step in range(size):
            places[a[0] + first + step] = b[0] + second + step
