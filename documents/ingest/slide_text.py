"""The text of a slide: of its shapes in reading order, its tables, charts and diagrams."""

from collections import Counter
from collections.abc import Callable, Iterator

from .numerals import written
from .opc import ALTERNATIVES, REFERENCE, Element, Relation, chosen
from .running import address
from .slide_paper import A, Box, P, Paper

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_D = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"

_TITLES = ("title", "ctrTitle")
# They tell of the slide, or of the day, and are no text of it.
_LEFT_OUT = ("sldNum", "dt")
_ROW = 25  # shapes whose tops are within a part of the slide's height stand side by side
_POINTS = 2000
_FORMATS = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "arabic": "decimal",
    "circleNum": "decimalEnclosedCircle",
}


class Shapes:
    """Reads the shapes of one slide.

    ``places`` are those of its layout's placeholders, by type and index; ``part`` gives the root
    of another part; ``paper`` is what its texts stand on. Afterwards ``hidden`` are texts that
    nobody sees, ``struck`` words that are struck through, ``left`` how many things were not read.
    """

    def __init__(
        self,
        size: tuple[int, int],
        places: dict[tuple[str, str], Box],
        relations: list[Relation],
        part: Callable[[str], Element | None],
        paper: Paper | None = None,
    ) -> None:
        self.hidden: list[str] = []
        self.struck: list[str] = []
        self.left: Counter[str] = Counter()
        self._width, self._height = size
        self._places = places
        self._relations = {relation.id: relation for relation in relations}
        self._part = part
        self._paper = paper or Paper()
        self._under: str | None = None

    def read(self, tree: Element) -> list[str]:
        """The blocks of text: the title, then from the top left to the bottom right."""
        placed = []
        for shape in _shapes(tree):
            kind, _ = placeholder(shape)
            if kind in _LEFT_OUT:
                continue
            box = box_of(shape) or self._places.get(placeholder(shape))
            self._under = self._paper.of(shape, kind, box)
            self._paper.draw(shape, kind, box)
            text = "\n".join(self._shape(shape))
            if _unseen(shape) or (box and self._outside(box)):
                self.hidden += [text] if text.strip() else []
            elif text.strip():
                placed.append((kind in _TITLES, box, text))
        return [text for _, _, text in self._in_order(placed)]

    def _in_order(
        self, placed: list[tuple[bool, Box | None, str]]
    ) -> list[tuple[bool, Box | None, str]]:
        near = max(self._height // _ROW, 1)
        nowhere = Box(0, self._height, 0, 0)
        placed.sort(key=lambda shape: (not shape[0], (shape[1] or nowhere).top))
        rows: list[list[tuple[bool, Box | None, str]]] = []
        top = 0
        for shape in placed:
            at = (shape[1] or nowhere).top
            if not rows or shape[0] or rows[-1][0][0] or at - top > near:
                rows.append([])
                top = at
            rows[-1].append(shape)
        for row in rows:
            row.sort(key=lambda shape: (shape[1] or nowhere).left)
        return [shape for row in rows for shape in row]

    def _outside(self, box: Box) -> bool:
        """Whether it stands beside the slide, where nobody sees it."""
        return self._width > 0 and (
            box.right <= 0 or box.bottom <= 0 or box.left >= self._width or box.top >= self._height
        )

    def _shape(self, shape: Element) -> Iterator[str]:
        tag = shape.tag
        if tag == P + "sp":
            yield self.paragraphs(shape.find(P + "txBody"))
        elif tag == P + "grpSp":
            # where it stands on the slide is not reckoned: only its own fills are known
            paper = Paper(self._paper.names)
            relations = [*self._relations.values()]
            inner = Shapes((0, self._height), {}, relations, self._part, paper)
            yield from inner.read(shape)
            self.hidden += inner.hidden
            self.struck += inner.struck
            self.left += inner.left
        elif tag == P + "graphicFrame":
            yield from self._frame(shape)
        elif tag == P + "pic":
            self.left["pictures"] += 1

    def _frame(self, frame: Element) -> Iterator[str]:
        data = frame.find(f"{A}graphic/{A}graphicData")
        for element in () if data is None else data:
            if element.tag == A + "tbl":
                yield "\n".join(self._row(row) for row in element.iterchildren(A + "tr"))
            elif element.tag == _C + "chart":
                yield from _chart(self._related(element.get(REFERENCE)))
            elif element.tag == _D + "relIds":
                yield from self._diagram(self._related(element.get(_DATA)))
            else:
                self.left["embedded"] += 1

    def _related(self, name: str | None) -> Element | None:
        relation = self._relations.get(name or "")
        return None if relation is None or relation.external else self._part(relation.target)

    def _row(self, row: Element) -> str:
        cells = []
        for cell in row.iterchildren(A + "tc"):
            if cell.get("hMerge") not in ("1", "true"):
                self._under = self._paper.colour(cell.find(f"{A}tcPr/{A}solidFill"))
                merged = cell.get("vMerge") in ("1", "true")
                text = "" if merged else self.paragraphs(cell.find(A + "txBody"))
                cells.append(" ".join(text.split("\n")))
        return " | ".join(cells).rstrip(" |")

    def _diagram(self, root: Element | None) -> Iterator[str]:
        points = () if root is None else root.iter(_D + "t")
        for point in points:
            text = self.paragraphs(point)
            if text:
                yield text

    def paragraphs(self, body: Element | None) -> str:
        """The text of a body, a line for each paragraph, with the numbers of lists."""
        lines = []
        counts: dict[int, tuple[str, int]] = {}
        for paragraph in () if body is None else body.iterchildren(A + "p"):
            text = "".join(self._runs(paragraph)).strip()
            properties = paragraph.find(A + "pPr")
            depth = _level(properties)
            for deeper in [each for each in counts if each > depth]:
                del counts[deeper]
            if text:
                lines.append("  " * depth + _mark(properties, depth, counts) + text)
        return "\n".join(lines)

    def _runs(self, paragraph: Element) -> Iterator[str]:
        for element in paragraph:
            tag = element.tag
            if tag == A + "br":
                yield "\n"
            elif tag == A + "fld" and element.get("type") == "slidenum":
                continue
            elif tag in (A + "r", A + "fld"):
                text = "".join(said.text or "" for said in element.iterchildren(A + "t"))
                style = element.find(A + "rPr")
                if text.strip() and self._paper.hides(style, self._under):
                    self.hidden.append(text)
                    continue
                yield " ".join(text.split("\n"))
                if style is not None and style.get("strike", "noStrike") != "noStrike":
                    self.struck.append(text)
                link = element.find(f"{A}rPr/{A}hlinkClick")
                relation = None if link is None else self._relations.get(link.get(REFERENCE, ""))
                if relation and relation.external:
                    yield address(relation.target, text)
            elif isinstance(tag, str) and tag != A + "pPr":
                yield from (said.text or "" for said in element.iter("{*}t"))


def _shapes(tree: Element) -> Iterator[Element]:
    for element in tree:
        if element.tag == ALTERNATIVES:
            yield from _shapes(chosen(element, A + "t"))
        elif isinstance(element.tag, str):
            yield element


def placeholder(shape: Element) -> tuple[str, str]:
    """The type and the index of the placeholder that a shape is, or ("", "")."""
    for properties in shape:
        found = properties.find(f"{P}nvPr/{P}ph") if isinstance(properties.tag, str) else None
        if found is not None:
            return found.get("type", "body"), found.get("idx", "0")
    return "", ""


def box_of(shape: Element) -> Box | None:
    """Where a shape says that it stands."""
    for path in (f"{P}spPr/{A}xfrm", f"{P}grpSpPr/{A}xfrm", P + "xfrm"):
        place = shape.find(path)
        if place is None:
            continue
        offset, extent = place.find(A + "off"), place.find(A + "ext")
        if offset is None or extent is None:
            return None
        try:
            left, top = int(offset.get("x", "")), int(offset.get("y", ""))
            return Box(left, top, left + int(extent.get("cx", "")), top + int(extent.get("cy", "")))
        except ValueError:
            return None
    return None


def _unseen(shape: Element) -> bool:
    for properties in shape:
        named = properties.find(P + "cNvPr") if isinstance(properties.tag, str) else None
        if named is not None:
            return named.get("hidden") in ("1", "true")
    return False


def _level(properties: Element | None) -> int:
    said = "0" if properties is None else properties.get("lvl", "0")
    return int(said) if said in ("1", "2", "3", "4", "5", "6", "7", "8") else 0


def _mark(properties: Element | None, depth: int, counts: dict[int, tuple[str, int]]) -> str:
    """What stands before a paragraph that says so itself; what its layout adds is no text."""
    numbered = None if properties is None else properties.find(A + "buAutoNum")
    if numbered is None:
        counts.pop(depth, None)
        bullet = None if properties is None else properties.find(A + "buChar")
        return "" if bullet is None else "• "
    kind, start = numbered.get("type", ""), numbered.get("startAt", "1")
    before, count = counts.get(depth, ("", 0))
    begin = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    count = count + 1 if before == kind + start else begin
    counts[depth] = kind + start, count
    format = next((ours for theirs, ours in _FORMATS.items() if kind.startswith(theirs)), "")
    end = {"ParenR": ")", "ParenBoth": ")", "Period": "."}
    after = next((sign for name, sign in end.items() if kind.endswith(name)), "")
    return f"{'(' if kind.endswith('ParenBoth') else ''}{written(count, format)}{after} "


def _chart(root: Element | None) -> Iterator[str]:
    """Its title, and its numbers as a table."""
    if root is None:
        return
    for title in root.iter(_C + "title"):
        said = " ".join("".join(text.text or "" for text in title.iter(A + "t")).split())
        if said:
            yield said
    series = [*root.iter(_C + "ser")][:50]
    if not series:
        return
    names = [" ".join(_points(each, "tx").values()) for each in series]
    labels = _points(series[0], "cat")
    values = [_points(each, "val") or _points(each, "yVal") for each in series]
    if any(names):
        yield " | ".join(["", *names]).strip()
    for place in sorted({place for points in (labels, *values) for place in points}):
        cells = [labels.get(place, ""), *(points.get(place, "") for points in values)]
        yield " | ".join(cells).rstrip(" |")


def _points(series: Element, name: str) -> dict[int, str]:
    """What a chart remembers of the cells it was made from, by their place."""
    found: dict[int, str] = {}
    for place in series.iterchildren(_C + name):
        for point in place.iter(_C + "pt"):
            said, at = point.find(_C + "v"), point.get("idx", "")
            if said is not None and at.isascii() and at.isdigit() and len(found) < _POINTS:
                found[int(at[:9])] = " ".join((said.text or "").split())
    return found
