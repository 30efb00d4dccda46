"""Folders: made, named, moved, and shown one at a time."""

from __future__ import annotations

import html
import re
import threading

import pytest
from django.db import connections

from accounts.models import Event, Member
from accounts.roles import Role
from documents import folders
from documents.models import Document, Folder, NotPossible
from documents.models.folder import MAX_DEPTH
from tests.conftest import upload
from tests.test_documents_library import said, titles


@pytest.fixture
def deals(workspace, owner):
    return folders.create("Deals", workspace, None, owner)


@pytest.fixture
def inner(workspace, owner, deals):
    return folders.create("2026", workspace, deals, owner)


def page_of(client, workspace, folder=None, path=""):
    query = f"{path}?folder={folder.public_id}" if folder else path
    return html.unescape(client.get(f"/w/{workspace.slug}/{query}").content.decode())


def move(client, workspace, *things, to=None, **data):
    for thing in things:
        kind = "folder" if isinstance(thing, Folder) else "document"
        data.setdefault(kind, []).append(str(thing.public_id))
    data["to"] = str(to.public_id) if to else "top"
    return client.post(f"/w/{workspace.slug}/selection/move/", data)


def test_a_folder_is_made_where_one_stands(as_owner, workspace, deals):
    where = f"/w/{workspace.slug}/folders/new/"
    answer = as_owner.post(where, {"name": " Q3  amendments ", "parent": str(deals.public_id)})
    assert answer.url == f"/w/{workspace.slug}/?folder={deals.public_id}"
    made = Folder.objects.get(parent=deals)
    assert made.name == "Q3 amendments"
    assert "Q3 amendments" in page_of(as_owner, workspace, deals)
    assert "Q3 amendments" not in page_of(as_owner, workspace)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Write a name first."),
        ("Deals", "There is a folder “Deals” here already."),
        ("deals", "There is a folder “Deals” here already."),
    ],
)
def test_a_folder_without_a_name_or_with_one_that_is_taken_is_a_sentence(
    as_owner, workspace, deals, name, sentence
):
    answer = as_owner.post(f"/w/{workspace.slug}/folders/new/", {"name": name})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Folder.objects.count() == 1


def test_the_library_shows_one_folder_at_a_time(as_owner, workspace, owner, document, inner):
    folders.move_documents(Document.objects.all(), inner, owner)
    top = page_of(as_owner, workspace)
    assert "1 document, 1 folder" in top
    assert titles(as_owner, workspace) == []
    assert titles(as_owner, workspace, f"?folder={inner.public_id}") == ["contract.txt"]
    assert titles(as_owner, workspace, "?view=all") == ["contract.txt"]
    page = page_of(as_owner, workspace, inner)
    crumbs = page.split('class="crumbs"')[1].split("</nav>")[0]
    assert crumbs.index("Library") < crumbs.index("Deals") < crumbs.index("2026")
    assert '<span aria-current="location"><bdi>2026</bdi></span>' in crumbs


def test_a_filter_looks_through_all_that_lies_below(
    as_owner, workspace, owner, document, deals, inner
):
    upload(workspace, owner, "Elsewhere.", "contract at the top.txt")
    folders.move_documents(Document.objects.filter(pk=document.pk), inner, owner)
    assert titles(as_owner, workspace, f"?folder={deals.public_id}&q=contract") == ["contract.txt"]
    assert len(titles(as_owner, workspace, "?q=contract")) == 2


def test_of_many_folders_the_first_are_shown_and_all_when_they_are_asked_for(
    as_owner, workspace, owner, deals
):
    made = [
        Folder(workspace=workspace, parent=deals, name=f"Deal {number:03}", created_by=owner)
        for number in range(500)
    ]
    Folder.objects.bulk_create(made)
    where = f"/w/{workspace.slug}/?sort=title&folder={deals.public_id}"
    page = as_owner.get(where).content.decode()
    assert page.count('class="folder"') == 50
    assert "Deal 049" in page
    assert "Deal 050" not in page
    [address] = re.findall(r'href="([^"]+)">Show all 500 folders<', page)
    assert "sort=title" in address
    page = as_owner.get(f"/w/{workspace.slug}/{html.unescape(address)}").content.decode()
    assert page.count('class="folder"') == 500
    assert "Show all" not in page


def test_as_many_folders_as_are_shown_are_all(as_owner, workspace, owner, monkeypatch):
    monkeypatch.setattr("documents.listing.FOLDERS", 2)
    for name in ("One", "Two"):
        folders.create(name, workspace, None, owner)
    assert "Show all" not in page_of(as_owner, workspace).split('id="folders"')[1]


def test_an_empty_folder_says_so(as_owner, workspace, deals):
    assert "This folder is empty" in page_of(as_owner, workspace, deals)


@pytest.mark.parametrize("value", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_folder_that_is_not_there_is_not_found(as_owner, workspace, value):
    assert as_owner.get(f"/w/{workspace.slug}/?folder={value}").status_code == 404


def test_a_folder_of_another_workspace_is_not_found_and_takes_nothing(
    as_stranger, stranger, elsewhere, deals
):
    theirs = upload(elsewhere, stranger, "Mine.")
    base = f"/w/{elsewhere.slug}/"
    assert as_stranger.get(f"{base}?folder={deals.public_id}").status_code == 404
    new = {"name": "Within", "parent": str(deals.public_id)}
    assert as_stranger.post(f"{base}folders/new/", new).status_code == 404
    assert move(as_stranger, elsewhere, theirs, to=deals).status_code == 404
    assert move(as_stranger, elsewhere, deals, theirs).status_code == 302
    theirs.refresh_from_db()
    assert theirs.folder is None
    assert Folder.objects.get().workspace == deals.workspace


def test_documents_and_folders_are_moved_together(as_owner, workspace, owner, document, deals):
    other = folders.create("NDAs", workspace, None, owner)
    answer = move(as_owner, workspace, document, other, to=deals, query="sort=title")
    assert answer.url == f"/w/{workspace.slug}/?sort=title"
    assert "Moved to “Deals”." in said(as_owner, answer)
    document.refresh_from_db()
    other.refresh_from_db()
    assert document.folder == other.parent == deals
    events = Event.objects.filter(verb="move")
    assert {event.object_id for event in events} == {document.public_id, other.public_id}
    assert {event.detail["to"] for event in events} == {str(deals.public_id)}
    move(as_owner, workspace, document)
    document.refresh_from_db()
    assert document.folder is None


def test_of_several_that_are_moved_all_stay_when_one_cannot_go(
    as_owner, workspace, owner, document, deals, inner
):
    for name in ("2025", "2026", "2027"):
        folders.create(name, workspace, None, owner)
    chosen = list(Folder.objects.filter(parent=None).exclude(pk=deals.pk))
    refused = move(as_owner, workspace, document, *chosen, to=deals)
    assert refused.status_code == 422
    sentence = "There is a folder “2026” here already. Nothing was moved."
    assert sentence in refused.content.decode()
    assert set(Folder.objects.filter(parent=deals)) == {inner}
    assert Document.objects.get().folder is None
    assert not Event.objects.filter(verb="move").exists()


def test_without_a_script_one_is_asked_where_to(as_owner, workspace, document, inner):
    where = f"/w/{workspace.slug}/selection/move/"
    data = {"document": str(document.public_id)}
    page = as_owner.post(where, data).content.decode()
    assert f'<option value="{inner.public_id}">Deals / 2026</option>' in page
    assert f'name="document" value="{document.public_id}"' in page


def test_a_folder_is_not_moved_into_itself_or_into_what_lies_in_it(
    as_owner, workspace, deals, inner
):
    for to in (deals, inner):
        refused = move(as_owner, workspace, deals, to=to)
        assert refused.status_code == 422
        assert "A folder cannot be moved into itself." in refused.content.decode()
    deals.refresh_from_db()
    assert deals.parent is None


def test_a_folder_is_not_moved_to_where_its_name_is_taken(workspace, owner, deals, inner):
    twin = folders.create("2026", workspace, None, owner)
    with pytest.raises(NotPossible, match="There is a folder “2026” here already"):
        folders.move(twin, deals, owner)
    assert Folder.objects.get(pk=twin.pk).parent is None


def test_folders_do_not_lie_deeper_than_is_allowed(workspace, owner):
    deep = folders.ensure(workspace, [str(n) for n in range(MAX_DEPTH - 1)], owner)
    pair = folders.ensure(workspace, ["a", "b"], owner)
    with pytest.raises(NotPossible, match="12 deep"):
        folders.move(pair.parent, deep, owner)
    folders.move(pair, deep, owner)
    with pytest.raises(NotPossible, match="12 deep"):
        folders.create("deeper", workspace, pair, owner)


@pytest.mark.django_db(transaction=True)
def test_two_folders_moved_into_one_another_at_once_make_no_circle(workspace, owner):
    one = folders.create("One", workspace, None, owner)
    two = folders.create("Two", workspace, None, owner)
    start = threading.Barrier(2)
    refusals = []

    def put(folder, into):
        start.wait(5)
        try:
            folders.move(folder, into, owner)
        except NotPossible as refusal:
            refusals.append(str(refusal))
        finally:
            connections.close_all()

    movers = [threading.Thread(target=put, args=pair) for pair in ((one, two), (two, one))]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(20)
    assert refusals == ["A folder cannot be moved into itself."]
    assert Folder.objects.filter(parent=None).count() == 1


def test_a_folder_is_renamed_and_a_taken_name_refused(as_owner, workspace, owner, deals):
    folders.create("NDAs", workspace, None, owner)
    where = f"/w/{workspace.slug}/folders/{deals.public_id}/rename/"
    assert as_owner.post(where, {"name": "NDAs"}).status_code == 422
    assert as_owner.post(where, {"name": "DEALS"}).status_code == 302, "it is its own name"
    assert as_owner.post(where, {"name": "Deal room"}).status_code == 302
    deals.refresh_from_db()
    assert deals.name == "Deal room"
    assert {one.object_id for one in Event.objects.filter(verb="rename")} == {deals.public_id}


def test_a_viewer_changes_no_folder(as_mate, mate, workspace, deals):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    for path in ("new/", f"{deals.public_id}/rename/", f"{deals.public_id}/delete/"):
        where = f"/w/{workspace.slug}/folders/{path}"
        assert as_mate.post(where, {"name": "Mine"}).status_code == 403
    page = page_of(as_mate, workspace)
    assert "Deals" in page
    assert "draggable" not in page


def test_a_folder_that_is_made_is_in_the_event_log(as_owner, workspace, owner):
    as_owner.post(f"/w/{workspace.slug}/folders/new/", {"name": "Deals"})
    folders.ensure(workspace, ["Deals", "2026"], owner)
    made = Event.objects.filter(verb="create").order_by("at")
    assert [event.object_id for event in made] == [
        Folder.objects.get(name=name).public_id for name in ("Deals", "2026")
    ]
