"""Playbooks on their pages: looked at, made, changed, taken away, and taken over by tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Member
from accounts.roles import Role
from reviews import books, tables, updating
from reviews.models import Cell, Playbook
from reviews.values import Kind
from tests.test_reviews_books import PLAYBOOK
from tests.test_reviews_pages import at
from tests.test_reviews_tables import FEE, LAW, MODEL, answered, law, table

__all__ = ["law", "table"]

TERM = books.Asked("Term", "How long does it run?", Kind.NUMBER)


@pytest.fixture
def leases(workspace, owner):
    return Playbook.put(workspace, books.read(PLAYBOOK), owner).playbook


@pytest.fixture
def based(table, owner):
    """The table, which is at the first version of a playbook of its columns."""
    updating.save_playbook(table, owner, "Ours")
    return table


def version(table, owner, *asked):
    """The playbook's next version."""
    return table.playbook.playbook.keep(books.Book("ours", "Ours", asked), owner)


def titles(table):
    return [column.title for column in table.columns.live()]


def test_the_shipped_ones_and_the_workspaces_own_are_listed(as_owner, workspace, leases):
    page = as_owner.get(at("playbooks", workspace))

    names = [(one.name, found.number) for one, found in page.context["lines"]]
    assert names[-1] == ("leases", 1)
    assert {name for name, _number in names} == {"cuad", "nda", "data-protection", "leases"}


def test_the_list_takes_as_many_queries_for_many_playbooks_as_for_few(
    as_owner, owner, workspace, leases
):
    address = at("playbooks", workspace)
    as_owner.get(address)
    with CaptureQueriesContext(connection) as few:
        as_owner.get(address)
    for n in range(5):
        Playbook.put(workspace, replace(leases.newest.book, name=f"n{n}"), owner)
    with CaptureQueriesContext(connection) as many:
        as_owner.get(address)

    assert len(many) == len(few)


def test_one_is_looked_at_with_its_questions_and_positions(as_owner, workspace, leases):
    page = as_owner.get(at("playbook", workspace, leases.public_id)).content.decode()

    assert "What is the monthly rent?" in page
    assert "At most 10,000 EUR." in page
    assert "office, shop" in page


def test_an_earlier_version_is_looked_at_and_taken_away(as_owner, workspace, owner, leases):
    first = leases.newest.book
    leases.keep(replace(first, columns=first.columns[:1]), owner)
    address = at("playbook", workspace, leases.public_id)

    assert "office, shop" not in as_owner.get(address).content.decode()
    assert "office, shop" in as_owner.get(address + "?version=1").content.decode()
    for strange in ("9", "x", "²", "1" * 30):
        assert as_owner.get(f"{address}?version={strange}").status_code == 404
    file = as_owner.get(at("playbook_file", workspace, leases.public_id) + "?version=1")
    assert books.read(file.content) == first
    assert 'filename="leases.yaml"' in file["Content-Disposition"]


def test_a_text_is_imported_and_again_only_when_it_says_something_else(as_owner, workspace):
    address = at("import_playbook", workspace)

    first = as_owner.post(address, {"yaml": PLAYBOOK}, follow=True).content.decode()
    same = as_owner.post(address, {"yaml": PLAYBOOK}, follow=True).content.decode()
    other = PLAYBOOK.replace("10,000", "20,000")
    second = as_owner.post(address, {"yaml": other}, follow=True).content.decode()

    assert "a playbook of this workspace now" in first
    assert "says the same already" in same
    assert "Version 2" in second
    assert Playbook.objects.get(workspace=workspace).versions.count() == 2


def test_a_file_is_imported(as_owner, workspace):
    file = SimpleUploadedFile("x.yaml", PLAYBOOK.encode())
    as_owner.post(at("import_playbook", workspace), {"file": file, "yaml": ""})

    assert Playbook.objects.get(workspace=workspace).name == "leases"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("type: money", "type: mony", "Line 6: Column 1 (“Rent”): “mony” is no type"),
        ("question: What is let?", "asks: What is let?", "Line 9: Column 2 (“Kind”) says “asks”"),
        ("title: Kind", "title: RENT", "Line 8: Column 2 has the same title"),
        ("[office, shop]", "[office]", "Line 11: Column 2"),
        ("name: leases", "name: Our Leases", "Line 1: “name” is written in small letters"),
        ("title: Leases", "titel: Leases", "Line 2: The playbook says “titel”"),
        ("type: money", "type: [", "Line "),
        ("What is let?", "What: all of it?", "Line 9, character 17: a text with a colon"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_text_stays(
    as_owner, workspace, before, after, said
):
    wrong = PLAYBOOK.replace(before, after, 1)
    page = as_owner.post(at("import_playbook", workspace), {"yaml": wrong})

    assert page.status_code == 422
    assert said in page.context["form"].errors["yaml"][0]
    assert page.context["form"]["yaml"].value() == wrong
    assert not Playbook.objects.filter(workspace=workspace).exists()


def test_what_is_wrong_with_a_file_is_shown_to_be_put_right(as_owner, workspace):
    file = SimpleUploadedFile("x.yaml", b"title: \xff")
    page = as_owner.post(at("import_playbook", workspace), {"file": file})

    assert "UTF-8" in page.content.decode()
    assert page.context["form"]["yaml"].value() == "title: \ufffd"
    large = SimpleUploadedFile("x.yaml", b"#" * (books.LARGEST + 1))
    assert (
        "larger than"
        in as_owner.post(at("import_playbook", workspace), {"file": large}).content.decode()
    )
    assert "Paste a playbook" in as_owner.post(at("import_playbook", workspace)).content.decode()


def test_a_changed_text_is_the_next_version(as_owner, workspace, leases):
    address = at("edit_playbook", workspace, leases.public_id)
    text = as_owner.get(address).context["form"]["yaml"].value()
    as_owner.post(address, {"yaml": text.replace("10,000", "9,000"), "seen": "v1"})

    assert leases.newest.number == 2
    assert leases.newest.book.columns[0].expected == "At most 9,000 EUR."
    renamed = as_owner.post(address, {"yaml": text.replace("leases", "shops"), "seen": "v2"})
    assert "Keep the name" in renamed.content.decode()


def test_who_changes_a_playbook_second_is_told_first(as_owner, workspace, owner, leases):
    first = leases.newest.book
    leases.keep(replace(first, columns=first.columns[:1]), owner)
    page = as_owner.post(
        at("edit_playbook", workspace, leases.public_id), {"yaml": PLAYBOOK, "seen": "v1"}
    )

    assert page.status_code == 422
    assert "Version 2 was made meanwhile" in page.content.decode()
    assert page.context["seen"] == 2
    assert leases.newest.number == 2


def test_a_shipped_one_that_is_changed_becomes_the_workspaces_own(as_owner, workspace):
    Playbook.keep_built_in()
    nda = Playbook.objects.get(workspace=None, name="nda")
    text = books.write(nda.newest.book).replace("title: Direction", "title: One-sided")
    as_owner.post(at("edit_playbook", workspace, nda.public_id), {"yaml": text, "seen": "v1"})

    assert nda.versions.count() == 1
    own = Playbook.objects.get(workspace=workspace, name="nda")
    assert "One-sided" in [column.title for column in own.newest.book.columns]


def test_one_is_deleted_by_who_made_it_and_its_tables_stay(
    as_owner, as_mate, mate, workspace, based
):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.ANALYST)
    ours = based.playbook.playbook
    address = at("delete_playbook", workspace, ours.public_id)

    assert as_mate.post(address).status_code == 403
    assert "keep their columns" in as_owner.get(address).content.decode()
    as_owner.post(address)
    assert as_owner.get(at("playbook", workspace, ours.public_id)).status_code == 404
    assert titles(based) == ["Law", "Fee"]
    assert as_owner.get(at("columns", workspace, based.public_id)).status_code == 200


def test_a_shipped_one_cannot_be_deleted(as_owner, workspace):
    Playbook.keep_built_in()
    nda = Playbook.objects.get(workspace=None, name="nda")

    assert as_owner.post(at("delete_playbook", workspace, nda.public_id)).status_code == 403


def test_the_columns_of_a_table_become_a_playbook_and_its_next_version(as_owner, workspace, table):
    address = at("save_playbook", workspace, table.public_id)
    assert as_owner.get(address).context["title"] == "Leases"
    as_owner.post(address, {"title": "Our leases"})
    tables.add_column(table, TERM)
    page = as_owner.post(address, {"title": "Our leases"}, follow=True)

    ours = Playbook.objects.get(workspace=workspace)
    assert "Version 2" in page.content.decode()
    assert [column.title for column in ours.newest.book.columns] == ["Law", "Fee", "Term"]
    table.refresh_from_db()
    assert table.playbook == ours.newest


def test_columns_of_one_title_make_no_playbook(as_owner, workspace, table):
    table.columns.update(title="Law")
    page = as_owner.post(at("save_playbook", workspace, table.public_id), {"title": "Ours"})

    assert page.status_code == 422
    assert "the same title" in page.content.decode()


def test_where_the_questions_come_from_stays_with_a_playbook_made_of_a_table(
    workspace, owner, document
):
    Playbook.keep_built_in()
    cuad = Playbook.objects.get(workspace=None, name="cuad").newest
    table = tables.make(
        workspace, owner, title="Mine", model=MODEL, documents=[document], playbook=cuad
    )

    assert updating.save_playbook(table, owner, "Mine").book.source == cuad.book.source


def test_an_update_shows_what_changes_and_takes_what_is_ticked(
    as_owner, workspace, owner, based, law
):
    answered(law)
    version(based, owner, replace(LAW, question="Which courts decide?"), TERM)
    address = at("update_table", workspace, based.public_id)

    assert (
        "See what changes"
        in as_owner.get(at("columns", workspace, based.public_id)).content.decode()
    )
    page = as_owner.get(address)
    shown = [(one.key, one.advised) for one in page.context["changes"]]
    assert shown == [("law", True), ("term", True), ("fee", False)]
    assert "Which courts decide?" in page.content.decode()
    as_owner.post(address, {"version": "v2", "change": ["law", "term"]})

    based.refresh_from_db()
    assert based.playbook.number == 2
    assert titles(based) == ["Law", "Fee", "Term"]
    assert Cell.objects.stale().get() == law
    assert updating.newer(based) is None


def test_what_is_not_ticked_stays_as_it_is(as_owner, workspace, owner, based):
    version(based, owner, replace(LAW, question="Which courts decide?"), TERM)
    as_owner.post(at("update_table", workspace, based.public_id), {"version": "v2"})

    assert [column.asked for column in based.columns.live()] == [LAW, FEE]


def test_what_a_table_changed_itself_is_not_advised(owner, based, law):
    tables.edit_column(law.column, replace(LAW, question="Mine?"))
    tables.remove_column(based.columns.get(title="Fee"))
    newest = version(based, owner, replace(LAW, question="Theirs?"), replace(FEE, guidance="Net."))

    found = {one.key: one for one in updating.changes(based, newest)}
    assert not found["law"].advised
    assert not found["fee"].advised
    updating.take(based, newest, {"law", "fee"}, owner)
    assert [column.asked for column in based.columns.live()] == list(newest.book.columns)


def test_a_column_that_the_playbook_dropped_is_removed_where_that_is_ticked(owner, based):
    newest = version(based, owner, LAW)
    updating.take(based, newest, {"fee"}, owner)

    assert titles(based) == ["Law"]


def test_a_version_that_came_meanwhile_is_shown_first(as_owner, workspace, owner, based):
    version(based, owner, LAW, TERM)
    page = as_owner.post(
        at("update_table", workspace, based.public_id), {"version": "v1", "change": ["term"]}
    )

    assert page.status_code == 422
    assert titles(based) == ["Law", "Fee"]


def test_a_table_without_a_later_version_is_sent_back(as_owner, workspace, table):
    page = as_owner.get(at("update_table", workspace, table.public_id), follow=True)

    assert "no later version" in page.content.decode()


def test_a_viewer_looks_at_playbooks_and_changes_none(as_mate, mate, workspace, leases, table):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.VIEWER)

    assert as_mate.get(at("playbooks", workspace)).status_code == 200
    page = as_mate.get(at("playbook", workspace, leases.public_id)).content.decode()
    for word in ("Edit", "Delete", "New table", "YAML"):
        assert word not in page
    for name, target in (
        ("edit_playbook", leases),
        ("delete_playbook", leases),
        ("playbook_file", leases),
        ("save_playbook", table),
        ("update_table", table),
    ):
        assert as_mate.get(at(name, workspace, target.public_id)).status_code == 403, name


def test_a_playbook_of_another_workspace_is_not_found(as_stranger, elsewhere, leases):
    for name in ("playbook", "edit_playbook", "delete_playbook", "playbook_file"):
        assert as_stranger.get(at(name, elsewhere, leases.public_id)).status_code == 404
