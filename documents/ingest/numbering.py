"""The numbers of a Word document's lists, as Word shows them.

A file says of a paragraph only that it stands in list 3 at the second level; "4.2 (b)" is counted
anew each time it is shown. Lists made from the same definition (``abstractNum``) count on from one
another, unless one says where it starts anew.
"""

import re
from dataclasses import dataclass, field, replace

from .numerals import written
from .opc import Element
from .word_styles import Styles, W, value, whole

_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
# Fonts of signs keep them where Unicode has nothing of its own.
_PRIVATE = re.compile("[\ue000-\uf8ff]")


@dataclass(frozen=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    suffix: str = "tab"
    restart: int | None = None
    legal: bool = False
    style: str = ""
    digits: int = 0


@dataclass
class _List:
    """A ``num``: its definition's name, its levels, and where it starts anew."""

    definition: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)


class Numbering:
    """Counts through a document: ask for each paragraph once, in order."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._lists = _lists(root, styles) if root is not None else {}
        self._counters: dict[str, list[int | None]] = {}

    def label(self, properties: Element | None, style: str) -> str:
        """The number or bullet of a paragraph with what follows it, "1.1 " say; "" without one.

        ``properties`` is its ``pPr``, ``style`` the id of its style.
        """
        listed, depth = self._place(properties, style)
        level = listed.levels.get(depth) if listed else None
        if listed is None or level is None:
            return ""
        counters = self._counters.setdefault(listed.definition, [None] * _LEVELS)
        _count(counters, listed, depth)
        text = level.text
        if level.format != "bullet":
            text = _PLACE.sub(lambda match: _shown(counters, listed, level, int(match[1])), text)
        text = text.strip()
        return text + ("" if level.suffix == "nothing" or not text else " ")

    def _place(self, properties: Element | None, style: str) -> tuple[_List | None, int]:
        numbered = None if properties is None else properties.find(W + "numPr")
        number = value(numbered, "numId")
        depth = whole(value(numbered, "ilvl"))
        if number is None:
            number, inherited = self._styles.numbered(style)
            listed = self._lists.get(number or "")
            if depth is None and listed:
                linked = (at for at, level in listed.levels.items() if level.style == style)
                depth = next(linked, inherited)
        return self._lists.get(number or ""), min(max(depth or 0, 0), _LEVELS - 1)


def _count(counters: list[int | None], listed: _List, depth: int) -> None:
    start = listed.levels[depth].start
    if depth not in listed.begun and depth in listed.starts:
        counters[depth] = None
    listed.begun.add(depth)
    before = counters[depth]
    counters[depth] = start if before is None else before + 1
    for deeper in range(depth + 1, _LEVELS):
        level = listed.levels.get(deeper)
        restart = level.restart if level and level.restart is not None else deeper
        if depth < restart:
            counters[deeper] = None


def _shown(counters: list[int | None], listed: _List, shown: _Level, place: int) -> str:
    """What stands for ``%place``: a level that nothing stood at yet shows where it starts."""
    level = listed.levels.get(place - 1, _Level())
    count = counters[place - 1]
    return written(
        level.start if count is None else count,
        "decimal" if shown.legal and level.format != "none" else level.format,
        level.digits,
    )


def _lists(root: Element, styles: Styles) -> dict[str, _List]:
    definitions = {
        element.get(W + "abstractNumId", ""): element
        for element in root.iterchildren(W + "abstractNum")
    }
    numbers = {element.get(W + "numId", ""): element for element in root.iterchildren(W + "num")}
    lists = {}
    for number, element in numbers.items():
        if number == "0":
            continue  # it says that there is no number
        name = value(element, "abstractNumId") or ""
        definition = definitions.get(name)
        linked = value(definition, "numStyleLink")
        if linked:
            # the levels are those of the list that a style of lists names
            at = numbers.get(styles.numbered(linked)[0] or "")
            name = value(at, "abstractNumId") or name
            definition = definitions.get(name, definition)
        if definition is not None:
            lists[number] = _with_overrides(element, _List(name, _levels(definition)))
    return lists


def _levels(parent: Element) -> dict[int, _Level]:
    levels = {}
    for element in parent.iterchildren(W + "lvl"):
        depth = whole(element.get(W + "ilvl"))
        if depth is not None and 0 <= depth < _LEVELS:
            levels[depth] = _level(element)
    return levels


def _level(element: Element) -> _Level:
    format, custom = "decimal", ""
    for found in element.iter(W + "numFmt"):  # may stand in an alternative
        format, custom = found.get(W + "val", "decimal"), found.get(W + "format", "")
        break
    return _Level(
        start=whole(value(element, "start")) or 0,
        format="decimal" if custom else format,
        text=_bullet(element) if format == "bullet" else value(element, "lvlText") or "",
        suffix=value(element, "suff") or "tab",
        restart=whole(value(element, "lvlRestart")),
        legal=Styles.on(element.find(W + "isLgl")) is True,
        style=value(element, "pStyle") or "",
        digits=len(custom.partition(",")[0]),
    )


def _bullet(element: Element) -> str:
    """What stands before an item without a number; fonts of signs all show some kind of dot."""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    font = "" if fonts is None else fonts.get(W + "ascii", "")
    text = value(element, "lvlText") or ""
    if font.startswith(("Symbol", "Wingdings")):
        return "•"
    return "◦" if text == "o" and font.startswith("Courier") else _PRIVATE.sub("•", text)


def _with_overrides(element: Element, listed: _List) -> _List:
    for override in element.iterchildren(W + "lvlOverride"):
        depth = whole(override.get(W + "ilvl"))
        if depth is None or not 0 <= depth < _LEVELS:
            continue
        for level in _levels(override).values():
            listed.levels[depth] = level
        start = whole(value(override, "startOverride"))
        if start is not None:
            listed.starts[depth] = start
            listed.levels[depth] = replace(listed.levels.get(depth, _Level()), start=start)
    return listed
