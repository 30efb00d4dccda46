"""Whether the ink of a Word document can be told from its paper."""

from collections.abc import Iterator

from .contrast import WHITE, faint, tiny
from .opc import Element
from .word_styles import Styles, W, value, whole

_POINT = 2  # sizes are counted in half points
_BOX = W + "txbxContent"


def unseen(run: Element, styles: Styles) -> bool:
    """Whether a run is of a size or a colour that nobody sees."""
    properties = run.find(W + "rPr")
    if properties is None:
        return False
    size = whole(value(properties, "sz"))
    if tiny(None if size is None else size / _POINT):
        return True
    if not faint(value(properties, "color"), WHITE):
        return False
    if properties.find(W + "highlight") is not None or _shaded(properties):
        return False
    return not any(_behind(above, styles) for above in run.iterancestors())


def _behind(above: Element, styles: Styles) -> bool:
    """Whether what a run is in may have a colour of its own."""
    if above.tag == _BOX:
        return True
    if above.tag == W + "document":
        return above.find(W + "background") is not None
    for properties in above.iterchildren(W + "pPr", W + "tcPr", W + "trPr", W + "tblPr"):
        if _shaded(properties) or any(_of_styles(properties, styles)):
            return True
    return False


def _of_styles(properties: Element, styles: Styles) -> Iterator[bool]:
    for kind in ("pStyle", "tblStyle"):
        name = value(properties, kind)
        for style in styles.chain(name) if name else ():
            yield any(_coloured(shading) for shading in style.iter(W + "shd"))


def _shaded(properties: Element) -> bool:
    return any(_coloured(shading) for shading in properties.iterchildren(W + "shd"))


def _coloured(shading: Element) -> bool:
    fill = shading.get(W + "fill", "auto").upper()
    pattern = shading.get(W + "val", "clear")
    themed = shading.get(W + "themeFill") is not None
    return themed or fill not in ("AUTO", WHITE) or pattern not in ("clear", "nil")
