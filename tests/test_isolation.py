"""Strangers get 404 everywhere, and two workspaces never mix."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Event, Member, Workspace
from accounts.roles import Role
from documents import erasing, incoming
from documents.models import Blob, Document, Folder, Version
from qa import asking
from qa.models import Answer, Picture, Thread
from reviews import books, tables, updating
from tests.conftest import read, upload

OUTSIDE = {  # what has no workspace in its address
    "", "favicon.ico", "health", "signin/", "signin/link/<str:token>/", "signout/", "profile/",
    "password/", "admin/login/",
}  # fmt: skip


def routes(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern) and not route.startswith("admin/"):
            yield route


@pytest.fixture
def thread(document, owner):
    made = Thread.objects.create(
        workspace=document.workspace, author=owner, title="Who may end it?"
    )
    made.documents.add(document)
    asking.ask(
        question="Who may end it?",
        documents=[document],
        model="claude-sonnet-5-5",
        workspace=document.workspace,
        by=owner,
        thread=made,
    )
    return made


def addresses(workspace, document, thread):
    folder, _made = Folder.objects.get_or_create(
        workspace=workspace, name="Deals", created_by=document.uploaded_by
    )
    arriving = incoming.begin(
        workspace, document.uploaded_by, name="a.txt", size=9, fingerprint="1"
    )
    picture = Picture.objects.create(
        workspace=workspace,
        uploaded_by=document.uploaded_by,
        media_type="image/png",
        width=1,
        height=1,
        size=1,
    )
    table = tables.make(
        workspace,
        document.uploaded_by,
        title="Leases",
        model="claude-sonnet-5-5",
        documents=[document],
        columns=[books.Asked("Law", "Which law governs?")],
    )
    playbook = updating.save_playbook(table, document.uploaded_by).playbook
    ids = {
        "<slug:slug>": workspace.slug,
        "<uuid:document_id>": str(document.public_id),
        "<uuid:version_id>": str(document.current.public_id),
        "<int:page>": "1",
        "<int:width>": "600",
        "<uuid:upload_id>": str(arriving.public_id),
        "<uuid:folder_id>": str(folder.public_id),
        "<uuid:thread_id>": str(thread.public_id),
        "<uuid:answer_id>": str(thread.answers.get().public_id),
        "<uuid:other_id>": str(thread.answers.get().public_id),
        "<uuid:picture_id>": str(picture.public_id),
        "<uuid:table_id>": str(table.public_id),
        "<uuid:row_id>": str(table.rows.get().public_id),
        "<uuid:column_id>": str(table.columns.get().public_id),
        "<uuid:playbook_id>": str(playbook.public_id),
        "<uuid:cell_id>": str(table.cells.get().public_id),
        "<slug:kind>": "csv",
    }
    for route in routes():
        if route in OUTSIDE:
            continue
        for name, value in ids.items():
            route = route.replace(name, value)
        assert "<" not in route, f"{route}: the test does not know this part"
        yield "/" + route


def test_a_stranger_gets_404_from_every_address_by_every_method(
    as_stranger, workspace, document, thread
):
    found = list(addresses(workspace, document, thread))
    assert len(found) > 15
    for address in found:
        for method in (as_stranger.get, as_stranger.post):
            assert method(address).status_code in (404, 405), address
    assert Document.objects.get().deleted_at is None
    assert Answer.objects.get().status == "queued"


def test_nobody_signed_in_is_sent_to_sign_in(client, workspace, document, thread):
    for address in addresses(workspace, document, thread):
        answer = client.get(address)
        assert answer.status_code in (302, 405), address
        if answer.status_code == 302:
            assert answer.url.startswith("/signin/")


def test_a_members_own_workspace_does_not_open_anothers_things(
    as_stranger, elsewhere, workspace, document, thread
):
    for address in addresses(workspace, document, thread):
        crossed = address.replace(f"/w/{workspace.slug}/", f"/w/{elsewhere.slug}/")
        if crossed == address or str(uuid.UUID(int=0)) in crossed:
            continue
        parts = ("documents/", "versions/", "threads/", "answers/", "uploads/", "folders/")
        parts += ("tables/", "rows/", "cells/", "columns/", "playbooks/")
        if not any(part in crossed for part in parts):
            continue
        lists = ("/threads/", "/uploads/", "/folders/new/", "/tables/", "/tables/new/")
        if crossed.endswith((*lists, "/playbooks/", "/playbooks/import/")):
            continue
        assert as_stranger.get(crossed).status_code in (404, 405), crossed
        assert as_stranger.post(crossed).status_code in (404, 405), crossed


def test_a_member_of_both_does_not_see_one_through_the_other(
    as_owner, owner, elsewhere, workspace, document, thread
):
    Member.objects.create(workspace=elsewhere, user=owner, role=Role.ADMIN)
    for address in addresses(workspace, document, thread):
        crossed = address.replace(f"/w/{workspace.slug}/", f"/w/{elsewhere.slug}/")
        if "_id" in crossed or crossed.count("-") < 5:
            continue
        assert as_owner.get(crossed).status_code in (404, 405), crossed


def test_a_question_takes_no_document_of_another_workspace(
    as_stranger, elsewhere, workspace, document
):
    asked = as_stranger.post(
        f"/w/{elsewhere.slug}/ask/",
        {
            "question": "What does it say?",
            "model": "claude-sonnet-5-5",
            "documents": [str(document.public_id)],
            "submission": str(uuid.uuid4()),
        },
    )
    assert asked.status_code == 422
    assert not Answer.objects.exists()
    assert document.title not in asked.content.decode()


def test_a_source_of_another_workspace_does_not_open_beside_a_thread(
    as_stranger, stranger, elsewhere, document
):
    own = upload(elsewhere, stranger, "Mine alone.")
    read(own)
    thread = Thread.objects.create(workspace=elsewhere, author=stranger, title="Mine")
    query = f"?version={document.current.public_id}&start=0&end=10"
    page = as_stranger.get(f"/w/{elsewhere.slug}/threads/{thread.public_id}/{query}")
    assert page.status_code == 200
    assert "SERVICES" not in page.content.decode()
    assert not Event.objects.filter(verb="open-source").exists()


def test_two_workspaces_with_the_same_bytes_share_nothing(
    workspace, owner, elsewhere, stranger, document
):
    twin = upload(elsewhere, stranger)
    read(twin)
    assert Blob.objects.count() == 2
    assert set(Document.objects.visible_to(owner)) == {document}
    assert set(Document.objects.visible_to(stranger)) == {twin}
    assert set(Version.objects.visible_to(stranger)) == {twin.current}
    twin.mark_deleted(stranger)
    erasing.erase(twin)
    assert Path(document.current.blob.file.path).read_bytes()


def test_a_private_thread_is_its_authors_alone(as_mate, as_owner, mate, owner, workspace, thread):
    address = f"/w/{workspace.slug}/threads/{thread.public_id}/"
    answer = f"/w/{workspace.slug}/answers/{thread.answers.get().public_id}/"
    assert as_mate.get(address).status_code == 200
    Thread.objects.update(is_private=True)
    assert as_mate.get(address).status_code == as_mate.get(answer).status_code == 404
    assert as_owner.get(address).status_code == as_owner.get(answer).status_code == 200
    assert thread.title not in as_mate.get(f"/w/{workspace.slug}/").content.decode()
    assert not Answer.objects.visible_to(mate).exists()


def test_who_leaves_a_workspace_sees_it_no_more(as_mate, mate, workspace, document, thread):
    Member.objects.filter(user=mate).delete()
    for address in addresses(workspace, document, thread):
        assert as_mate.get(address).status_code in (404, 405)


def test_an_empty_set_finds_nothing(stranger, document, thread):
    nobody = type(stranger)()
    for rows in (Workspace, Document, Version, Thread, Answer):
        assert not rows.objects.visible_to(stranger).exists()
        nobody.is_active = False
        assert not rows.objects.visible_to(nobody).exists()


def test_no_integer_id_leaves_the_database(as_owner, workspace, document, thread):
    Document.objects.filter(pk=document.pk).update(title="Lease")
    for address in addresses(workspace, document, thread):
        if "stream" in address:
            continue
        answer = as_owner.get(address)
        if answer.streaming:  # the file as it was uploaded
            continue
        page = answer.content.decode(errors="ignore")
        for pk in (document.pk, thread.pk):
            assert f'value="{pk}"' not in page, address
            assert f"/{pk}/" not in page, address
