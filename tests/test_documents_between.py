"""Between two versions: what is found, shown and said while the newer one is not indexed yet."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from documents import search, tasks, versions
from documents.models import Document, Version
from documents.reading import ingest_version
from documents.search import indexing
from qa.engine import Called
from qa.shelf import Shelf
from tests.asked import put
from tests.conftest import read, upload

OLD, NEW = "The zebra clause governs everything here.", "The zebra clause governs all there."


@pytest.fixture
def zebra(workspace, owner) -> Document:
    document = upload(workspace, owner, OLD, "zebra.txt")
    read(document)
    return document


@pytest.fixture
def newer(zebra, owner) -> Version:
    """The current version, read and not indexed."""
    version = versions.replace(zebra, ContentFile(NEW.encode()), "zebra.txt", owner)
    ingest_version(version, then=lambda _version: None)
    zebra.refresh_from_db()
    assert zebra.current == version
    return version


def give_up(version: Version, monkeypatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(indexing, "_read", lambda _version: 1 / 0)
        for _attempt in range(3):
            search.index(version)
    version.refresh_from_db()


def found(workspace, user):
    return search.search(workspace, ["zebra"], Document.objects.visible_to(user))


def test_the_earlier_version_is_found_until_the_newer_one_is_indexed(workspace, owner, newer):
    (hit,) = found(workspace, owner)
    assert (hit.text, hit.version.number, hit.outdated) == (OLD, 1, True)
    search.index(newer)
    (hit,) = found(workspace, owner)
    assert (hit.text, hit.version.number, hit.outdated) == (NEW, 2, False)


def test_what_is_found_of_an_earlier_version_says_so(as_owner, workspace, newer):
    page = f"/w/{workspace.slug}/search/?query=zebra"
    said = "Found in version 1, which is not the current one."
    assert said in as_owner.get(page).content.decode()
    search.index(newer)
    assert said not in as_owner.get(page).content.decode()


def test_a_stranger_finds_no_earlier_version_either(workspace, stranger, newer):
    assert found(workspace, stranger) == []


def test_an_answer_searches_the_newer_version_at_once(emulator, workspace, owner, zebra, newer):
    shelf = Shelf.of(put(zebra, owner))
    outcome = shelf._outcome(Called("t1", "search_documents", {"queries": ["zebra"]}))
    assert [piece.version for piece in outcome.pieces] == [newer]


def test_a_document_says_that_it_was_given_up_to_index_it(
    as_owner, workspace, zebra, newer, monkeypatch
):
    here = f"/w/{workspace.slug}/documents/{zebra.public_id}/"
    assert "could not be added to the search index" not in as_owner.get(here).content.decode()
    give_up(newer, monkeypatch)
    page = as_owner.get(here).content.decode()
    assert "could not be added to the search index" in page
    assert "Index it again" in page
    assert not Version.objects.to_index().exists()
    as_owner.post(here + "index/")
    tasks.index(newer.pk)
    newer.refresh_from_db()
    assert (newer.unfindable, newer.indexed_at is None) == (False, False)


def test_a_viewer_sees_it_and_a_stranger_does_not(
    as_mate, as_stranger, mate, workspace, zebra, newer, monkeypatch
):
    workspace.members.filter(user=mate).update(role=Role.VIEWER)
    give_up(newer, monkeypatch)
    here = f"/w/{workspace.slug}/documents/{zebra.public_id}/"
    page = as_mate.get(here).content.decode()
    assert "could not be added to the search index" in page
    assert "Index it again" not in page
    assert as_mate.post(here + "index/").status_code == 403
    assert as_stranger.post(here + "index/").status_code == 404


def test_the_admin_has_it_indexed_again(sign_in, zebra, newer, monkeypatch):
    give_up(newer, monkeypatch)
    as_chief = sign_in(User.objects.create_superuser("chief@example.com", "chief-pass"))
    lists = reverse("admin:documents_document_changelist")
    data = {"action": "index_again", "_selected_action": [zebra.pk]}
    as_chief.post(lists, data)
    assert Version.objects.to_index().get() == newer
