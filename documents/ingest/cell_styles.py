"""What the styles of an XLSX file say about its cells: how numbers are written, in which ink."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from openpyxl.styles.colors import COLOR_INDEX
from openpyxl.styles.numbers import BUILTIN_FORMATS

from .contrast import WHITE, faint, tiny

_GENERAL = "General"
# A theme lists its colours in another order than styles count them.
_ORDER = (1, 0, 3, 2)
_Element = Any  # lxml has no types


class Ink(NamedTuple):
    """Of letters: their colour and their size in points, None where nobody knows."""

    colour: str | None = None
    points: float | None = None


class CellStyle(NamedTuple):
    """``format`` is that of numbers, ``paper`` the colour behind."""

    format: str = _GENERAL
    ink: Ink = Ink()
    paper: str | None = None

    def conceals(self, inks: Sequence[Ink]) -> bool:
        """Whether nobody sees what is written in these, or in its own ink where there are none."""
        used = [Ink(ink.colour or self.ink.colour, ink.points or self.ink.points) for ink in inks]
        return all(tiny(ink.points) or faint(ink.colour, self.paper) for ink in used or [self.ink])


class CellStyles:
    """Takes the elements of a styles part in their order; ``theme`` are the theme's own colours."""

    TAGS = ("numFmt", "font", "fill", "cellXfs", "indexedColors")

    def __init__(self, theme: Sequence[str | None]) -> None:
        self._theme = theme
        self._codes: dict[int, str] = dict(BUILTIN_FORMATS)
        self._inks: list[Ink] = []
        self._papers: list[str | None] = []
        self._palette = [str(colour[-6:]) for colour in COLOR_INDEX]
        self._styles: list[CellStyle] = []

    def take(self, tag: str, element: _Element) -> None:
        if tag == "cellXfs":
            self._styles = [self._style(style) for style in element]
        elif tag == "indexedColors":
            self._palette = [each.get("rgb", "")[-6:].upper() for each in element]
        elif self._styles:
            pass  # what is changed under a condition comes after the styles
        elif tag == "numFmt":
            code = element.get("formatCode", "")[:500]
            self._codes[whole(element.get("numFmtId"), -1)] = code
        elif tag == "font":
            self._inks.append(self._ink(element))
        else:
            self._papers.append(self._paper(element))

    def of(self, number: int) -> CellStyle:
        """A style by its number; when all of the part was taken."""
        return self._styles[number] if number < len(self._styles) else CellStyle()

    def end(self) -> None:
        """The palette comes last: only now is known what colours are counted by it."""
        self._styles = [
            CellStyle(format, Ink(self._shade(ink.colour), ink.points), self._shade(paper))
            for format, ink, paper in self._styles
        ]

    def ink(self, properties: Iterable[_Element]) -> Ink:
        """Of a stretch of letters within a cell."""
        ink = self._ink(properties)
        return Ink(self._shade(ink.colour), ink.points)

    def _ink(self, properties: Iterable[_Element]) -> Ink:
        try:
            points = float(_attribute(properties, "sz", "val"))
        except ValueError:
            return Ink(self._first_colour(properties))
        return Ink(self._first_colour(properties), points)

    def _first_colour(self, properties: Iterable[_Element]) -> str | None:
        colours = (self._colour(each) for each in properties if tag_of(each) == "color")
        return next(colours, None)

    def _shade(self, colour: str | None) -> str | None:
        if not colour or not colour.startswith("#"):
            return colour
        number = int(colour[1:])
        # beyond are those of the system
        return self._palette[number] if 0 <= number < min(len(self._palette), 64) else None

    def _style(self, style: _Element) -> CellStyle:
        return CellStyle(
            self._codes.get(whole(style.get("numFmtId"), 0), _GENERAL),
            _at(self._inks, style.get("fontId"), Ink()),
            _at(self._papers, style.get("fillId"), None),
        )

    def _paper(self, fill: _Element) -> str | None:
        for pattern in fill:
            if tag_of(pattern) != "patternFill":
                return None
            kind = pattern.get("patternType", "none")
            if kind == "none":
                return WHITE
            colours = [each for each in pattern if tag_of(each) == "fgColor"]
            return self._colour(colours[0]) if kind == "solid" and colours else None
        return WHITE

    def _colour(self, element: _Element) -> str | None:
        if (rgb := element.get("rgb", "")) and len(rgb) in (6, 8):
            return str(rgb[-6:].upper())
        if "indexed" in element.attrib:
            return f"#{whole(element.get('indexed'), -1)}"
        number = whole(element.get("theme"), -1)
        base = self._theme[number] if 0 <= number < len(self._theme) else None
        tint = element.get("tint", "0").strip("-0.")
        return base if base is None or not tint else f"{base} {element.get('tint')}"


def theme_colours(scheme: _Element) -> list[str | None]:
    """Of a theme's ``clrScheme``, in the order in which styles count them."""
    colours: list[str | None] = []
    for entry in scheme:
        said = next(iter(entry), None)
        colour = "" if said is None else said.get("lastClr") or said.get("val", "")
        colours.append(colour.upper() if len(colour) == 6 else None)
    return [colours[at] for at in _ORDER] + colours[4:] if len(colours) > 4 else []


def _at(values: Sequence[Any], number: str | None, otherwise: Any) -> Any:
    at = whole(number, 0)
    return values[at] if at < len(values) else otherwise


def _attribute(parent: Iterable[_Element], tag: str, name: str) -> str:
    return next((each.get(name, "") for each in parent if tag_of(each) == tag), "")


def tag_of(element: _Element) -> str:
    """Without its namespace, which is another one in strict files; "" for what is no element."""
    tag: Any = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise
