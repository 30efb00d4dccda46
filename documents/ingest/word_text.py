"""The text of a Word document's stories: its body, and each header, footer, note and comment.

What is tracked as a change reads as if it were accepted. Hidden text is left out and reported: a
reader of the document does not see it, so no answer may rest on it, and nobody may speak to Claude
past the reader.
"""

import re
from collections.abc import Iterator

from .numbering import Numbering
from .opc import ALTERNATIVES, Element, Relation, chosen
from .reading import Limits, Unreadable
from .running import BREAK, BREAKS, HIDDEN
from .word_lines import DELETED, INSERTED, TEXTS, THROUGH, Lines, Seen
from .word_styles import Styles, W, value

_LEADING = re.compile(r"[\s\x01]*")
_SHORT = 300  # characters of a cell that is written on one line


class Stories:
    """Reads stories one after the other, and keeps what it has ``seen`` in them.

    ``formats`` are those of the numbers of notes, by kind.
    """

    def __init__(
        self, styles: Styles, numbering: Numbering, formats: dict[str, str], limits: Limits
    ) -> None:
        self.seen = Seen()
        self._styles = styles
        self._numbering = numbering
        self._formats = formats
        self._limit = limits.chars
        self._length = 0

    def read(self, root: Element, relations: list[Relation]) -> list[str]:
        """The blocks of a story: paragraphs, items of lists, tables; with marks in them."""
        story = _Story(root, Lines(root, relations, self._styles, self._formats))
        self._blocks(root, story)
        return story.end()

    def _blocks(self, parent: Element, story: "_Story") -> None:
        for element in parent:
            tag = element.tag
            if tag == W + "p":
                self._paragraph(element, story)
            elif tag == W + "tbl":
                self._table(element, story)
            elif tag in THROUGH:
                self._blocks(element, story)
            elif tag == ALTERNATIVES:
                self._blocks(chosen(element, *TEXTS), story)
            elif tag == W + "altChunk":
                self.seen.left["foreign"] += 1
            else:
                story.lines.mark(element, self.seen)

    def _paragraph(self, paragraph: Element, story: "_Story") -> None:
        properties = paragraph.find(W + "pPr")
        style = value(properties, "pStyle") or self._styles.paragraph
        text, boxes = story.lines.read(paragraph, style, self.seen)
        self._length += len(text)
        if self._length > self._limit:
            raise Unreadable("too_much_text", limit=self._limit)
        if story.begun and self._styles.breaks(properties, style):
            text = BREAK + text
        end = None if properties is None else properties.find(W + "rPr")
        deleted = self._deleted(end)
        hidden = end is not None and Styles.on(end.find(W + "vanish")) is True
        label = ""
        if not deleted and (text.strip(" \t\n\x01") or not hidden):
            label = self._numbering.label(properties, style)
        story.add(text, label, ends=not (deleted or hidden))
        for box in boxes:
            self._box(box, story)
        if properties is not None and properties.find(W + "sectPr") is not None:
            story.end_section()

    def _deleted(self, end: Element | None) -> bool:
        """Whether a paragraph's end is deleted, by what is said of it."""
        if end is None:
            return False
        for element in end:
            if element.tag in DELETED or element.tag in INSERTED:
                self.seen.change(element, end=True)
        return any(end.find(tag) is not None for tag in DELETED)

    def _box(self, box: Element, story: "_Story") -> None:
        if box.tag != W + "txbxContent":
            story.add(" ".join(box.get("string", "").split()))
            return
        inner = _Story(box, story.lines.anew(box))
        self._blocks(box, inner)
        for block in inner.end():
            story.add(block)

    def _table(self, table: Element, story: "_Story") -> None:
        rows: list[str] = []
        for row in (self._row(row, story) for row in _within(table, W + "tr")):
            if len(row) > 1:
                story.add("\n".join(rows))
                rows = []
                for block in row:
                    story.add(block)
            elif rows and row and not row[0].strip("\f\v\x01"):
                rows[-1] += row[0]
            else:
                rows += row
        story.add("\n".join(rows))

    def _row(self, row: Element, story: "_Story") -> list[str]:
        """One line, or the blocks of the only cell that has something in it."""
        properties = row.find(W + "trPr")
        for element in () if properties is None else properties:
            if element.tag in (W + "ins", W + "del"):
                self.seen.change(element)
        if properties is not None and properties.find(W + "del") is not None:
            return []
        cells = [self._cell(cell, story) for cell in _within(row, W + "tc")]
        if properties is not None and Styles.on(properties.find(W + "hidden")):
            return [self.seen.leave_out("\n".join("\n".join(cell) for cell in cells))]
        full = [cell for cell in cells if "".join(cell).strip("\f\v\x01")]
        if len(full) < 2:
            return [block for cell in cells for block in cell]
        line = " | ".join(_on_a_line(cell) for cell in cells).rstrip(" |")
        return ["".join(BREAKS.findall(line)) + BREAKS.sub("", line)]

    def _cell(self, cell: Element, story: "_Story") -> list[str]:
        properties = cell.find(W + "tcPr")
        if properties is not None and properties.find(W + "cellDel") is not None:
            return []
        inner = _Story(None, story.lines)
        self._blocks(cell, inner)
        merged = None if properties is None else properties.find(W + "vMerge")
        if merged is not None and merged.get(W + "val") != "restart":
            # Word shows the cell above in its place
            return [self.seen.leave_out("\n".join(inner.end()))]
        return inner.end()


class _Story:
    """Blocks of text in order. A paragraph without an end of its own goes on in the next."""

    def __init__(self, root: Element | None, lines: Lines) -> None:
        self.lines = lines
        self._blocks: list[str] = []
        self._label = self._carried = ""
        # the first section begins with the story
        self._sections = [] if root is None else sections(root)[:0:-1]

    @property
    def begun(self) -> bool:
        return bool(self._blocks or self._carried)

    def add(self, text: str, label: str = "", *, ends: bool = True) -> None:
        label, text = self._label or label, self._carried + text
        self._label, self._carried = ("", "") if ends else (label, text)
        if not ends:
            return
        leading = _LEADING.match(text)
        before = leading[0] if leading else ""
        marks = "".join(mark for mark in before if mark in "\f\v\x01")
        shown = text[len(before) :].rstrip(" \t\n\x01")
        after = HIDDEN * text.count(HIDDEN, len(before) + len(shown))
        if label or shown:
            self._blocks.append(marks + (label + shown).rstrip(" ") + after)
        elif marks.strip(HIDDEN) or not self._blocks:
            self._blocks.append(marks)
        else:
            self._blocks[-1] += marks

    def end_section(self) -> None:
        """The section that follows says how it begins."""
        following = self._sections.pop() if self._sections else None
        if following is not None and value(following, "type") not in ("continuous", "nextColumn"):
            self.add(BREAK)

    def end(self) -> list[str]:
        if self._carried or self._label:
            self.add("")
        return [block for block in self._blocks if block]


def sections(root: Element) -> list[Element]:
    """The properties of a story's sections, in order: each ends with its own."""
    found = root.iter(W + "sectPr")
    return [each for each in found if each.getparent().tag != W + "sectPrChange"]


def _within(parent: Element, tag: str) -> Iterator[Element]:
    """Children, also those wrapped in content controls and the like."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in THROUGH:
            yield from _within(element, tag)


def _on_a_line(blocks: list[str]) -> str:
    whole = " ".join(blocks)
    return whole if len(whole) <= _SHORT and "\n" not in whole else "\n".join(blocks)
