"""What a table is made of, on its pages: columns, what it is called, what answers it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Event, Member
from accounts.roles import Role
from reviews import marking, tables
from reviews.models import Cell, Run, Table
from tests.test_reviews_pages import at
from tests.test_reviews_tables import FEE, LAW, MODEL, answered, law, table

__all__ = ["law", "table"]


def said(column, **more):
    asked = column.asked
    return {
        "title": asked.title,
        "question": asked.question,
        "kind": asked.kind,
        "expected": asked.expected,
        "seen": f"v{column.version}",
        **more,
    }


def titles(table):
    return [column.title for column in table.columns.live()]


def test_the_columns_are_listed_with_what_is_to_run(as_owner, workspace, table, law):
    answered(law)
    page = as_owner.get(at("columns", workspace, table.public_id))

    assert [(column.title, due) for column, due in page.context["lines"]] == [
        ("Law", 0),
        ("Fee", 1),
    ]
    assert LAW.question in page.content.decode()


def test_the_list_takes_as_many_queries_for_many_columns_as_for_few(as_owner, workspace, table):
    address = at("columns", workspace, table.public_id)
    as_owner.get(address)
    with CaptureQueriesContext(connection) as few:
        as_owner.get(address)
    for n in range(5):
        tables.add_column(table, replace(FEE, title=f"Fee {n}"))
    with CaptureQueriesContext(connection) as many:
        as_owner.get(address)

    assert len(many) == len(few)


def test_a_changed_question_is_a_new_version_and_its_cells_are_out_of_date(
    as_owner, workspace, law
):
    answered(law)
    column = law.column
    address = at("column", workspace, column.public_id)

    assert "puts it out of date" in as_owner.get(address).content.decode()
    page = as_owner.post(address, said(column, question="Which courts decide?"), follow=True)

    column.refresh_from_db()
    assert (column.version, column.question) == (2, "Which courts decide?")
    assert "out of date until they are run again" in page.content.decode()
    assert Cell.objects.stale().get() == law
    assert LAW.question in as_owner.get(address).content.decode(), "what it asked before is told"


def test_a_changed_title_makes_nothing_out_of_date(as_owner, workspace, law):
    answered(law)
    page = as_owner.post(
        at("column", workspace, law.column.public_id), said(law.column, title="Laws"), follow=True
    )

    assert "out of date" not in page.content.decode()
    assert not Cell.objects.stale().exists()


def test_who_changes_a_column_second_is_told_first(as_owner, as_mate, workspace, law):
    address = at("column", workspace, law.column.public_id)
    as_mate.post(address, said(law.column, question="Theirs?"))
    page = as_owner.post(address, said(law.column, question="Mine?"))

    assert page.status_code == 409
    assert "Theirs?" in page.content.decode()
    assert "Mine?" in page.content.decode()
    as_owner.post(address, said(law.column, question="Mine?", seen="v2"))
    law.column.refresh_from_db()
    assert law.column.question == "Mine?"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "choice", "choices": "one"}, "choices"),
        ({"choices": "one\ntwo"}, "choices"),
        ({"kind": "choice", "choices": "one\nOne"}, "choices"),
        ({"question": "why? " * 2000}, "question"),
        ({"guidance": "look. " * 2000}, "guidance"),
        ({"title": ""}, "title"),
        ({"kind": "poem"}, "kind"),
    ],
)
def test_what_is_wrong_with_a_column_is_said_beside_its_field(
    as_owner, workspace, law, more, field
):
    address = at("column", workspace, law.column.public_id)
    page = as_owner.post(address, said(law.column, **more))

    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    law.column.refresh_from_db()
    assert law.column.version == 1


def test_a_column_moves_up_and_down_and_no_further_than_the_end(as_owner, workspace, table):
    fee = table.columns.get(title="Fee")
    address = at("move_column", workspace, fee.public_id)

    as_owner.post(address, {"to": "up"})
    assert titles(table) == ["Fee", "Law"]
    as_owner.post(address, {"to": "up"})
    assert titles(table) == ["Fee", "Law"]
    as_owner.post(address, {"to": "down"})
    assert titles(table) == ["Law", "Fee"]


def test_a_column_that_is_removed_comes_back_with_its_answers(as_owner, workspace, table, law):
    answered(law)
    address = at("remove_column", workspace, law.column.public_id)

    assert "1 answered cell" in as_owner.get(address).content.decode()
    assert titles(table) == ["Law", "Fee"]
    as_owner.post(address)
    assert titles(table) == ["Fee"]
    assert as_owner.get(address).status_code == 404
    as_owner.post(at("restore_column", workspace, law.column.public_id))
    assert titles(table) == ["Law", "Fee"]
    assert Cell.objects.live().get(pk=law.pk).shown == "Irish law"


def test_what_waits_of_a_removed_column_is_not_asked(as_owner, owner, workspace, table, law):
    run = Run.objects.create(table=table, started_by=owner, mode="live")
    Cell.objects.filter(pk=law.pk).update(state="queued", run=run)

    as_owner.post(at("remove_column", workspace, law.column.public_id))

    law.refresh_from_db()
    run.refresh_from_db()
    assert law.state == "missing"
    assert run.state == "ended"


def test_one_column_is_priced_and_run_alone(as_owner, workspace, table, law):
    address = at("run", workspace, table.public_id)
    whole = as_owner.get(address).context["price"]
    alone = as_owner.get(f"{address}?column={law.column.public_id}").context["price"]
    assert (whole.cells, alone.cells) == (2, 1)
    assert alone.live < whole.live

    as_owner.post(f"{address}?column={law.column.public_id}", {"mode": "live"})

    assert Run.objects.get().cells_sent == 1
    assert Cell.objects.get(state="queued") == law
    assert as_owner.get(address + "?column=nonsense").status_code == 404


def test_what_a_column_has_answered_is_run_again_where_that_is_asked_for(
    as_owner, owner, workspace, table, law
):
    answered(law)
    address = f"{at('run', workspace, table.public_id)}?column={law.column.public_id}"

    assert "Nothing to run" in as_owner.get(address).content.decode()
    assert as_owner.get(address + "&again=yes").context["price"].cells == 1
    as_owner.post(address + "&again=yes", {"mode": "live"})
    law.refresh_from_db()
    assert law.state == "queued"


def test_two_columns_of_a_table_have_no_title_in_common(as_owner, workspace, table, law):
    add = at("add_column", workspace, table.public_id)
    said = {"title": " LAW ", "question": "Whose law?", "kind": "text"}
    refusal = "The table has a column “Law” already: choose another title."

    page = as_owner.post(add, said)
    assert page.status_code == 422
    assert page.context["form"].errors == {"title": [refusal]}
    fee = table.columns.get(title="Fee")
    edit = at("column", workspace, fee.public_id)
    page = as_owner.post(edit, {**said, "seen": "v1"})
    assert page.context["form"].errors == {"title": [refusal]}
    tables.remove_column(law.column)
    assert as_owner.post(add, said).status_code == 302
    again = as_owner.post(at("restore_column", workspace, law.column.public_id), follow=True)
    assert "has a column “LAW” already" in again.content.decode()
    assert [column.title for column in table.columns.live()] == ["Fee", "LAW"]
    with pytest.raises(tables.NotPossible, match="“Law” already"):
        tables.make(workspace, table.created_by, title="T", model=MODEL, columns=[LAW, LAW])


def test_titles_that_are_the_same_already_stay_and_may_be_parted(as_owner, workspace, table):
    table.columns.update(title="Law")
    law, fee = table.columns.all()
    said = {"title": "Law", "question": "What else?", "kind": "text", "seen": "v1"}

    assert as_owner.post(at("column", workspace, law.public_id), said).status_code == 302
    assert "What else?" in as_owner.get(at("columns", workspace, table.public_id)).content.decode()
    named = {**said, "title": "Fee"}
    assert as_owner.post(at("column", workspace, fee.public_id), named).status_code == 302
    assert [column.title for column in table.columns.all()] == ["Law", "Fee"]


def test_a_corrected_cell_is_not_run_again_with_its_column(as_owner, owner, workspace, table, law):
    answered(law)
    marking.correct(law, owner, 0, "English law")
    address = f"{at('run', workspace, table.public_id)}?column={law.column.public_id}&again=yes"

    assert as_owner.post(address, {"mode": "live"}).status_code == 422


def test_a_table_gets_another_title_model_and_way_to_run(as_owner, workspace, table):
    address = at("settings", workspace, table.public_id)
    page = as_owner.get(address)
    other = next(
        key for key, _name in page.context["form"].fields["model"].choices if key != table.model
    )

    as_owner.post(address, {"title": " Shops ", "model": other, "mode": "batch"})

    table.refresh_from_db()
    assert (table.title, table.model, table.mode) == ("Shops", other, "batch")
    assert Event.objects.filter(verb="rename", object_id=table.public_id).exists()


def test_a_table_is_answered_with_the_effort_that_was_chosen_for_its_model(
    as_owner, owner, workspace, table
):
    address = at("settings", workspace, table.public_id)
    page = as_owner.get(address).content.decode()
    assert f'name="effort:{MODEL}"' in page
    assert 'data-name="Auto"' not in page
    given = {"title": "Leases", "model": MODEL, "mode": "auto"}

    as_owner.post(address, {**given, f"effort:{MODEL}": "low", "effort:claude-haiku-5-5": "off"})

    table.refresh_from_db()
    assert (table.model, table.effort) == (MODEL, "low")
    assert '<option value="low" selected' in as_owner.get(address).content.decode()
    price = as_owner.get(at("run", workspace, table.public_id)).content.decode()
    assert "Claude Sonnet 5.5, low" in price
    as_owner.post(address, {**given, f"effort:{MODEL}": "hardest"})
    table.refresh_from_db()
    assert table.effort == ""


def test_a_new_table_begins_with_the_effort_that_was_chosen(as_owner, workspace, document):
    said = {"title": "New", "model": MODEL, "mode": "auto", "documents": [str(document.public_id)]}
    said[f"effort:{MODEL}"] = "low"

    looked = as_owner.post(at("new", workspace), {**said, "look": "again"}).content.decode()
    as_owner.post(at("new", workspace), said)

    assert '<option value="low" selected' in looked
    assert Table.objects.get(title="New").effort == "low"


@pytest.mark.parametrize(
    ("field", "value"), [("title", "  "), ("model", "auto"), ("mode", "never")]
)
def test_what_is_wrong_with_the_settings_is_said_and_nothing_kept(
    as_owner, workspace, table, field, value
):
    given = {"title": "Shops", "model": table.model, "mode": "auto", field: value}
    page = as_owner.post(at("settings", workspace, table.public_id), given)

    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    table.refresh_from_db()
    assert table.title == "Leases"


def test_a_viewer_looks_at_columns_and_changes_none(as_mate, mate, workspace, table, law):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.VIEWER)
    page = as_mate.get(at("columns", workspace, table.public_id)).content.decode()

    assert "Law" in page
    for word in ("Remove", "Edit", "Run…", "Add a column"):
        assert word not in page
    for name in ("column", "remove_column"):
        assert as_mate.get(at(name, workspace, law.column.public_id)).status_code == 403
    assert as_mate.post(at("move_column", workspace, law.column.public_id)).status_code == 403
