"""Typeset the sample contracts: ``python -m documents.samples.make``.

Each Markdown source beside this file becomes a PDF of the same name. The same source always gives
the same bytes, so the PDFs are kept in the repository and a test compares them. fpdf2 is needed,
a development dependency.

The Markdown is a small part of the language: ``#`` title, ``##`` heading, ``>`` note, ``---`` new
page, pipe tables, ``**bold**``. Clauses carry their numbers
("4.1", "(a)"), because other clauses refer to them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from fpdf import FPDF, FontFace

FOLDER = Path(__file__).parent

Kind = Literal["title", "heading", "note", "text", "definition", "clause", "item", "table", "break"]

# All lengths are points: A4, a measure of about 80 letters, lines 14 apart.
_SIZE, _LINE = 10.8, 14.0
_SIDE, _TOP, _BOTTOM = 78.0, 70.0, 84.0
_INDENT = {"clause": (0.0, 32.0), "item": (32.0, 54.0), "definition": (32.0, 32.0)}
_INK, _GREY, _RULE = 25, 105, 190
_NUMBER = re.compile(r"(\d+\.\d+|\([a-z0-9]+\))\s+(.*)")


@dataclass(frozen=True)
class Block:
    """A piece of a contract: its text, and the number ("4.1", "(a)") that stands before it."""

    kind: Kind
    text: str
    number: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(source: str) -> Iterator[Block]:
    """The blocks of a Markdown source, in order; blank lines separate them."""
    for paragraph in re.split(r"\n\s*\n", source.strip()):
        text = " ".join(paragraph.split())
        if text.startswith("|"):
            rows = [_cells(line) for line in paragraph.splitlines()]
            yield Block("table", "", rows=(rows[0], *rows[2:]))
        elif text == "---":
            yield Block("break", "")
        elif text.startswith("## "):
            number, _, name = text[3:].rpartition(". ")
            yield Block("heading", name, number)
        elif text.startswith("# "):
            yield Block("title", text[2:])
        elif text.startswith("> "):
            yield Block("note", text[2:])
        elif match := _NUMBER.fullmatch(text):
            outer = match[1][1:-1].isdigit() or not match[1].startswith("(")
            yield Block("clause" if outer else "item", match[2], match[1])
        else:
            yield Block("definition" if text.startswith("**“") else "text", text)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


class Contract(FPDF):
    """A contract on A4 pages, in the Times that every PDF reader has."""

    def __init__(self, name: str, pages: int) -> None:
        super().__init__(unit="pt", format="A4")
        self.name = name
        self.pages_in_all = pages
        # Windows-1252 has the curly quotes, and is what core fonts are encoded in.
        self.core_fonts_encoding = "cp1252"
        # zlib differs from one build of Python to the next; plain streams are the same everywhere.
        self.set_compression(False)
        self.set_creation_date(datetime(2025, 1, 1, tzinfo=UTC))
        self.set_title(name)
        self.set_producer("Pincite")
        self.set_lang("en")
        self.set_margins(_SIDE, _TOP, _SIDE)
        self.set_auto_page_break(True, _BOTTOM)
        self.c_margin = 0
        self.add_page()

    def footer(self) -> None:
        self.set_y(-54)
        self.set_font("Times", "", 9)
        self.set_text_color(_GREY)
        self.cell(0, 12, self.name)
        self.set_x(_SIDE)
        self.cell(0, 12, f"Page {self.page_no()} of {self.pages_in_all}", align="R")

    def add(self, block: Block, following: Block | None) -> None:
        """Set one block; a heading stays on the page of the block that follows it."""
        getattr(self, f"_{block.kind}")(block, following)

    def _title(self, block: Block, following: Block | None) -> None:
        self._ink(24, "")
        self.multi_cell(0, 30, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def _note(self, block: Block, following: Block | None) -> None:
        self._ink(9.5, "I", _GREY)
        self.multi_cell(0, 13, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_draw_color(_RULE)
        self.set_line_width(0.5)
        self.line(_SIDE, self.get_y() + 10, self.w - _SIDE, self.get_y() + 10)
        self.ln(26)

    def _heading(self, block: Block, following: Block | None) -> None:
        space = 12.0
        after = self._height(following) if following else 0.0
        if self.get_y() + space + 22 + after > self.page_break_trigger:
            self.add_page()
        elif self.get_y() > _TOP:
            self.ln(space)
        self._ink(12.5, "B")
        if block.number:
            self.cell(_INDENT["clause"][1], 18, block.number)
        self.cell(0, 18, block.text, new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def _paragraph(self, block: Block, following: Block | None) -> None:
        outer, inner = _INDENT.get(block.kind, (0.0, 0.0))
        self._ink(_SIZE, "")
        lines = self._lines(block)
        room = int((self.page_break_trigger - self.get_y() + 0.01) // _LINE)
        # Neither a first line alone at the foot of a page, nor a last one alone at the head.
        alone = room < min(lines, 2) or (lines == 3 and room == 2)
        leads = block.text.endswith(":") and room < lines + 2  # its list or table must follow it
        if alone or leads:
            self.add_page()
        elif room == lines - 1:
            self.set_auto_page_break(True, _BOTTOM + _LINE)
        if block.number:
            self.set_x(_SIDE + outer)
            self.cell(inner - outer, _LINE, block.number)
        self.set_x(_SIDE + inner)
        self.multi_cell(
            0, _LINE, block.text, align="L", markdown=True, new_x="LMARGIN", new_y="NEXT"
        )
        self.set_auto_page_break(True, _BOTTOM)
        self.set_y(self.get_y() + 6)

    _text = _definition = _clause = _item = _paragraph

    def _break(self, block: Block, following: Block | None) -> None:
        self.add_page()

    def _table(self, block: Block, following: Block | None) -> None:
        if self.get_y() + self._height(block) > self.page_break_trigger:
            self.add_page()
        self._ink(9.8, "")
        self.set_draw_color(_RULE)
        self.set_line_width(0.5)
        with self.table(
            block.rows,
            align="L",
            text_align="LEFT",
            v_align="TOP",
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD"),
            line_height=13,
            padding=(4, 10, 4, 0),
            col_widths=_widths(block.rows),
        ):
            pass
        self.ln(12)

    def _ink(self, size: float, style: Literal["", "B", "I"], grey: int = _INK) -> None:
        self.set_font("Times", style, size)
        self.set_text_color(grey)

    def _lines(self, block: Block) -> int:
        """How many lines a paragraph takes; leaves the place on the page as it was."""
        self.set_x(_SIDE + _INDENT.get(block.kind, (0.0, 0.0))[1])
        height = self.multi_cell(
            0, _LINE, block.text, align="L", markdown=True, dry_run=True, output="HEIGHT"
        )
        self.set_x(_SIDE)
        return round(cast(float, height) / _LINE)

    def _height(self, block: Block) -> float:
        """The room that has to be left for a block, so that a heading may stand above it."""
        if block.kind == "table":
            # a row is padding and a line, and one more for each 36 letters, about a column's width
            return sum(21.0 + 13.0 * (max(map(len, row)) // 36) for row in block.rows)
        self._ink(_SIZE, "")
        lines = self._lines(block)
        return _LINE * (lines if lines <= 3 else 2)


def _widths(rows: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    """Shares of the page's width: as the longest cells, within bounds that keep words whole."""
    return tuple(min(36, max(10, *map(len, column))) for column in zip(*rows, strict=True))


def typeset(source: str) -> bytes:
    """The PDF of a Markdown source that begins with its ``# Title``."""
    parts = list(blocks(source))
    # Twice: how many pages there are, which each of them says, is known only at the end.
    return bytes(_typeset(parts, _typeset(parts, 0).page_no()).output())


def _typeset(parts: list[Block], pages: int) -> Contract:
    contract = Contract(parts[0].text, pages)
    for block, following in zip(parts, [*parts[1:], None], strict=True):
        contract.add(block, following)
    return contract


def main() -> None:
    """Write each contract's PDF beside its source, and say how long it is."""
    for path in sorted(FOLDER.glob("*.md")):
        pdf = typeset(path.read_text(encoding="utf-8"))
        path.with_suffix(".pdf").write_bytes(pdf)
        print(f"{path.with_suffix('.pdf').name}: {len(pdf):,} bytes")


if __name__ == "__main__":
    main()
