"""Reads Excel workbooks: each sheet a page or several, each row a line of cells with addresses.

What a person does not see is read too, but set apart and reported: hidden sheets follow the others,
hidden cells the rest of their sheet.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from .canonical import clean, title
from .packages import look_at_office
from .reading import Finding, Limits, Pages, Progress, Reading, Unreadable
from .tables import joined, line
from .text import put
from .workbooks import Cell, Sheet, Workbook

_LARGEST_PART = 300_000_000
_PLAIN_NAME = re.compile(r"[^\W\d]\w*\Z")


class SheetReader:
    name = "xlsx"
    version = "2"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        look_at_office(path, unpacked=limits.parts_bytes, largest=_LARGEST_PART)
        with zipfile.ZipFile(path) as archive:
            return self._read(Workbook(archive), limits, progress)

    def _read(self, workbook: Workbook, limits: Limits, progress: Progress) -> Reading:
        sheets = sorted(workbook.sheets, key=lambda sheet: sheet.hidden)
        texts: list[_SheetText] = []
        # what is the file's own, and what becomes of it with the addresses of its cells
        own, whole = limits.chars, limits.chars
        for number, sheet in enumerate(sheets):
            progress(number, len(sheets))
            text = _written(workbook, sheet, own, limits)
            own -= text.own
            whole -= len(text.text)
            if whole < 0:
                raise Unreadable("too_much_table", limit=limits.chars)
            if text.text:
                texts.append(text)
        if not texts:
            raise Unreadable("empty")
        pages = Pages(limits)
        places = put(pages, [text.text for text in texts], limits)
        findings = [
            finding
            for text, (page, start) in zip(texts, places, strict=True)
            for finding in _findings(text, page, start)
        ]
        progress(len(sheets), len(sheets))
        return pages.reading(self, _warnings(workbook), title(workbook.title()), findings)


@dataclass(frozen=True)
class _SheetText:
    """A sheet as text, "" when it is empty, where in it the hidden cells stand, and how many
    characters its cells have."""

    sheet: Sheet
    name: str
    text: str
    hidden: tuple[int, int] | None
    own: int


def _written(workbook: Workbook, sheet: Sheet, left: int, limits: Limits) -> _SheetText:
    cells: list[Cell] = []
    own = 0
    for row in workbook.rows(sheet):
        for cell in row:
            cells.append(cell)
            own += len(cell.text)
        if own > left:
            raise Unreadable("too_much_text", limit=limits.chars)
    name = _one_line(sheet.name)
    quoted = name if _PLAIN_NAME.match(name) else "'" + name.replace("'", "''") + "'"
    shown = _lines(sheet, (cell for cell in cells if not sheet.hides(cell)), quoted)
    apart = _lines(sheet, (cell for cell in cells if sheet.hides(cell)), quoted)
    comments = "\n".join(_comments(workbook, sheet))
    if not (shown or apart or comments):
        return _SheetText(sheet, name, "", None, own)
    text = f"{'Hidden sheet' if sheet.hidden else 'Sheet'}: {name}\n{shown}"
    hidden = None
    if apart:
        text += f"\n\nHidden cells of {name}:\n"
        hidden = len(text), len(text) + len(apart)
        text += apart
    if comments:
        text += f"\n\nComments on {name}:\n{comments}"
    return _SheetText(sheet, name, text, hidden, own)


def _lines(sheet: Sheet, cells: Iterable[Cell], quoted: str) -> str:
    return joined(
        (
            number,
            line(
                ((sheet.merged.get(cell.address, cell.address), cell.text) for cell in row),
                f"{quoted}!",
            ),
        )
        for number, row in groupby(cells, key=lambda cell: cell.row)
    )


def _comments(workbook: Workbook, sheet: Sheet) -> Iterator[str]:
    for address, author, text in workbook.comments(sheet):
        by = f" ({_one_line(author)})" if author else ""
        yield f"{_one_line(address)}{by}: {_one_line(text)}"


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def _findings(text: _SheetText, page: int, start: int) -> Iterator[Finding]:
    if text.sheet.hidden:
        yield Finding(
            "hidden_sheet",
            f"The sheet “{text.name}” is hidden in the workbook. It was read all the same.",
            *(page, start, start + len(text.text)),
        )
    elif text.hidden:
        begin, end = text.hidden
        yield Finding(
            "hidden_cells",
            f"Rows, columns or values of the sheet “{text.name}” are hidden in the workbook. "
            "They were read all the same and stand apart from the others.",
            *(page, start + begin, start + end),
        )


def _warnings(workbook: Workbook) -> list[str]:
    warnings = []
    count = sum(sheet.formulas for sheet in workbook.sheets)
    if count:
        warnings.append(
            f"{count:,} {'cell has' if count == 1 else 'cells have'} a formula "
            "whose result is not in the file: the formula itself was read."
        )
    if workbook.drawings:
        warnings.append("Charts, pictures and text boxes of this workbook were not read.")
    return warnings
