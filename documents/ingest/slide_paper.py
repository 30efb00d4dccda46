"""Whether what is written on a slide can be told from what it stands on.

A slide's own colour counts only where nothing else lies behind a text: a doubt is no.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .contrast import faint, tiny
from .opc import Element

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"

_FILLS = {A + kind + "Fill" for kind in ("solid", "no", "grad", "blip", "patt", "grp")}
_NO_SHAPES = {P + "nvGrpSpPr", P + "grpSpPr", P + "extLst"}
_FIRST = "1001"  # of a theme's backgrounds
_POINT = 100  # sizes are counted in hundredths
_NAMED = {"white": "FFFFFF", "black": "000000"}


class Box(NamedTuple):
    """Where a shape stands, in the units of the slide."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass
class Paper:
    """``names`` are the theme's colours as shapes call them, ``background`` is the slide's own
    colour or None, ``filled`` are types of placeholders that its layout fills. ``behind`` grows
    with what is drawn: None for what stands nobody knows where."""

    names: Mapping[str, str] = field(default_factory=dict)
    background: str | None = None
    filled: frozenset[str] = frozenset()
    behind: list[Box | None] = field(default_factory=list)

    def of(self, shape: Element, kind: str, box: Box | None) -> str | None:
        """The colour behind the text of a shape, a placeholder of a ``kind`` or "" for none."""
        fill = fill_of(shape)
        if fill is not None and fill.tag != A + "noFill":
            return self.colour(fill)
        if self._may_be_filled(shape, kind) or box is None:
            return None
        alone = all(other is not None and not _meet(box, other) for other in self.behind)
        return self.background if alone else None

    def draw(self, shape: Element, kind: str, box: Box | None) -> None:
        """Take note of a shape: what follows may stand on it."""
        if shape.tag in _NO_SHAPES:
            return
        if shape.tag != P + "sp" or self._may_be_filled(shape, kind):
            self.behind.append(box)

    def colour(self, fill: Element | None) -> str | None:
        """Of a plain fill; None of any other, and of a colour that is changed."""
        return None if fill is None or fill.tag != A + "solidFill" else self.colour_in(fill)

    def colour_in(self, parent: Element) -> str | None:
        """The colour that stands in an element."""
        said = next(iter(parent), None)
        if said is None or len(said):
            return None
        name = said.get("val", "")
        match said.tag.rpartition("}")[2]:
            case "srgbClr":
                return str(name)
            case "sysClr":
                return str(said.get("lastClr", "")) or None
            case "prstClr":
                return _NAMED.get(name)
            case "schemeClr":
                return self.names.get(name)
        return None

    def hides(self, properties: Element | None, under: str | None) -> bool:
        """Whether nobody sees a run with these properties on a colour."""
        if properties is None:
            return False
        size = properties.get("sz", "")
        if size.isascii() and size.isdigit() and tiny(int(size[:9]) / _POINT):
            return True
        if properties.find(A + "hlinkClick") is not None:
            return False  # a link has the theme's colour
        if properties.find(A + "noFill") is not None and properties.find(A + "ln") is None:
            return True
        return faint(self.colour(properties.find(A + "solidFill")), under)

    def _may_be_filled(self, shape: Element, kind: str) -> bool:
        fill = fill_of(shape)
        if fill is not None:
            return bool(fill.tag != A + "noFill")
        styled = shape.find(f"{P}style/{A}fillRef")
        return kind in self.filled or (styled is not None and styled.get("idx", "0") != "0")


def fill_of(shape: Element) -> Element | None:
    """What a shape says of its own fill."""
    properties = shape.find(P + "spPr")
    found = () if properties is None else (each for each in properties if each.tag in _FILLS)
    return next(iter(found), None)


def names_of(roots: Sequence[Element], theme: Element | None) -> dict[str, str]:
    """A theme's colours by the names that a master gives them, the last of the ``roots``; none
    where the layout or the slide gives them other ones."""
    scheme = None if theme is None else theme.find(f".//{A}clrScheme")
    mapped = roots[-1].find(P + "clrMap")
    if scheme is None or mapped is None:
        return {}
    if any(root.find(f"{P}clrMapOvr/{A}overrideClrMapping") is not None for root in roots):
        return {}
    own = dict(_own(scheme))
    named = {name: own[of] for name, of in mapped.items() if of in own}
    return own | named


def _own(scheme: Element) -> Iterator[tuple[str, str]]:
    for entry in scheme.iterchildren(f"{A}*"):
        said = next(iter(entry), None)
        colour = "" if said is None else said.get("lastClr") or said.get("val", "")
        yield entry.tag.rpartition("}")[2], colour


def background_of(roots: Sequence[Element], theme: Element | None, paper: Paper) -> str | None:
    """The colour of a slide; ``roots`` are its own, its layout's and its master's, and the first
    that says something counts."""
    said = (root.find(f"{P}cSld/{P}bg") for root in roots)
    background = next((each for each in said if each is not None), None)
    if background is None:
        return None
    reference = background.find(P + "bgRef")
    if reference is None:
        return paper.colour(background.find(f"{P}bgPr/{A}solidFill"))
    first = None if theme is None else theme.find(f".//{A}bgFillStyleLst/*")
    if reference.get("idx") != _FIRST or first is None or first.tag != A + "solidFill":
        return None
    # it has the colour that the reference says, and may change it
    plain = first.find(A + "schemeClr")
    return None if plain is None or len(plain) else paper.colour_in(reference)


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and one.right > other.left
        and one.top < other.bottom
        and one.bottom > other.top
    )
