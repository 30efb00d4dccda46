"""Folders: made, named, moved, shown one at a time, and deleted with what lies in them."""

from __future__ import annotations

import html
import re
import threading

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from accounts.models import Event, Member
from accounts.roles import Role
from documents import deleting, erasing, folders, tasks, uploads
from documents.models import Blob, Document, Folder, FormerFolder, NotPossible
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
    assert '<span aria-current="location">2026</span>' in crumbs


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


def test_an_empty_folder_is_deleted(as_owner, workspace, deals):
    where = f"/w/{workspace.slug}/folders/{deals.public_id}/delete/"
    assert "It is empty." in as_owner.get(where).content.decode()
    assert Folder.objects.exists()
    assert as_owner.post(where).url == f"/w/{workspace.slug}/"
    assert not Folder.objects.exists()
    assert Event.objects.get(verb="delete").detail == {"name": "Deals"}


def test_deleting_a_folder_asks_and_puts_what_lies_in_it_into_the_trash(
    as_owner, workspace, owner, document, deals, inner
):
    folders.move_documents(Document.objects.all(), inner, owner)
    where = f"/w/{workspace.slug}/folders/{deals.public_id}/delete/"
    page = as_owner.get(where).content.decode()
    assert "1 document in it goes into the trash" in page
    assert "1 folder in it is deleted too" in page
    as_owner.post(where)
    assert not Folder.objects.exists()
    document.refresh_from_db()
    assert document.deleted_at
    assert "2026" in page_of(as_owner, workspace, path="trash/")


def delete(client, workspace, folder):
    """The page that follows, with its sentences."""
    where = f"/w/{workspace.slug}/folders/{folder.public_id}/delete/"
    return html.unescape(client.get(client.post(where).url).content.decode())


def undo(client, workspace, page):
    """Presses the button in the page's sentence; the page that follows."""
    [action, at] = re.search(
        r'formaction="(\S+/restore/\S*)" name="at" value="([^"]+)"', page
    ).groups()
    return html.unescape(client.get(client.post(action, {"at": at}).url).content.decode())


def paths():
    """The folder of each live document, and all folders, as paths."""
    folders_now = {"/".join(step.name for step in one.trail) for one in Folder.objects.all()}
    live = Document.objects.filter(deleted_at=None).select_related("folder")
    return {
        one.title: "/".join(step.name for step in one.folder.trail) if one.folder else ""
        for one in live
    }, folders_now


def test_undoing_the_deletion_of_a_folder_brings_it_back_with_all_that_lay_in_it(
    as_owner, workspace, owner, document, deals, inner
):
    folders.create("Empty", workspace, inner, owner)
    offer = upload(workspace, owner, "An offer.", "offer.txt")
    folders.move_documents(Document.objects.filter(pk=document.pk), inner, owner)
    folders.move_documents(Document.objects.filter(pk=offer.pk), deals, owner)
    before = paths()
    page = delete(as_owner, workspace, deals)
    assert "The folder “Deals” was deleted. 2 documents were deleted." in page
    assert paths() == ({}, set())
    page = undo(as_owner, workspace, page)
    assert "3 folders are back." in page
    assert "2 documents are back." in page
    assert (
        paths()
        == before
        == (
            {"contract.txt": "Deals/2026", "offer.txt": "Deals"},
            {"Deals", "Deals/2026", "Deals/2026/Empty"},
        )
    )


def test_undoing_brings_an_empty_folder_back_once(as_owner, workspace, owner, inner):
    page = delete(as_owner, workspace, inner)
    assert "1 folder is back." in undo(as_owner, workspace, page)
    assert paths() == ({}, {"Deals", "Deals/2026"})
    folders.rename(Folder.objects.get(name="2026"), "2027", owner)
    undo(as_owner, workspace, page)
    assert paths() == ({}, {"Deals", "Deals/2027"})


def test_nobody_undoes_what_somebody_else_deleted(as_owner, as_mate, workspace, deals):
    page = delete(as_owner, workspace, deals)
    undo(as_mate, workspace, page)
    assert not Folder.objects.exists()


def test_a_document_restored_from_the_trash_brings_its_folder_back(
    as_owner, workspace, owner, document, deals, inner
):
    thrown = upload(workspace, owner, "Thrown away before.", "thrown.txt")
    offer = upload(workspace, owner, "An offer.", "offer.txt")
    folders.move_documents(Document.objects.exclude(pk=offer.pk), inner, owner)
    folders.move_documents(Document.objects.filter(pk=offer.pk), deals, owner)
    thrown.mark_deleted(owner)
    deleting.delete_folder(deals, owner)
    restore = f"/w/{workspace.slug}/trash/restore/"
    as_owner.post(restore, {"document": str(thrown.public_id)})
    assert paths() == ({"thrown.txt": "Deals/2026"}, {"Deals", "Deals/2026"})
    as_owner.post(restore, {"document": [str(document.public_id), str(offer.public_id)]})
    assert paths()[0] == {
        "thrown.txt": "Deals/2026",
        "contract.txt": "Deals/2026",
        "offer.txt": "Deals",
    }
    assert Folder.objects.count() == 2


def test_a_document_is_restored_into_the_folder_that_has_the_path_by_now(
    workspace, owner, document, deals, inner
):
    folders.move_documents(Document.objects.all(), inner, owner)
    deleting.delete_folder(deals, owner)
    again = folders.ensure(workspace, ["DEALS", "2026"], owner)
    assert deleting.restore(Document.objects.all(), owner) == 1
    document.refresh_from_db()
    assert document.folder == again


def test_deleted_folders_are_forgotten_when_nothing_can_be_restored_into_them(
    workspace, owner, document, deals
):
    folders.move_documents(Document.objects.all(), deals, owner)
    done = deleting.delete_folder(deals, owner)
    erasing.forget_folders()
    former = FormerFolder.objects.get()
    assert former.purge_at == done.until == Document.objects.get().purge_at
    FormerFolder.objects.update(purge_at=timezone.now())
    assert deleting.restore_folders(workspace, done.at, owner) == 0
    tasks.sweep()
    assert not FormerFolder.objects.exists()
    assert Document.objects.get().former_folder is None


@pytest.mark.django_db(transaction=True)
def test_a_folder_deleted_while_a_document_of_it_is_restored_loses_nothing(
    workspace, owner, document, deals
):
    folders.move_documents(Document.objects.all(), deals, owner)
    document.mark_deleted(owner)
    start = threading.Barrier(2)
    outcomes = []

    def tell(action):
        start.wait(5)
        try:
            outcomes.append(action())
        except (NotPossible, uploads.Refused) as refusal:
            outcomes.append(refusal)
        finally:
            connections.close_all()

    actions = (
        lambda: deleting.restore(Document.objects.all(), owner),
        lambda: deleting.delete_folder(deals, owner),
    )
    threads = [threading.Thread(target=tell, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 2
    deleting.restore(Document.objects.all(), owner)
    assert paths() == ({"contract.txt": "Deals"}, {"Deals"})


def test_a_restored_document_is_back_in_its_folder(as_owner, workspace, owner, document, deals):
    folders.move_documents(Document.objects.all(), deals, owner)
    document.mark_deleted(owner)
    data = {"document": str(document.public_id)}
    as_owner.post(f"/w/{workspace.slug}/trash/restore/", data)
    assert titles(as_owner, workspace, f"?folder={deals.public_id}") == ["contract.txt"]


def test_a_folder_with_a_document_on_hold_stays_whole(as_owner, workspace, owner, document, deals):
    upload(workspace, owner, "Another.", "another.txt")
    folders.move_documents(Document.objects.all(), deals, owner)
    Document.objects.filter(pk=document.pk).update(on_hold=True)
    refused = as_owner.post(f"/w/{workspace.slug}/folders/{deals.public_id}/delete/")
    assert refused.status_code == 409
    assert "on legal hold and stays: contract.txt" in refused.content.decode()
    assert Folder.objects.exists()
    assert not Document.objects.filter(deleted_at__isnull=False).exists()


def test_an_analyst_does_not_delete_others_documents_by_their_folder(
    as_mate, workspace, owner, document, deals
):
    folders.move_documents(Document.objects.all(), deals, owner)
    refused = as_mate.post(f"/w/{workspace.slug}/folders/{deals.public_id}/delete/")
    assert refused.status_code == 409
    assert "your role does not let you delete it" in refused.content.decode()
    assert Folder.objects.exists()


def test_a_viewer_changes_no_folder(as_mate, mate, workspace, deals):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    for path in ("new/", f"{deals.public_id}/rename/", f"{deals.public_id}/delete/"):
        where = f"/w/{workspace.slug}/folders/{path}"
        assert as_mate.post(where, {"name": "Mine"}).status_code == 403
    page = page_of(as_mate, workspace)
    assert "Deals" in page
    assert "draggable" not in page


@pytest.mark.django_db(transaction=True)
def test_what_comes_into_a_folder_while_it_is_deleted_is_refused_or_keeps_it(
    workspace, owner, deals
):
    start = threading.Barrier(2)
    said = []

    def tell(action):
        try:
            start.wait(5)
            action()
        except (NotPossible, uploads.Refused) as refusal:
            said.append(str(refusal))
        finally:
            connections.close_all()

    file = ContentFile(b"An offer.", "offer.txt")
    actions = (
        lambda: uploads.accept(file, "offer.txt", workspace, owner, folder=deals),
        lambda: deleting.delete_folder(deals, owner),
    )
    threads = [threading.Thread(target=tell, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert said in (
        [],  # the document came first, and went into the trash with the folder
        ["The folder is not there any more."],
        ["Somebody has just put something into the folder. Look again."],
    )
    assert Document.objects.filter(folder__isnull=False).count() == Folder.objects.count()


def test_nothing_is_put_where_a_folder_was(workspace, owner, deals):
    gone = Folder.objects.get(pk=deals.pk)
    deleting.delete_folder(deals, owner)
    file = ContentFile(b"An offer.", "offer.txt")
    with pytest.raises(uploads.Refused, match="not there any more"):
        uploads.accept(file, "offer.txt", workspace, owner, folder=gone)
    with pytest.raises(uploads.Refused, match="not there any more"):
        folders.ensure(workspace, ["2026"], owner, under=gone)
    with pytest.raises(NotPossible, match="not there any more"):
        folders.create("2026", workspace, gone, owner)
    assert not Blob.objects.exists()


def test_a_folder_that_is_made_is_in_the_event_log(as_owner, workspace, owner):
    as_owner.post(f"/w/{workspace.slug}/folders/new/", {"name": "Deals"})
    folders.ensure(workspace, ["Deals", "2026"], owner)
    made = Event.objects.filter(verb="create").order_by("at")
    assert [event.object_id for event in made] == [
        Folder.objects.get(name=name).public_id for name in ("Deals", "2026")
    ]
