"""What people corrected in an exported workbook: read, shown as changes, and taken as their marks.

The workbook tells which cell is which, what stood in it, and how often it had been marked, on a
hidden sheet and in a hidden column. A file is data of somebody else's: it may be large, broken, or
of another table.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from accounts.models import User
from qa.sources import is_uuid
from reviews import export, marking, tables, values
from reviews.models import Cell, Conflict, Table
from reviews.noting import KEYS, ROW, digest, plain
from reviews.values import Kind

logger = logging.getLogger(__name__)

LARGEST = 20_000_000  # bytes of a file
UNPACKED = 200_000_000
MOST = 500
"""Corrections of one file: each is looked at by somebody before it is taken."""
UNIT = re.compile(r'"([^"]+)"')


class BadFile(Exception):
    """It cannot be read as a workbook of the table; str() says why, in a sentence."""


@dataclass(frozen=True)
class Correction:
    """A cell that says something else in the file. ``text`` is what it says, None that it is not in
    the document; ``seen`` the cell's revision in the file. ``problem`` is why it cannot be taken,
    ``clash`` what has happened to the cell since; "" where nothing is in the way."""

    cell: Cell
    text: str | None
    seen: int
    problem: str = ""
    clash: str = ""


@dataclass(frozen=True)
class _Said:
    """A value of the file that is not what was exported."""

    row: str
    column: str
    value: Any
    form: str
    seen: int
    digest: str


# what a file says -------------------------------------------------------------------------------


def read(table: Table, raw: bytes) -> list[Correction]:
    """What is different in the file, in its order. Raises BadFile."""
    if len(raw) > LARGEST:
        raise BadFile(_("The file is too large."))
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if sum(one.file_size for one in packed.infolist()) > UNPACKED:
                raise BadFile(_("The file is too large."))
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        said = list(_differences(table, book))
    except BadFile:
        raise
    except Exception as error:  # whatever a broken file makes its reader meet
        logger.info("table=%s corrections not read: %r", table.public_id, error)
        raise BadFile(_("This is no workbook (XLSX), or it is damaged.")) from error
    return _corrections(table, said)


def _differences(table: Table, book: Any) -> Iterator[_Said]:
    if KEYS not in book.sheetnames:
        raise BadFile(_("The workbook was not exported here: it does not say which cell is which."))
    notes = book[KEYS].iter_rows(values_only=True, max_row=tables.MOST_ROWS + 3, max_col=300)
    if next(notes, ("",))[0] != str(table.public_id):
        raise BadFile(_("The workbook is of another table."))
    columns = [str(one or "") for one in next(notes, ())][1:]
    titles = [str(one or "") for one in next(notes, ())][1:]
    known = {str(row[0]): [str(one or "") for one in row[1:]] for row in notes if row[0]}
    for sheet in book.worksheets:
        if sheet.title != KEYS:
            yield from _of_sheet(sheet, columns, titles, known)


def _of_sheet(
    sheet: Worksheet, columns: list[str], titles: list[str], known: dict[str, list[str]]
) -> Iterator[_Said]:
    rows = sheet.iter_rows(max_row=tables.MOST_ROWS + 1, max_col=300)
    heads = [str(cell.value or "") for cell in next(rows, ())]
    if ROW not in heads:
        return
    places = _places(heads, titles)
    for cells in rows:
        key = str(cells[heads.index(ROW)].value or "") if len(cells) > heads.index(ROW) else ""
        marks = known.get(key)
        if marks is None:
            continue
        for at, number in places.items():
            seen, _colon, was = (marks[number] if number < len(marks) else "").partition(":")
            if at >= len(cells) or not was or not seen.isdecimal():
                continue
            cell = cells[at]
            if digest(cell.value) != was:
                form = str(getattr(cell, "number_format", "") or "")
                yield _Said(key, columns[number], cell.value, form, int(seen), was)


def _places(heads: list[str], titles: list[str]) -> dict[int, int]:
    """Which column of a sheet is which of the export; columns may have been moved or left out."""
    left = list(enumerate(titles))
    found = {}
    for at, head in enumerate(heads):
        number = next((n for n, title in left if title == head), None)
        if head and number is not None:
            found[at] = number
            left = [one for one in left if one[0] != number]
    return found


def _corrections(table: Table, said: list[_Said]) -> list[Correction]:
    if len(said) > MOST:
        raise BadFile(
            _("%(n)d cells of the file are different, and %(most)d are taken at once.")
            % {"n": len(said), "most": MOST}
        )
    cells = {}
    rows = {one.row for one in said if is_uuid(one.row)}
    columns = {one.column for one in said if is_uuid(one.column)}
    looked = Cell.objects.live().to_show().filter(table=table, row__public_id__in=rows)
    for cell in looked.filter(column__public_id__in=columns):
        cells[str(cell.row.public_id), str(cell.column.public_id)] = cell
    pairs = [(cells.get((one.row, one.column)), one) for one in said]
    return [_correction(cell, one) for cell, one in pairs if cell is not None]


def _correction(cell: Cell, said: _Said) -> Correction:
    text = _text(cell, said)
    made = Correction(cell, text, said.seen)
    if text == "":
        told = _("The cell is empty: write “%(absent)s” where that is meant.")
        return replace(made, text="", problem=told % {"absent": export.absent()})
    return checked(made, said.digest)


def checked(made: Correction, was: str = "") -> Correction:
    """With what is in its way. ``was`` is the digest of what was exported."""
    cell, column = made.cell, made.cell.column
    if made.text is not None:
        try:
            values.typed(made.text, Kind(column.kind), column.choices)
        except values.NotThat:
            return replace(made, problem=marking.wanted(column))
    if cell.revision != made.seen:
        return replace(made, clash=_marked(cell))
    if was and digest(export.written(cell)) != was:
        return replace(made, clash=_("It was answered again since the export."))
    return made


def _marked(cell: Cell) -> str:
    mark = cell.current_mark
    if mark is None:
        return _("Somebody took a mark back since the export.")
    told = {"by": mark.by, "kind": mark.get_kind_display(), "text": mark.value_text or mark.note}
    return _("Since the export by %(by)s: %(kind)s. %(text)s") % told


def _text(cell: Cell, said: _Said) -> str | None:
    """The value as somebody would write it into the page; None for *not in this document*."""
    kind, value = Kind(cell.column.kind), said.value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = plain(value)
        if "e" in number:
            number = f"{Decimal(number):f}"
        current = cell.shown_value if isinstance(cell.shown_value, dict) else {}
        match kind:
            case Kind.MONEY:
                return f"{number} {_unit(said.form) or current.get('currency') or ''}".strip()
            case Kind.NUMBER:
                return f"{number} {_unit(said.form) or current.get('unit') or ''}".strip()
        return number
    text = plain(value)
    return None if text.casefold() in (export.absent().casefold(), "not in this document") else text


def _unit(form: str) -> str:
    found = UNIT.search(form)
    return found[1] if found else ""


# taking them ------------------------------------------------------------------------------------


def of_cells(table: Table, said: list[tuple[str, str | None, int]]) -> list[Correction]:
    """Corrections by the public ids of cells, as a page kept them; those of cells that are gone
    are left out."""
    rows = Cell.objects.live().to_show().filter(table=table)
    found = {
        str(one.public_id): one for one in rows.filter(public_id__in=[k for k, _t, _s in said])
    }
    return [Correction(found[key], text, seen) for key, text, seen in said if key in found]


def take(wanted: list[Correction], by: User) -> tuple[int, list[Correction]]:
    """Corrects the cells, each where nobody marked it since it was ``seen``; how many, and those
    that were not taken with what was in the way."""
    taken, left = 0, []
    for one in wanted:
        try:
            marking.correct(one.cell, by, one.seen, one.text, _("From a workbook."))
        except Conflict:
            cell = Cell.objects.to_show().get(pk=one.cell.pk)
            left.append(replace(one, cell=cell, seen=cell.revision, clash=_marked(cell)))
        except tables.NotPossible as refusal:
            left.append(replace(one, problem=str(refusal)))
        else:
            taken += 1
    return taken, left
