"""Where a quote stands that was read from a page's picture.

The API extracts the text of a PDF's pages in its own way. What it quotes may differ from the
canonical text in ligatures, in the hyphen at a line's end, in blanks; and where a page has columns
or tables, in what stands between two words. What is found here has all the quote's characters, or
all of its words, in their order, on the stated pages.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import replace

from .alignment import SourceText, Span, align
from .folding import Folded, fold

WORDS = 6
"""A quote of fewer words says too little to be found with other words between them."""
LONG_WORDS = 3
"""Different words of at least four letters among them, or numbers."""
LOOSEST = 3
"""Times as many words as it has may a quote be spread over."""
_WORD = re.compile(r"[^\W_]+")


def align_seen(source: SourceText, quote: str, within: Span) -> Span | None:
    """The range of `quote` in the pages ``[start, end)`` of the text, or None."""
    start, end = within
    pages = replace(source, text=source.text[start:end], pages=())
    found = (
        align(pages, quote, [], (0, end - start))
        or _unhyphenated(pages.folded, quote)
        or _spread(pages.text, quote)
    )
    return (start + found[0], start + found[1]) if found else None


def _unhyphenated(page: Folded, quote: str) -> Span | None:
    """Without regard to hyphens: one may have been a word's own, or a line's end."""
    wanted = _bare(fold(quote).casefolded()).text
    there = _bare(page.casefolded())
    first = there.text.find(wanted) if wanted else -1
    if first < 0 or (len(wanted) < 24 and there.text.find(wanted, first + 1) >= 0):
        return None
    return there.span(first, first + len(wanted))


def _bare(folded: Folded) -> Folded:
    kept = [(char, at) for char, at in zip(folded.text, folded.at, strict=True) if char != "-"]
    return Folded("".join(char for char, _ in kept), array("I", [at for _, at in kept]))


def _spread(text: str, quote: str) -> Span | None:
    """The shortest stretch with all words of the quote in their order, if it is short enough."""
    wanted = [_key(word) for word in _WORD.findall(quote)]
    telling = {word for word in wanted if len(word) >= 4 or word.isdecimal()}
    if len(wanted) < WORDS or len(telling) < LONG_WORDS:
        return None
    words = [(_key(match[0]), match.span()) for match in _WORD.finditer(text)]
    best: tuple[int, int] | None = None
    at = 0
    while (last := _forward(words, wanted, at)) is not None:
        first = _backward(words, wanted, last)
        if best is None or last - first < best[1] - best[0]:
            best = (first, last)
        at = first + 1
    if best is None or best[1] - best[0] + 1 > LOOSEST * len(wanted):
        return None
    return words[best[0]][1][0], words[best[1]][1][1]


def _forward(words: list[tuple[str, Span]], wanted: list[str], at: int) -> int | None:
    """Where the last of the wanted words is met, looking for each after the one before."""
    missing = iter(wanted)
    word = next(missing)
    for place in range(at, len(words)):
        if words[place][0] == word:
            following = next(missing, None)
            if following is None:
                return place
            word = following
    return None


def _backward(words: list[tuple[str, Span]], wanted: list[str], last: int) -> int:
    """From there back to the latest place where the first of them can be."""
    left = len(wanted) - 1
    for place in range(last, -1, -1):
        if words[place][0] == wanted[left]:
            if left == 0:
                return place
            left -= 1
    raise AssertionError("it was there on the way forward")


def _key(word: str) -> str:
    return fold(word).text.casefold()
