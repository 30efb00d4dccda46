"""Two texts side by side, sentence by sentence, with the words that changed marked.

Sentences are compared without their white space, so that lines which break elsewhere are no
change. Pure: what is compared are strings, ranges are half-open code points of each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from documents.search.passages import Range, sentences

_WORD = re.compile(r"\w+|[^\w\s]|\s+")
# pairs of equal sentences, and of equal words, looked at in one step: a text that repeats itself
# would take time by the cube of its length
_PAIRS, _WORD_PAIRS = 500_000, 20_000
_SIMILAR = 0.35  # of two sentences in the same place: less, and one went and another came
_NEAR = 4  # sentences ahead among which the partner of a changed one is looked for
_ALL_PAIRS = 30_000_000  # of words in all, some seconds of work
_SHOWN = 2  # unchanged sentences shown beside a change


@dataclass(frozen=True)
class Side:
    """A sentence on one side: its range, and its text in parts, each marked or not."""

    start: int
    end: int
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Row:
    """What stands beside each other; one side is None where the other has something new.

    ``same`` rows may stand for ``skipped`` sentences that are alike, with no sides at all.
    """

    old: Side | None
    new: Side | None
    same: bool = False
    skipped: int = 0


def compare(old: str, new: str) -> list[Row]:
    """The rows of a comparison in reading order; unchanged sentences far from any change are
    skipped, and counted."""
    return list(_folded(_rows(old, new)))


def _rows(old: str, new: str) -> Iterator[Row]:
    work = _Work()
    before, after = list(sentences(old)), list(sentences(new))
    ours, theirs = [_key(old, one) for one in before], [_key(new, one) for one in after]
    matcher = _matcher(ours, theirs, _PAIRS)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            for first, second in zip(before[a:b], after[c:d], strict=True):
                yield Row(_plain(old, first), _plain(new, second), same=True)
        else:
            yield from _changed(old, new, before[a:b], after[c:d], work)


def _matcher(ours: Sequence[str], theirs: Sequence[str], pairs: int) -> SequenceMatcher[str]:
    """What stands there too often says nothing of where one is: it is not begun with."""
    most = pairs // max(len(ours), 1)
    often = {key for key, count in Counter(theirs).items() if count > most}
    return SequenceMatcher(often.__contains__, ours, theirs, autojunk=False)


def _key(text: str, sentence: Range) -> str:
    return "".join(text[slice(*sentence)].split())


class _Work:
    """How many pairs of words may still be compared: then a changed sentence is marked whole."""

    def __init__(self) -> None:
        self._left = _ALL_PAIRS

    def allows(self, one: Sequence[str], other: Sequence[str]) -> bool:
        self._left -= len(one) * len(other)
        return self._left > 0


def _changed(
    old: str, new: str, before: Sequence[Range], after: Sequence[Range], work: _Work
) -> Iterator[Row]:
    """Sentences of a changed stretch, those that resemble each other side by side."""
    at = 0
    for sentence in before:
        near = range(at, min(at + _NEAR, len(after)))
        partner = next((i for i in near if _resemble(old, sentence, new, after[i], work)), None)
        if partner is None:
            yield Row(_whole(old, sentence), None)
            continue
        for added in after[at:partner]:
            yield Row(None, _whole(new, added))
        yield Row(*_words(old, sentence, new, after[partner]))
        at = partner + 1
    for added in after[at:]:
        yield Row(None, _whole(new, added))


def _resemble(old: str, one: Range, new: str, other: Range, work: _Work) -> bool:
    first, second = old[slice(*one)].split(), new[slice(*other)].split()
    if not work.allows(first, second):
        return False
    matcher = _matcher(first, second, _WORD_PAIRS)
    return matcher.real_quick_ratio() > _SIMILAR and matcher.ratio() > _SIMILAR


def _words(old: str, one: Range, new: str, other: Range) -> tuple[Side, Side]:
    first, second = _WORD.findall(old[slice(*one)]), _WORD.findall(new[slice(*other)])
    keys = [[word if word.strip() else " " for word in words] for words in (first, second)]
    before: list[tuple[str, bool]] = []
    after: list[tuple[str, bool]] = []
    for tag, a, b, c, d in _matcher(keys[0], keys[1], _WORD_PAIRS).get_opcodes():
        for parts, words in ((before, first[a:b]), (after, second[c:d])):
            if words:
                parts.append(("".join(words), tag != "equal"))
    return Side(*one, tuple(before)), Side(*other, tuple(after))


def _plain(text: str, sentence: Range) -> Side:
    return Side(*sentence, ((text[slice(*sentence)], False),))


def _whole(text: str, sentence: Range) -> Side:
    return Side(*sentence, ((text[slice(*sentence)], True),))


def _folded(rows: Iterator[Row]) -> Iterator[Row]:
    """Long stretches of unchanged sentences become one row that counts them."""
    same: list[Row] = []
    first = True
    for row in rows:
        if row.same:
            same.append(row)
            continue
        yield from _shortened(same, 0 if first else _SHOWN, _SHOWN)
        yield row
        same, first = [], False
    yield from _shortened(same, 0 if first else _SHOWN, 0)


def _shortened(same: list[Row], head: int, tail: int) -> Iterator[Row]:
    hidden = len(same) - head - tail
    if hidden <= 1:
        yield from same
        return
    yield from same[:head]
    yield Row(None, None, same=True, skipped=hidden)
    yield from same[len(same) - tail :]
