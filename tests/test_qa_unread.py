"""Whoever asks about a document is told which of its pages could not be read, and so is Claude."""

from __future__ import annotations

import pytest

from documents.models import Page, Version
from qa import askable, asking
from qa.models import Answer
from tests.asked import put, written
from tests.conftest import read, upload

MISSING = "Page 2 of contract.txt could not be read."


def unread(version: Version, *numbers: int) -> None:
    """As a reader leaves pages that it could not make out."""
    Version.objects.filter(pk=version.pk).update(unread=numbers)
    pages = Page.objects.filter(version=version, number__in=numbers)
    pages.update(legible=False, source="none")
    version.refresh_from_db()


def sent(emulator):
    """The document blocks of the last request."""
    content = emulator.requests(1)["requests"][-1]["body"]["messages"][0]["content"]
    return [block for block in content if block["type"] == "document"]


def test_a_finished_answer_names_the_pages_that_could_not_be_read(
    emulator, as_owner, workspace, document, owner
):
    unread(document.current, 2)
    answer = written(put(document, owner))
    where = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
    assert MISSING in as_owner.get(where).content.decode()


def test_it_is_said_before_the_answer_is_there(as_owner, workspace, document, owner):
    unread(document.current, 2)
    answer = put(document, owner)
    where = f"/w/{workspace.slug}/answers/{answer.public_id}/"
    page = as_owner.get(where, headers={"HX-Request": "true"}).content.decode()
    assert page.index(MISSING) < page.index("hx-sse:connect")


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((3, 7), "Pages 3 and 7 of long.txt could not be read."),
        ((1, 2, 3, 6, 9, 10), "Pages 1–3, 6 and 9–10 of long.txt could not be read."),
        (range(1, 11), "Nothing of long.txt could be read."),
    ],
)
def test_pages_are_named_in_words(as_owner, workspace, owner, numbers, sentence):
    document = upload(workspace, owner, "\f".join("abcdefghij"), "long.txt")
    answer = put_about(read(document), owner)
    unread(document.current, *numbers)
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/")
    assert sentence in page.content.decode()


def put_about(version: Version, owner) -> Answer:
    assert version.status == "ready"
    return put(version.document, owner)


def test_nothing_is_said_about_a_document_that_was_read_whole(as_owner, workspace, document, owner):
    answer = put(document, owner)
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/")
    assert "could not be read" not in page.content.decode()


def test_claude_is_told_in_the_same_words_every_time(emulator, document, owner):
    unread(document.current, 2)
    first = written(put(document, owner))
    (told,) = sent(emulator)
    assert told["context"] == (
        "Of this document, these pages could not be read: 2. What they say is unknown."
    )
    written(put(document, owner, "And the fees?", thread=first.thread, follows=first))
    assert sent(emulator)[0]["context"] == told["context"]


def test_claude_is_told_nothing_about_a_document_that_was_read_whole(emulator, document, owner):
    written(put(document, owner))
    assert "context" not in sent(emulator)[0]


def test_a_document_without_any_text_cannot_be_asked_about(document, owner):
    unread(document.current, 1, 2)
    with pytest.raises(askable.NotAskable, match="Nothing of this document could be read"):
        put(document, owner)


def test_beside_others_it_is_left_out_of_the_request_and_named(
    emulator, as_owner, workspace, document, owner
):
    scan = upload(workspace, owner, "Something else.", "scan.txt")
    unread(read(scan), 1)
    answer, _created = asking.ask(
        question="Which law governs this agreement?",
        documents=[document, scan],
        model="claude-sonnet-5-5",
        workspace=workspace,
        by=owner,
    )
    assert written(answer).status == "done"
    assert [block["title"] for block in sent(emulator)] == ["contract.txt"]
    page = as_owner.get(f"/w/{workspace.slug}/answers/{answer.public_id}/").content.decode()
    assert "Nothing of scan.txt could be read." in page


def test_the_pages_of_many_documents_cost_no_more_queries_than_one(
    as_owner, workspace, document, owner, django_assert_max_num_queries
):
    unread(document.current, 2)
    others = []
    for number in range(4):
        other = upload(workspace, owner, f"One {number}.\fTwo.", f"other {number}.txt")
        unread(read(other), 2)
        others.append(other)
    answer = put(document, owner)
    where = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
    with django_assert_max_num_queries(100) as one:
        as_owner.get(where)
    asking.ask(
        question="And these?",
        documents=others,
        model="claude-sonnet-5-5",
        workspace=workspace,
        by=owner,
        thread=answer.thread,
        follows=answer,
    )
    with django_assert_max_num_queries(len(one)):
        page = as_owner.get(where).content.decode()
    assert page.count("could not be read") == 5


def test_the_page_itself_is_marked(as_owner, workspace, document):
    unread(document.current, 2)
    page = as_owner.get(f"/w/{workspace.slug}/documents/{document.public_id}/").content.decode()
    first, second = page.split('id="page-2"')
    assert "This page could not be read." not in first
    assert "This page could not be read." in second
