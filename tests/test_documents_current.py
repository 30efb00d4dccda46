"""Making another version the current one, and what follows it."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Event
from accounts.roles import Role
from documents import foreground, search, uploads, versions
from documents.models import Document, Version
from tests.conftest import CONTRACT, read
from tests.test_documents_versions import AMENDED, add, at, deleted_meanwhile, read_next
from tests.test_qa_answers import put, written

__all__ = ["deleted_meanwhile"]


@pytest.fixture
def first(as_owner, document) -> Version:
    """The document's first version, after a second one has taken its place."""
    found = document.current
    add(as_owner, document, name="wrong.txt")
    read_next(document)
    document.refresh_from_db()
    return found


def make_current(client, version, **fields):
    return client.post(at(version.document, f"versions/{version.public_id}/current/"), fields)


def current(document: Document) -> int:
    document.refresh_from_db()
    return document.current.number


def found(document: Document) -> set[int]:
    """The numbers of the versions in which what both say is found."""
    rows = Document.objects.filter(pk=document.pk)
    search.catch_up(rows, 9)
    hits = search.search(document.workspace, ["termination notice"], rows)
    assert not any(hit.outdated for hit in hits)
    return {hit.version.number for hit in hits}


def test_an_earlier_version_is_made_the_current_one_and_the_later_one_again(
    as_owner, owner, document, first
):
    answer = make_current(as_owner, first)
    assert answer.url == at(document, "versions/")
    page = as_owner.get(answer.url).content.decode()
    assert "Version 1 is the current version now." in page
    assert current(document) == 1
    event = Event.objects.get(verb="make-current")
    assert (event.object_id, event.actor) == (first.public_id, owner)
    second = document.versions.get(number=2)
    answer = make_current(as_owner, second, back="document")
    assert answer.url == at(document)
    assert current(document) == 2


def test_what_lists_show_and_what_is_found_follow_the_current_version(
    as_owner, document, first, monkeypatch
):
    monkeypatch.setattr("documents.tasks.index.delay_on_commit", lambda pk: None)
    assert found(document) == {2}
    Version.objects.filter(pk=first.pk).update(page_count=7)
    make_current(as_owner, first)
    document.refresh_from_db()
    assert (document.status, document.page_count) == ("ready", 7)
    assert found(document) == {1}
    make_current(as_owner, document.versions.get(number=2))
    assert found(document) == {2}


def test_answers_are_from_the_current_version_and_say_where_theirs_is_not(
    emulator, as_owner, owner, workspace, document
):
    first = document.current
    before = written(put(document, owner))
    add(as_owner, document)
    read_next(document)
    document.refresh_from_db()
    amended = written(put(document, owner))
    make_current(as_owner, first)
    document.refresh_from_db()
    after = written(put(document, owner))
    assert [one.sources.get().number for one in (before, amended, after)] == [1, 2, 1]

    def shown(answer):
        return as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content

    assert b"which is not the current one" not in shown(before)
    assert b"rests on version 2 of <bdi>contract.txt</bdi>, which is not the current one" in shown(
        amended
    )


def test_a_version_says_whether_it_is_earlier_or_later_than_the_current_one(
    as_owner, document, first
):
    def opened(version) -> str:
        return as_owner.get(at(document, f"?version={version.public_id}")).content.decode()

    page = opened(first)
    assert "This is an earlier version of the document." in page
    assert f"versions/{first.public_id}/current/" in page
    make_current(as_owner, first)
    assert "version of the document" not in opened(first)
    page = opened(document.versions.get(number=2))
    assert "This is a later version of the document than the current one." in page
    assert "This is an earlier version" not in page


def test_reading_again_reads_the_file_of_the_current_version(as_owner, document, first):
    make_current(as_owner, first)
    as_owner.post(at(document, "versions/again/"))
    again = read_next(document)
    assert again.number == 3
    assert again.blob == first.blob
    assert current(document) == 3


def test_a_version_that_was_passed_over_and_is_read_late_does_not_take_over(as_owner, document):
    first = document.current
    add(as_owner, document)
    add(as_owner, document, AMENDED.replace("ninety", "hundred"))
    second, third = document.versions.filter(number__gt=1).order_by("number")
    document.current = third
    read(document)
    make_current(as_owner, first)
    document.current = second
    assert read(document).status == "ready"
    assert current(document) == 1


def test_what_is_being_read_takes_over_all_the_same(as_owner, document, first):
    add(as_owner, document, AMENDED.replace("ninety", "hundred"))
    make_current(as_owner, first)
    assert current(document) == 1
    read_next(document)
    assert current(document) == 3


def test_only_what_has_been_read_is_made_current(as_owner, document, first):
    add(as_owner, document, b"%PDF-1.7 and no more", "broken.pdf")
    broken = read_next(document)
    document.refresh_from_db()
    page = as_owner.get(make_current(as_owner, broken).url).content.decode()
    assert "Version 3 has not been read, so nothing can be asked about it." in page
    assert f"versions/{broken.public_id}/current/" not in page
    page = as_owner.get(make_current(as_owner, document.current).url).content.decode()
    assert "Version 2 is the current version already." in page
    assert current(document) == 2
    assert not Event.objects.filter(verb="make-current").exists()


def test_a_viewer_and_a_stranger_make_nothing_current(
    as_mate, as_stranger, mate, workspace, document, first
):
    assert make_current(as_stranger, first).status_code == 404
    workspace.members.filter(user=mate).update(role=Role.VIEWER)
    assert make_current(as_mate, first).status_code == 403
    for end in ("versions/", f"?version={first.public_id}"):
        assert "/current/" not in as_mate.get(at(document, end)).content.decode()
    assert current(document) == 2


def test_of_another_document_no_version_is_made_current(as_owner, workspace, owner, document):
    other = uploads.accept(ContentFile(b"Another."), "other.txt", workspace, owner).document
    read(other)
    for version in (other.current.public_id, UUID(int=1)):
        answer = as_owner.post(at(document, f"versions/{version}/current/"))
        assert answer.status_code == 404


def test_of_a_document_that_is_deleted_meanwhile_nothing_is_made_current(
    as_owner, document, first, deleted_meanwhile
):
    assert make_current(as_owner, first).status_code == 404
    assert current(document) == 2


def test_two_versions_are_compared_as_before(as_owner, document, first):
    make_current(as_owner, first)
    second = document.versions.get(number=2)
    link = f"compare/?old={first.public_id}&amp;new={second.public_id}"
    assert link in as_owner.get(at(document, "versions/")).content.decode()
    page = as_owner.get(at(document, link.replace("&amp;", "&"))).content.decode()
    assert "<ins>ninety</ins>" in page


# the same bytes once more -------------------------------------------------------------------------


def test_as_the_next_version_the_file_of_an_earlier_one_is_refused_with_the_way_to_it(
    as_owner, document, first
):
    page = add(as_owner, document, CONTRACT, "again.txt").content.decode()
    said = "This is the file of version 1, byte for byte."
    assert f"{said} Make that one the current version instead." in page
    versions.make_current(first, document.uploaded_by)
    page = add(as_owner, document, CONTRACT, "again.txt").content.decode()
    assert said in page
    assert "instead" not in page


def send(client, text, name="contract.txt", **headers):
    file = SimpleUploadedFile(name, text.encode())
    address = "/w/outsourcing-review/upload/"
    return client.post(address, {"files": file}, headers=headers, follow=True)


def test_the_file_of_an_earlier_version_says_which_one_it_is_and_offers_it(
    as_owner, workspace, document, first
):
    page = send(as_owner, CONTRACT, **{"HX-Request": "true"}).content.decode()
    assert "This is the file of version 1 of" in page
    assert f"versions/{first.public_id}/current/" in page
    assert "Here already" not in page
    said = "This is the file of version 1 of contract.txt, which is not the current one."
    assert said in send(as_owner, CONTRACT).content.decode()
    assert document.versions.count() == 2
    assert Document.objects.count() == 1


def test_the_file_of_the_current_version_is_here_already(as_owner, workspace, document, first):
    page = send(as_owner, AMENDED, **{"HX-Request": "true"}).content.decode()
    assert "Here already:" in page
    assert "/current/" not in page


def test_a_document_that_is_the_file_goes_before_one_that_was(workspace, owner, document, first):
    versions.make_current(first, owner)
    other = uploads.accept(ContentFile(b"Draft."), "other.txt", workspace, owner).document
    read(other)
    versions.replace(other, ContentFile(AMENDED.encode()), "other.txt", owner)
    upcoming = uploads.accept(ContentFile(AMENDED.encode()), "a.txt", workspace, owner)
    assert (upcoming.document, upcoming.earlier) == (other, None)
    document_of_it = uploads.accept(ContentFile(CONTRACT.encode()), "a.txt", workspace, owner)
    assert (document_of_it.document, document_of_it.earlier) == (document, None)


def test_the_command_line_answers_about_no_other_text_than_the_files(
    tmp_path, workspace, owner, document, first
):
    path = tmp_path / "old.txt"
    path.write_text(CONTRACT)
    (told,) = foreground.ingest_path(path, workspace, owner)
    assert told.version == first
    said = "the file of version 1 of contract.txt, which is not the current one"
    with pytest.raises(foreground.NotThere, match=said):
        foreground.chosen(None, [path], workspace, owner)
    path.write_text(AMENDED)
    assert foreground.chosen(None, [path], workspace, owner) == [document]


def test_the_command_line_reads_a_next_version_that_waits(tmp_path, as_owner, owner, document):
    add(as_owner, document)
    path = tmp_path / "new.txt"
    path.write_text(AMENDED)
    (found,) = foreground.chosen(None, [path], document.workspace, owner)
    assert found.current.number == 2
