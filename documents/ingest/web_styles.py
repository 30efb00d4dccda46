"""What the styles of a web page say about its text: whether it is seen, where pages begin."""

import re
from collections.abc import Iterator, Mapping

from .web_colours import Colours, Said, mentions, said_in, within

_UNSEEN = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0+)?(?:;|\Z)"
    r"|font-size:[01]?(?:\.\d+)?(?:px|pt)?(?:;|!|\Z)|text-indent:-\d{3,}"
    r"|(?:left|top|right|margin-left|margin-top):-\d{4,}"
)
_BREAK = re.compile(r"break-(before|after):(?:always|page|left|right)")
_MARKER = re.compile(r"list-style(?:-type)?:[^;]*?([a-z]+(?:-[a-z]+)?)")
_BRACES = re.compile(r"[{}]")
_SIMPLE = re.compile(r"[a-z0-9]*[.#][\w-]+\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[a-z][a-z0-9]*\Z", re.IGNORECASE)
_DISPLAY = re.compile(r"(?:display|visibility):([a-z]+)")
_RULES_READ = 500_000
_OF_COLOURS = ("class", "id", "href", "bgcolor", "background", "color", "text")
_KNOWN = 1_000
_FOLLOWED = 20  # colours of one name
_MARKERS = {
    "lower-alpha": "lowerLetter",
    "lower-latin": "lowerLetter",
    "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
    "decimal": "decimal",
    "none": "none",
}
_TYPES = {
    "a": "lowerLetter",
    "A": "upperLetter",
    "i": "lowerRoman",
    "I": "upperRoman",
    "1": "decimal",
}


def style_of(attributes: Mapping[str, str]) -> str:
    """The style of an element itself, in small letters and without spaces."""
    return "".join(attributes.get("style", "").lower().split())


def breaks(style: str) -> set[str]:
    """Where pages begin: "before" and "after" the element."""
    return set(_BREAK.findall(style))


def marker(attributes: Mapping[str, str], style: str) -> str:
    """The format of a list's numbers, as `numerals` has them; "" when nothing is said."""
    found = _MARKER.search(style)
    said = _MARKERS.get(found[1], "") if found else ""
    return said or _TYPES.get(attributes.get("type", ""), "")


class Rules:
    """The rules of a page's own style sheets that hide something by its class or its name, or
    colour it by these or its tag.

    What needs more than that to be chosen, and what holds for some screens alone, is not followed.
    Where such a rule speaks of colours, they are not ``certain``.
    """

    def __init__(self) -> None:
        self.certain = True
        self._unseen: dict[str, bool] = {}
        self._coloured: dict[str, Said] = {}
        self._known: dict[tuple[object, ...], Colours] = {}
        self._left = _RULES_READ

    def read(self, sheet: str) -> None:
        """Take in a style sheet; a later rule counts more."""
        sheet = sheet[: self._left]
        self._left -= len(sheet)
        sheet = _without_comments(sheet)
        spoken = 0
        for selectors, body in _rules(sheet):
            said = "".join(body.lower().split())
            spoken += self._colour(selectors, said)
            if not _UNSEEN.search(said) and not _DISPLAY.search(said):
                continue
            for selector in selectors.split(","):
                if _SIMPLE.match(selector.strip()):
                    self._unseen[selector.strip()] = bool(_UNSEEN.search(said))

        if spoken < mentions(sheet.lower()) or "@import" in sheet or not self._left:
            self.certain = False

    def _colour(self, selectors: str, said: str) -> int:
        """Take in what a rule says of colours: how often it speaks of them, if it is followed."""
        self._known.clear()
        names = [each.strip() for each in selectors.split(",")]
        if not all(_SIMPLE.match(name) or _PLAIN.match(name) for name in names):
            return 0
        for name in names if (colours := said_in(said)) else ():
            self._coloured[name] = self._coloured.get(name, [])[-_FOLLOWED:] + colours
        return mentions(said)

    def colours(
        self, above: Colours, tag: str, attributes: Mapping[str, str], style: str
    ) -> Colours:
        """Those of an element in another."""
        asked = above, tag, style, *map(attributes.get, _OF_COLOURS)
        known = self._known.get(asked)
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[asked] = self._within(above, tag, attributes, style)
        return known

    def _within(
        self, above: Colours, tag: str, attributes: Mapping[str, str], style: str
    ) -> Colours:
        classes = attributes.get("class", "").split()[:50] if self._coloured else ()
        said: Said = []
        for name in (tag, *(f".{each}" for each in classes), f"#{attributes.get('id', '')}"):
            said += self._coloured.get(name, ())
            said += self._coloured.get(tag + name, ())
        return within(above, tag, attributes, said + said_in(style))

    def hide(self, tag: str, attributes: Mapping[str, str], style: str) -> bool:
        """Whether nobody sees the element."""
        if "hidden" in attributes or _UNSEEN.search(style):
            return True
        if not self._unseen:
            return False
        names = [f".{name}" for name in attributes.get("class", "").split()[:50]]
        names.append(f"#{attributes.get('id', '')}")
        said = (self._unseen.get(each) for name in names for each in (tag + name, name))
        return any(said) and not _DISPLAY.search(style)


def _without_comments(sheet: str) -> str:
    kept, begin = [], 0
    while (start := sheet.find("/*", begin)) >= 0:
        kept.append(sheet[begin:start])
        end = sheet.find("*/", start + 2)
        begin = end + 2 if end >= 0 else len(sheet)
    return "".join([*kept, sheet[begin:]])


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """The selectors and the body of each rule that is not within another, like those of
    ``@media``."""
    depth = begin = 0
    for match in _BRACES.finditer(sheet):
        depth = depth + 1 if match[0] == "{" else max(depth - 1, 0)
        if depth == 0:
            selectors, _, body = sheet[begin : match.start()].partition("{")
            begin = match.end()
            if "{" not in body and not selectors.lstrip().startswith("@"):
                yield selectors, body
