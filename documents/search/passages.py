"""A text in passages: groups of whole sentences, each with the heading above it and its page.

Pure: ranges are half-open code points of the text that was given. Between two sentences stands
nothing but white space, so that the passages together hold every character that can be seen.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

LONGEST = 250  # characters of a passage, unless one sentence alone is longer
_CUT_OVER = 1_000  # a sentence longer than this is cut at its clauses

#: Half-open, in code points.
Range = tuple[int, int]

_CLOSERS = "\"'”’»)\\]】」』）"
_ENUMERATED = (
    r"(?:\(?(?:[a-zA-Z]|[ivxIVX]{1,6}|\d{1,3})\)|\d{1,3}(?:\.\d{1,3})+\.?|\d{1,3}\.|[§•▪·–—-])"
    r"[^\S\n]+\S"
)
_END = re.compile(
    rf"""
      [.!?؟।][{_CLOSERS}]*\s+(?=["'“‘«(\[„•§]*[\w§])   # a full stop, then what can begin a sentence
    | [。！？؛][{_CLOSERS}]*\s*                          # no space follows in Chinese and Japanese
    | [;:][^\S\n]*\n\s*                                    # an item of a list
    | \n[^\S\n]*\n\s*                                      # a blank line, a new page
    | \n[^\S\n]*(?={_ENUMERATED})                          # a numbered clause
    | \n[^\S\n]*(?=(?:article|section|schedule|exhibit|annex|appendix)[ ]+[\dA-Z]+\b)
    | (?<=\n)(?=\#{{1,6}}[ ])                            # a heading in Markdown
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What may stand before a full stop without ending a sentence.
_SHORT = frozenset(
    """
    inc corp ltd co llc llp plc bv nv ag sa na gmbh mr mrs ms dr prof hon jr sr st esq rev gen
    vs v cf al approx dept est fig ed eds vol pp p para paras cl sched exh attn tel ext
    sec secs sect art arts jan feb mar apr jun jul aug sep sept oct nov dec
    abs nr ziff bzw ggf usw vgl inkl etc bspw zzgl abschn lit
    mm mme mlle n° núm sr sra ud cía
    """.split()  # noqa: SIM905 -- a list of quoted words is not easier to read
)
_NUMBERING = frozenset(("no", "nos", "nr", "num", "art", "sec"))
_BEFORE = re.compile(r"([^\s(\[“\"'„«]+)\.$")
_JOINING = "and|or|provided|und|oder|et|ou"
_WEAK = re.compile(rf"[;:]\s+|,\s+|\s+(?=\(\w{{1,4}}\)\s)|\s+(?=(?:{_JOINING})\s)|\s+")


@dataclass(frozen=True)
class Passage:
    """Sentences that are found and cited together. ``heading`` is the range of the line above.

    ``page`` and ``page_end`` are 1-based; they differ when a sentence goes over a page's end.
    """

    start: int
    end: int
    sentences: tuple[Range, ...]
    heading: Range | None
    page: int
    page_end: int


@dataclass(frozen=True)
class PageSpan:
    """Where a page lies in the text."""

    number: int
    start: int
    end: int


def passages(text: str, pages: Sequence[PageSpan]) -> Iterator[Passage]:
    """The passages of a text in order. None for a text of white space."""
    starts = [page.start for page in pages]

    def page_of(at: int) -> int:
        return pages[max(0, bisect_right(starts, at) - 1)].number if pages else 1

    heading: Range | None = None
    group: list[Range] = []

    def made() -> Passage:
        start, end = group[0][0], group[-1][1]
        return Passage(start, end, tuple(group), heading, page_of(start), page_of(end - 1))

    for sentence in sentences(text):
        begins = is_heading(text, *sentence)
        if group and (begins or not _together(group, sentence, page_of)):
            yield made()
            group = []
        if begins:
            heading = sentence
        group.append(sentence)
    if group:
        yield made()


def _together(group: Sequence[Range], sentence: Range, page_of: Callable[[int], int]) -> bool:
    """Whether a sentence still belongs to the group: short enough, and on the page it ends on."""
    if sentence[1] - group[0][0] > LONGEST:
        return False
    return page_of(group[0][0]) == page_of(sentence[0]) == page_of(sentence[1] - 1)


def sentences(text: str) -> Iterator[Range]:
    """Ranges of the sentences of a text, without white space round them; long ones are cut."""
    begin = 0
    for end in [*_ends(text), len(text)]:
        found = _trimmed(text, begin, end)
        if found is not None:
            yield from _cut(text, *found)
        begin = end


def _ends(text: str) -> Iterator[int]:
    last = 0
    for match in _END.finditer(text):
        if match.end() <= last or _goes_on(text, match, last):
            continue
        last = match.end()
        yield last


def _goes_on(text: str, match: re.Match[str], begin: int) -> bool:
    """Whether what looks like an end is none: an abbreviation, a number, a page turned mid-way."""
    at, follows = match.start(), text[match.end() : match.end() + 1]
    mark = text[at]
    if mark == "\n" and "\n" in match[0][1:]:
        before = text[max(begin, at - 1) : at]
        return follows.islower() and (before.isalnum() or before in ",-–")
    if mark not in ".!?":
        return False
    if follows.islower():
        return True
    return mark == "." and match[0][1:].isspace() and _is_abbreviation(text, at, begin, follows)


def _is_abbreviation(text: str, at: int, begin: int, follows: str) -> bool:
    found = _BEFORE.search(text, max(begin, at - 16), at + 1)
    if found is None:
        return False
    word = found[1]
    if word.lower() in _NUMBERING:
        return follows.isdigit()
    if len(word) == 1 or word.lower() in _SHORT:
        return True
    if "." in word and not any(c.isdigit() for c in word):  # U.S., e.g., z.B.
        return len(word) <= 7
    # the number of a clause at its beginning
    number = word.replace(".", "")
    return number.isdigit() and len(number) < 4 and not text[begin : found.start(1)].strip()


def _trimmed(text: str, begin: int, end: int) -> Range | None:
    piece = text[begin:end]
    stripped = piece.strip()
    if not stripped:
        return None
    start = begin + len(piece) - len(piece.lstrip())
    return start, start + len(stripped)


def _cut(text: str, start: int, end: int) -> Iterator[Range]:
    """A sentence as it is, or cut at the last clause, comma or space before it grows too long."""
    while end - start > _CUT_OVER:
        places = list(_WEAK.finditer(text, start + LONGEST // 2, start + LONGEST))
        if not places:
            at, after = start + LONGEST, start + LONGEST
        else:
            best = max(places, key=_strength)
            at, after = best.start() + len(best[0].rstrip()), best.end()
        yield start, at
        start = after
    if start < end:
        yield start, end


def _strength(place: re.Match[str]) -> tuple[int, int]:
    mark = place[0][0]
    return (3 if mark in ";:" else 2 if mark == "," else 1), place.start()


_NUMBER = r"(?:\d{1,3}(?:\.\d{1,3})*[.)]?|[IVXLC]{1,6}[.)]|\(?[A-Za-z][.)])"
_NAMED = re.compile(
    r"(?:ARTICLE|SECTION|SCHEDULE|EXHIBIT|ANNEX|APPENDIX|PART|Article|Section|Schedule|Exhibit"
    r"|Annex|Appendix)\s+[\dA-Z]|#{1,6} |§ ?\d"
)
_SMALL = frozenset(("with", "from", "upon", "into", "over", "between", "under", "through", "than"))
_NUMBERED = re.compile(rf"{_NUMBER}\s+(\S[^\n]*)$")


def is_heading(text: str, start: int, end: int) -> bool:
    """Whether a sentence reads like the heading of a section: short, and named, numbered or in
    capitals."""
    line = text[start:end].rstrip(".: ")
    if not 3 <= len(line) <= 90 or line.count("\n") > 1 or line[-1] in ",;":
        return False
    if _NAMED.match(line):
        return True
    numbered = _NUMBERED.match(line)
    title = numbered[1] if numbered else line
    words = title.split()
    if title.isupper() and sum(c.isalpha() for c in title) >= 4:
        return len(words) <= 10
    if not numbered or len(words) > 9:
        return False
    large = [word for word in words if len(word) > 3 and word not in _SMALL]
    return bool(large) and all(word[0].isupper() for word in large)
