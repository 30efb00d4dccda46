"""The parts of an XLSX file as they stand in its package.

Read row by row and with nothing evaluated. openpyxl knows the formats; its reader is not used: one
bad style makes it give up on a whole workbook, and what is hidden it does not tell while streaming.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, NamedTuple

from lxml import etree
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from .canonical import clean
from .cell_styles import CellStyles, Ink, tag_of, theme_colours, whole
from .reading import Unreadable
from .shown import hides_text, number
from .tables import COLUMNS, letters

_ADDRESS = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z")
_RANGE = re.compile(r"([A-Z]{1,3}\d{1,7}):[A-Z]{1,3}\d{1,7}\Z")
_CORNERS = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?\Z")
_END = (COLUMNS, 2**20)
_COLOURED = 200  # ranges of a sheet that are followed: of more, all of it may be coloured
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_OF_SHEETS = (
    *("sheetFormatPr", "col", "row", "mergeCell"),
    *("conditionalFormatting", "picture"),
)
_Element = Any  # lxml has no types
# What is wrong with its packing, its XML (a document type is never right), or its encoding.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError),
    *(etree.XMLSyntaxError, ValueError, LookupError),
)


class Cell(NamedTuple):
    """``text`` is what is shown. ``hidden`` when its row, its column or its format hides it,
    ``faint`` when its ink does, unless something else than its style colours it."""

    column: int
    row: int
    text: str
    hidden: bool
    faint: bool = False

    @property
    def address(self) -> str:
        return f"{letters(self.column)}{self.row}"


class Link(NamedTuple):
    """What a part refers to: the last word of its kind, and the part's name in the package."""

    kind: str
    target: str


@dataclass
class Sheet:
    """A sheet as the workbook lists it, and what was found beside its cells while it was read.

    ``merged`` has the range of merged cells by the address of the first. ``formulas`` counts cells
    that say how they are reckoned, but not what comes out. ``coloured`` are the ranges that a table
    or a condition may colour: first column and row, last column and row.
    """

    name: str
    part: str
    hidden: bool
    merged: dict[str, str] = field(default_factory=dict)
    formulas: int = 0
    coloured: list[tuple[int, int, int, int]] = field(default_factory=list)

    def hides(self, cell: Cell) -> bool:
        """Whether nobody sees it; known when all of the sheet was read."""
        if cell.hidden or not cell.faint:
            return cell.hidden
        ranges = self.coloured[: _COLOURED + 1]
        return len(ranges) <= _COLOURED and not any(
            left <= cell.column <= right and top <= cell.row <= bottom
            for left, top, right, bottom in ranges
        )

    def colour(self, ranges: str) -> None:
        """Take note of ranges, which stand apart; of a strange one, as of the whole sheet."""
        for each in ranges.split():
            found = _CORNERS.match(each)
            first = (_column(found[1]), int(found[2])) if found else (1, 1)
            last = (_column(found[3] or found[1]), int(found[4] or found[2])) if found else _END
            if len(self.coloured) <= _COLOURED:
                self.coloured.append((*first, *last))


class Workbook:
    """An opened workbook. Everything may raise `Unreadable`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.casefold(): name for name in archive.namelist()}
        documents = self.links("")
        main = next((link for link in documents.values() if link.kind == "officeDocument"), None)
        self._main = main.target if main else "xl/workbook.xml"
        links = self.links(self._main)
        self._epoch: datetime = WINDOWS_EPOCH
        self.sheets: list[Sheet] = []
        for tag, element in self._elements(self._main, "workbookPr", "sheet"):
            if tag == "workbookPr" and element.get("date1904") in ("1", "true"):
                self._epoch = MAC_EPOCH
            elif tag == "sheet":
                link = links.get(_attribute(element, "id"), Link("", ""))
                if link.kind == "worksheet":
                    hidden = element.get("state", "visible") != "visible"
                    self.sheets.append(Sheet(element.get("name", ""), link.target, hidden))
        parts = {link.kind: link.target for link in links.values()}
        kinds = {link.kind for sheet in self.sheets for link in self.links(sheet.part).values()}
        #: Whether something stands on its sheets that is not in cells.
        self.drawings = "drawing" in kinds or "chartsheet" in parts
        self._styles = CellStyles(self._theme(parts.get("theme", "")))
        for tag, element in self._elements(parts.get("styles", ""), *CellStyles.TAGS):
            self._styles.take(tag, element)
        self._styles.end()
        #: The shared strings, each with the inks of its parts where it has such.
        self._strings = [
            self._said(element)
            for _, element in self._elements(parts.get("sharedStrings", ""), "si")
        ]

    def rows(self, sheet: Sheet) -> Iterator[list[Cell]]:
        """The cells of each row that show something, and those that hide it."""
        hidden_columns: set[int] = set()
        hidden_rows, row = False, 0
        for link in self.links(sheet.part).values():
            if link.kind == "table":
                for _, element in self._elements(link.target, "table"):
                    sheet.colour(element.get("ref", ""))
        for tag, element in self._elements(sheet.part, *_OF_SHEETS):
            if tag == "sheetFormatPr":
                hidden_rows = _is_on(element.get("zeroHeight"))
            elif tag == "picture":
                sheet.colour("all")
            elif tag == "conditionalFormatting":
                sheet.colour(element.get("sqref", "all"))
            elif tag == "col" and _is_away(element, "width"):
                first, last = whole(element.get("min"), 1), whole(element.get("max"), 0)
                hidden_columns.update(range(first, min(last, COLUMNS) + 1))
            elif tag == "row":
                row = whole(element.get("r"), row + 1)
                hidden = _is_away(element, "ht") or (
                    hidden_rows and not _is_on(element.get("customHeight"))
                )
                yield list(self._cells(sheet, element, row, hidden, hidden_columns))
            elif tag == "mergeCell" and (found := _RANGE.match(element.get("ref", ""))):
                sheet.merged[found[1]] = found[0]

    def comments(self, sheet: Sheet) -> Iterator[tuple[str, str, str]]:
        """Address, author and text of each comment; of a talk, each turn."""
        links = self.links(sheet.part).values()
        threads = [link.target for link in links if link.kind == "threadedComment"]
        for part in threads:
            for _, element in self._elements(part, "threadedComment"):
                yield element.get("ref", ""), "", _text(element, "text")
        for link in links:
            # a talk stands in the old way too, for programs that know no other
            if link.kind != "comments" or threads:
                continue
            authors: list[str] = []
            for tag, element in self._elements(link.target, "author", "comment"):
                if tag == "author":
                    authors.append(element.text or "")
                else:
                    author = whole(element.get("authorId"), -1)
                    name = authors[author] if 0 <= author < len(authors) else ""
                    yield element.get("ref", ""), name, _text(element, "t")

    def title(self) -> str:
        """The document's own title, "" without one."""
        properties = (link for link in self.links("").values() if link.kind == "core-properties")
        for link in properties:
            for _, element in self._elements(link.target, "title"):
                return element.text or ""
        return ""

    def links(self, part: str) -> dict[str, Link]:
        """What a part refers to, by id. Addresses outside of the package are left out."""
        folder, name = posixpath.split(part)
        links = {}
        part = f"{folder}/_rels/{name}.rels".lstrip("/")
        for _, element in self._elements(part, "Relationship"):
            if element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                kind = element.get("Type", "").rpartition("/")[2]
                links[element.get("Id", "")] = Link(kind, target.lstrip("/"))
        return links

    def _cells(
        self, sheet: Sheet, row: _Element, row_number: int, hidden: bool, hidden_columns: set[int]
    ) -> Iterator[Cell]:
        column = 0
        for element in row:
            found = _ADDRESS.match(element.get("r", ""))
            column = _column(found[1]) if found else column + 1
            style = self._styles.of(whole(element.get("s"), 0))
            text, inks, concealed = self._shown(sheet, element, style.format)
            if text:
                concealed = concealed or hidden or column in hidden_columns
                at = min(column, COLUMNS), row_number
                yield Cell(*at, clean(text), concealed, style.conceals(inks))

    def _shown(self, sheet: Sheet, cell: _Element, code: str) -> tuple[str, list[Ink], bool]:
        """What a cell shows, in which inks if its parts have their own, and whether its format
        (``code``) keeps that from being seen."""
        value = formula = ""
        for child in cell:
            tag = tag_of(child)
            if tag == "v":
                value = child.text or ""
            elif tag == "f":
                formula = child.text or ""
            elif tag == "is":
                return *self._said(child), hides_text(code)
        if not value:
            sheet.formulas += bool(formula)
            return _line(f"={formula}") if formula else "", [], False
        kind = cell.get("t", "n")
        if kind == "s":
            index = whole(value, -1)
            known = 0 <= index < len(self._strings)
            return *(self._strings[index] if known else ("", [])), hides_text(code)
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE", [], hides_text(code)
        if kind != "n":
            return _line(value), [], hides_text(code)
        shown = number(value, code, self._epoch)
        return _line(shown or value), [], not shown

    def _theme(self, part: str) -> list[str | None]:
        """The colours of a theme; none of one that is broken, which has no text."""
        try:
            for _, element in self._elements(part, "clrScheme"):
                return theme_colours(element)
        except Unreadable:
            pass
        return []

    def _said(self, element: _Element) -> tuple[str, list[Ink]]:
        """The text of a string, and its inks where its parts have their own."""
        inks = [
            self._styles.ink(next((each for each in part if tag_of(each) == "rPr"), ()))
            for part in element
            if tag_of(part) == "r"
        ]
        return _line(_text(element, "t")), inks

    def _elements(self, part: str, *tags: str) -> Iterator[tuple[str, _Element]]:
        """The elements of a part that are called so, each when it has ended and with all that is
        in it. Nothing for a part that is not there."""
        name = self._names.get(part.casefold())
        if name is None:
            return
        try:
            with self._archive.open(name) as file:
                yield from _parsed(file, tags)
        except _DAMAGED as error:
            raise Unreadable("damaged_file", f"{ascii(part)[:200]}: {error!r}") from error


def _parsed(file: IO[bytes], tags: tuple[str, ...]) -> Iterator[tuple[str, _Element]]:
    # Entities stay what they are, nothing is fetched, and depth and length have libxml2's limits.
    elements = etree.iterparse(
        file,
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    for _, element in elements:
        if element.getroottree().docinfo.doctype:
            raise ValueError("a document type")
        yield tag_of(element), element
        # what has been seen is forgotten, or a large sheet would be held whole
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _attribute(element: _Element, name: str) -> str:
    """An attribute by its name without the namespace, which is another one in strict files."""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def _text(element: _Element, tag: str) -> str:
    """The text of all elements called ``tag`` within; how it is pronounced is left out."""
    pieces, left = [], [element]
    while left:
        found = left.pop()
        if tag_of(found) == "rPh":
            continue
        if tag_of(found) == tag and found.text:
            pieces.append(found.text)
        left.extend(reversed(found))
    return "".join(pieces)


def _line(text: str) -> str:
    """One line: the ends of lines within a cell become spaces."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return " ".join(text.split())


def _is_away(element: _Element, size: str) -> bool:
    """Whether a row or a column is hidden, or has a ``size`` of nothing."""
    return _is_on(element.get("hidden")) or not element.get(size, "1").strip("0.")


def _is_on(text: str | None) -> bool:
    return text in ("1", "true", "on")


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column
