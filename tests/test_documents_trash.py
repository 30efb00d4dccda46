"""The trash: deleting, undoing it, erasing when the time is over, and what a legal hold forbids."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.models import Event, Member
from accounts.roles import Role
from documents import deleting, erasing, tasks
from documents.models import Document, Page, Text, Version
from tests.conftest import read, upload


def delete(client, document):
    where = f"/w/{document.workspace.slug}/documents/{document.public_id}/delete/"
    return client.post(where)


def page_of(client, workspace, path="trash/"):
    return client.get(f"/w/{workspace.slug}/{path}").content.decode()


def over(document):
    """Its time in the trash is over."""
    Document.objects.filter(pk=document.pk).update(purge_at=timezone.now())


def test_a_deleted_document_is_in_the_trash_with_who_when_and_until(as_owner, workspace, document):
    delete(as_owner, document)
    page = page_of(as_owner, workspace)
    assert "contract.txt" in page
    assert "by Olive Owner on" in page
    until = timezone.localtime(Document.objects.get().purge_at)
    assert timedelta(days=29) < until - timezone.now() <= timedelta(days=30)
    assert f"{until:%Y-%m-%d}" in page
    assert "contract.txt" not in page_of(as_owner, workspace, "")


def test_how_long_it_can_be_restored_is_a_setting(as_owner, document, settings):
    settings.TRASH_DAYS = 3
    delete(as_owner, document)
    assert Document.objects.get().purge_at - timezone.now() <= timedelta(days=3)


def test_the_sentence_after_deleting_carries_a_button_that_undoes_it(as_owner, workspace, document):
    page = as_owner.get(delete(as_owner, document).url).content.decode()
    assert "contract.txt was deleted." in page
    [action, at] = re.search(
        r'formaction="(\S+/restore/)" name="at" value="([^"]+)"', page
    ).groups()
    answer = as_owner.post(action, {"at": at})
    assert answer.url == f"/w/{workspace.slug}/"
    document.refresh_from_db()
    assert (document.deleted_at, document.deleted_by, document.purge_at) == (None, None, None)
    assert "contract.txt" in page_of(as_owner, workspace, "")
    assert Event.objects.get(verb="restore").object_id == document.public_id


def test_undoing_brings_back_what_one_deleted_oneself_and_nothing_of_anothers(
    as_owner, as_mate, workspace, document
):
    delete(as_owner, document)
    at = Document.objects.get().deleted_at.isoformat()
    as_mate.post(f"/w/{workspace.slug}/trash/restore/", {"at": at})
    assert Document.objects.get().deleted_at
    for no_time in ("not a time", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"):
        answer = as_owner.post(f"/w/{workspace.slug}/trash/restore/", {"at": no_time})
        assert answer.status_code == 302
    assert Document.objects.get().deleted_at


def test_a_name_in_the_sentence_is_escaped(as_owner, document):
    Document.objects.update(title="<img src=x>")
    document.refresh_from_db()
    page = as_owner.get(delete(as_owner, document).url).content.decode()
    assert "<img" not in page
    assert "&lt;img src=x&gt; was deleted." in page


def test_restoring_what_waits_to_be_read_lets_it_be_read(as_owner, workspace, owner):
    document = upload(workspace, owner)
    delete(as_owner, document)
    assert not document.current.claim("worker")
    data = {"document": [str(document.public_id)]}
    as_owner.post(f"/w/{workspace.slug}/trash/restore/", data)
    assert read(document).status == "ready"


def test_an_analyst_restores_their_own_and_not_another_ones(
    as_mate, mate, owner, workspace, document
):
    theirs = upload(workspace, mate, "Mine.")
    for one in (document, theirs):
        one.mark_deleted(owner)
    data = {"document": [str(document.public_id), str(theirs.public_id)]}
    as_mate.post(f"/w/{workspace.slug}/trash/restore/", data)
    assert set(Document.objects.filter(deleted_at=None)) == {theirs}


def test_what_an_analyst_may_not_restore_offers_no_restoring(
    as_mate, mate, owner, workspace, document
):
    document.mark_deleted(owner)
    page = page_of(as_mate, workspace)
    assert "contract.txt" in page
    main = page.split('id="main"')[1].split("</main>")[0]
    assert "<button" not in main
    assert "Choose" not in main
    upload(workspace, mate, "Mine.").mark_deleted(owner)
    main = page_of(as_mate, workspace).split('id="main"')[1].split("</main>")[0]
    assert main.count("<button") == main.count('type="checkbox"') == 1


def test_a_viewer_sees_the_trash_and_may_do_nothing_there(
    as_mate, mate, owner, workspace, document
):
    Member.objects.filter(user=mate).update(role=Role.VIEWER)
    document.mark_deleted(owner)
    page = page_of(as_mate, workspace)
    assert "contract.txt" in page
    assert "<button" not in page.split('id="main"')[1].split("</main>")[0]
    for action in ("restore", "erase"):
        data = {"document": [str(document.public_id)], "sure": "1"}
        assert as_mate.post(f"/w/{workspace.slug}/trash/{action}/", data).status_code == 403


def test_deleting_now_asks_and_then_cannot_be_undone(as_owner, owner, workspace, document):
    document.mark_deleted(owner)
    where = f"/w/{workspace.slug}/trash/erase/"
    data = {"document": [str(document.public_id)]}
    asked = as_owner.post(where, data).content.decode()
    assert "Delete 1 document now?" in asked
    assert "contract.txt" in asked
    assert Document.objects.in_trash_for(document.uploaded_by).exists()
    as_owner.post(where, {**data, "sure": "1"})
    assert "contract.txt" not in page_of(as_owner, workspace)
    as_owner.post(f"/w/{workspace.slug}/trash/restore/", data)
    assert Document.objects.get().deleted_at
    tasks.erase(document.pk)
    assert Document.objects.get().erased_at


def test_the_trash_is_emptied_whole(as_owner, owner, workspace, document):
    for number in range(3):
        upload(workspace, owner, f"Text {number}.").mark_deleted(owner)
    where = f"/w/{workspace.slug}/trash/erase/"
    assert "Delete 3 documents now?" in as_owner.post(where, {"all": "1"}).content.decode()
    as_owner.post(where, {"all": "1", "sure": "1"})
    assert Document.objects.to_erase().count() == 3
    assert "The trash is empty" in page_of(as_owner, workspace)


def test_only_who_may_delete_anything_deletes_now(as_mate, mate, workspace):
    theirs = upload(workspace, mate, "Mine.")
    theirs.mark_deleted(mate)
    data = {"document": [str(theirs.public_id)], "sure": "1"}
    assert as_mate.post(f"/w/{workspace.slug}/trash/erase/", data).status_code == 403


def test_the_sweep_erases_what_is_due_and_only_that(owner, workspace, document, monkeypatch):
    kept = upload(workspace, owner, "Deleted, and not due yet.")
    for one in (document, kept):
        one.mark_deleted(owner)
    over(document)
    sent = []
    monkeypatch.setattr(tasks.erase, "delay", sent.append)
    tasks.sweep()
    assert sent == [document.pk]


def test_erasing_leaves_the_row_and_nothing_of_what_stood_in_it(owner, document):
    path = Path(document.current.blob.file.path)
    document.mark_deleted(owner)
    assert erasing.erase(document)
    assert not erasing.erase(document), "once is enough"
    assert not path.exists()
    assert not Text.objects.exists()
    assert not Page.objects.exists()
    assert Event.objects.get(verb="erase").object_id == document.public_id


def test_erasing_forgets_what_quotes_the_document(owner, document):
    Version.objects.filter(document=document).update(
        findings=[{"code": "hidden_text", "sentence": "Hidden: the fee."}],
        warnings=["fee.pdf: not unpacked"],
        to_vet=[1],
        vet_at=timezone.now(),
    )
    document.mark_deleted(owner)
    assert erasing.erase(document)
    version = document.versions.get()
    assert (version.findings, version.warnings, version.to_vet) == ([], [], [])
    assert version.vet_at is None


def test_a_live_document_is_never_erased(document):
    assert not erasing.erase(document)
    assert Text.objects.exists()


def test_the_bytes_stay_while_a_document_in_the_trash_stands_on_them(owner, workspace, document):
    document.mark_deleted(owner)
    second = upload(workspace, owner)
    second.mark_deleted(owner)
    erasing.erase(document)
    assert Path(second.current.blob.file.path).exists()
    assert deleting.restore(Document.objects.filter(pk=second.pk), owner) == 1
    assert read(second).status == "ready"
    second.mark_deleted(owner)
    erasing.erase(second)
    assert not Path(second.current.blob.file.path).exists()


def test_what_is_being_erased_is_not_restored(owner, document):
    document.mark_deleted(owner)
    erasing.erase(document)
    assert deleting.restore(Document.objects.all(), owner) == 0


def test_a_document_on_hold_is_not_deleted_and_says_so_where_one_looks(
    as_owner, owner, workspace, document
):
    Document.objects.update(on_hold=True)
    where = f"/w/{workspace.slug}/documents/{document.public_id}/delete/"
    assert "It is on legal hold" in as_owner.get(where).content.decode()
    refused = as_owner.post(where)
    assert refused.status_code == 409
    assert "It is on legal hold" in refused.content.decode()
    assert not document.mark_deleted(owner)
    assert Document.objects.get().deleted_at is None


def test_deleting_many_names_those_on_hold_and_deletes_the_rest(owner, workspace, document):
    held = upload(workspace, owner, "Held.", "held.txt")
    Document.objects.filter(pk=held.pk).update(on_hold=True)
    done = deleting.delete(Document.objects.filter(workspace=workspace), owner)
    assert (done.count, done.held_count, done.held) == (1, 1, ["held.txt"])
    assert set(Document.objects.filter(deleted_at=None)) == {held}


def test_the_database_itself_keeps_what_is_on_hold(owner, document):
    document.mark_deleted(owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.update(on_hold=True)


def test_another_workspaces_trash_is_not_reached_through_ones_own(
    as_stranger, stranger, elsewhere, owner, document
):
    document.mark_deleted(owner)
    data = {"document": [str(document.public_id)], "sure": "1", "all": "1"}
    for action in ("restore", "erase"):
        as_stranger.post(f"/w/{elsewhere.slug}/trash/{action}/", data)
    row = Document.objects.get()
    assert row.deleted_at
    assert row.purge_at > timezone.now()
    assert "contract.txt" not in page_of(as_stranger, elsewhere)


def test_many_are_deleted_and_restored_in_batches_with_an_event_each(
    owner, workspace, document, monkeypatch
):
    monkeypatch.setattr("documents.models.document.BATCH", 2)
    for number in range(6):
        upload(workspace, owner, f"Text {number}.")
    rows = Document.objects.filter(workspace=workspace)
    assert deleting.delete(rows, owner).count == 7
    assert deleting.restore(Document.objects.all(), owner) == 7
    for verb in ("delete", "restore"):
        assert Event.objects.filter(verb=verb, workspace=workspace, actor=owner).count() == 7


def test_what_was_erased_before_forgets_the_sentences_that_quote_it(workspace, owner, document):
    """As a migration of older data."""
    quoting = {"findings": [{"sentence": "“secret”"}], "warnings": ["“secret”"], "to_vet": [1]}
    kept = upload(workspace, owner, b"Another text.", "kept.txt")
    Version.objects.update(**quoting, vet_at=timezone.now())
    Document.objects.filter(pk=document.pk).update(erased_at=timezone.now())
    before = MigrationExecutor(connection).loader.project_state(("documents", "0014_unindexed"))

    import_module("documents.migrations.0015_forget_quotes").forget(before.apps, None)

    erased = Version.objects.get(document=document)
    assert (erased.findings, erased.warnings, erased.to_vet, erased.vet_at) == ([], [], [], None)
    other = Version.objects.get(document=kept)
    assert (other.findings, other.warnings, other.to_vet) == tuple(quoting.values())
    assert other.vet_at is not None
