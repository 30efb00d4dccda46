"""Tables as text in which every cell says where it stands, and the reader of CSV files.

A row is a line, ``A3: Widget | B3: 12.50 | C3: EUR``. Empty cells are left out, and where rows are,
an empty line stands: any part of a line can be quoted and still be found in the table.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from .canonical import clean
from .kinds import encoding_of
from .reading import Limits, Pages, Progress, Reading, Unreadable
from .text import put

COLUMNS = 16_384  # of a spreadsheet
_SEPARATORS = ",;\t|"
_LOOKED_AT, _ROWS_LOOKED_AT = 100_000, 100
_LONGEST_CELL = 100_000
_BETWEEN = " | "


@lru_cache(maxsize=COLUMNS)
def letters(column: int) -> str:
    """The letters over a column, counted from 1: "A", "Z", "AA"."""
    found = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def line(cells: Iterable[tuple[str, str]], before: str = "") -> str:
    """The line of a row's cells, each with its address; ``before`` stands before the first."""
    return before + _BETWEEN.join(f"{address}: {text}" for address, text in cells)


def joined(rows: Iterable[tuple[int, str]]) -> str:
    """The lines of rows with their numbers, one below the other."""
    pieces: list[str] = []
    last = 0
    for number, text in rows:
        if pieces:
            pieces.append("\n" if number == last + 1 else "\n\n")
        pieces.append(text)
        last = number
    return "".join(pieces)


class CsvReader:
    """Reads comma-separated values and their like. A cell is text, whatever it begins with."""

    name = "csv"
    version = "1"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        data = path.read_bytes()
        encoding = encoding_of(data, whole=True)
        warnings = []
        if encoding == "cp1252":
            warnings.append(
                "This table is not Unicode: it was read as Windows-1252, "
                "and some letters may be wrong."
            )
        records = _records(data.decode(encoding, "replace"))
        if any(len(record) > COLUMNS for record in records):
            warnings.append(f"Only the first {COLUMNS} columns of this table were read.")
        rows = list(_rows(records, limits))
        if not rows:
            raise Unreadable("empty")
        pages = Pages(limits)
        put(pages, [joined(rows)], limits)
        progress(1, 1)
        return pages.reading(self, warnings, "")


def _rows(records: list[list[str]], limits: Limits) -> Iterator[tuple[int, str]]:
    """Number and line of each row that has something in it."""
    length = 0
    for number, record in enumerate(records, start=1):
        cells = [
            (f"{letters(column)}{number}", text)
            for column, cell in enumerate(record[:COLUMNS], start=1)
            if (text := clean(" ".join(cell.split())))
        ]
        if cells:
            text = line(cells)
            length += len(text)
            if length > limits.chars:
                own = sum(len(cell) for record in records for cell in record)
                code = "too_much_text" if own > limits.chars else "too_much_table"
                raise Unreadable(code, limit=limits.chars)
            yield number, text


def _records(text: str) -> list[list[str]]:
    """The cells of each row, as a spreadsheet counts rows."""
    separator, begin = _separator(text), 0
    if text.startswith("sep=") and text[5:6] in ("\r", "\n"):
        # a word to Excel and no row; the end of its line may be two characters
        separator, begin = text[4], 5 + len(text[5:7]) - len(text[5:7].lstrip("\r\n"))
    try:
        csv.field_size_limit(_LONGEST_CELL)
        return list(csv.reader(io.StringIO(text[begin:], newline=""), delimiter=separator))
    except csv.Error:  # a quotation mark that nothing closes: then none of them means anything
        csv.field_size_limit(len(text) + 1)
        plain = io.StringIO(text[begin:], newline="")
        return list(csv.reader(plain, delimiter=separator, quoting=csv.QUOTE_NONE))


def _separator(text: str) -> str:
    """The sign that parts most of the first rows into equally many cells."""

    def regular(separator: str) -> tuple[float, int, int]:
        reader = csv.reader(io.StringIO(text[:_LOOKED_AT], newline=""), delimiter=separator)
        try:
            rows = [row for row in islice(reader, _ROWS_LOOKED_AT) if row]
        except csv.Error:
            return 0, 0, 0
        ((cells, times),) = Counter(map(len, rows)).most_common(1) or [(0, 0)]
        # parted at the wrong sign, cells keep the marks that quoted others
        marks = sum('"' in cell for row in rows for cell in row)
        # a share of the rows: line breaks inside quotes make more of them at the wrong sign
        return (times / len(rows), -marks, cells) if cells > 1 else (0, 0, 0)

    csv.field_size_limit(_LONGEST_CELL)
    return max(_SEPARATORS, key=regular)
