"""From pdfium's characters to a page's canonical text and back.

pdfium numbers a page's characters by UTF-16 unit, counting surrogates singly and counting
characters it leaves out of its own text. The canonical text counts code points, has LF for CR LF,
and lacks what `canonical` drops. `page_text` gives the text together with the map between the two.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from .canonical import DROPPED

# pdfium takes a hyphen at a line's end together with the line break and gives U+0002 for both
# (U+FFFE in its joined text): the word goes on, so it is a hyphen and nothing follows it.
_HYPHENS = "\x02\ufffe"

# Where a page's units differ from its text. Surrogates come unjoined, one character a unit.
_IN_LINES = f"[\ud800-\udbff][\udc00-\udfff]|[{DROPPED}]"
_CHANGED = re.compile(f"\r\n|{_IN_LINES}")
_CHANGED_IN_LINES = re.compile(_IN_LINES)
# What most pages are made of once their lines end with LF: several times as fast to look for as
# what changes, whose class has many parts.
_STAYS = re.compile("[\t\n\x20-\x7e\xa0-\ud7ff]*")
_DROPPED = re.compile(f"[{DROPPED}]")


def units_text(units: Iterable[int]) -> str:
    """pdfium's units as a str of one character each; what is no code point becomes U+FFFF."""
    return "".join(chr(unit) if 0 <= unit <= 0x10FFFF else "\uffff" for unit in units)


def page_string(raw: str) -> str:
    """The canonical text of a page's units (as `units_text` gives them), without the map."""
    lines = raw.replace("\r\n", "\n")
    return lines if _STAYS.fullmatch(lines) else _CHANGED_IN_LINES.sub(_canonical, lines)


def page_text(units: Iterable[int]) -> tuple[str, "PageMap"]:
    """The canonical text of a page's units and the map between their positions.

    ``units`` are what FPDFText_GetUnicode gives for each of pdfium's character indexes.
    """
    raw = units_text(units)
    runs = _Runs()
    pieces: list[str] = []
    done = 0
    for match in _CHANGED.finditer(raw):
        start, end = match.span()
        pieces.append(raw[done:start])
        runs.add(done, start - done, 1)
        replacement = _canonical(match)
        if replacement:
            pieces.append(replacement)
            runs.add(start, 1, end - start)
        done = end
    pieces.append(raw[done:])
    runs.add(done, len(raw) - done, 1)
    return "".join(pieces), runs.map(len(raw))


def _canonical(match: re.Match[str]) -> str:
    """The one character, or none, that stands for a changed place."""
    found = match[0]
    if len(found) == 2 and found != "\r\n":
        joined = found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        return _DROPPED.sub("", joined)
    if found[0] == "\r":
        return "\n"
    return "-" if found in _HYPHENS else ""


@dataclass(frozen=True)
class PageMap:
    """Positions in a page's canonical text (code points) against pdfium's character indexes.

    Both run over the page alone, from 0. The page is a sequence of runs in which every character
    of text takes the same number of units (``steps``: 1, or 2 for a surrogate pair and for CR LF);
    units between two runs stand for no character of text.
    """

    text_starts: tuple[int, ...]
    unit_starts: tuple[int, ...]
    steps: tuple[int, ...]
    text_length: int
    unit_length: int

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """The units of ``text[start:end]``: from the first of its first character up to behind the
        last of its last. Units left out of the text count when they lie between.

        Raises ValueError unless ``0 <= start <= end <= text_length``.
        """
        _check(start, end, self.text_length)
        first = self._unit(start)
        if start == end:
            return first, first
        run = bisect_right(self.text_starts, end - 1) - 1
        return first, self._unit(end - 1) + self.steps[run]

    def to_text(self, unit_start: int, unit_end: int) -> tuple[int, int]:
        """The smallest range of text with every character that has a unit in the range.

        Raises ValueError unless ``0 <= unit_start <= unit_end <= unit_length``.
        """
        _check(unit_start, unit_end, self.unit_length)
        start = self._characters_ending_by(unit_start)
        if unit_start == unit_end:
            return start, start
        return start, max(start, self._characters_starting_before(unit_end))

    def _unit(self, position: int) -> int:
        if position == self.text_length:
            return self.unit_length
        run = bisect_right(self.text_starts, position) - 1
        return self.unit_starts[run] + (position - self.text_starts[run]) * self.steps[run]

    def _characters_ending_by(self, unit: int) -> int:
        run = bisect_right(self.unit_starts, unit) - 1
        if run < 0:
            return 0
        characters = (unit - self.unit_starts[run]) // self.steps[run]
        return min(self.text_starts[run] + characters, self._run_end(run))

    def _characters_starting_before(self, unit: int) -> int:
        run = bisect_left(self.unit_starts, unit) - 1
        if run < 0:
            return 0
        characters = -(-(unit - self.unit_starts[run]) // self.steps[run])
        return min(self.text_starts[run] + characters, self._run_end(run))

    def _run_end(self, run: int) -> int:
        following = run + 1
        return self.text_starts[following] if following < len(self.steps) else self.text_length


class _Runs:
    """Builds a `PageMap`, joining runs that go on."""

    def __init__(self) -> None:
        self._text_starts: list[int] = []
        self._unit_starts: list[int] = []
        self._steps: list[int] = []
        self._text_length = 0
        self._unit_end = 0

    def add(self, unit: int, characters: int, step: int) -> None:
        """``characters`` of text from ``unit`` on, each of ``step`` units."""
        if not characters:
            return
        if not self._steps or self._steps[-1] != step or self._unit_end != unit:
            self._text_starts.append(self._text_length)
            self._unit_starts.append(unit)
            self._steps.append(step)
        self._text_length += characters
        self._unit_end = unit + characters * step

    def map(self, unit_length: int) -> PageMap:
        return PageMap(
            tuple(self._text_starts),
            tuple(self._unit_starts),
            tuple(self._steps),
            self._text_length,
            unit_length,
        )


def _check(start: int, end: int, length: int) -> None:
    if not 0 <= start <= end <= length:
        raise ValueError(f"[{start}, {end}) is not within [0, {length})")
