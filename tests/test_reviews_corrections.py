"""Corrections made in an exported workbook find their way back, and overwrite nothing unseen."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from accounts.models import Member
from accounts.roles import Role
from reviews import books, corrections, export, marking, tables
from reviews.models import Mark
from reviews.values import Kind
from tests.conftest import upload
from tests.test_reviews_pages import at
from tests.test_reviews_tables import MODEL, answered

COLUMNS = [
    books.Asked("Law", "Which law governs?"),
    books.Asked("Fee", "What is paid?", Kind.MONEY),
    books.Asked("Begin", "When does it begin?", Kind.DATE),
    books.Asked("Term", "How long?", Kind.NUMBER),
    books.Asked("Escrow", "Is there an escrow?", Kind.YES_NO),
    books.Asked("Parties", "Who?", Kind.LIST),
]
SAID = {
    "Law": ("Irish law", "Irish law"),
    "Fee": ("12,000 EUR", {"amount": "12000.00", "currency": "EUR"}),
    "Begin": ("2025-04-01", {"iso": "2025-04-01", "written": ""}),
    "Term": ("12 months", {"number": "12", "unit": "months"}),
    "Escrow": ("no", False),
    "Parties": ("A; B", ["A", "B"]),
}


@pytest.fixture
def table(workspace, owner, document):
    made = tables.make(
        workspace, owner, title="Leases", model=MODEL, documents=[document], columns=COLUMNS
    )
    for cell in made.cells.select_related("column", "row__document"):
        text, value = SAID[cell.column.title]
        answered(cell, text)
        type(cell).objects.filter(pk=cell.pk).update(value=value)
    return made


def cell(table, title):
    return table.cells.select_related("column", "current_mark").get(column__title=title)


def book_of(table):
    return load_workbook(io.BytesIO(export.xlsx(table)))


def saved(book):
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def changed(table, **values):
    """The exported workbook with other values, by column."""
    book = book_of(table)
    sheet = book["Review"]
    heads = {one.value: one.column_letter for one in sheet[1]}
    for title, value in values.items():
        sheet[f"{heads[title]}2"].value = value
    return saved(book)


def texts(found):
    return {one.cell.column.title: one.text for one in found}


def sent(client, table, raw):
    file = SimpleUploadedFile("table.xlsx", raw)
    return client.post(at("corrections", table.workspace, table.public_id), {"file": file})


def taken(client, table, page, *numbers):
    data = {"kept": page.context["kept"], "take": [str(number) for number in numbers]}
    address = at("corrections", table.workspace, table.public_id)
    return client.post(address, data, follow=True)


def test_what_nobody_changed_is_no_correction(as_owner, table):
    assert corrections.read(table, changed(table)) == []
    assert (
        "Nothing in the workbook is different"
        in sent(as_owner, table, changed(table)).content.decode()
    )


def test_every_kind_of_value_finds_its_way_back(as_owner, owner, table):
    raw = changed(
        table,
        Law="English law",
        Fee=11500.5,
        Begin=date(2025, 5, 1),
        Term=18,
        Escrow=True,
        Parties="A\nC",
    )
    page = sent(as_owner, table, raw)

    assert page.status_code == 200
    assert texts(one for _number, one in page.context["can"]) == {
        "Law": "English law",
        "Fee": "11500.5 EUR",
        "Begin": "2025-05-01",
        "Term": "18 months",
        "Escrow": "yes",
        "Parties": "A\nC",
    }
    assert not Mark.objects.exists(), "it was only shown"
    done = taken(as_owner, table, page, *range(6))
    assert "6 corrections are taken" in done.content.decode()
    assert cell(table, "Fee").shown_value == {"amount": "11500.5", "currency": "EUR"}
    assert cell(table, "Parties").shown_value == ["A", "C"]
    assert {mark.by for mark in Mark.objects.all()} == {owner}


def test_only_what_is_ticked_is_taken(as_owner, table):
    page = sent(as_owner, table, changed(table, Law="English law", Term=18))
    taken(as_owner, table, page, 1)

    assert cell(table, "Law").mark == ""
    assert cell(table, "Term").mark == "corrected"


def test_a_cell_can_be_said_not_to_be_in_the_document(as_owner, table):
    page = sent(as_owner, table, changed(table, Law="not in this document"))
    taken(as_owner, table, page, 0)

    assert cell(table, "Law").shown_outcome == "absent"


@pytest.mark.parametrize(
    ("title", "value", "said"),
    [
        ("Fee", "a lot", "Write the amount with its currency"),
        ("Begin", "soon", "Write the date as"),
        ("Law", None, "The cell is empty"),
        ("Escrow", 5, "Write yes or no"),
    ],
)
def test_what_is_no_value_of_the_column_is_said_and_cannot_be_taken(
    as_owner, table, title, value, said
):
    page = sent(as_owner, table, changed(table, **{title: value}))

    assert said in page.content.decode()
    assert page.context["can"] == []


def test_a_cell_that_was_marked_since_is_shown_and_not_ticked(as_owner, table, mate):
    raw = changed(table, Law="English law")
    marking.correct(cell(table, "Law"), mate, 0, "Scots law")
    page = sent(as_owner, table, raw)

    html = page.content.decode()
    assert "Scots law" in html
    assert 'value="0" checked' not in html
    taken(as_owner, table, page)
    assert cell(table, "Law").shown == "Scots law"
    taken(as_owner, table, page, 0)
    assert cell(table, "Law").shown == "English law"


def test_a_cell_that_was_answered_again_since_is_shown_and_not_ticked(as_owner, table):
    raw = changed(table, Law="English law")
    type(cell(table, "Law")).objects.filter(column__title="Law").update(
        value="French law", value_text="French law"
    )
    page = sent(as_owner, table, raw)

    assert "answered again since the export" in page.content.decode()
    assert 'value="0" checked' not in page.content.decode()


def test_who_marks_it_between_looking_and_pressing_is_not_overwritten(as_owner, table, mate):
    page = sent(as_owner, table, changed(table, Law="English law", Term=18))
    marking.correct(cell(table, "Law"), mate, 0, "Scots law")
    again = taken(as_owner, table, page, 0, 1)

    assert cell(table, "Law").shown == "Scots law"
    assert cell(table, "Term").shown == "18 months"
    assert "1 correction is taken" in again.content.decode()
    assert [one.text for _number, one in again.context["can"]] == ["English law"]
    taken(as_owner, table, again, 0)
    assert cell(table, "Law").shown == "English law"


def test_rows_may_be_sorted_and_columns_moved(workspace, owner, table):
    tables.add_documents(table, [upload(workspace, owner, "Other.", "other.txt")])
    other = table.cells.get(row__document__title="other.txt", column__title="Law")
    answered(other, "French law")
    book = book_of(table)
    sheet = book["Review"]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    rows = [rows[0], rows[2], rows[1]]
    rows = [[row[1], row[0], *row[2:]] for row in rows]
    for at_row, row in enumerate(rows, 1):
        for at_column, value in enumerate(row, 1):
            sheet.cell(at_row, at_column).value = value
    sheet["A2"].value = "Belgian law"

    found = corrections.read(table, saved(book))
    assert [(one.cell.pk, one.text) for one in found] == [(other.pk, "Belgian law")]


def test_a_workbook_of_another_table_is_refused(as_owner, workspace, owner, document, table):
    other = tables.make(
        workspace, owner, title="B", model=MODEL, documents=[document], columns=COLUMNS
    )
    page = sent(as_owner, table, export.xlsx(other))

    assert page.status_code == 422
    assert "of another table" in page.content.decode()


def strange():
    book = Workbook()
    yield saved(book)
    yield b""
    yield b"PK\x03\x04 not a workbook"
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        packed.writestr("xl/workbook.xml", "<x")
    yield kept.getvalue()


@pytest.mark.parametrize("raw", list(strange()), ids=["another", "empty", "broken", "odd"])
def test_what_is_no_exported_workbook_is_refused_with_a_sentence(as_owner, table, raw):
    page = sent(as_owner, table, raw)

    assert page.status_code == 422
    assert "workbook" in page.context["refusal"] or "Choose" in page.context["refusal"]


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(as_owner, table, monkeypatch):
    monkeypatch.setattr(corrections, "UNPACKED", 1000)

    assert "too large" in sent(as_owner, table, changed(table)).context["refusal"]


def test_too_many_differences_are_refused(as_owner, table, monkeypatch):
    monkeypatch.setattr(corrections, "MOST", 1)
    page = sent(as_owner, table, changed(table, Law="English law", Term=18))

    assert "2 cells of the file are different" in page.context["refusal"]


def test_what_a_page_kept_counts_for_its_reader_and_table_alone(
    as_owner, as_mate, workspace, owner, document, table
):
    page = sent(as_owner, table, changed(table, Law="English law"))
    other = tables.make(
        workspace, owner, title="B", model=MODEL, documents=[document], columns=COLUMNS
    )

    assert taken(as_mate, table, page, 0).status_code == 422
    assert taken(as_owner, other, page, 0).status_code == 422
    assert not Mark.objects.exists()


def test_a_viewer_cannot_correct(as_mate, mate, workspace, table):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.VIEWER)

    assert sent(as_mate, table, changed(table)).status_code == 403
