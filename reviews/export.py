"""A table as a file: XLSX with typed cells and its citations, CSV, JSON lines.

What comes from documents is data of somebody else's: no program that opens the file may take it
for a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from qa.notes import note
from reviews import cells as looking
from reviews import foreground, noting
from reviews.models import Cell, Column, Row, Table
from reviews.values import Kind

LONGEST = 32_000  # characters that a cell of a workbook takes
WINDOW = 200  # rows read at once
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
FILLS = {
    "doubt": PatternFill("solid", fgColor="FFFFF2CC"),
    "deviates": PatternFill("solid", fgColor="FFF8D7DA"),
    "failed": PatternFill("solid", fgColor="FFE2E3E5"),
}
TOP = Alignment(wrap_text=True, vertical="top")


def absent() -> str:
    return _("Not in this document")


def lines(table: Table) -> Iterator[looking.Line]:
    """All rows with their cells, some at a time."""
    columns = list(table.columns.live())
    rows = looking.rows(table).select_related("document__current")
    keys = list(rows.values_list("pk", flat=True))
    for at in range(0, len(keys), WINDOW):
        found = {row.pk: row for row in rows.filter(pk__in=keys[at : at + WINDOW])}
        page = [found[key] for key in keys[at : at + WINDOW] if key in found]
        yield from _with_cells(page, columns)


def _with_cells(page: list[Row], columns: list[Column]) -> Iterator[looking.Line]:
    """The rows given with all that a file says of their cells, which is more than a grid shows."""
    known = {column.pk: column for column in columns}
    cells = Cell.objects.filter(row__in=[row.pk for row in page], column__in=[*known])
    of_row: defaultdict[int, dict[int, Cell]] = defaultdict(dict)
    for cell in cells.select_related("current_mark").defer("reason"):
        of_row[cell.row_id][cell.column_id] = cell
    for row in page:
        there = [of_row[row.pk][key] for key in known if key in of_row[row.pk]]
        for cell in there:
            cell.row, cell.column = row, known[cell.column_id]
        yield looking.Line(row, there)


# XLSX ---------------------------------------------------------------------------------------------


def xlsx(table: Table) -> bytes:
    """The workbook: the table with typed cells, what each cell rests on, what was asked, and, not
    shown, which cell is which, so that corrections made in it can be taken back."""
    book = Workbook(write_only=True)
    columns = list(table.columns.live())
    sheet: WriteOnlyWorksheet = book.create_sheet(_("Review"))
    keys: WriteOnlyWorksheet = book.create_sheet(noting.KEYS)
    sheet.freeze_panes = "B2"
    keys.sheet_state = "hidden"
    for number in range(1, len(columns) + 2):
        sheet.column_dimensions[get_column_letter(number)].width = 28
    sheet.column_dimensions[get_column_letter(len(columns) + 2)].hidden = True
    bold = Font(bold=True)
    sheet.append([_cell(sheet, text, font=bold) for text in [*_heads(columns), noting.ROW]])
    keys.append([str(table.public_id)])
    keys.append(["", *(str(column.public_id) for column in columns)])
    keys.append(["", *(_cell(keys, column.title) for column in columns)])
    for line in lines(table):
        of_column = {cell.column_id: cell for cell in line.cells}
        found = [of_column.get(column.pk) for column in columns]
        row = str(line.row.public_id)
        first = _cell(sheet, line.row.document.title, font=bold)
        first.hyperlink = _address(_document_path(table, line.row.document.public_id))
        sheet.append([first, *(_value(sheet, cell) for cell in found), row])
        keys.append([row, *(noting.note(cell, written(cell)) if cell else "" for cell in found)])
    _citations(book, table)
    _asked(book, columns)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def written(cell: Cell) -> Any:
    """A cell's value as the workbook has it."""
    value = typed(cell)[0]
    return _text(value) if isinstance(value, str) else value


def _heads(columns: list[Column]) -> list[str]:
    return [_("Document"), *(column.title for column in columns)]


def _value(sheet: Any, cell: Cell | None) -> Any:
    if cell is None:
        return None
    value, form = typed(cell)
    made = _cell(sheet, value)
    made.alignment = TOP
    if form:
        made.number_format = form
    if _failed(cell):
        made.fill = FILLS["failed"]
    elif cell.doubt and cell.mark not in ("corrected", "verified"):
        made.fill = FILLS["doubt"]
    elif cell.verdict == Cell.Verdict.DEVIATES:
        made.fill = FILLS["deviates"]
    return made


def _failed(cell: Cell) -> bool:
    return cell.state == Cell.State.FAILED and not cell.corrected


def typed(cell: Cell) -> tuple[Any, str]:
    """A cell's value as a workbook has it, with its number format; "" for text."""
    if _failed(cell):
        return cell.error, ""
    if cell.shown_outcome == Cell.Outcome.ABSENT:
        return absent(), ""
    value = cell.shown_value
    match Kind(cell.column.kind), value:
        case Kind.DATE, {"iso": str(iso)} if len(iso) == 10:
            day = date.fromisoformat(iso)
            # a workbook knows no earlier ones
            return (day, "yyyy-mm-dd") if day.year >= 1900 else (iso, "")
        case Kind.MONEY, {"amount": amount, "currency": currency}:
            return Decimal(amount), f'#,##0.00 "{currency}"' if currency else "#,##0.00"
        case Kind.NUMBER, {"number": number, "unit": unit}:
            form = "#,##0" if Decimal(number) == Decimal(number).to_integral() else "#,##0.##"
            unit = unit.replace('"', "")
            return Decimal(number), f'{form} "{unit}"' if unit else form
        case Kind.LIST, list(items):
            return "\n".join(items), ""
    return cell.shown, ""


def _cell(sheet: Any, value: Any, **style: Any) -> Any:
    """A cell whose text is never a formula."""
    if isinstance(value, str):
        value = _text(value)
    made = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        made.data_type = "s"
        made.quotePrefix = value.startswith(FORMULA)
    for name, given in style.items():
        setattr(made, name, given)
    return made


def _text(value: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST]


def _citations(book: Workbook, table: Table) -> None:
    sheet = book.create_sheet(_("Citations"))
    bold = Font(bold=True)
    heads = [
        *(_("Document"), _("Column"), _("Number"), _("State"), _("First page"), _("Last page")),
        *(_("First character"), _("After the last"), _("Version"), _("Quote"), _("Link")),
    ]
    sheet.append([_cell(sheet, text, font=bold) for text in heads])
    rows = Cell.objects.live().to_show().filter(table=table, answer__isnull=False)
    ordered = rows.order_by("row__position", "row", "column__position", "column")
    found = ordered.prefetch_related("answer__citations__version__document")
    for cell in found.iterator(chunk_size=500):
        answer = cell.answer
        assert answer is not None
        answer.workspace = table.workspace
        for citation in sorted(answer.citations.all(), key=lambda one: one.number):
            version = citation.version
            place = note(answer, citation).href
            link = _cell(sheet, _("Open") if place else "")
            if place:
                link.hyperlink = _address(place)
            sheet.append(
                [
                    _cell(sheet, cell.row.document.title),
                    _cell(sheet, cell.column.title),
                    citation.number,
                    _cell(sheet, citation.get_state_display()),
                    citation.page_start,
                    citation.page_end,
                    citation.start,
                    citation.end,
                    _cell(sheet, str(version.public_id) if version else ""),
                    _cell(sheet, citation.cited_text),
                    link,
                ]
            )


def _asked(book: Workbook, columns: list[Column]) -> None:
    sheet = book.create_sheet(_("Questions"))
    bold = Font(bold=True)
    heads = [_("Column"), _("Question"), _("Type"), _("Guidance"), _("Expected position")]
    sheet.append([_cell(sheet, text, font=bold) for text in heads])
    for column in columns:
        asked = (
            *(column.title, column.question, column.get_kind_display()),
            *(column.guidance, column.expected),
        )
        sheet.append([_cell(sheet, text) for text in asked])


def _document_path(table: Table, document: Any) -> str:
    return reverse("documents:document", args=[table.workspace.slug, document])


def _address(path: str) -> str:
    if "://" in path:
        return path
    return (settings.URL or f"http://127.0.0.1:{settings.PORT}") + path


# CSV and JSON ------------------------------------------------------------------------------------


def csv_rows(table: Table) -> Iterator[str]:
    """The lines of a CSV file: a row a document, its cells as the table shows them."""
    columns = list(table.columns.live())
    yield _line(_heads(columns))
    for line in lines(table):
        of_column = {cell.column_id: cell for cell in line.cells}
        shown = [_plain(of_column.get(column.pk)) for column in columns]
        yield _line([line.row.document.title, *shown])


def _plain(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if _failed(cell):
        return cell.error
    return absent() if cell.shown_outcome == Cell.Outcome.ABSENT else cell.shown


def _line(values: list[str]) -> str:
    kept = io.StringIO()
    csv.writer(kept).writerow([harmless(value) for value in values])
    return kept.getvalue()


def harmless(value: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    value = value.replace("\0", "")
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value


def json_lines(table: Table) -> Iterator[str]:
    """One line a cell, as the command line prints it."""
    for cell in foreground.lines(table):
        yield json.dumps(cell, ensure_ascii=False) + "\n"
