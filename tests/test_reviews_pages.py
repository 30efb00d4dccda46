"""The pages of review tables, over HTTP."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Member
from accounts.roles import Role
from reviews import tables
from reviews.models import Mark, Run, Table
from tests.conftest import upload
from tests.test_reviews_tables import FEE, LAW, MODEL, answered, law, table

__all__ = ["law", "table"]


def at(name, workspace, *args):
    return reverse(f"reviews:{name}", args=[workspace.slug, *args])


def mark(client, cell, kind, seen, **more):
    data = {"kind": kind, "seen": seen, **more}
    return client.post(at("mark", cell.table.workspace, cell.public_id), data)


def test_a_table_is_made_of_picked_documents_and_a_playbook(as_owner, workspace, document):
    form = as_owner.get(at("new", workspace)).context["form"]
    nda = form.fields["playbook"].queryset.get(name="nda")
    said = {"title": "NDAs", "model": MODEL, "mode": "auto", "playbook": nda.public_id}

    refused = as_owner.post(at("new", workspace), said)
    page = as_owner.post(
        at("new", workspace), {**said, "documents": [str(document.public_id)]}, follow=True
    )

    assert refused.status_code == 422
    assert "Pick at least one document" in refused.content.decode()
    made = Table.objects.get()
    assert made.cells.count() == len(nda.newest.book.columns)
    assert document.title in page.content.decode()
    assert "NDAs" in as_owner.get(at("tables", workspace)).content.decode()


def test_the_list_says_what_each_table_has_and_what_runs(
    as_owner, owner, workspace, table, django_assert_num_queries
):
    address = at("tables", workspace)
    with CaptureQueriesContext(connection) as one:
        page = as_owner.get(address)
    shown = page.context["page"][0]
    assert (shown.documents_in, shown.columns_in, shown.runs_now) == (1, 2, False)
    for n in range(3):
        tables.make(workspace, owner, title=f"No. {n}", model=MODEL)
    Run.objects.create(table=table, started_by=owner, mode="live")
    with django_assert_num_queries(len(one)):
        page = as_owner.get(address).content.decode()
    assert "running" in page


def test_a_column_is_added(as_owner, workspace, table):
    said = {"title": "Term", "question": "How long?", "kind": "choice", "choices": "a year"}
    refused = as_owner.post(at("add_column", workspace, table.public_id), said)
    more = {**said, "choices": "a year\ntwo years"}
    as_owner.post(at("add_column", workspace, table.public_id), more)

    assert refused.status_code == 422
    assert table.columns.last().choices == ["a year", "two years"]


def test_strangers_find_nothing(as_stranger, workspace, table, law):
    for address in (
        at("tables", workspace),
        at("new", workspace),
        at("table", workspace, table.public_id),
        at("run", workspace, table.public_id),
        at("delete", workspace, table.public_id),
        at("file", workspace, table.public_id, "csv"),
        at("cell", workspace, law.public_id),
    ):
        assert as_stranger.get(address).status_code == 404
    assert mark(as_stranger, law, "verified", 0).status_code == 404


def test_what_is_of_another_workspace_is_not_found_in_ones_own(as_stranger, elsewhere, table, law):
    assert as_stranger.get(at("table", elsewhere, table.public_id)).status_code == 404
    assert as_stranger.get(at("cell", elsewhere, law.public_id)).status_code == 404


def test_a_viewer_reads_but_neither_makes_runs_marks_nor_exports(
    as_mate, mate, workspace, table, law
):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.VIEWER)

    assert as_mate.get(at("table", workspace, table.public_id)).status_code == 200
    assert "Verify" not in as_mate.get(at("cell", workspace, law.public_id)).content.decode()
    assert mark(as_mate, law, "verified", 0).status_code == 403
    for name, args in (("new", []), ("run", [table.public_id]), ("file", [table.public_id, "csv"])):
        assert as_mate.get(at(name, workspace, *args)).status_code == 403


def test_the_grid_is_filtered_and_sorted(as_owner, workspace, owner, table, law):
    other = upload(workspace, owner, "Nothing of the kind.", "other.txt")
    tables.add_documents(table, [other])
    answered(law, "Irish law")
    address = at("table", workspace, table.public_id)

    def rows(query):
        return [line.row.document for line in as_owner.get(address + query).context["lines"]]

    assert rows("") == [law.row.document, other]
    assert rows("?sort=-" + str(law.column.public_id))[0] == law.row.document
    assert rows(f"?column={law.column.public_id}&state=done") == [law.row.document]
    assert rows("?text=nowhere") == []


def test_a_page_of_the_grid_takes_as_many_queries_for_many_cells_as_for_few(
    as_owner, workspace, owner, table
):
    address = at("table", workspace, table.public_id)
    as_owner.get(address)
    with CaptureQueriesContext(connection) as few:
        as_owner.get(address)
    more = [upload(workspace, owner, f"No. {n}", f"{n}.txt") for n in range(5)]
    tables.add_documents(table, more)
    for cell in table.cells.all():
        answered(cell)
    for n in range(3):
        tables.add_column(table, replace(FEE, title=f"Fee {n}"))
    with CaptureQueriesContext(connection) as many:
        page = as_owner.get(address)

    assert sum(len(line.cells) for line in page.context["lines"]) == 6 * 5
    assert len(many) == len(few)


def test_a_cell_is_verified_corrected_flagged_and_that_taken_back(as_owner, law):
    answered(law)

    mark(as_owner, law, "verified", 0)
    mark(as_owner, law, "corrected", 1, value="English law")
    law.refresh_from_db()
    page = as_owner.get(at("cell", law.table.workspace, law.public_id)).content.decode()

    assert law.shown == "English law"
    assert law.value_text == "Irish law"
    assert "Irish law" in page
    assert mark(as_owner, law, "flagged", 2).status_code == 422
    mark(as_owner, law, "none", 2)
    law.refresh_from_db()
    assert law.shown == "Irish law"


def test_a_correction_of_another_kind_is_refused_with_what_is_wanted(as_owner, table):
    fee = table.cells.get(column__title="Fee")
    page = mark(as_owner, fee, "corrected", 0, value="a lot")

    assert page.status_code == 422
    assert "Write the amount with its currency" in page.content.decode()
    assert "a lot" in page.content.decode()


def test_who_comes_second_sees_both_and_decides(as_owner, as_mate, mate, law):
    answered(law)
    mark(as_mate, law, "corrected", 0, value="Scots law")
    page = mark(as_owner, law, "corrected", 0, value="English law")

    assert page.status_code == 409
    assert "Scots law" in page.content.decode()
    assert "English law" in page.content.decode()
    mark(as_owner, law, "corrected", page.context["seen"], value="English law")
    law.refresh_from_db()
    assert law.shown == "English law"
    assert Mark.objects.filter(cell=law).count() == 2


def test_a_row_is_verified_and_one_goes_on_to_what_is_left(as_owner, workspace, table, law):
    fee = answered(table.cells.get(column__title="Fee"), "1 EUR")
    answered(law)
    following = as_owner.get(at("following", workspace, law.public_id))
    assert following.url == at("cell", workspace, fee.public_id)

    as_owner.post(at("mark_row", workspace, law.row.public_id), {"kind": "verified", "seen": 0})

    assert not table.cells.unreviewed().exists()
    done = as_owner.get(at("following", workspace, law.public_id), follow=True)
    assert "is reviewed" in done.content.decode()


def test_it_is_taken_away_as_a_workbook(as_owner, workspace, table):
    response = as_owner.get(at("file", workspace, table.public_id, "xlsx"))

    assert response.status_code == 200
    assert response.content
    assert as_owner.get(at("file", workspace, table.public_id, "exe")).status_code == 404


def test_it_says_that_nothing_is_to_run_before_documents_are_read(as_owner, workspace, owner):
    unread = upload(workspace, owner, "New.", "new.txt")
    made = tables.make(
        workspace, owner, title="New", model=MODEL, documents=[unread], columns=[LAW, FEE]
    )
    address = at("run", workspace, made.public_id)

    assert "Nothing to run" in as_owner.get(address).content.decode()
    assert as_owner.post(address, {"mode": "live"}).status_code == 422


def test_it_is_deleted_by_who_made_it_and_by_nobody_else_below_an_admin(
    as_owner, as_mate, mate, workspace, table
):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.ANALYST)
    address = at("delete", workspace, table.public_id)

    assert as_mate.post(address).status_code == 403
    assert as_owner.get(address).status_code == 200
    as_owner.post(address)
    assert not Table.objects.visible_to(table.created_by).exists()
