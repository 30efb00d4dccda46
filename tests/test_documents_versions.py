"""A document's next version, the way back to the earlier ones, and answers that rest on them."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Event
from accounts.roles import Role
from documents import uploads, versions
from documents.models import Document, Text, Version
from qa.models import Answer
from tests.conftest import CONTRACT, read, upload
from tests.test_qa_answers import put, written

AMENDED = CONTRACT.replace("sixty days'", "ninety days'")


def at(document: Document, end: str = "") -> str:
    return f"/w/{document.workspace.slug}/documents/{document.public_id}/{end}"


def add(client, document, text=AMENDED, name="amended.txt"):
    file = SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
    return client.post(at(document, "versions/next/"), {"file": file})


def side_by_side(client, document) -> str:
    old, new = document.versions.order_by("number").values_list("public_id", flat=True)
    return client.get(at(document, f"compare/?old={old}&new={new}")).content.decode()


def read_next(document: Document) -> Version:
    """Reads the document's newest version as a worker would."""
    document.refresh_from_db()
    version = document.versions.order_by("number").last()
    document.current = version
    return read(document)


def test_a_newer_file_becomes_the_current_version_when_it_has_been_read(as_owner, owner, document):
    first = document.current
    assert add(as_owner, document).status_code == 302
    document.refresh_from_db()
    assert document.current == first
    assert document.upcoming.number == 2
    read_next(document)
    document.refresh_from_db()
    assert (document.current.number, document.upcoming) == (2, None)
    assert (document.current.name, document.current.uploaded_by) == ("amended.txt", owner)
    assert Event.objects.get(verb="version").object_id == document.current.public_id
    assert "ninety" in Text.objects.get(version=document.current).content
    assert "sixty" in Text.objects.get(version=first).content


def test_a_newer_file_that_cannot_be_read_changes_nothing_and_says_why(as_owner, document):
    first = document.current
    add(as_owner, document, b"%PDF-1.7 and no more", "broken.pdf")
    assert read_next(document).status == "failed"
    document.refresh_from_db()
    assert document.current == first
    page = as_owner.get(at(document, "versions/")).content.decode()
    assert document.upcoming.error in page
    assert "Keep the current version" in page
    as_owner.post(at(document, "versions/discard/"))
    document.refresh_from_db()
    assert (document.current, document.upcoming) == (first, None)


def test_an_older_version_that_is_read_late_does_not_take_over(as_owner, document):
    add(as_owner, document)
    add(as_owner, document, AMENDED.replace("ninety", "hundred"))
    second, third = document.versions.filter(number__gt=1).order_by("number")
    for version in (third, second):
        document.current = version
        assert read(document).status == "ready"
    document.refresh_from_db()
    assert (document.current, document.upcoming) == (third, None)


def test_the_same_bytes_are_refused_with_their_version(as_owner, document):
    answer = add(as_owner, document, CONTRACT, "again.txt")
    assert answer.status_code == 422
    assert "This is the file of version 1, byte for byte." in answer.content.decode()
    assert document.versions.count() == 1


def test_a_kind_that_is_not_read_is_refused_with_its_name(as_owner, document):
    answer = add(as_owner, document, b"MZ\x90\0\x03\0\0\0" + b"\0" * 64, "setup.exe")
    assert answer.status_code == 422
    assert "setup.exe: Not accepted: this is a program." in answer.content.decode()


def test_reading_again_makes_a_version_of_the_same_bytes(as_owner, document):
    as_owner.post(at(document, "versions/again/"))
    as_owner.post(at(document, "versions/again/"))
    assert [v.number for v in document.versions.order_by("number")] == [1, 2]
    again = read_next(document)
    document.refresh_from_db()
    assert document.current == again
    assert again.blob == document.versions.get(number=1).blob
    assert Event.objects.filter(verb="read-again").count() == 1


def test_an_earlier_version_stays_readable_and_its_citations_valid(
    emulator, as_owner, owner, document
):
    answer = written(put(document, owner))
    citation = answer.citations.first()
    add(as_owner, document)
    read_next(document)
    place = f"?version={citation.version.public_id}&start={citation.start}&end={citation.end}"
    page = as_owner.get(at(document) + place).content.decode()
    assert "This is an earlier version of the document." in page
    assert citation.cited_text.split("\n")[0][:40] in page


def test_an_answer_that_rests_on_an_earlier_version_says_so_and_offers_to_ask_again(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    here = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
    assert "which is not the current one" not in as_owner.get(here).content.decode()
    add(as_owner, document)
    read_next(document)
    page = as_owner.get(here).content.decode()
    said = (
        "This answer rests on version 1 of <bdi>contract.txt</bdi>, which is not the current one."
    )
    assert said in page
    anew = f"/w/{workspace.slug}/answers/{answer.public_id}/anew/"
    assert anew in page
    for _press in range(2):
        as_owner.post(anew)
    (second,) = Answer.objects.exclude(pk=answer.pk)
    assert (second.question, second.follows) == (answer.question, answer)
    assert [version.number for version in second.sources.all()] == [2]


def test_a_viewer_sees_versions_and_adds_none(as_mate, mate, workspace, document):
    workspace.members.filter(user=mate).update(role=Role.VIEWER)
    page = as_mate.get(at(document, "versions/"))
    assert page.status_code == 200
    assert "Add as the next version" not in page.content.decode()
    for end in ("versions/next/", "versions/again/", "versions/discard/"):
        assert as_mate.post(at(document, end)).status_code == 403
    assert document.versions.count() == 1


def test_two_versions_stand_side_by_side_with_their_changes_marked(as_owner, document):
    add(as_owner, document)
    read_next(document)
    page = side_by_side(as_owner, document)
    assert "1 sentence differs." in page
    assert "<del>sixty</del>" in page
    assert "<ins>ninety</ins>" in page


def test_texts_are_escaped_where_they_are_compared(as_owner, workspace, owner):
    document = upload(workspace, owner, "Pay <b>now</b>.", "a.txt")
    read(document)
    add(as_owner, document, "Pay <script>later</script>.")
    read_next(document)
    page = side_by_side(as_owner, document)
    assert "<script>later" not in page
    assert "<b>now" not in page


@pytest.mark.parametrize(
    "query", [f"?old={UUID(int=1)}&new={UUID(int=2)}", "?old=x&new=1", "?old=1"]
)
def test_versions_that_are_not_there_are_not_compared(as_owner, document, query):
    assert as_owner.get(at(document, "compare/") + query).status_code == 422


def test_compare_without_a_choice_lets_one_choose(as_owner, document):
    page = as_owner.get(at(document, "compare/"))
    assert page.status_code == 200
    assert 'name="old"' in page.content.decode()


@pytest.fixture
def deleted_meanwhile(owner, monkeypatch):
    """What is about to get a next version goes into the trash first."""
    locked = versions._locked

    def late(document):
        Document.objects.get(pk=document.pk).mark_deleted(owner)
        return locked(document)

    monkeypatch.setattr(versions, "_locked", late)


@pytest.mark.parametrize("end", ["versions/next/", "versions/again/"])
def test_a_document_that_is_deleted_meanwhile_is_not_there(
    as_owner, document, deleted_meanwhile, end
):
    file = SimpleUploadedFile("amended.txt", AMENDED.encode())
    assert as_owner.post(at(document, end), {"file": file}).status_code == 404
    assert document.versions.count() == 1


def test_of_many_those_that_are_deleted_meanwhile_are_not_read_again(
    as_owner, workspace, document, deleted_meanwhile
):
    address = f"/w/{workspace.slug}/selection/read-again/"
    page = as_owner.post(address, {"document": document.public_id}, follow=True)
    assert "0 documents are read again." in page.content.decode()
    assert document.versions.count() == 1


def test_of_two_equal_files_at_once_one_makes_a_version(owner, document, monkeypatch):
    """Another request adds the same file just before this one has its turn."""

    def replace():
        return versions.replace(document, ContentFile(AMENDED.encode()), "a.txt", owner)

    locked = versions._locked

    def late(document):
        monkeypatch.setattr(versions, "_locked", locked)
        replace()
        return locked(document)

    monkeypatch.setattr(versions, "_locked", late)
    with pytest.raises(uploads.Refused, match="the file of version 2"):
        replace()
