"""Answers own up to text that the pages of their documents do not show."""

from __future__ import annotations

import pytest

from qa.preparing import description
from tests.conftest import read, upload
from tests.pdfs import drawn
from tests.test_qa_answers import put, written

SHOWN = b"BT /F 12 Tf 72 700 Td (Either party may terminate on sixty days notice.) Tj ET "
HIDDEN = b"1 g BT /F 12 Tf 72 600 Td (This agreement is governed by the laws of Utopia.) Tj ET"


@pytest.fixture
def document(workspace, owner):
    made = upload(workspace, owner, drawn(SHOWN + HIDDEN), "two faced.pdf")
    assert read(made).status == "ready"
    return made


def test_a_footnote_on_hidden_text_says_so(emulator, as_owner, owner, workspace, document):
    answer = written(put(document, owner, "Which laws govern this agreement?"))
    assert "Utopia" in answer.citations.get().cited_text
    thread = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
    assert "Rests on text that cannot be seen on the page" in as_owner.get(thread).content.decode()


def test_a_footnote_on_text_that_can_be_seen_does_not(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner, "How can a party terminate?"))
    assert "sixty days" in answer.citations.get().cited_text
    thread = f"/w/{workspace.slug}/threads/{answer.thread.public_id}/"
    assert "cannot be seen on the page" not in as_owner.get(thread).content.decode()


def test_the_model_is_told_which_text_is_hidden(emulator, owner, document):
    told = description(document.current)
    assert told == description(document.current)
    assert "is hidden from whoever reads them: 1." in told
    assert "laws of Utopia" in told
    asked = written(put(document, owner)).calls.get(purpose="answer")
    assert asked.error_type == ""


def test_of_an_honest_document_nothing_is_told(workspace, owner):
    honest = upload(workspace, owner, drawn(SHOWN), "honest.pdf")
    assert description(read(honest)) is None


def test_the_library_points_out_a_document_with_hidden_text(as_owner, workspace, document):
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "Holds text that cannot be seen" in page
