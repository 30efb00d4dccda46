"""Text folded for comparison, with the way back to the original characters.

Folding drops what extraction and transport change without changing what is said: white space,
invisible characters, the shape of quotes and dashes, compatibility forms and (``NFKD``) whether
an accent is a character of its own. What is left maps back, character by character.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_SAME = str.maketrans(
    dict.fromkeys("‘’‚‛′‹›´`＇｀ʼ", "'")
    | dict.fromkeys("“”„‟″«»＂〝〞〟", '"')
    | dict.fromkeys("‐‑‒–—―−﹘﹣－⁃", "-")
)
_RUNS = re.compile(r"[!-_a-~]+|[^\x00-_a-~]+")
"""Printable ASCII but the grave accent folds to itself, in whole runs; ASCII blanks are skipped."""
_GONE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` folded; `at[i]` is the original offset of the character that ``text[i]`` is from."""

    text: str
    at: array[int]

    def position(self, offset: int) -> int:
        """The first folded position at or after an original offset."""
        return bisect_left(self.at, offset)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original range of the folded range ``[start, end)``, which is not empty."""
        return self.at[start], self.at[end - 1] + 1

    def occurrences(self, quote: str, near: int, limit: int) -> Iterator[int]:
        """Folded positions of `quote`, at most `limit` to either side of `near`, outwards."""
        forward = self.text.find(quote, near)
        backward = self.text.rfind(quote, 0, near + len(quote) - 1) if near else -1
        for _ in range(limit):
            if forward >= 0:
                yield forward
                forward = self.text.find(quote, forward + 1)
            if backward >= 0:
                yield backward
                backward = self.text.rfind(quote, 0, backward + len(quote) - 1)

    def casefolded(self) -> Folded:
        """The same without regard to upper and lower case."""
        lower = self.text.casefold()
        if len(lower) == len(self.text):
            return Folded(lower, self.at)
        parts = [(char.casefold(), at) for char, at in zip(self.text, self.at, strict=True)]
        places = array("I")
        for part, at in parts:
            places.extend([at] * len(part))
        return Folded("".join(part for part, _ in parts), places)


def fold(text: str) -> Folded:
    """Fold `text`; about 50 ms for a long contract, so keep what comes back."""
    parts: list[str] = []
    at = array("I")
    for run in _RUNS.finditer(text):
        if run[0].isascii() and "`" not in run[0]:
            parts.append(run[0])
            at.extend(range(run.start(), run.end()))
            continue
        for offset, char in enumerate(run[0], run.start()):
            part = _fold_character(char)
            parts.append(part)
            at.extend([offset] * len(part))
    return Folded("".join(parts), at)


@functools.lru_cache(maxsize=4096)
def _fold_character(char: str) -> str:
    folded = unicodedata.normalize("NFKD", char.translate(_SAME)).translate(_SAME)
    return "".join(c for c in folded if unicodedata.category(c) not in _GONE)
