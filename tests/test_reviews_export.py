"""A table as a file, and on the command line."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.local import local_workspace
from documents.models import Text
from reviews import books, export, marking, running, tables
from reviews.models import Cell, Playbook, Table
from reviews.views import files
from tests.conftest import upload
from tests.test_reviews_live import BEGIN, CONTRACT, FEE, LAW, MODEL, SUE, document, go_on
from tests.test_reviews_tables import answered

__all__ = ["document"]

PLAYBOOK = books.write(books.Book("ours", "Ours", (LAW, FEE, BEGIN, SUE)))


@pytest.fixture
def reviewed(workspace, owner, document, emulator):
    return tables.make(
        workspace,
        owner,
        title="Leases",
        model=MODEL,
        documents=[document],
        columns=[LAW, FEE, BEGIN, SUE],
    )


def test_a_workbook_has_typed_cells_and_every_citation(reviewed, owner, workspace):
    go_on(running.start(reviewed, owner, mode="live"))

    book = load_workbook(io.BytesIO(export.xlsx(reviewed)))

    heads, first = ([cell.value for cell in row] for row in book["Review"].iter_rows(max_col=5))
    assert heads == ["Document", "Law", "Fee", "Begin", "Escrow"]
    assert first[2:] == [12000, datetime(2025, 4, 1), "Not in this document"]
    assert book["Review"]["C2"].number_format == '#,##0.00 "EUR"'
    rows = [dict(zip(_heads(book), row, strict=True)) for row in _rows(book)]
    text = Text.objects.get().content
    assert rows
    for row in rows:
        assert text[row["First character"] : row["After the last"]] == row["Quote"]
        assert row["State"] == "exact"
    link = book["Citations"]["K2"].hyperlink.target
    assert link.startswith(f"http://127.0.0.1:8000/w/{workspace.slug}/")
    assert [row[0].value for row in book["Questions"].iter_rows(min_row=2)] == heads[1:]


def _heads(book):
    return [cell.value for cell in next(book["Citations"].iter_rows())]


def _rows(book):
    return list(book["Citations"].iter_rows(min_row=2, values_only=True))


HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "  =1", "\x07bell"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_a_file_is_a_formula(reviewed, document, hostile):
    document.title = hostile
    document.save(update_fields=["title"])
    Cell.objects.filter(column__title="Law").update(
        state="done", outcome="value", value=hostile, value_text=hostile
    )

    sheet = load_workbook(io.BytesIO(export.xlsx(reviewed)))["Review"]
    assert {sheet["A2"].data_type, sheet["B2"].data_type} <= {"s", "n"}
    assert sheet["B2"].value == hostile.replace("\x07", "")
    _heads, row = list(csv.reader(io.StringIO("".join(export.csv_rows(reviewed)), newline="")))
    for value in row[:2]:
        assert not value.lstrip(" ").startswith(export.FORMULA)
        assert value.removeprefix("'") == hostile


def test_a_correction_is_what_is_exported(reviewed, owner):
    fee = reviewed.cells.get(column__title="Fee")
    marking.correct(fee, owner, 0, "11,000 EUR")

    sheet = load_workbook(io.BytesIO(export.xlsx(reviewed)))["Review"]
    assert sheet["C2"].value == 11000
    assert "11,000 EUR" in "".join(export.csv_rows(reviewed))
    said = [json.loads(line) for line in export.json_lines(reviewed)]
    assert said[1]["value"] == {"amount": "11000", "currency": "EUR"}
    reviewed.cells.update(state="failed", error="Claude was away.")
    sheet = load_workbook(io.BytesIO(export.xlsx(reviewed)))["Review"]
    assert (sheet["B2"].value, sheet["C2"].value) == ("Claude was away.", 11000)
    assert "11,000 EUR" in "".join(export.csv_rows(reviewed))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [False, True])
def test_the_command_reviews_a_file_and_prints_a_line_a_cell(emulator, tmp_path, capsys, batch):
    path, playbook = tmp_path / "contract.txt", tmp_path / "ours.yaml"
    path.write_text(CONTRACT)
    playbook.write_text(PLAYBOOK)
    options = {"batch": True} if batch else {}

    call_command("review", playbook=str(playbook), file=[path], json=True, **options)

    cells = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [cell["column"] for cell in cells] == ["Law", "Fee", "Begin", "Escrow"]
    assert {cell["state"] for cell in cells} == {"done"}
    fee = cells[1]
    assert (fee["type"], fee["value"]) == ("money", {"amount": "12000", "currency": "EUR"})
    assert {one["state"] for one in fee["citations"]} == {"exact"}
    assert fee["cost_usd"] > 0
    assert cells[3]["value"] is None
    assert Table.objects.get().runs.get().mode == ("batch" if batch else "live")


def test_the_command_names_the_playbooks_there_are(db, tmp_path):
    path = tmp_path / "contract.txt"
    path.write_text(CONTRACT)
    with pytest.raises(CommandError, match="There are: cuad, data-protection, nda"):
        call_command("review", playbook="none", file=[path])
    with pytest.raises(CommandError, match="Name documents"):
        call_command("review", playbook="nda")


def test_a_playbook_of_the_workspace_is_used_by_its_name(db):
    workspace, user = local_workspace(None)
    Playbook.put(workspace, books.read(PLAYBOOK), user)

    assert "ours" in {one.name for one in Playbook.objects.offered_in(workspace)}


@pytest.mark.parametrize(("kind", "made"), [("csv", export.csv_rows), ("jsonl", export.json_lines)])
def test_a_file_is_sent_as_it_is_made(kind, made, as_owner, reviewed, workspace, monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 50)
    reviewed.columns.exclude(title="Law").update(removed_at=timezone.now())
    address = reverse("reviews:file", args=[workspace.slug, reviewed.public_id, kind])

    response = as_owner.get(address)

    async def collect():
        return [chunk.decode() async for chunk in response.streaming_content]

    chunks = async_to_sync(collect)()
    assert "".join(chunks) == "".join(made(reviewed))
    assert len(chunks) == 1
    assert "attachment" in response["Content-Disposition"]
    monkeypatch.setattr(files, "CHUNK", 1)
    response = as_owner.get(address)
    assert len(async_to_sync(collect)()) == len(list(made(reviewed)))


@pytest.mark.parametrize("made", [export.csv_rows, export.json_lines, export.xlsx])
def test_it_takes_as_many_queries_for_many_documents_as_for_few(
    reviewed, workspace, owner, django_assert_num_queries, made
):
    answered(reviewed.cells.first())
    with CaptureQueriesContext(connection) as few:
        list(made(reviewed))
    tables.add_documents(reviewed, [upload(workspace, owner, f"{n}", f"{n}.txt") for n in range(4)])
    for cell in reviewed.cells.all():
        answered(cell)
    reviewed.cells.filter(column__title="Law").update(state="failed", error="It was refused.")
    with django_assert_num_queries(len(few)):
        list(made(reviewed))
