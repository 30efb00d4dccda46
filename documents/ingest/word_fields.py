"""Fields of a Word document: what is shown of one is its result, not the code that made it."""

from .opc import Element
from .word_styles import Styles, W, value, whole

#: Numbers of pages: they say nothing where there is no paper.
_PAGES = ("PAGE", "NUMPAGES", "SECTIONPAGES")
_CODE, _RESULT = "code", "result"


class _Field:
    def __init__(self, begin: Element) -> None:
        self.part = _CODE
        self.code = ""
        self.shown = _form(begin.find(W + "ffData"))


class Fields:
    """Follows the fields of a story; one may lie in another, and go over many paragraphs."""

    def __init__(self, root: Element | None = None) -> None:
        self._open: list[_Field] = []
        self._silent = 0
        self._works = root is not None and _balanced(root)
        self.uncounted = 0

    @property
    def in_code(self) -> bool:
        """Whether what comes next is code, or a result that is left out."""
        return self._silent > 0

    def take(self, element: Element) -> str:
        """What a part of a field shows."""
        if not self._works:
            return ""
        if element.tag == W + "instrText" and self._open:
            self._open[-1].code += element.text or ""
        elif element.tag == W + "fldChar":
            return self._turn(element)
        return ""

    def _turn(self, element: Element) -> str:
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            self._open.append(_Field(element))
            self._silent += 1
        elif kind == "separate" and self._open and self._open[-1].part == _CODE:
            self._open[-1].part = _RESULT
            if not self.left_out(self._open[-1].code):
                self._silent -= 1
        elif kind == "end" and self._open:
            field = self._open.pop()
            if field.part == _CODE or self.left_out(field.code):
                self._silent -= 1
            if field.part == _CODE and _name(field.code) == "LISTNUM":
                self.uncounted += 1
            return field.shown
        return ""

    @staticmethod
    def left_out(code: str) -> bool:
        """Whether not even the result of a field with this code is shown."""
        return _name(code) in _PAGES


def _name(code: str) -> str:
    return next(iter(code.split(None, 1)), "").upper()


def _form(data: Element | None) -> str:
    """What a check box or a list to choose from shows, which have no result."""
    if data is None:
        return ""
    box = data.find(W + "checkBox")
    if box is not None:
        checked = Styles.on(box.find(W + "checked"))
        return "☒" if (Styles.on(box.find(W + "default")) if checked is None else checked) else "☐"
    choices = data.find(W + "ddList")
    entries = [] if choices is None else [*choices.iterchildren(W + "listEntry")]
    place = whole(value(choices, "result")) or 0
    return entries[place].get(W + "val", "") if 0 <= place < len(entries) else ""


def _balanced(root: Element) -> bool:
    """Whether every field that begins ends. Where not, a field could swallow the rest of the
    text, so none is followed."""
    depth = 0
    for element in root.iter(W + "fldChar"):
        if any(above.tag in (W + "del", W + "moveFrom") for above in element.iterancestors()):
            continue
        kind = element.get(W + "fldCharType")
        depth += (kind == "begin") - (kind == "end")
        if depth < 0:
            return False
    return depth == 0
