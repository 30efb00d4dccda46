"""What the styles of a web page say about its text: whether it is seen, where pages begin."""

import re
from collections.abc import Iterator, Mapping

_UNSEEN = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0+)?(?:;|\Z)"
    r"|font-size:[01]?(?:\.\d+)?(?:px|pt)?(?:;|!|\Z)|text-indent:-\d{3,}"
    r"|(?:left|top|right|margin-left|margin-top):-\d{4,}"
)
_BREAK = re.compile(r"break-(before|after):(?:always|page|left|right)")
_MARKER = re.compile(r"list-style(?:-type)?:[^;]*?([a-z]+(?:-[a-z]+)?)")
_BRACES = re.compile(r"[{}]")
_SIMPLE = re.compile(r"[a-z0-9]*[.#][\w-]+\Z", re.IGNORECASE)
_DISPLAY = re.compile(r"(?:display|visibility):([a-z]+)")
_RULES_READ = 500_000
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
    """The rules of a page's own style sheets that hide something by its class or its name.

    What needs more than that to be chosen, and what holds for some screens alone, is not followed.
    """

    def __init__(self) -> None:
        self._unseen: dict[str, bool] = {}
        self._left = _RULES_READ

    def read(self, sheet: str) -> None:
        """Take in a style sheet; a later rule counts more."""
        sheet = sheet[: self._left]
        self._left -= len(sheet)
        for selectors, body in _rules(_without_comments(sheet)):
            said = "".join(body.lower().split())
            if not _UNSEEN.search(said) and not _DISPLAY.search(said):
                continue
            for selector in selectors.split(","):
                if _SIMPLE.match(selector.strip()):
                    self._unseen[selector.strip()] = bool(_UNSEEN.search(said))

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
