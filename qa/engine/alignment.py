"""Where a quote stands in a text, given where it was said to stand.

Offsets may come in other units than ours, a little off, or for a text that differs in white space
or in the shape of its quotes. What is found is always a range whose folded text is the quote's (or,
for a long quote with a slip in it, nearly so): nothing is ever guessed from offsets alone.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from .folding import Folded, fold

Span = tuple[int, int]

NEAR = 1_000
"""Code points within which a place is still the one that was meant."""
TELLING = 24
"""A quote of this many folded characters says enough to be found far from its stated place."""
ANCHOR = 20
FUZZY_MINIMUM = 60
FUZZY_MAXIMUM = 1_000
SIMILARITY = 0.92
LIMIT = 16
"""Occurrences looked at to either side of a place."""
STEP = 4_096
_WORD_GOES_ON = re.compile(r"[A-Za-z0-9]{2}")


@dataclass(frozen=True)
class SourceText:
    """A version's canonical text with its pages ``(number from 1, start, end)`` in order.

    Keep one per version while resolving: it builds its indexes once, when they are needed.
    """

    version: str
    title: str
    text: str
    pages: tuple[tuple[int, int, int], ...] = ()

    @cached_property
    def folded(self) -> Folded:
        return fold(self.text)

    @cached_property
    def casefolded(self) -> Folded:
        return self.folded.casefolded()

    @cached_property
    def _utf16(self) -> Callable[[int], int]:
        return _converter(self.text, lambda part: len(part.encode("utf-16-le", "replace")) // 2)

    @cached_property
    def _utf8(self) -> Callable[[int], int]:
        return _converter(self.text, lambda part: len(part.encode("utf-8", "replace")))

    def readings(self, start: int, end: int) -> list[Span]:
        """Stated offsets read as code points, as UTF-16 units and as UTF-8 bytes, clamped."""
        spans = [(start, end)]
        if not self.text.isascii():
            spans += [(unit(start), unit(end)) for unit in (self._utf16, self._utf8)]
        size = len(self.text)
        return list(dict.fromkeys((min(a, size), min(b, size)) for a, b in spans))


def _converter(text: str, width: Callable[[str], int]) -> Callable[[int], int]:
    """From offsets in other units (`width` of a text) to code points, by checkpoints."""
    totals = [0]
    for start in range(0, len(text), STEP):
        totals.append(totals[-1] + width(text[start : start + STEP]))

    def convert(offset: int) -> int:
        block = min(bisect_right(totals, offset), len(totals) - 1) - 1
        if block < 0 or offset >= totals[-1]:
            return len(text)
        low, high = block * STEP, min((block + 1) * STEP, len(text))
        start = low
        while high - low > 1:
            middle = (low + high) // 2
            if totals[block] + width(text[start:middle]) <= offset:
                low = middle
            else:
                high = middle
        return low

    return convert


def align(
    source: SourceText, quote: str, places: Sequence[Span], within: Span | None
) -> Span | None:
    """The range of `quote` in ``source.text``, or None if it cannot be told.

    `places` are readings of where it was said to be: the nearest occurrence to any of them wins.
    Without places it is looked for `within` the stated pages, then elsewhere, nearest first;
    without either, it must be there once only.
    """
    wanted = fold(quote)
    if not wanted.text:
        return None
    for start, end in places:
        # the offsets are right, the quote is written a little differently
        there = fold(source.text[start : min(end, start + 4 * len(quote) + NEAR)])
        if there.text == wanted.text:
            first, last = there.span(0, len(there.text))
            return start + first, start + last
    search = _Search(source, quote, tuple(start for start, _ in places), within)
    levels = (
        (source.folded, wanted.text),
        (source.casefolded, wanted.casefolded().text),
    )
    found = [search.occurrences(*level) for level in levels]
    return (
        search.nearest(found[0])
        or search.nearest(found[1])
        or search.elsewhere(found[0], len(wanted.text))
        or search.elsewhere(found[1], len(wanted.text))
        or search.nearly(*levels[1])
    )


@dataclass(frozen=True, slots=True)
class _Search:
    source: SourceText
    quote: str
    hints: tuple[int, ...]
    within: Span | None

    def nearest(self, found: set[Span]) -> Span | None:
        """The nearest to where the quote was said to be, if it is near."""
        return min(filter(self._is_near, found), key=self._distance, default=None)

    def elsewhere(self, found: set[Span], length: int) -> Span | None:
        """The only place, or the nearest for a quote long enough; None if there is no telling."""
        if length < TELLING:
            found = {span for span in found if self._same_words(span)}
        if len(found) == 1 or (length >= TELLING and self._starts()):
            return min(found, key=self._distance, default=None)
        return None

    def nearly(self, index: Folded, needle: str) -> Span | None:
        """A long quote with a slip in its middle, if there is one place for it only."""
        if not FUZZY_MINIMUM <= len(needle) <= FUZZY_MAXIMUM:
            return None
        slack = len(needle) // 10
        found: set[Span] = set()
        for near in map(index.position, self._starts() or (0,)):
            for first in index.occurrences(needle[:ANCHOR], near, LIMIT):
                low = first + len(needle) - ANCHOR - slack
                last = index.text.rfind(needle[-ANCHOR:], low, low + ANCHOR + 2 * slack) + ANCHOR
                if last >= ANCHOR and _similar(needle, index.text[first:last]):
                    found.add(index.span(first, last))
                if len(found) > 1:
                    return None
        return found.pop() if found else None

    def occurrences(self, index: Folded, needle: str) -> set[Span]:
        """True occurrences, the nearest to every place to start from among them."""
        found: set[Span] = set()
        for near in map(index.position, self._starts() or (0,)):
            for position in index.occurrences(needle, near, LIMIT):
                start, end = index.span(position, position + len(needle))
                again = fold(self.source.text[start:end])
                # a match may begin or end inside what one character (a ligature) folds to
                if needle in (again.text, again.casefolded().text):
                    found.add((start, end))
        return found

    def _starts(self) -> tuple[int, ...]:
        return self.hints or ((self.within[0],) if self.within else ())

    def _is_near(self, span: Span) -> bool:
        if self.hints:
            return self._distance(span)[0] <= NEAR
        return self.within is not None and self.within[0] <= span[0] and span[1] <= self.within[1]

    def _distance(self, span: Span) -> Span:
        """To the nearest start; the earlier of two that are equally far is the nearer."""
        return min((abs(span[0] - start) for start in self._starts()), default=0), span[0]

    def _same_words(self, span: Span) -> bool:
        """Whether a range is neither a part of a word nor words run together differently."""
        start, end = span
        text = self.source.text
        return (
            len(text[start:end].split()) == len(self.quote.split())
            and not _WORD_GOES_ON.match(text[max(0, start - 1) : start + 1])
            and not _WORD_GOES_ON.match(text[end - 1 : end + 1])
        )


def _similar(quote: str, other: str) -> bool:
    """Numbers must agree: two clauses may differ in nothing but an amount or a date."""
    if re.findall(r"\d+", quote) != re.findall(r"\d+", other):
        return False
    matcher = difflib.SequenceMatcher(None, quote, other, autojunk=False)
    return matcher.quick_ratio() >= SIMILARITY and matcher.ratio() >= SIMILARITY
