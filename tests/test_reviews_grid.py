"""A table as a grid: cells open beside it, what changes in it, what its columns come to."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from accounts.roles import Role
from documents.models import Document, Version
from qa.models import Citation, claude_model
from reviews import books, cells, marking, summary, tables
from reviews.models import Batch, Cell, Mark, Row, Run
from reviews.values import Kind
from tests.conftest import read, upload
from tests.test_reviews_pages import at, mark
from tests.test_reviews_tables import FEE, LAW, MODEL, answered, law, table

__all__ = ["law", "table"]

BESIDE = {"Pincite-Part": "beside"}
TERM = books.Asked("Term", "How long?", Kind.NUMBER)
STATES = books.Asked("States", "Which states are named?", Kind.LIST)


def said(cell, kind, seen, client, **more):
    """A mark that is put beside the grid, and what the answer shows."""
    data = {"kind": kind, "seen": seen, **more}
    return client.post(
        at("mark", cell.table.workspace, cell.public_id), data, headers=BESIDE
    ).content.decode()


def cited(cell):
    version = cell.row.document.current
    cell.answer.blocks = [{"text": "Irish law governs.", "citations": [1]}]
    cell.answer.save()
    return Citation.objects.create(
        answer=cell.answer,
        number=1,
        kind="text",
        state="exact",
        version=version,
        start=3,
        end=20,
        page_start=1,
        page_end=1,
        title="Lease",
        cited_text=version.text.content[3:20],
    )


@pytest.fixture
def wide(workspace, owner):
    """Three documents and a column of laws, of which two are the same."""
    documents = [upload(workspace, owner, f"No. {n}.", f"{n}.txt") for n in range(3)]
    for document in documents:
        read(document)
    made = tables.make(
        workspace, owner, title="Laws", model=MODEL, documents=documents, columns=[LAW, TERM]
    )
    laws = made.cells.filter(column__title="Law").order_by("row__position")
    for cell, text in zip(laws, ["Irish law", "Irish law", "French law"], strict=True):
        answered(cell, text)
    return made


# open beside it ---------------------------------------------


def test_a_cell_opens_beside_the_grid_with_the_place_it_cites_first(as_owner, workspace, law):
    answered(law)
    cited(law)

    page = as_owner.get(at("cell", workspace, law.public_id), headers=BESIDE).content.decode()

    assert '<aside id="beside"' in page
    assert "<html" not in page
    assert 'id="cited"' in page
    assert re.search(r'class="n" href="/w/[^"]+/cells/[^"]+start=3&amp;end=20#cited"', page)


def test_the_grid_comes_with_the_cell_that_its_address_names(as_owner, workspace, table, law):
    answered(law)
    address = at("table", workspace, table.public_id)

    assert 'id="opened"' in as_owner.get(f"{address}?cell={law.public_id}").content.decode()
    for nothing in ("zzz", table.public_id):
        assert 'id="opened"' not in as_owner.get(f"{address}?cell={nothing}").content.decode()


def test_a_mark_beside_the_grid_shows_the_cell_anew_with_its_counts(as_owner, law):
    answered(law)

    page = said(law, "verified", 0, as_owner)

    assert "Verified by" in page
    assert f'id="{law.anchor}"' in page
    assert "1 verified" in page
    refused = said(law, "flagged", 1, as_owner)
    assert "Say what is to be looked at." in refused
    assert 'id="changes"' in refused


def test_who_comes_second_beside_the_grid_sees_both(as_owner, as_mate, law):
    answered(law)
    mark(as_mate, law, "corrected", 0, value="Scots law")

    page = said(law, "corrected", 0, as_owner, value="English law")

    assert "Scots law" in page
    assert "English law</textarea>" in page
    assert "not kept yet" in page


def test_the_way_on_and_the_way_back_keep_filter_and_order(as_owner, workspace, wide):
    first, second, third = wide.cells.filter(column__title="Law").order_by("row__position")
    kept = f"?is={first.column.public_id}.value.Irish+law"

    page = as_owner.get(at("cell", workspace, first.public_id) + kept).content.decode()
    onward = as_owner.get(at("following", workspace, first.public_id) + kept)
    marking.verify(second, wide.created_by, 0)
    done = as_owner.get(at("following", workspace, first.public_id) + kept)

    assert at("table", workspace, wide.public_id) + kept + "#" in page
    assert onward.url == at("cell", workspace, second.public_id) + kept
    assert done.url == at("table", workspace, wide.public_id) + kept
    assert not third.mark


def test_what_is_next_follows_the_order_of_the_rows(wide):
    first, second, third = wide.cells.filter(column__title="Law").order_by("row__position")
    falling = cells.rows(wide, descending=True)

    assert cells.next_unreviewed(first) == (second, 2)
    assert cells.next_unreviewed(third) == (first, 1)
    assert cells.next_unreviewed(third, None, falling) == (second, 2)
    flagged = cells.Filter(mark="flagged")
    assert cells.next_unreviewed(first, flagged) is None
    marking.flag(third, wide.created_by, 0, "Look again.")
    assert cells.next_unreviewed(first, flagged) == (third, 3)


# rows ---------------------------------------------


def test_a_row_is_flagged_with_a_note_and_that_taken_back(as_owner, workspace, table, law):
    address = at("mark_row", workspace, law.row.public_id)

    refused = as_owner.post(address, {"kind": "flagged", "seen": 0, "note": " "})
    flagged = as_owner.post(address, {"kind": "flagged", "seen": 0, "note": "No page 4."})
    page = as_owner.get(flagged.url).content.decode()
    back = as_owner.post(address, {"kind": "none", "seen": 1}, headers=BESIDE).content.decode()

    assert refused.status_code == 422
    assert "No page 4." in page
    assert f'id="{law.row.anchor}-head"' in back
    law.row.refresh_from_db()
    assert (law.row.mark, law.row.marks.count()) == ("", 2)


def test_a_row_that_somebody_marked_meanwhile_shows_who(as_owner, workspace, mate, law):
    marking.verify(law.row, mate, 0)

    page = as_owner.post(
        at("mark_row", workspace, law.row.public_id), {"kind": "verified", "seen": 0}
    )

    assert page.status_code == 409
    assert str(mate) in page.content.decode()
    nonsense = {"kind": "corrected", "seen": 1}
    assert as_owner.post(at("mark_row", workspace, law.row.public_id), nonsense).status_code == 422


# what changes ---------------------------------------------


def test_only_what_has_changed_is_sent_again(as_owner, as_mate, workspace, table, law):
    Cell.objects.update(changed_at=timezone.now() - timedelta(hours=1))
    address = at("changes", workspace, table.public_id)
    since = (timezone.now() - timedelta(minutes=1)).isoformat()

    def changed():
        page = as_owner.get(address, {"since": since}).content.decode()
        return re.findall(r'<t[dh][^>]* id="([^"]+)"', page)

    assert changed() == []
    mark(as_mate, law, "verified", 0)
    assert changed() == [law.anchor]
    marking.verify(law.row, table.created_by, 0)
    assert changed() == [law.anchor, f"{law.row.anchor}-head"]
    assert as_owner.get(address, {"since": "soon"}).status_code == 200


def test_too_much_that_has_changed_is_said_in_a_word(as_owner, workspace, table, monkeypatch):
    monkeypatch.setattr("reviews.views.changes.MOST_CHANGES", 1)
    page = as_owner.get(
        at("changes", workspace, table.public_id), {"since": "2020-01-01T00:00:00+00:00"}
    ).content.decode()

    assert "data-many" in page
    assert "<td" not in page


def test_rows_are_sent_by_themselves_to_who_scrolls(as_owner, workspace, wide, monkeypatch):
    monkeypatch.setattr("reviews.views.looking.ON_A_PAGE", 2)
    monkeypatch.setattr("reviews.views.grid.ON_A_PAGE", 2)
    address = at("table", workspace, wide.public_id)

    whole = as_owner.get(address).content.decode()
    rows = as_owner.get(address, {"page": 2}, headers={"Pincite-Part": "rows"}).content.decode()

    assert whole.count('<tr role="row" id=') == 2
    assert whole.count("data-room") == 1
    assert rows.count('<tr role="row" id=') == 1
    assert 'aria-rowindex="4"' in rows
    assert "<html" not in rows


# filters and summaries ---------------------------------------------


def test_rows_are_narrowed_by_values_of_several_columns(as_owner, workspace, wide):
    first, second, _third = wide.rows.all()
    law, term = wide.columns.all()
    answered(wide.cells.get(row=second, column=term), "30 days", order=30.0)
    address = at("table", workspace, wide.public_id)

    def rows(*only):
        page = as_owner.get(
            address, {"is": [f"{column.public_id}.{what}" for column, what in only]}
        )
        return [line.row for line in page.context["lines"]]

    assert rows((law, "value.Irish law")) == [first, second]
    assert rows((law, "value.Irish law"), (term, "range.20..40")) == [second]
    assert rows((term, "unanswered.yes"), (law, "value.Irish law")) == [first]
    for odd in ("range.x..y", "value.", "nothing.x", "value.a\0b", ""):
        assert as_owner.get(address, {"is": f"{law.public_id}.{odd}"}).status_code == 200


def test_a_correction_counts_as_what_it_says(wide, owner):
    cell = wide.cells.filter(column__title="Law").first()
    term = wide.cells.filter(column__title="Term").first()
    marking.correct(cell, owner, 0, "French law")
    marking.correct(term, owner, 0, "45 days")

    of_law, of_term = summary.of(cell.column), summary.of(term.column)

    assert [(bar.label, bar.n) for bar in of_law.values] == [("French law", 2), ("Irish law", 1)]
    assert [(bar.label, bar.n) for bar in of_term.values] == [("45 days", 1)]
    narrowed = cells.Only(term.column, "range", "40..50")
    assert list(cells.rows(wide, cells.Filter(only=(narrowed,)))) == [term.row]


def test_rows_are_sorted_found_and_summed_up_by_what_is_shown(as_owner, workspace, owner):
    asked = replace(FEE, title="Fee")
    fees = [(f"{n}.00 USD", float(n)) for n in (100, 200, 300)]
    column = spread(workspace, owner, asked, fees)
    first, second, third = column.cells.order_by("row__position")
    marking.correct(first, owner, 0, "5,000.00 USD")
    marking.correct(second, owner, 0, None)
    address = at("table", workspace, column.table.public_id)

    def rows(query):
        page = as_owner.get(f"{address}?{query}".replace("COLUMN", str(column.public_id)))
        return [line.row for line in page.context["lines"]]

    assert rows("sort=COLUMN") == [third.row, first.row, second.row]
    assert rows("sort=-COLUMN") == [first.row, third.row, second.row]
    assert rows("is=COLUMN.range.4000..6000") == [first.row]
    assert rows("is=COLUMN.range.50..250") == []
    assert rows("text=5,000.00") == [first.row]
    assert rows("text=100.00") == []
    assert summary.of(column).typical.startswith("From 300 to 5,000")
    marking.unmark(first, owner, 1)
    assert rows("sort=COLUMN") == [first.row, third.row, second.row]


def test_rows_are_sorted_by_the_titles_of_their_documents(as_owner, workspace, wide):
    first, second, third = wide.rows.all()
    for row, title in ((first, "beta.txt"), (second, "Gamma.txt"), (third, "Alpha.txt")):
        row.document.title = title
        row.document.save(update_fields=["title"])
    address = at("table", workspace, wide.public_id)

    def rows(query):
        page = as_owner.get(address + query)
        head = re.search(r"<thead>.*?</th>", page.content.decode(), re.S)[0]
        return [line.row for line in page.context["lines"]], head

    shown, head = rows("")
    assert shown == [first, second, third]
    assert 'href="?sort=title"' in head
    shown, head = rows("?sort=title")
    assert shown == [third, first, second]
    assert 'aria-sort="ascending"' in head
    assert 'href="?sort=-title"' in head
    shown, head = rows("?sort=-title")
    assert shown == [second, first, third]
    assert 'href="?"' in head
    cell = first.cells.first()
    onward = as_owner.get(at("following", workspace, cell.public_id) + "?sort=-title&state=done")
    assert onward.url.endswith("?state=done&sort=-title")


def test_corrections_of_before_learn_what_they_sort_by(workspace, owner):
    column = spread(workspace, owner, TERM, [("30 days", 30.0)] * 3)
    first, second, third = column.cells.all()
    marking.correct(first, owner, 0, "45 days")
    marking.correct(second, owner, 0, None)
    odd = marking.correct(third, owner, 0, "60 days")
    Mark.objects.update(order=None)
    Mark.objects.filter(pk=odd.pk).update(value="what the column asked for before")

    import_module("reviews.migrations.0004_mark_order").number(apps, connection.schema_editor())

    assert list(Mark.objects.order_by("pk").values_list("order", flat=True)) == [45.0, None, None]


def test_a_summary_counts_states_verdicts_and_marks(as_owner, workspace, wide, owner):
    first, second, third = wide.cells.filter(column__title="Law").order_by("row__position")
    Cell.objects.filter(pk=first.pk).update(outcome="absent", value=None, value_text="")
    Cell.objects.filter(pk=second.pk).update(verdict="deviates", doubt="ambiguous")
    marking.verify(third, owner, 0)

    said = summary.of(first.column)
    page = as_owner.get(at("summary", workspace, first.column.public_id), headers=BESIDE)

    counts = {bar.label: bar.n for bar in [*said.facts, *said.verdicts, *said.marks]}
    assert counts["Not in this document"] == counts["Deviates"] == counts["Verified"] == 1
    assert counts["Doubtful"] == 1
    assert counts["Not reviewed yet"] == 2
    assert (said.all, said.answered, said.others) == (3, 3, 0)
    assert f"is={first.column.public_id}.verdict.deviates" in page.content.decode()
    for bar in [*said.facts, *said.verdicts, *said.marks]:
        assert len(cells.rows(wide, cells.Filter(only=(bar.only,)))) == bar.n


def spread(workspace, owner, asked, found):
    """A table of one column whose cells have these values."""
    documents = [upload(workspace, owner, f"No. {n}.", f"{n}.txt") for n in range(len(found))]
    made = tables.make(
        workspace, owner, title="T", model=MODEL, documents=documents, columns=[asked]
    )
    for cell, (text, order) in zip(made.cells.order_by("row__position"), found, strict=True):
        answered(cell, text, order=order)
    return made.columns.get()


def test_a_list_is_summed_up_and_found_by_what_is_in_it(as_owner, workspace, owner):
    places = [["Delaware", "New York"], ["Delaware"], ['Zug, "Switzerland"', "Delaware"], [], []]
    column = spread(workspace, owner, STATES, [("; ".join(held), None) for held in places])
    found = list(column.cells.order_by("row__position"))
    for cell, held in zip(found, places, strict=True):
        Cell.objects.filter(pk=cell.pk).update(value=held or None)
    Cell.objects.filter(pk=found[3].pk).update(outcome="unparsed", value_text="Delaware")
    Cell.objects.filter(pk=found[4].pk).update(outcome="absent")
    marking.correct(found[1], owner, 0, "New York\nTexas")

    said = summary.of(column)

    bars = [(bar.label, bar.n) for bar in said.values]
    assert bars == [("Delaware", 3), ("New York", 2), ("Texas", 1), ('Zug, "Switzerland"', 1)]
    assert said.others == 0
    for bar in said.values:
        assert len(cells.rows(column.table, cells.Filter(only=(bar.only,)))) == bar.n
    page = as_owner.get(at("summary", workspace, column.public_id), headers=BESIDE)
    assert f"is={column.public_id}.item.New+York" in page.content.decode()
    narrowed = f"{at('table', workspace, column.table.public_id)}?is={column.public_id}.item."
    rows = [line.row for line in as_owner.get(narrowed + "New+York").context["lines"]]
    assert rows == [found[0].row, found[1].row]
    assert not as_owner.get(narrowed + "New").context["lines"]


def test_a_list_is_corrected_from_its_items_one_a_line(as_owner, workspace, owner):
    column = spread(workspace, owner, STATES, [("Delaware; New York", None)])
    cell = column.cells.get()
    Cell.objects.update(value=["Delaware", "New York"])

    page = as_owner.get(at("cell", workspace, cell.public_id)).content.decode()

    assert ">Delaware\nNew York</textarea>" in page
    mark(as_owner, cell, "corrected", 0, value="Delaware\r\nNew York\r\nTexas")
    assert Mark.objects.get().value == ["Delaware", "New York", "Texas"]
    page = as_owner.get(at("cell", workspace, cell.public_id)).content.decode()
    assert ">Delaware\nNew York\nTexas</textarea>" in page


def test_values_that_are_asked_for_again_are_summed_up_as_long_as_they_are_shown(wide):
    column = wide.columns.get(title="Law")
    first, second, _third = column.cells.order_by("row__position")
    Cell.objects.filter(pk=first.pk).update(state="running")
    Cell.objects.filter(pk=second.pk).update(state="failed", error="Claude was away.")

    bars = summary.of(column).values

    assert [(bar.label, bar.n) for bar in bars] == [("Irish law", 2), ("French law", 1)]
    for bar in bars:
        assert len(cells.rows(wide, cells.Filter(only=(bar.only,)))) == bar.n


def test_an_item_that_hardly_any_list_has_stands_out(workspace, owner):
    column = spread(workspace, owner, STATES, [("a; b", None)] * 24 + [("c", None)])
    column.cells.filter(value_text="a; b").update(value=["a", "b"])
    for n, cell in enumerate(column.cells.filter(value_text="a; b")[:14]):
        Cell.objects.filter(pk=cell.pk).update(value=["a", "b", f"x{n}"])

    said = summary.of(column)

    assert len(said.values) == summary.MOST_BARS
    assert said.others == 5
    assert "a" not in [bar.label for bar in said.outliers]
    assert "c" in [bar.label for bar in said.outliers]


def test_a_number_far_from_the_rest_stands_out(workspace, owner):
    numbers = [*range(30, 44), 900]
    column = spread(workspace, owner, TERM, [(f"{n} days", float(n)) for n in numbers])

    said = summary.of(column)

    assert [bar.label for bar in said.outliers] == ["900 days"]
    assert said.rule
    assert sum(bar.n for bar in said.values) == len(numbers)
    assert said.values[0].only.value == "30.0..43.0"
    assert "From 30 to 900" in said.typical


def test_a_value_that_hardly_any_row_has_stands_out(workspace, owner):
    laws = ["Irish law"] * 12 + ["French law"] * 9 + ["Manx law"]
    column = spread(workspace, owner, replace(LAW, expected=""), [(text, None) for text in laws])

    assert [bar.label for bar in summary.of(column).outliers] == ["Manx law"]


def test_strangers_and_viewers_get_what_they_may(
    as_owner, as_stranger, as_mate, mate, workspace, table, law
):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.VIEWER)
    addresses = (
        at("changes", workspace, table.public_id),
        at("row", workspace, law.row.public_id),
        at("summary", workspace, law.column.public_id),
        at("following", workspace, law.public_id),
    )
    for address in addresses:
        assert as_stranger.get(address, headers=BESIDE).status_code == 404
        assert as_mate.get(address, headers=BESIDE).status_code in (200, 302)
    data = {"kind": "verified", "seen": 0}
    assert as_stranger.post(at("mark_row", workspace, law.row.public_id), data).status_code == 404
    assert as_mate.post(at("mark_row", workspace, law.row.public_id), data).status_code == 403
    assert not Mark.objects.exists()


def test_the_head_counts_rows_that_are_marked_as_a_whole(as_owner, workspace, owner, wide):
    first, second, third = wide.rows.all()
    marking.verify(first, owner, 0)
    marking.verify(second, owner, 0)
    marking.flag(third, owner, 0, "A page is missing.")

    page = as_owner.get(at("table", workspace, wide.public_id)).content.decode()

    assert "2 rows verified as a whole. 1 row flagged." in page


def test_the_head_says_where_the_batches_of_a_run_are(as_owner, workspace, owner, wide):
    run = Run.objects.create(table=wide, started_by=owner, mode="batch")
    wide.cells.update(state="running", run=run)
    for n, state in enumerate(["sent", "sent", "unknown", "ended"]):
        Batch.objects.create(
            run=run,
            state=state,
            backend="emulator",
            account="a",
            model=MODEL,
            requests=1,
            api_id="" if state == "unknown" else f"msgbatch_{n}",
        )

    for name in ("table", "changes"):
        page = as_owner.get(at(name, workspace, wide.public_id)).content.decode()
        assert "Batches: Being looked for at Claude (1), At Claude (2)." in page


def test_a_cell_that_failed_says_so_beside_what_it_said_before(as_owner, workspace, table, law):
    answered(law)
    Cell.objects.filter(pk=law.pk).update(state="failed", error="Claude was away.")

    page = as_owner.get(at("table", workspace, table.public_id)).content.decode()

    assert "Irish law" in page
    assert "the last run failed" in page


def test_a_table_without_cells_offers_what_it_lacks_and_nothing_else(
    as_owner, as_mate, mate, workspace, owner, document
):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.REVIEWER)
    bare = tables.make(workspace, owner, title="A", model=MODEL, documents=[document])
    empty = tables.make(workspace, owner, title="B", model=MODEL, columns=[LAW])
    for made, lacks in ((bare, "add_column"), (empty, "add_documents")):
        page = as_owner.get(at("table", workspace, made.public_id)).content.decode()
        assert f'href="{at(lacks, workspace, made.public_id)}"' in page
        for nothing in ("Run…", "Export", "Any verdict", "cells answered"):
            assert nothing not in page
        theirs = as_mate.get(at("table", workspace, made.public_id)).content.decode()
        assert at(lacks, workspace, made.public_id) not in theirs


# how much is asked of the database ---------------------------------------------


def filled(workspace, owner, document, rows, columns):
    """A table of copies of a document, all of whose cells are answered."""
    read = document.current
    fields = {
        field.attname: getattr(read, field.attname)
        for field in Version._meta.concrete_fields
        if field.name not in ("id", "public_id", "document")
    }
    documents = Document.objects.bulk_create(
        Document(
            workspace=workspace,
            title=f"No. {n}",
            uploaded_by=owner,
            kind=document.kind,
            status=document.status,
        )
        for n in range(rows)
    )
    versions = Version.objects.bulk_create(Version(document=one, **fields) for one in documents)
    for one, version in zip(documents, versions, strict=True):
        one.current = version
    Document.objects.bulk_update(documents, ["current"])
    asked = [replace([LAW, FEE, TERM, STATES][n % 4], title=f"{n}") for n in range(columns)]
    made = tables.make(workspace, owner, title="T", model=MODEL, documents=documents, columns=asked)
    answer = answered(made.cells.first()).answer
    Citation.objects.create(
        answer=answer, number=1, kind="text", state="exact", version=read, start=3, end=9
    )
    current = Row.objects.filter(pk=OuterRef("row")).values("document__current")
    made.cells.update(
        state="done",
        outcome="value",
        answer=answer,
        value=["Delaware"],
        value_text="Delaware",
        order=1.0,
        column_version=1,
        version=Subquery(current[:1]),
    )
    marking.correct(made.cells.filter(column__kind="text").last(), owner, 0, "Irish law")
    return made


def test_ten_thousand_cells_take_as_many_queries_as_forty(
    as_owner, workspace, owner, document, monkeypatch
):
    # however long the pages take, none of them looks the models up again
    monkeypatch.setattr(claude_model, "KEPT", 600.0)

    def queries(made):
        first, *_others, last = made.columns.all()
        cell, grid = made.cells.first(), at("table", workspace, made.public_id)
        addresses = [
            (grid, {}),
            (f"{grid}?sort=-{first.public_id}&text=Delaware&is={last.public_id}.range.0..2", {}),
            (f"{grid}?cell={cell.public_id}", {}),
            (f"{grid}?summary={last.public_id}", {}),
            (f"{grid}?is={last.public_id}.item.Delaware", {"Pincite-Part": "rows"}),
            (at("changes", workspace, made.public_id) + "?since=2020-01-01T00:00:00Z", {}),
            (at("row", workspace, cell.row.public_id), BESIDE),
            (at("summary", workspace, last.public_id), BESIDE),
            (at("following", workspace, cell.public_id), {}),
            (at("run", workspace, made.public_id), {}),
            (at("columns", workspace, made.public_id), {}),
        ]
        counts = []
        for address, headers in addresses:
            with CaptureQueriesContext(connection) as found:
                assert as_owner.get(address, headers=headers).status_code < 400
            counts.append(len(found))
        return counts

    small = filled(workspace, owner, document, 8, 5)
    large = filled(workspace, owner, document, 200, 50)
    queries(small)

    assert large.cells.count() == 10_000
    assert queries(large) == queries(small)
