"""A place of a conversation asked differently: every answer is kept and can be reached."""

from __future__ import annotations

import html
import re
import uuid

import pytest

from qa import asking, siblings
from qa.models import Answer, ClaudeModel, TokenCount, WebAccess, claude_model
from tests.asked import GOVERNING, put, written

FEES = "What are the fees?"


def pages(client, workspace, thread, query=""):
    page = client.get(f"/w/{workspace.slug}/threads/{thread.public_id}/{query}").content.decode()
    return page, re.findall(r'<article id="answer-([0-9a-f-]+)"', page)


@pytest.fixture
def first(emulator, document, owner):
    return written(put(document, owner))


@pytest.fixture
def after(first, document, owner):
    return written(put(document, owner, FEES, thread=first.thread, follows=first))


def rephrased(client, workspace, answer, question, submission=None):
    where = f"/w/{workspace.slug}/answers/{answer.public_id}/rephrase/"
    data = {"question": question, "submission": submission or uuid.uuid4()}
    return client.post(where, data)


def test_an_edited_question_is_asked_in_the_same_place_and_the_earlier_one_is_kept(
    as_owner, workspace, first, after
):
    form = as_owner.get(f"/w/{workspace.slug}/answers/{first.public_id}/rephrase/")
    assert f"{GOVERNING}</textarea>" in html.unescape(form.content.decode())
    sent = rephrased(as_owner, workspace, first, "How does it end?")
    edited = Answer.objects.get(question="How does it end?")
    assert sent["Location"].endswith(f"?answer={edited.public_id}#{edited.anchor}")
    assert (edited.follows, edited.thread) == (None, first.thread)
    assert edited.model_requested == first.model_requested
    assert [v.pk for v in edited.sources.all()] == [v.pk for v in first.sources.all()]
    edited = written(edited)
    page, shown = pages(as_owner, workspace, first.thread)
    assert shown == [str(edited.public_id)]
    assert "2 of 2" in page
    assert f"?answer={first.public_id}#" in page


def test_the_page_leads_back_to_the_earlier_question_with_all_that_followed_it(
    as_owner, workspace, first, after
):
    rephrased(as_owner, workspace, first, "How does it end?")
    page, shown = pages(as_owner, workspace, first.thread, f"?answer={first.public_id}")
    assert shown == [str(first.public_id), str(after.public_id)]
    assert "1 of 2" in page
    assert pages(as_owner, workspace, first.thread, f"?answer={after.public_id}")[1] == shown


def test_an_address_that_names_no_answer_of_the_thread_shows_the_newest(
    as_owner, workspace, first, document, owner
):
    elsewhere = put(document, owner, "Another thread?")
    for named in (elsewhere.public_id, uuid.uuid4(), "nonsense"):
        assert pages(as_owner, workspace, first.thread, f"?answer={named}")[1] == [
            str(first.public_id)
        ]


def test_what_is_asked_while_an_earlier_one_is_shown_follows_that_one(
    as_owner, workspace, first, after
):
    rephrased(as_owner, workspace, first, "How does it end?")
    written(Answer.objects.get(question="How does it end?"))
    page, _shown = pages(as_owner, workspace, first.thread, f"?answer={first.public_id}")
    assert f'name="through" value="{first.public_id}"' in page
    where = f"/w/{workspace.slug}/threads/{first.thread.public_id}/ask/"
    data = {"question": "Who pays?", "model": first.model_requested, "submission": uuid.uuid4()}
    sent = as_owner.post(where, data | {"through": first.public_id})
    asked = Answer.objects.get(question="Who pays?")
    assert asked.follows == after
    assert f"?answer={asked.public_id}#" in sent["Location"]
    written(asked)
    data |= {"submission": uuid.uuid4(), "question": "And when?"}
    as_owner.post(where, data)
    assert Answer.objects.get(question="And when?").follows.question == "How does it end?"


def test_pressing_ask_twice_asks_an_edited_question_once(as_owner, workspace, first):
    submission = uuid.uuid4()
    for _press in range(2):
        rephrased(as_owner, workspace, first, "How does it end?", submission)
    assert Answer.objects.filter(question="How does it end?").count() == 1


def test_an_edited_question_that_cannot_be_asked_says_why_and_keeps_what_was_typed(
    as_owner, workspace, first
):
    empty = rephrased(as_owner, workspace, first, "")
    assert empty.status_code == 422
    long = rephrased(as_owner, workspace, first, "Why? " * 5000)
    assert long.status_code == 422
    assert "at most" in long.content.decode()
    assert "Why? Why?" in long.content.decode()
    assert Answer.objects.count() == 1


def test_nothing_is_put_beside_an_answer_that_is_being_written(
    as_owner, workspace, document, owner
):
    waiting = put(document, owner)
    refused = rephrased(as_owner, workspace, waiting, "How does it end?")
    assert refused.status_code == 422
    assert "still being written" in refused.content.decode()


def test_another_model_answers_the_same_question_beside_the_first(
    emulator, as_owner, owner, workspace, first
):
    where = f"/w/{workspace.slug}/answers/{first.public_id}/other/"
    form = as_owner.get(where).content.decode()
    assert 'value="claude-haiku' in form
    assert f'value="{first.model_requested}"' not in form
    assert re.search(r">Claude Opus 4\.7, about \$[\d.]+</option>", form)
    other = re.findall(r'<option value="(claude-haiku[^"]*)"', form)[0]
    places = {as_owner.post(where, {"model": other})["Location"] for _press in range(2)}
    made = Answer.objects.latest("pk")
    assert places == {f"/w/{workspace.slug}/answers/{first.public_id}/beside/{made.public_id}/"}, (
        "pressed twice, asked once"
    )
    assert (made.question, made.model_requested) == (GOVERNING, other)
    made = written(made)
    assert made.status == "done"
    assert made.model != first.model
    page = as_owner.get(places.pop()).content.decode()
    shown = re.findall(r'<article id="answer-([0-9a-f-]+)"', page)
    assert shown == [str(first.public_id), str(made.public_id)]
    first.refresh_from_db()
    assert first.status == "done"


def test_another_model_that_the_documents_do_not_fit_cannot_be_asked(
    as_owner, workspace, document, first
):
    TokenCount.objects.create(version=document.current, model="claude-opus-4-7", tokens=250_000)
    form = as_owner.get(f"/w/{workspace.slug}/answers/{first.public_id}/other/").content.decode()
    assert re.search(r'value="claude-opus-4-7" disabled>Claude Opus 4\.7 \(The documents', form)


def test_where_there_is_no_other_model_the_page_says_so(as_owner, workspace, first):
    ClaudeModel.objects.exclude(key=first.model_requested).update(enabled=False)
    claude_model.forget()
    form = as_owner.get(f"/w/{workspace.slug}/answers/{first.public_id}/other/").content.decode()
    assert "There is no other model that you may ask here." in form
    assert "<textarea" not in form[form.index('class="differently"') :].split("</form>")[0]


def test_whether_an_edited_question_looks_at_the_web_is_said_anew(
    emulator, as_owner, as_mate, workspace, document, owner
):
    WebAccess.objects.create(workspace=workspace, domains="law.example")
    asked = written(put(document, owner, web=True))
    where = f"/w/{workspace.slug}/answers/{asked.public_id}/rephrase/"
    ticked = re.compile(r'name="web" checked')
    edit = re.compile(r'<form class="differently".*?</form>', re.DOTALL)
    assert ticked.search(edit.search(as_owner.get(where).content.decode())[0])
    assert not ticked.search(edit.search(as_mate.get(where).content.decode())[0])
    rephrased(as_mate, workspace, asked, "Something else entirely?")
    assert not Answer.objects.latest("pk").web
    data = {"question": "And what does the law say?", "web": "on", "submission": uuid.uuid4()}
    as_mate.post(where, data)
    assert Answer.objects.latest("pk").web


def test_the_same_model_or_an_unknown_one_is_refused_in_a_sentence(as_owner, workspace, first):
    where = f"/w/{workspace.slug}/answers/{first.public_id}/other/"
    for model, says in ((first.model_requested, "answered already"), ("gpt-x", "not known")):
        refused = as_owner.post(where, {"model": model})
        assert refused.status_code == 422
        assert says in refused.content.decode()
    assert Answer.objects.count() == 1


def test_only_answers_at_the_same_place_are_shown_side_by_side(as_owner, workspace, first, after):
    where = f"/w/{workspace.slug}/answers/{first.public_id}/beside/{after.public_id}/"
    assert as_owner.get(where).status_code == 404


def test_a_stranger_finds_none_of_it(as_stranger, workspace, first, owner):
    other = siblings.rephrase(first, "How does it end?", owner, uuid.uuid4())
    for path in ("rephrase/", "other/", f"beside/{other.public_id}/"):
        where = f"/w/{workspace.slug}/answers/{first.public_id}/{path}"
        assert as_stranger.get(where).status_code == 404
    assert rephrased(as_stranger, workspace, first, "Mine?").status_code == 404
    assert Answer.objects.count() == 2


def test_trying_again_tries_the_same_question_though_it_was_edited_since(emulator, document, owner):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    edited = siblings.rephrase(failed, FEES, owner, uuid.uuid4())
    again = asking.ask_again(failed, owner)
    assert again.question == GOVERNING
    assert [one.pk for one in again.siblings] == [failed.pk, edited.pk, again.pk]
    assert (again.place, again.sibling_before, again.sibling_after) == (3, edited, None)
