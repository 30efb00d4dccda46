"""What stands in a paragraph of a Word document: runs, links, changes, signs, marks of notes."""

import re
from collections import Counter
from copy import copy
from dataclasses import dataclass, field

from .numerals import written
from .opc import ALTERNATIVES, REFERENCE, Element, Relation, chosen
from .running import BREAK, BREAKS, HIDDEN, RENDERED, address
from .word_fields import Fields
from .word_paper import unseen
from .word_signs import plain, sign
from .word_styles import Styles, W, value

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_VML = "{urn:schemas-microsoft-com:vml}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"
_OBJECT = "{urn:schemas-microsoft-com:office:office}OLEObject"
_CHARTS = (
    "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart",
    "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds",
)
#: What tells that something can be read in a branch of alternative content.
TEXTS = (W + "t", _VML + "textpath")
#: Wrappers of changes: what they hold is gone once accepted, or there.
DELETED = (W + "del", W + "moveFrom")
INSERTED = (W + "ins", W + "moveTo")
#: Elements whose content reads as if they were not there.
THROUGH = {
    *INSERTED,
    *(W + name for name in ("sdt", "sdtContent", "smartTag", "customXml", "dir", "bdo")),
}
_SIGNS = {W + "tab": "\t", W + "ptab": "\t", W + "cr": "\n", W + "noBreakHyphen": "-"}
_STRUCK = (W + "strike", W + "dstrike")
_NOTES = {W + "footnoteReference": "footnote", W + "endnoteReference": "endnote"}

_SPACES = re.compile(r"[\t\n\r ]+")
_FOLLOWED = 50  # comments whose words are written down at a time
_QUOTED = 200


@dataclass
class Seen:
    """What was met on the way through a document: hidden texts in their order, changes by the
    name of their element, those of paragraphs' ends apart, who made them, notes (id, mark) by
    kind, the words that comments are on by the comment's id, how many things were left, and of
    words struck through how many characters there are and the first of them."""

    hidden: list[str] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    authors: dict[str, None] = field(default_factory=dict)
    notes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    commented: dict[str, str] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    struck_words: str = ""

    def change(self, element: Element, *, end: bool = False) -> None:
        counter = self.ends if end else self.changes
        counter[element.tag.rpartition("}")[2]] += 1
        author = " ".join(element.get(W + "author", "").split())[:60]
        if author:
            self.authors[author] = None

    def strike(self, text: str) -> None:
        self.struck += len(text.strip())
        if len(self.struck_words) < _QUOTED:
            self.struck_words += text

    def forget(self, text: str) -> None:
        """The last text that was read is not told after all."""
        marks = text.count(HIDDEN)
        del self.hidden[len(self.hidden) - marks :]

    def leave_out(self, text: str) -> str:
        """What takes the place of a hidden text: a mark, and the breaks in it."""
        self.forget(text)
        text = text.replace(HIDDEN, "")
        breaks = "".join(BREAKS.findall(text))
        if not text.strip():
            return breaks
        self.hidden.append(text)
        return breaks + HIDDEN


class Lines:
    """Reads the paragraphs of a story, in their order."""

    def __init__(
        self, root: Element, relations: list[Relation], styles: Styles, formats: dict[str, str]
    ) -> None:
        self.boxes: list[Element] = []
        self._relations = {relation.id: relation for relation in relations}
        self._styles = styles
        self._formats = formats
        self._fields = Fields(root)
        self._commenting: set[str] = set()
        self._hides = False
        self._seen = Seen()

    def anew(self, root: Element) -> "Lines":
        """For a box of text: a story within this one, with fields of its own."""
        inner = copy(self)
        inner._fields = Fields(root)
        return inner

    def read(self, paragraph: Element, style: str, seen: Seen) -> tuple[str, list[Element]]:
        """The text, and the boxes of text that hang on it."""
        self._seen = seen
        self._hides = self._styles.hides(style) or False
        self.boxes = []
        out: list[str] = []
        self._inline(paragraph, out)
        seen.left["numbers"] += self._fields.uncounted
        self._fields.uncounted = 0
        return "".join(out), self.boxes

    def mark(self, element: Element, seen: Seen) -> None:
        """Take note where the words that a comment is on begin or end."""
        name = element.get(W + "id", "")
        if element.tag == W + "commentRangeStart":
            seen.commented.setdefault(name, "")
            if len(self._commenting) < _FOLLOWED:
                self._commenting.add(name)
        elif element.tag == W + "commentRangeEnd":
            self._commenting.discard(name)

    def _inline(self, parent: Element, out: list[str]) -> None:
        for element in parent:
            tag = element.tag
            if tag == W + "r":
                self._run(element, out)
            elif tag in DELETED:
                self._seen.change(element)
            elif tag in THROUGH:
                if tag in INSERTED:
                    self._seen.change(element)
                self._inline(element, out)
            elif tag == W + "hyperlink":
                self._link(element, out)
            elif tag == W + "fldSimple":
                if not Fields.left_out(element.get(W + "instr", "")):
                    self._inline(element, out)
            elif tag == ALTERNATIVES:
                self._inline(chosen(element, *TEXTS), out)
            elif tag in (_MATH + "oMath", _MATH + "oMathPara"):
                self._say("".join(_characters(each) for each in element.iter(_MATH + "t")), out)
            else:
                self.mark(element, self._seen)

    def _link(self, link: Element, out: list[str]) -> None:
        """Its text, and where it leads when the text does not say it."""
        inside: list[str] = []
        self._inline(link, inside)
        out += inside
        relation = self._relations.get(link.get(REFERENCE, ""))
        if relation and relation.external:
            self._say(address(relation.target, "".join(inside)), out)

    def _run(self, run: Element, out: list[str]) -> None:
        properties = run.find(W + "rPr")
        hides = None if properties is None else Styles.on(properties.find(W + "vanish"))
        if hides is None:
            hides = self._styles.hides(value(properties, "rStyle") or "")
        if hides or (hides is None and self._hides) or unseen(run, self._styles):
            inside: list[str] = []
            self._pieces(run, inside)
            out.append(self._seen.leave_out("".join(inside)))
            return
        before = len(out)
        self._pieces(run, out)
        if properties is not None and any(Styles.on(properties.find(each)) for each in _STRUCK):
            self._seen.strike("".join(out[before:]))

    def _pieces(self, run: Element, out: list[str]) -> None:
        fonts = run.find(f"{W}rPr/{W}rFonts")
        font = "" if fonts is None else fonts.get(W + "ascii", "")
        for element in run:
            tag = element.tag
            if tag == W + "t":
                self._say(plain(_characters(element), font), out)
            elif tag in _SIGNS:
                self._say(_SIGNS[tag], out)
            elif tag == W + "br":
                out.append(BREAK if element.get(W + "type") == "page" else "\n")
            elif tag == W + "lastRenderedPageBreak":
                out.append(RENDERED)
            elif tag == W + "sym":
                self._say(sign(element.get(W + "font", ""), element.get(W + "char", "")), out)
            elif tag in _NOTES:
                self._say(self._note(element), out)
            elif tag == ALTERNATIVES:
                self._pieces(chosen(element, *TEXTS), out)
            elif tag in (W + "drawing", W + "pict", W + "object"):
                self._drawn(element)
            elif tag == W + "ruby":
                for base in element.iterchildren(W + "rubyBase"):
                    self._inline(base, out)
            else:
                self._say(self._fields.take(element), out)

    def _say(self, text: str, out: list[str]) -> None:
        if not text or self._fields.in_code:
            return
        out.append(text)
        for comment in self._commenting:
            said = self._seen.commented[comment]
            if len(said) <= _QUOTED:
                self._seen.commented[comment] = said + text

    def _note(self, reference: Element) -> str:
        kind = _NOTES[reference.tag]
        notes = self._seen.notes.setdefault(kind, [])
        mark = written(len(notes) + 1, self._formats.get(kind, ""))
        if reference.get(W + "customMarkFollows") in ("1", "true", "on"):
            mark = "*"
        notes.append((reference.get(W + "id", ""), mark))
        return f"[{mark}]"

    def _drawn(self, parent: Element) -> None:
        for element in parent:
            tag = element.tag
            if tag in (W + "txbxContent", _VML + "textpath"):
                self.boxes.append(element)
            elif tag == ALTERNATIVES:
                self._drawn(chosen(element, *TEXTS))
            elif tag in (_PICTURE, _VML + "imagedata"):
                self._seen.left["pictures"] += 1
            elif tag == _OBJECT:
                self._seen.left["embedded"] += 1
            elif tag in _CHARTS:
                self._seen.left["charts"] += 1
            elif isinstance(tag, str):
                self._drawn(element)


def _characters(element: Element) -> str:
    """What stands directly in an element, entities left out."""
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if "\n" in text or "\t" in text or "\r" in text:
        # the file's own layout, which is no text's
        return _SPACES.sub(lambda run: " " if run[0].strip(" ") else run[0], text)
    return text
