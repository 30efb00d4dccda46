"""*Auto*, thinking, and going on with a cut answer: what is decided, kept, shown and paid."""

from __future__ import annotations

import html
import re

import pytest
from django.utils import timezone

from qa import claude_models, routing, streams
from qa.askable import NotAskable
from qa.engine import prompts, thinking
from qa.models import (
    Answer,
    ApiCall,
    Budget,
    ClaudeModel,
    ClaudeSettings,
    Reservation,
    Route,
    TokenCount,
)
from qa.render import Draft
from qa.streams import Cursor
from tests.asked import put, written

SIMPLE, HARD = "Which law governs this agreement?", "Compare both parties' rights to terminate."
ORDINARY = "May the supplier end the agreement early when an invoice stays unpaid for long?"


def shown(client, answer):
    page = client.get(f"/w/{answer.workspace.slug}/answers/{answer.public_id}/").content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def page(client, answer):
    return client.get(f"/w/{answer.workspace.slug}/threads/{answer.thread.public_id}/")


# Auto ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "tier", "model"),
    [
        (SIMPLE, "simple", "claude-haiku-5-5"),
        (ORDINARY, "ordinary", "claude-sonnet-5-5"),
        (HARD, "hard", "claude-opus-5-5"),
    ],
)
def test_a_question_goes_to_its_tiers_model(emulator, document, owner, question, tier, model):
    answer = written(put(document, owner, question, model="auto"))
    assert answer.status == "done"
    assert answer.model_requested == answer.model == model
    assert (answer.route.kind, answer.route.tier, answer.route.failed) == ("auto", tier, False)
    assert answer.route.reason


def test_the_decision_and_its_cost_are_in_the_ledger_and_on_the_page(
    emulator, as_owner, document, owner
):
    waiting = put(document, owner, SIMPLE, model="auto")
    assert "Auto" in shown(as_owner, waiting)
    answer = written(waiting)
    route, asked = answer.calls.order_by("pk")
    assert (route.purpose, route.model) == ("route", "claude-haiku-5-5")
    assert route.cost_usd > 0
    assert answer.ledger.cost_usd == route.cost_usd + asked.cost_usd
    assert route.user == owner
    assert route.prompt_version == prompts.ROUTING_VERSION
    said = shown(as_owner, answer)
    assert "Auto chose Claude Haiku 5.5, for a question that is simple" in said
    assert answer.route.reason in said
    assert "Choosing: $" in said


def test_the_cheap_model_sees_titles_and_sizes_but_no_document(emulator, document, owner):
    written(put(document, owner, SIMPLE, model="auto"))
    sent = [r for r in emulator.requests(10)["requests"] if "output_config" in (r["body"] or {})]
    routing = next(r["body"] for r in sent if "format" in r["body"]["output_config"])
    assert document.title in str(routing["messages"])
    assert "laws of Ireland" not in str(routing)
    assert routing["thinking"] == {"type": "disabled"}


def test_the_choice_is_not_made_with_money_that_is_not_there(emulator, document, owner, workspace):
    waiting = put(document, owner, SIMPLE, model="auto")
    Budget.objects.create(workspace=workspace, scope="workspace", period="day", limit_usd="0.0005")
    answer = written(waiting)
    assert answer.status == "failed"
    assert "budget for today" in answer.error
    assert not ApiCall.objects.exists(), "its worst case is more than there is"
    Budget.objects.update(limit_usd=5)
    answer = written(put(document, owner, SIMPLE, model="auto"))
    assert answer.status == "done"
    assert not Reservation.objects.exists(), "given back after each of the two requests"


def test_another_model_can_be_picked_for_the_same_question(emulator, document, owner):
    first = written(put(document, owner, SIMPLE, model="auto"))
    second = written(
        put(document, owner, SIMPLE, model="claude-opus-5-5", thread=first.thread, follows=first)
    )
    assert second.model == "claude-opus-5-5"
    assert not Route.objects.filter(answer=second).exists()


@pytest.mark.parametrize("kind", ["overloaded", "truncate", "no_text"])
def test_a_failed_choice_takes_the_ordinary_model_and_says_so(
    emulator, as_owner, document, owner, kind
):
    emulator.faults({"kind": kind, "path": "messages"})
    answer = written(put(document, owner, HARD, model="auto"))
    assert (answer.status, answer.model) == ("done", "claude-sonnet-5-5")
    assert answer.route.failed
    assert "could not be sorted" in shown(as_owner, answer)
    failed = answer.calls.get(purpose="route")
    assert failed.error_type or kind == "no_text"


@pytest.mark.parametrize("kind", ["overloaded", "truncate"])
def test_what_is_set_aside_for_a_failed_choice_is_given_back_after_its_row_is_written(
    emulator, document, owner, workspace, kind, monkeypatch
):
    Budget.objects.create(workspace=workspace, period="day", limit_usd=5)
    record, held = routing.record_routing, []

    def recorded(*args, **fields):
        held.append(Reservation.objects.count())
        return record(*args, **fields)

    monkeypatch.setattr(routing, "record_routing", recorded)
    emulator.faults({"kind": kind, "path": "messages"})
    assert written(put(document, owner, HARD, model="auto")).status == "done"
    assert held == [1]
    assert not Reservation.objects.exists()


def test_it_keeps_to_the_models_that_are_allowed_and_large_enough(emulator, document, owner):
    ClaudeModel.objects.filter(line="haiku").exclude(key="claude-haiku-4-5-20251001").update(
        enabled=False
    )
    claude_models.forget()
    assert written(put(document, owner, SIMPLE, model="auto")).model.startswith("claude-haiku-4-5")
    TokenCount.objects.filter(model__startswith="claude-haiku-4-5").update(tokens=190_000)
    answer = written(put(document, owner, SIMPLE, model="auto"))
    assert answer.model == "claude-sonnet-5-5"
    ClaudeModel.objects.filter(line__in=("haiku", "opus")).update(enabled=False)
    ClaudeModel.objects.filter(line="sonnet").exclude(key="claude-sonnet-5-5").update(enabled=False)
    claude_models.forget()
    with pytest.raises(NotAskable, match="Auto is not offered"):
        put(document, owner, SIMPLE, model="auto")


def test_a_model_that_cannot_run_where_the_workspace_says_neither_sorts_nor_answers(
    emulator, document, owner, workspace
):
    only = ("claude-haiku-4-5-20251001", "claude-sonnet-5-5", "claude-opus-5-5")
    ClaudeModel.objects.exclude(key__in=only).update(enabled=False)
    claude_models.forget()
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    for question, tier, model in (
        (SIMPLE, "simple", "claude-sonnet-5-5"),
        (HARD, "hard", "claude-opus-5-5"),
    ):
        answer = written(put(document, owner, question, model="auto"))
        assert (answer.status, answer.model) == ("done", model)
        assert (answer.route.tier, answer.route.failed) == (tier, False)
        assert answer.calls.get(purpose="route").model == "claude-sonnet-5-5"
    assert not ApiCall.objects.exclude(error_type="").exists()


def test_a_workspace_may_do_without_it(document, owner, workspace):
    ClaudeSettings.objects.create(workspace=workspace, auto=False)
    with pytest.raises(NotAskable, match="Auto is not offered"):
        put(document, owner, model="auto")


def test_trying_again_is_asked_of_auto_again(emulator, as_owner, document, owner):
    emulator.faults({"kind": "billing", "path": "messages", "times": 2})
    failed = written(put(document, owner, SIMPLE, model="auto"))
    assert failed.status == "failed"
    as_owner.post(f"/w/{document.workspace.slug}/answers/{failed.public_id}/retry/")
    again = Answer.objects.latest("pk")
    assert again.model_requested == "auto"
    assert written(again).status == "done"


# retired models ------------------------------------------------------------------------------


def test_an_answer_in_a_retired_models_place_says_so(emulator, as_owner, document, owner):
    ClaudeModel.objects.filter(key="claude-sonnet-4-6").update(lifecycle="retired")
    claude_models.forget()
    answer = written(put(document, owner, model="claude-sonnet-4-6"))
    assert answer.model == "claude-sonnet-5-5"
    assert "Claude Sonnet 4.6 is retired; Claude Sonnet 5.5" in shown(as_owner, answer)


def test_a_retired_model_without_a_successor_is_not_said_to_have_one(
    emulator, as_owner, document, owner
):
    ClaudeModel.objects.filter(line="fable").update(enabled=False)
    ClaudeModel.objects.filter(key="claude-fable-5-2").update(lifecycle="retired")
    claude_models.forget()
    answer = written(put(document, owner, model="claude-fable-5-2"))
    assert answer.model == "claude-sonnet-5-5", "what new questions start with"
    said = shown(as_owner, answer)
    assert "Claude Fable 5.2 is retired and has no successor here; Claude Sonnet 5.5" in said
    assert "the newest of its line" not in said


def test_a_model_that_vanished_from_the_list_is_moved_on_from_like_a_retired_one(
    emulator, as_owner, document, owner
):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner, model="claude-sonnet-4-6"))
    assert failed.status == "failed"
    ClaudeModel.objects.filter(key="claude-sonnet-4-6").update(missing_since=timezone.now())
    claude_models.forget()
    thread = page(as_owner, failed).content.decode()
    assert (
        "Claude Sonnet 4.6 is no longer offered: the next question goes to Claude Sonnet 5.5."
        in thread
    )
    assert re.search(r'value="claude-sonnet-5-5"[^>]* checked', thread)
    as_owner.post(f"/w/{document.workspace.slug}/answers/{failed.public_id}/retry/")
    again = written(Answer.objects.latest("pk"))
    assert (again.status, again.model) == ("done", "claude-sonnet-5-5")
    said = "Claude Sonnet 4.6 is no longer offered; Claude Sonnet 5.5, the newest of its line,"
    assert said in shown(as_owner, again)
    # what was said then stays, when the list has it again
    ClaudeModel.objects.filter(key="claude-sonnet-4-6").update(missing_since=None)
    claude_models.forget()
    assert said in shown(as_owner, again)


# thinking ------------------------------------------------------------------------------------


def test_the_chosen_level_is_sent_and_kept(emulator, document, owner):
    answer = written(put(document, owner, model="claude-haiku-5-5", effort="xhigh"))
    assert answer.effort == "xhigh"
    assert answer.parameters["output_config"] == {"effort": "xhigh"}
    assert answer.parameters["max_tokens"] == thinking.ROOM["xhigh"]
    assert put(document, owner, model="claude-sonnet-5-5", effort="off").effort == ""


def test_the_summary_is_kept_folded_and_never_sent_again(emulator, as_owner, document, owner):
    answer = written(put(document, owner, "Which law governs this agreement?"))
    assert "passages that bear on the question" in answer.thought
    assert answer.thought[:40] not in answer.text
    fragment = page(as_owner, answer).content.decode()
    assert '<details class="thought">' in fragment
    assert "tokens of thinking" in fragment
    assert answer.calls.get().thinking_tokens > 0
    written(put(document, owner, "And the fees?", thread=answer.thread, follows=answer))
    sent = emulator.requests(1)["requests"][0]["body"]
    assert answer.thought[:40] not in str(sent["messages"])


def test_the_summary_is_streamed_before_the_answer(emulator, document, owner):
    answer = put(document, owner)
    written(answer)
    events = streams.backend().read(answer.public_id, Cursor())
    kinds = [event["type"] for event in events]
    assert kinds.index("thought") < kinds.index("text")
    draft = Draft("a")
    for event in events:
        draft.apply(event)
    assert draft.thought.strip() == Answer.objects.get(pk=answer.pk).thought
    assert draft.update(everything=False)["thought"] == draft.thought
    assert draft.update(everything=False)["thought"] == "", "said once"
    assert draft.update(everything=True)["thought"] == draft.thought


def test_thinking_that_is_off_leaves_nothing_to_show(emulator, as_owner, document, owner):
    answer = written(put(document, owner, model="claude-haiku-4-5-20251001"))
    assert answer.thought == ""
    assert "<details class=" + '"thought">' not in page(as_owner, answer).content.decode()
    thought = written(put(document, owner, model="claude-haiku-4-5-20251001", effort="high"))
    assert thought.thought
    assert thought.parameters["thinking"]["type"] == "enabled"


# going on ------------------------------------------------------------------------------------


@pytest.fixture
def cut(emulator, document, owner, monkeypatch):
    """An answer that was cut off after a few words, and what it would have been."""
    whole = written(put(document, owner, model="claude-sonnet-4-6", effort="off"))
    with monkeypatch.context() as patch:
        patch.setitem(thinking.ROOM, "off", 25)
        short = written(put(document, owner, model="claude-sonnet-4-6", effort="off"))
    assert short.stop_reason == "max_tokens"
    return short, whole


def test_a_cut_answer_says_so_and_goes_on_where_it_stopped(cut, as_owner):
    short, whole = cut
    offered = page(as_owner, short).content.decode()
    assert "was cut off" in offered
    where = f"/w/{short.workspace.slug}/answers/{short.public_id}/continue/"
    assert where in offered
    for _press in range(2):
        assert as_owner.post(where).status_code == 302
    rest = written(short.followers.get())
    assert rest.model_requested == "claude-sonnet-4-6"
    assert "".join((short.text + rest.text).split()) == "".join(whole.text.split())
    assert rest.status == "done"
    after = page(as_owner, short).content.decode()
    assert "was cut off" in after
    assert where not in after, "it goes on below"
    assert ">Continued</h2>" in after
    assert after.count("Edit the question") == 1, "nobody wrote what it was told"


def test_a_complete_answer_has_nothing_to_go_on_with(emulator, as_owner, document, owner):
    answer = written(put(document, owner))
    where = f"/w/{answer.workspace.slug}/answers/{answer.public_id}/continue/"
    refused = as_owner.post(where)
    assert refused.status_code == 422
    assert "nothing to go on with" in refused.content.decode()
    assert not answer.followers.exists()


def test_a_stranger_cannot_go_on(cut, as_stranger):
    short, _whole = cut
    where = f"/w/{short.workspace.slug}/answers/{short.public_id}/continue/"
    assert as_stranger.post(where).status_code == 404
    assert ApiCall.objects.filter(purpose="answer").count() == 2
