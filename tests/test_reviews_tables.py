"""A table: its rows and columns, what makes a cell stale, what reviewers say of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.models import Event
from documents.models import Folder
from qa.models import Answer, Scope
from reviews import books, cells, marking, tables, updating
from reviews.models import Cell, Conflict, Mark, Playbook, Table
from reviews.values import Kind
from tests.conftest import read, upload

LAW = books.Asked("Law", "Which law governs?", Kind.TEXT, expected="Irish law.")
FEE = books.Asked("Fee", "What is paid a month?", Kind.MONEY)
MODEL = "claude-sonnet-5-5"


@pytest.fixture
def table(workspace, owner, document):
    return tables.make(
        workspace, owner, title="Leases", model=MODEL, documents=[document], columns=[LAW, FEE]
    )


@pytest.fixture
def law(table):
    return table.cells.get(column__title="Law")


def answered(cell, text="Irish law", **more):
    """The cell as a run leaves it."""
    answer = Answer.objects.create(
        workspace=cell.table.workspace,
        author=cell.table.created_by,
        question=cell.column.question,
        status=Answer.Status.DONE,
        model_requested=MODEL,
    )
    Cell.objects.filter(pk=cell.pk).update(
        state=Cell.State.DONE,
        outcome=Cell.Outcome.VALUE,
        answer=answer,
        value=text,
        value_text=text,
        column_version=cell.column.version,
        version=cell.row.document.current,
        **more,
    )
    cell.refresh_from_db()
    return cell


def test_it_has_a_cell_for_every_document_and_question(table, owner):
    assert [column.title for column in table.columns.all()] == ["Law", "Fee"]
    assert table.counts()["missing"] == table.counts()["all"] == 2
    assert Event.objects.get(verb="create").object_id == table.public_id


def test_strangers_do_not_see_it(table, mate, stranger):
    assert table in Table.objects.visible_to(mate)
    assert table not in Table.objects.visible_to(stranger)
    assert Cell.objects.visible_to(mate).count() == 2
    assert not Cell.objects.visible_to(stranger).exists()


def test_it_begins_with_a_playbook(workspace, owner, document):
    Playbook.keep_built_in()
    nda = Playbook.objects.get(name="nda").newest

    table = tables.make(
        workspace, owner, title="NDAs", model=MODEL, documents=[document], playbook=nda
    )

    assert updating.as_book(table, nda.book.name).columns == nda.book.columns
    assert updating.save_playbook(table, owner, "Ours").playbook.workspace == workspace


def test_documents_of_other_workspaces_are_refused(table, elsewhere, stranger):
    with pytest.raises(tables.NotPossible):
        tables.add_documents(table, [upload(elsewhere, stranger)])


@pytest.mark.parametrize("model", ["auto", "gpt-x", "claude-mythos-preview"])
def test_a_model_that_cannot_be_used_is_refused(workspace, owner, model):
    with pytest.raises(tables.NotPossible):
        tables.make(workspace, owner, title="T", model=model)


def test_only_missing_stale_and_failed_cells_are_to_run(table, law):
    answered(law)
    fee = table.cells.get(column__title="Fee")

    assert list(table.cells.to_run()) == [fee]

    assert tables.edit_column(law.column, replace(LAW, question="Whose law governs?"))
    assert set(table.cells.to_run()) == {law, fee}
    law = Cell.objects.get(pk=law.pk)
    assert law.is_stale
    assert law.column.asked_in(1).question == LAW.question


def test_a_title_and_a_place_make_nothing_stale(table, law):
    answered(law)
    fee = table.columns.get(title="Fee")

    assert not tables.edit_column(law.column, replace(LAW, title="Governing law"))
    tables.reorder(table, [fee])

    assert [column.title for column in table.columns.all()] == ["Fee", "Governing law"]
    assert not table.cells.stale().exists()


def test_a_new_version_of_the_document_makes_its_cells_stale(table, law, owner, workspace):
    answered(law)
    document = law.row.document
    other = upload(workspace, owner, "Another text. It is governed by the laws of France.", "b.txt")
    version = read(other)
    document.current = None
    document.save(update_fields=["current"])
    other.current = None
    other.save(update_fields=["current"])
    document.current = version
    document.save(update_fields=["current"])

    assert list(table.cells.stale()) == [law]
    assert Cell.objects.get(pk=law.pk).is_stale


def test_a_column_that_is_added_makes_new_cells_alone_missing(table, law):
    answered(law)

    tables.add_column(table, books.Asked("Term", "How long?", Kind.NUMBER))

    assert {cell.column.title for cell in table.cells.to_run()} == {"Fee", "Term"}


def test_a_removed_row_keeps_its_cells_for_when_it_comes_back(table, law, document):
    answered(law)
    tables.remove_rows(table, [law.row])
    assert table.counts()["all"] == 0

    assert tables.add_documents(table, [document]) == 1
    assert table.counts()["done"] == 1
    assert tables.add_documents(table, [document]) == 0


def test_it_takes_in_what_comes_into_its_folder(workspace, owner):
    folder = Folder.objects.create(workspace=workspace, name="In", created_by=owner)
    table = tables.make(
        workspace,
        owner,
        title="T",
        model=MODEL,
        scope=Scope.objects.folder(folder),
        follows=True,
        columns=[LAW],
    )
    assert table.counts()["all"] == 0
    document = upload(workspace, owner)
    document.folder = folder
    document.save(update_fields=["folder"])
    assert tables.follow(table) == 0  # not ready yet
    read(document)

    assert tables.follow(table) == 1
    assert table.counts()["missing"] == 1
    # what somebody took out does not come back by itself
    tables.remove_rows(table, table.rows.all())
    assert tables.follow(table) == 0


def test_a_correction_counts_and_is_not_run_again(table, law, owner):
    answered(law)
    mark = marking.correct(law, owner, 0, "French law", "see the rider")

    law = Cell.objects.to_show().get(pk=law.pk)
    assert (law.shown, law.value_text, law.mark) == ("French law", "Irish law", "corrected")
    assert mark.answer == law.answer
    tables.edit_column(law.column, replace(LAW, question="Whose law?"))
    assert law not in table.cells.to_run()


def test_a_correction_must_be_of_the_columns_kind(table, owner):
    fee = table.cells.get(column__title="Fee")

    with pytest.raises(tables.NotPossible, match="currency"):
        marking.correct(fee, owner, 0, "twelve")
    marking.correct(fee, owner, 0, "12,000 EUR")
    assert Cell.objects.to_show().get(pk=fee.pk).shown == "12,000 EUR"


def test_it_can_be_corrected_to_not_in_the_document(table, law, owner):
    answered(law)
    marking.correct(law, owner, 0, None)

    law = Cell.objects.to_show().get(pk=law.pk)
    assert (law.shown, law.shown_outcome) == ("", "absent")


def test_two_who_mark_one_cell_meet(table, law, owner, mate):
    answered(law)
    marking.verify(law, owner, 0)

    with pytest.raises(Conflict) as met:
        marking.flag(Cell.objects.get(pk=law.pk), mate, 0, "wrong")

    assert (met.value.theirs.by, met.value.revision) == (owner, 1)
    law.refresh_from_db()
    assert (law.mark, law.revision) == ("verified", 1)
    marking.flag(law, mate, 1, "wrong")
    assert [mark.kind for mark in law.marks.all()] == ["verified", "flagged"]


def test_a_mark_that_is_taken_back_stays_in_the_history(table, law, owner):
    marking.verify(law, owner, 0)
    marking.unmark(law, owner, 1)

    assert (law.mark, Mark.newest(law), law.marks.count()) == ("", None, 2)


def test_a_row_is_verified_as_a_whole(table, law, owner):
    answered(law)
    assert cells.next_unreviewed(table.cells.get(column__title="Fee")) == (law, 1)

    marking.verify(law.row, owner, 0)

    assert not table.cells.unreviewed().exists()
    with pytest.raises(tables.NotPossible):
        marking.flag(law.row, owner, 1, " ")


def test_the_grid_finds_sorts_and_counts(table, law, owner, workspace):
    other = upload(workspace, owner, "Other text", "b.txt")
    read(other)
    tables.add_documents(table, [other])
    first, second = table.rows.all()
    answered(law, doubt="ambiguous")
    answered(table.cells.get(row=second, column=law.column), "French law")
    column = law.column

    assert list(cells.rows(table, cells.Filter(column, value="French law"))) == [second]
    assert list(cells.rows(table, cells.Filter(column, state="doubted"))) == [first]
    assert list(cells.rows(table, cells.Filter(text="b.txt"))) == [second]
    assert list(cells.rows(table, sort=column)) == [second, first]
    assert list(cells.rows(table, sort=column, descending=True)) == [first, second]
    assert list(cells.rows(table, cells.Filter(state="missing"))) == [first, second]


def test_a_window_takes_one_query(table, law, django_assert_num_queries):
    page, columns = list(cells.rows(table)), list(table.columns.all())

    with django_assert_num_queries(1):
        (line,) = cells.window(table, page, columns)
        shown = [(cell.shown, cell.is_stale, str(cell)) for cell in line.cells]

    assert len(shown) == 2
