"""Putting a question: what is checked before anything is stored or spent."""

from __future__ import annotations

import re
import uuid

import pytest

from accounts.models import Event
from qa.models import Answer, ApiCall, Thread, TokenCount
from tests.asked import GOVERNING, put, written
from tests.conftest import upload


def ask_form(client, workspace, document, **fields):
    data = {
        "question": GOVERNING,
        "model": "claude-sonnet-5-5",
        "documents": [str(document.public_id)],
        "submission": str(uuid.uuid4()),
        **fields,
    }
    return client.post(f"/w/{workspace.slug}/ask/", data)


def test_asking_opens_a_thread_and_writes_an_event(as_owner, owner, workspace, document):
    answer = ask_form(as_owner, workspace, document)
    thread = Thread.objects.get()
    assert answer.url == f"/w/{workspace.slug}/threads/{thread.public_id}/"
    assert thread.title == GOVERNING
    assert Event.objects.get(verb="ask").object_id == thread.answers.get().public_id


def test_pressing_ask_twice_asks_once(as_owner, workspace, document):
    submission = str(uuid.uuid4())
    first = ask_form(as_owner, workspace, document, submission=submission)
    second = ask_form(as_owner, workspace, document, submission=submission)
    assert first.url == second.url
    assert Answer.objects.count() == Thread.objects.count() == 1
    follow = {"question": "Fees?", "model": "claude-sonnet-5-5", "submission": str(uuid.uuid4())}
    Answer.objects.update(status="done")
    for _press in range(2):
        assert as_owner.post(f"{first.url}ask/", follow).status_code == 302
    assert Answer.objects.count() == 2


def test_a_question_about_a_document_still_being_read_is_refused_with_its_name(
    as_owner, owner, workspace
):
    waiting = upload(workspace, owner, name="slow.txt")
    answer = ask_form(as_owner, workspace, waiting)
    assert answer.status_code == 422
    assert "slow.txt is still being read" in answer.content.decode()
    assert not Answer.objects.exists()
    assert not Thread.objects.exists()


def test_documents_that_do_not_fit_are_searched_instead(as_owner, workspace, document):
    TokenCount.objects.create(
        version=document.current, model="claude-haiku-4-5-20251001", tokens=250_000
    )
    answer = ask_form(as_owner, workspace, document, model="claude-haiku-4-5-20251001")
    assert answer.status_code == 302
    assert Answer.objects.get().mode == "search"
    assert not ApiCall.objects.exists()


def test_what_the_count_finds_too_long_is_searched_and_not_sent(emulator, document, owner):
    answer = put(document, owner, model="claude-haiku-4-5-20251001")
    assert answer.mode == "full"
    TokenCount.objects.create(
        version=document.current, model="claude-haiku-4-5-20251001", tokens=250_000
    )
    done = written(answer)
    assert (done.status, done.mode) == ("done", "search")
    assert not ApiCall.objects.filter(purpose="upload").exists()


@pytest.mark.parametrize(
    "model",
    ["claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5-20251001", "claude-opus-5-5",
     "claude-opus-5", "claude-sonnet-5", "claude-haiku-5-5", "claude-fable-5-2",
     "claude-opus-4-7[1m]"],
)  # fmt: skip
def test_every_model_answers(emulator, document, owner, model):
    answer = written(put(document, owner, model=model))
    assert answer.status == "done", answer.error
    assert answer.model == model.removesuffix("[1m]")


@pytest.mark.parametrize("question", ["", "   ", "x" * 20_001])
def test_a_question_of_no_use_is_refused_where_it_was_written(
    as_owner, workspace, document, question
):
    answer = ask_form(as_owner, workspace, document, question=question)
    assert answer.status_code == 422
    assert not Answer.objects.exists()


def test_a_follow_up_waits_for_the_answer_before_it(as_owner, workspace, document):
    thread = ask_form(as_owner, workspace, document).url
    follow = {"question": "Fees?", "model": "claude-sonnet-5-5", "submission": str(uuid.uuid4())}
    refused = as_owner.post(f"{thread}ask/", follow, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "still being written" in refused.content.decode()
    assert "Fees?" in refused.content.decode(), "what was typed is not lost"


def test_trying_again_makes_a_new_answer_and_keeps_the_old(
    emulator, as_owner, owner, workspace, document
):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    where = f"/w/{workspace.slug}/answers/{failed.public_id}/retry/"
    for _press in range(2):
        as_owner.post(where)
    again = Answer.objects.exclude(pk=failed.pk).get()
    assert written(again).status == "done"
    assert [a.pk for a in failed.thread.path()] == [again.pk]
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_a_waiting_answer_is_stopped_at_once(as_owner, owner, workspace, document):
    answer = put(document, owner)
    as_owner.post(f"/w/{workspace.slug}/answers/{answer.public_id}/stop/")
    answer.refresh_from_db()
    assert answer.status == "stopped"
    assert not answer.claim("late")


def test_a_conversations_documents_come_first_and_the_newest_of_the_others(
    as_owner, owner, workspace, document, monkeypatch
):
    monkeypatch.setattr("qa.views.given.LISTED", 2)
    thread = Thread.objects.create(workspace=workspace, author=owner, title="Fees")
    thread.documents.add(document)
    for number in range(4):
        upload(workspace, owner, f"Text {number}.", f"{number}.txt")
    where = f"/w/{workspace.slug}/threads/{thread.public_id}/edit/"
    page = as_owner.get(where).content.decode()
    listed = re.findall(r'name="documents" value="[^"]+"( checked)?[^>]*> <span><bdi>([^<]+)', page)
    assert listed == [(" checked", document.title), ("", "3.txt"), ("", "2.txt")]
    assert "2 older documents are not listed here" in page
