"""Which documents a table has: picked out of many, added, removed, or coming by themselves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Member
from accounts.roles import Role
from documents.models import Folder
from qa.models import Budget, Scope
from reviews import following, running, tables, tasks
from reviews.models import Cell, Run, Table
from reviews.picking import SHOWN
from tests.conftest import read, upload
from tests.test_reviews_pages import at
from tests.test_reviews_tables import FEE, LAW, MODEL, answered, law, table

__all__ = ["law", "table"]

HTMX = {"HX-Request": "true"}


@pytest.fixture
def many(workspace, owner):
    return [upload(workspace, owner, f"No. {n}", f"lease {n}.txt") for n in range(SHOWN + 5)]


@pytest.fixture
def deals(workspace, owner):
    return Folder.objects.create(workspace=workspace, name="Deals", created_by=owner)


@pytest.fixture
def follows(table, owner, deals):
    """The table takes in what comes into the folder, and has it answered."""
    following.set_following(table, owner, Scope.objects.folder(deals), runs_new=True)
    return table


def arrive(deals, owner, name="new.txt", *, ready=True):
    document = upload(deals.workspace, owner, f"The fee is 5 EUR. {name}", name)
    type(document).objects.filter(pk=document.pk).update(folder=deals)
    if ready:
        read(document)
    return document


def names(found):
    return [document.title for document in found]


def test_a_new_table_lists_some_documents_and_finds_the_others_by_name(as_owner, workspace, many):
    address = at("new", workspace)

    choice = as_owner.get(address).context["choice"]
    assert len(choice.found) == SHOWN
    assert choice.more == 5
    page = as_owner.post(address, {"look": "yes", "find": "lease 3.", "title": "Mine"})
    assert page.status_code == 200
    assert names(page.context["choice"].found) == ["lease 3.txt"]
    assert 'value="Mine"' in page.content.decode()
    assert "Pick at least one" not in page.content.decode()


def test_what_is_picked_stays_picked_while_others_are_looked_for(as_owner, workspace, many):
    data = {"look": "yes", "find": "lease 4", "documents": [str(many[0].public_id)]}
    page = as_owner.post(at("new", workspace), data, headers=HTMX)

    assert page.templates[0].name == "reviews/_documents.html"
    assert page.context["choice"].picked == [many[0]]
    assert many[0] not in page.context["choice"].found
    all_of_them = as_owner.post(at("new", workspace), {**data, "look": "every"})
    assert len(all_of_them.context["choice"].picked) == 1 + all_of_them.context["choice"].total + 11


def test_documents_of_the_address_are_picked(as_owner, workspace, many):
    page = as_owner.get(at("new", workspace) + f"?document={many[2].public_id}&document=nonsense")

    assert page.context["choice"].picked == [many[2]]


def test_a_table_is_made_of_a_folder_and_follows_it(as_owner, workspace, owner, deals):
    inside = arrive(deals, owner)
    said = {"title": "Deals", "model": MODEL, "mode": "auto", "follows": "on"}

    refused = as_owner.post(at("new", workspace), said)
    as_owner.post(at("new", workspace), {**said, "scope": f"folder:{deals.public_id}"})

    assert set(refused.context["form"].errors) == {"scope", "follows"}
    made = Table.objects.get()
    assert list(made.documents) == [inside]
    assert made.follows


def test_documents_of_others_cannot_be_picked(as_owner, workspace, elsewhere, stranger):
    theirs = upload(elsewhere, stranger, "Secret.", "secret.txt")
    data = {"title": "X", "model": MODEL, "mode": "auto", "documents": [str(theirs.public_id)]}

    assert as_owner.post(at("new", workspace), data).status_code == 422
    assert not Table.objects.exists()


def test_documents_are_added_later_and_only_their_cells_are_to_run(
    as_owner, workspace, owner, table, law
):
    answered(law)
    answered(table.cells.get(column__title="Fee"), "1 EUR")
    other = upload(workspace, owner, "Other.", "other.txt")
    address = at("add_documents", workspace, table.public_id)

    assert names(as_owner.get(address).context["choice"].found) == ["other.txt"]
    assert as_owner.post(address).status_code == 422
    page = as_owner.post(address, {"documents": [str(other.public_id)]}, follow=True)

    assert "1 document is added" in page.content.decode()
    assert {cell.row.document for cell in table.cells.to_run()} == {other}
    again = as_owner.post(address, {"scope": "workspace"}, follow=True)
    assert "in the table already" in again.content.decode()


def test_a_document_that_is_removed_comes_back_with_its_answers(as_owner, workspace, table, law):
    answered(law)
    row = law.row
    page = as_owner.post(
        at("remove_documents", workspace, table.public_id),
        {"row": [str(row.public_id), "nonsense"]},
        follow=True,
    )

    assert "1 document is removed" in page.content.decode()
    assert not table.rows.live().exists()
    assert list(page.context["removed"]) == [row]
    as_owner.post(at("restore_documents", workspace, table.public_id), {"row": str(row.public_id)})
    assert Cell.objects.live().get(pk=law.pk).shown == "Irish law"


def test_nothing_chosen_removes_nothing(as_owner, workspace, table):
    page = as_owner.post(at("remove_documents", workspace, table.public_id), follow=True)

    assert "No document was chosen" in page.content.decode()
    assert table.rows.live().count() == 1


def test_the_documents_of_a_table_are_found_by_name(as_owner, workspace, owner, table):
    tables.add_documents(table, [upload(workspace, owner, "Other.", "other.txt")])
    page = as_owner.get(at("documents", workspace, table.public_id) + "?find=other")

    assert names(row.document for row in page.context["page"]) == ["other.txt"]


def test_rows_of_another_table_are_not_touched(as_owner, workspace, owner, document, table):
    other = tables.make(
        workspace, owner, title="Other", model=MODEL, documents=[document], columns=[LAW]
    )
    row = other.rows.get()
    as_owner.post(at("remove_documents", workspace, table.public_id), {"row": str(row.public_id)})

    assert other.rows.live().get() == row


def test_a_folder_is_followed_from_the_page(as_owner, workspace, owner, table, deals):
    inside = arrive(deals, owner)
    address = at("follow", workspace, table.public_id)
    page = as_owner.post(
        address, {"scope": f"folder:{deals.public_id}", "runs_new": "on"}, follow=True
    )

    table.refresh_from_db()
    assert "1 document is added" in page.content.decode()
    assert inside in table.documents
    assert (table.follows, table.new_asked_by) == (True, owner)
    as_owner.post(address, {"scope": ""})
    table.refresh_from_db()
    assert (table.follows, table.new_asked_by) == (False, None)
    assert as_owner.post(address, {"scope": "", "runs_new": "on"}).status_code == 422
    assert as_owner.post(address, {"scope": "folder:nowhere"}).status_code == 422


def test_what_comes_in_waits_to_be_run_where_that_was_not_asked_for(table, owner, deals):
    following.set_following(table, owner, Scope.objects.folder(deals))
    arrive(deals, owner)
    tasks.sweep()

    assert table.rows.live().count() == 2
    assert not Run.objects.exists()


def test_what_comes_in_is_answered_as_a_batch(follows, owner, deals):
    new = arrive(deals, owner)
    tasks.sweep()

    run = Run.objects.get()
    assert (run.mode, run.started_by, run.cells_sent) == ("batch", owner, 2)
    assert {cell.row.document for cell in run.cells.all()} == {new}
    tasks.sweep()
    assert Run.objects.count() == 1


def test_what_was_there_before_is_not_answered_by_itself(table, owner, deals):
    arrive(deals, owner)
    following.set_following(table, owner, Scope.objects.folder(deals), runs_new=True)
    tasks.sweep()

    assert table.rows.live().count() == 2
    assert not Run.objects.exists()


def test_documents_added_by_hand_are_not_answered_by_themselves(follows, owner, workspace):
    other = upload(workspace, owner, "Other.", "other.txt")
    read(other)
    tables.add_documents(follows, [other])
    tasks.sweep()

    assert not Run.objects.exists()


def test_new_documents_wait_for_those_that_are_still_being_read(follows, owner, deals):
    arrive(deals, owner)
    slow = arrive(deals, owner, "slow.txt", ready=False)
    tasks.sweep()
    assert not Run.objects.exists()

    read(slow)
    tasks.sweep()
    assert Run.objects.get().cells_sent == 4


def test_they_do_not_wait_for_ever(follows, owner, deals):
    arrive(deals, owner)
    arrive(deals, owner, "stuck.txt", ready=False)
    tasks.sweep()
    follows.rows.update(added_at=timezone.now() - following.GATHER - timedelta(minutes=1))
    Table.objects.update(new_since=timezone.now() - timedelta(days=1))
    tasks.sweep()

    assert Run.objects.get().cells_sent == 2


def test_a_cancelled_batch_is_not_begun_again_by_itself(follows, owner, deals):
    arrive(deals, owner)
    tasks.sweep()
    running.cancel(Run.objects.get())
    tasks.sweep()

    assert Run.objects.count() == 1


def test_a_budget_stops_it_and_the_page_says_so(as_owner, follows, owner, deals, workspace):
    budget = Budget.objects.create(
        workspace=workspace, scope=Budget.Scope.WORKSPACE, limit_usd=Decimal("0.000001")
    )
    arrive(deals, owner)
    tasks.sweep()

    assert not Run.objects.exists()
    follows.refresh_from_db()
    assert "budget" in follows.new_notice
    page = as_owner.get(at("documents", workspace, follows.public_id)).content.decode()
    assert "this workspace" in page
    for name in ("table", "changes"):
        told = as_owner.get(at(name, workspace, follows.public_id)).content.decode()
        assert "New documents wait to be answered:" in told
        assert "this workspace" in told
    budget.delete()
    tasks.sweep()
    assert not Run.objects.exists(), "it is not tried again at once"
    Table.objects.update(new_look_at=timezone.now())
    tasks.sweep()
    assert Run.objects.exists()
    told = as_owner.get(at("table", workspace, follows.public_id)).content.decode()
    assert "New documents wait" not in told


def test_what_was_refused_is_said_no_longer_than_it_is_so(follows, owner, deals, workspace):
    Budget.objects.create(
        workspace=workspace, scope=Budget.Scope.WORKSPACE, limit_usd=Decimal("0.000001")
    )
    arrive(deals, owner)
    tasks.sweep()
    follows.refresh_from_db()
    assert follows.new_notice
    tables.remove_rows(follows, follows.rows.filter(followed=True))
    tasks.sweep()
    follows.refresh_from_db()

    assert not follows.new_notice
    Table.objects.filter(pk=follows.pk).update(new_notice="Full.", new_asked_by=None)
    tasks.sweep()
    follows.refresh_from_db()
    assert not follows.new_notice


def test_who_may_not_ask_any_more_pays_for_nothing(follows, owner, deals, workspace):
    Member.objects.filter(user=owner, workspace=workspace).update(role=Role.VIEWER)
    arrive(deals, owner)
    tasks.sweep()

    assert not Run.objects.exists()
    follows.refresh_from_db()
    assert "may not ask" in follows.new_notice


def test_a_table_that_is_full_does_not_keep_others_from_following(
    follows, owner, deals, workspace, monkeypatch
):
    other = tables.make(workspace, owner, title="B", model=MODEL, columns=[FEE])
    following.set_following(other, owner, Scope.objects.folder(deals))
    monkeypatch.setattr(tables, "MOST_ROWS", 1)
    arrive(deals, owner)
    tasks.sweep()

    follows.refresh_from_db()
    assert "at most 1 documents" in follows.new_notice
    assert other.rows.live().count() == 1


def test_a_reader_changes_nothing(as_mate, mate, workspace, table):
    Member.objects.filter(user=mate, workspace=workspace).update(role=Role.REVIEWER)

    page = as_mate.get(at("documents", workspace, table.public_id)).content.decode()
    assert "Remove" not in page
    assert "Add documents" not in page
    for name in ("add_documents", "remove_documents", "restore_documents", "follow"):
        assert as_mate.post(at(name, workspace, table.public_id)).status_code == 403
