"""Folders that are deleted, with what lies in them, and come back with it."""

from __future__ import annotations

import html
import re
import threading

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from accounts.models import Event
from documents import deleting, erasing, folders, tasks, uploads
from documents.models import Blob, Document, Folder, FormerFolder, NotPossible
from tests.conftest import upload
from tests.test_documents_folders import page_of
from tests.test_documents_library import titles


@pytest.fixture
def deals(workspace, owner):
    return folders.create("Deals", workspace, None, owner)


@pytest.fixture
def inner(workspace, owner, deals):
    return folders.create("2026", workspace, deals, owner)


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
