"""In which colours the text of a web page stands, and on which, as far as that is certain."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from PIL import ImageColor

from .contrast import WHITE, faint

#: What a style says that has to do with colours: pairs of a property and its value.
Said = list[tuple[str, str]]

_CLEAR = "clear"
_LINK, _MARKED = "0000EE", "FFFF00"
_CONTROLS = ("button", "input", "select", "textarea")
_COLOURING = re.compile(r"color|background")
# The others move an element over others, or make letters seen without their ink.
_SAID = re.compile(
    r"(?:\A|;)(color|background(?:-color|-image)?|position|transform|margin-top|margin-left"
    r"|text-shadow|filter|mix-blend-mode|(?:-webkit-)?background-clip|-webkit-text-\w+(?:-\w+)?)"
    r":([^;!]*)"
)
_NOTHING = ("none", "transparent", "initial", "unset", "revert")
_LONGEST = 60  # characters of a colour


class Colours(NamedTuple):
    """Each RRGGBB, or None where nobody knows."""

    ink: str | None = "000000"
    paper: str | None = WHITE

    @property
    def hide(self) -> bool:
        """Whether nobody sees the text."""
        return self.ink == _CLEAR or faint(self.ink, self.paper)


def said_in(style: str) -> Said:
    """``style`` is in small letters and without spaces."""
    return [(name, value[:_LONGEST]) for name, value in _SAID.findall(style)]


def mentions(style: str) -> int:
    """How often a style speaks of colours."""
    return len(_COLOURING.findall(style))


def within(
    above: Colours, tag: str, attributes: Mapping[str, str], said: Iterable[tuple[str, str]]
) -> Colours:
    """The colours of an element in another; ``said`` is what all styles say of it, the last counts
    most."""
    ink, paper = above
    if tag == "a" and "href" in attributes:
        ink = _LINK
    elif tag in _CONTROLS:
        ink = paper = None
    elif tag == "mark":
        paper = _MARKED
    for name, value in [*_attributes(tag, attributes), *said]:
        if name == "color":
            ink = above.ink if value in ("inherit", "currentcolor") else _shade(value)
        elif name == "background-image" and value in _NOTHING:
            continue
        elif name in ("background", "background-color", "background-image"):
            own = _shade(value)
            paper = above.paper if value in _NOTHING or own == _CLEAR else own
        elif name in ("text-shadow", "background-clip") or name.startswith("-webkit"):
            ink = None
        elif value.startswith("-") or not (
            name.startswith("margin") or value in ("static", "none")
        ):
            paper = None
    return Colours(ink, paper)


def _attributes(tag: str, attributes: Mapping[str, str]) -> Said:
    said = []
    for name, meant in (("bgcolor", "background"), ("background", "background-image")):
        if name in attributes:
            said.append((meant, attributes[name].strip().lower()[:_LONGEST]))
    name = {"font": "color", "body": "text"}.get(tag, "")
    if name in attributes:
        said.append(("color", attributes[name].strip().lower()[:_LONGEST]))
    return said


def _shade(value: str) -> str | None:
    if value == "transparent":
        return _CLEAR
    try:
        red, green, blue, *alpha = ImageColor.getrgb(value)
    except ValueError:
        return None
    if alpha and alpha[0] < 255:
        return None if alpha[0] else _CLEAR
    return f"{red:02X}{green:02X}{blue:02X}"
