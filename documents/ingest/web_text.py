"""The text of a web page, made from its tags as they come."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from .numerals import written
from .reading import Limits, Unreadable
from .running import BREAK, HIDDEN, address
from .web_colours import Colours
from .web_styles import Rules, breaks, marker, style_of

_DROPPED = {
    *("script", "style", "noscript", "template", "svg", "iframe", "canvas", "audio", "video"),
    *("object", "datalist", "meta", "link"),
}
# A line of its own, and a paragraph: what stands about them is apart by one line or by two.
_LINES = {
    *("div", "li", "tr", "dt", "dd", "br", "option", "caption", "legend", "summary", "figcaption"),
    "address",
}
_PARAGRAPHS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "menu", "dir", "table", "pre"),
    *("blockquote", "hr", "form", "fieldset", "figure", "section", "article", "aside", "main"),
    *("nav", "header", "footer", "details", "body", "center", "textarea", "select"),
}
_STRUCK = ("s", "strike", "del")
_KEPT = ("pre", "textarea", "listing", "xmp")
_LISTS = ("ol", "ul", "menu", "dir")
_CELLS = ("td", "th")
_ENDING = ("tr", "table", "li", *_LISTS)

# as a page has them; the marks of `running` are among them and no text
_SPACES = re.compile(r"[ \t\n\r\f]+")
_STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LEAD = 200  # characters that can stand before an item: it is in many lists
_LINK = 400
_UNSEEN = 2000


class _Open(NamedTuple):
    """An element that has begun. ``dropped`` and ``hidden`` say that nothing in it is text,
    ``faint`` that its own text is not seen."""

    tag: str
    dropped: bool
    hidden: bool
    breaks_after: bool
    colours: Colours
    faint: bool


@dataclass
class _List:
    format: str
    next: int


@dataclass
class _Row:
    """Of a table: whether a cell had text, and whether the next text is another cell's."""

    full: bool = False
    parted: bool = False


class PageText:
    """Takes a page's tags and text in order, as lxml's parsers tell them."""

    def __init__(self, limits: Limits) -> None:
        self.title = ""
        self.hidden: list[str] = []
        self.begun = False
        self.struck = 0
        self.struck_words = ""
        self._limit = limits.chars
        self._length = 0
        self._out: list[str] = []
        self._open: list[_Open] = []
        self._dropped = self._unseen = self._kept = self._crossed = 0
        self._gap = 0
        self._space = False
        self._fresh = False  # an item or a cell has begun, and nothing stands in it yet
        self._lead = ""
        self._lists: list[_List] = []
        self._rows: list[_Row] = []
        self._links: list[tuple[str, list[str]]] = []
        self._hiding: list[str] = []
        self._hiding_length = 0
        self._sheet: list[str] = []
        self._rules = Rules()

    # what the parser calls

    def start(self, tag: str, attributes: Any) -> None:
        self.begun = True
        style = style_of(attributes) if "style" in attributes else ""
        dropped = tag in _DROPPED
        hidden = not dropped and self._rules.hide(tag, attributes, style)
        broken = breaks(style) if "break" in style else set()
        colours = self._open[-1].colours if self._open else Colours()
        if tag == "link" and "stylesheet" in attributes.get("rel", "").lower():
            self._rules.certain = False
        colours = self._rules.colours(colours, tag, attributes, style)
        faint = colours.hide and self._rules.certain
        self._open.append(_Open(tag, dropped, hidden, "after" in broken, colours, faint))
        self._dropped += dropped
        self._unseen += hidden
        if self._dropped:
            return
        self._leave_out()
        if "before" in broken:
            self._break()
        self._begin(tag, attributes, style)

    def end(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            return
        element = self._open.pop()
        if element.dropped:
            self._dropped -= 1
            if tag == "style" and not self._dropped:
                self._rules.read("".join(self._sheet))
                self._sheet.clear()
        elif not self._dropped:
            self._finish(tag)
        self._unseen -= element.hidden
        self._leave_out()
        if element.breaks_after and not self._dropped:
            self._break()

    def data(self, text: str) -> None:
        tag = self._open[-1].tag if self._open else ""
        if tag == "title" and not self._dropped:
            self.title = self.title or text[:_UNSEEN]
        elif self._dropped:
            if tag == "style":
                self._sheet.append(text)
        elif self._unseen or (self._open and self._open[-1].faint and text.strip()):
            self._hiding_length += len(text)
            if self._hiding_length < _UNSEEN:
                self._hiding.append(text)
        elif self._kept:
            self._say_kept(text)
        else:
            self._say(_SPACES.sub(" ", text))

    def close(self) -> None:
        """As the parser demands: there is nothing left to do."""

    def text(self) -> str:
        """All of it, with the marks of `running`."""
        return "".join(self._out)

    # elements

    def _begin(self, tag: str, attributes: Any, style: str) -> None:
        self._part(tag)
        if tag in _LISTS:
            format = marker(attributes, style) or ("decimal" if tag == "ol" else "bullet")
            self._lists.append(_List(format, _number(attributes.get("start"), 1)))
        elif tag == "li":
            self._item(attributes, style)
        elif tag == "tr":
            self._rows.append(_Row())
        elif tag in _CELLS and self._rows:
            self._rows[-1].parted = self._rows[-1].full
        elif tag == "a":
            self._links.append((attributes.get("href", "").strip(), []))
        elif tag == "q":
            self._say("“")
        self._fresh = self._fresh or tag in ("li", "tr", *_CELLS)
        self._kept += tag in _KEPT
        self._crossed += tag in _STRUCK

    def _finish(self, tag: str) -> None:
        self._fresh = self._fresh and tag not in _ENDING
        if tag in _LISTS and self._lists:
            self._lists.pop()
        self._part(tag)
        self._kept -= tag in _KEPT
        self._crossed -= tag in _STRUCK
        if tag == "li":
            self._lead = ""
        elif tag == "tr" and self._rows:
            row = self._rows.pop()
            self._gap = 1
            if self._rows:
                self._rows[-1].full |= row.full
        elif tag == "a" and self._links:
            target, said = self._links.pop()
            self._say(address(target, "".join(said)) if "".join(said).strip() else "")
        elif tag == "q":
            self._say("”")

    def _item(self, attributes: Any, style: str) -> None:
        """What stands before an item: its number as the list writes it, or a bullet."""
        if not self._lists:
            return
        of = self._lists[-1]
        number = _number(attributes.get("value"), of.next)
        of.next = number + 1
        format = marker(attributes, style) or of.format
        if format == "none" or len(self._lead) > _LEAD:
            return
        if not self._lead:
            self._lead = "  " * min(len(self._lists) - 1, 20)
        self._lead += "• " if format == "bullet" else written(number, format) + ". "

    # text

    def _part(self, tag: str) -> None:
        if self._fresh:
            return
        if tag in _LISTS and self._lists:
            self._gap = max(self._gap, 1)
        elif tag in _PARAGRAPHS:
            self._gap = 2
        elif tag in _LINES:
            self._gap = max(self._gap, 1)

    def _break(self) -> None:
        if self._out and not self._unseen:
            self._out.append(BREAK)

    def _say(self, text: str) -> None:
        """Add text whose spaces are single; those at the ends of lines go."""
        text = _STRANGE.sub("", text)
        shown = text.strip(" ")
        if self._gap or not self._out:
            shown = shown.lstrip(" \xa0")
        if not shown.strip("\xa0"):
            self._space |= bool(text)
            return
        if text.startswith(" "):
            self._space = True
        self._put(shown)
        self._space = text.endswith(" ")

    def _say_kept(self, text: str) -> None:
        """Add text as it is laid out."""
        text = _STRANGE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        if self._gap:
            text = text.lstrip("\n")
        if text.strip():
            self._put(text.rstrip("\n"))
            # line ends at the end stand only before more of it
            self._gap = len(text) - len(text.rstrip("\n"))
        elif text and self._out:
            self._gap += text.count("\n")

    def _put(self, text: str) -> None:
        if any(row.parted for row in self._rows[-2:]):
            before = " | "
        elif self._gap:
            before = "\n" * min(self._gap, 3) if self._out else ""
        else:
            before = " " if self._space and self._out else ""
        self._gap, self._space, self._fresh = 0, False, False
        for row in self._rows[-2:]:
            row.full, row.parted = True, False
        piece = before + self._lead + text
        self._lead = ""
        self._length += len(piece)
        if self._length > self._limit:
            raise Unreadable("too_much_text", limit=self._limit)
        self._out.append(piece)
        if self._crossed:
            self.struck += len(text)
            if len(self.struck_words) < _LINK:
                self.struck_words += f"{text[:_LINK]} "
        if self._links:
            said = self._links[-1][1]
            if len(said) < _LINK:
                said.append(piece[:_LINK])

    def _leave_out(self) -> None:
        """Where text is seen again, say that some was not."""
        if self._unseen or not self._hiding_length or (self._open and self._open[-1].faint):
            return
        text = " ".join("".join(self._hiding).split())
        self._hiding.clear()
        self._hiding_length = 0
        if text:
            self.hidden.append(text)
            self._out.append(HIDDEN)


def _number(text: str | None, otherwise: int) -> int:
    try:
        number = int(text or "")
    except ValueError:
        return otherwise
    return number if -(10**6) < number < 10**6 else otherwise
