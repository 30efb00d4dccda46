# ruff: noqa: F811  the fixtures of a neighbour are named like their parameters
"""What a conversation's page says about the cache, and what opening it does."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Member
from accounts.roles import Role
from documents import visual
from qa import claude_models, next_cost, picker, tasks, warmth
from qa.engine import Lifetimes
from qa.models import ApiCall, ClaudeSettings, Scope, Thread
from qa.templatetags.answers import about_usd
from tests import pdfs
from tests.asked import put, written
from tests.conftest import read, upload
from tests.test_qa_warming import QUIET, SOMETIMES, as_shipped, contract, sent, thread  # noqa: F401
from tests.test_qa_warmth import earlier

pytestmark = pytest.mark.django_db(transaction=True)


def page(client, thread):
    address = reverse("qa:thread", args=[thread.workspace.slug, thread.public_id])
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def look(client, thread, model=QUIET, **more):
    address = reverse("qa:warm", args=[thread.workspace.slug, thread.public_id])
    return client.post(address, {"model": model, **more}, headers={"HX-Request": "true"})


def line(html):
    found = re.search(r'<p id="warmth".*?</p>', html, re.S)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).strip()


def every(html):
    return int(re.search(r'hx-trigger="every (\d+)s', html)[1])


@pytest.fixture
def quiet(settings):
    settings.DEFAULT_MODEL = QUIET


def test_opening_a_conversation_reads_its_documents_beforehand(
    emulator, quiet, sent, as_owner, thread
):
    html = page(as_owner, thread)
    assert len(sent) == 1
    assert "Reading the documents beforehand…" in line(html)
    assert every(html) == 3
    tasks.warm(*sent[0][1])
    html = look(as_owner, thread).content.decode()
    assert re.match(r"● Documents warm until \d\d:\d\d:\d\d Next question about \$", line(html))
    assert every(html) == 60


def test_a_browser_that_only_fetches_ahead_reads_nothing(emulator, quiet, sent, as_owner, thread):
    address = reverse("qa:thread", args=[thread.workspace.slug, thread.public_id])
    as_owner.get(address, headers={"Sec-Purpose": "prefetch;prerender"})
    assert sent == []


def test_who_may_not_ask_reads_nothing_and_sees_no_price(
    emulator, quiet, sent, sign_in, stranger, thread
):
    Member.objects.create(workspace=thread.workspace, user=stranger, role=Role.REVIEWER)
    client = sign_in(stranger)
    html = page(client, thread)
    assert sent == []
    assert 'id="warmth"' not in html
    assert look(client, thread).status_code == 403


def test_a_stranger_gets_404(emulator, as_stranger, thread):
    assert look(as_stranger, thread).status_code == 404


def test_changing_the_documents_reads_the_new_ones(
    emulator, quiet, sent, as_owner, thread, document
):
    page(as_owner, thread)
    address = reverse("qa:edit", args=[thread.workspace.slug, thread.public_id])
    chosen = [thread.documents.get().public_id, document.public_id]
    as_owner.post(address, {"title": "Both", "documents": chosen}, follow=True)
    assert len(sent) == 2


def test_the_page_says_when_they_ran_out_and_does_not_read_them_again(
    emulator, quiet, sent, as_owner, thread, contract, owner
):
    written(put(contract, owner, thread=thread, model=QUIET))
    html = look(as_owner, thread).content.decode()
    assert "Documents warm until" in line(html)
    earlier(301)
    html = look(as_owner, thread).content.decode()
    assert line(html).startswith("○ Documents cold Next question about $")
    assert sent == []


@pytest.mark.parametrize(("passed", "again"), [(0, 60), (225, 16), (270, 31)])
def test_it_looks_again_in_time_to_keep_them_and_when_they_run_out(
    emulator, settings, as_owner, thread, contract, owner, passed, again
):
    settings.PREWARM = False
    written(put(contract, owner, thread=thread, model=QUIET))
    earlier(passed)
    assert abs(every(look(as_owner, thread).content.decode()) - again) <= 2


def test_an_open_page_keeps_its_documents_warm(emulator, sent, as_owner, thread, contract, owner):
    written(put(contract, owner, thread=thread, model=QUIET))
    look(as_owner, thread)
    assert sent == []
    earlier(250)
    look(as_owner, thread)
    assert [name for name, _args in sent] == ["qa.tasks.warm"]


def test_the_chosen_model_decides_what_is_said(
    emulator, quiet, sent, as_owner, thread, contract, owner
):
    written(put(contract, owner, thread=thread, model=QUIET))
    assert "Documents warm" in line(look(as_owner, thread).content.decode())
    other = look(as_owner, thread, SOMETIMES).content.decode()
    assert "Documents cold" in line(other)
    assert "hidden" in look(as_owner, thread, "gpt-9").content.decode()


def test_where_pages_are_stored_nowhere_it_does_not_call_them_cold(
    emulator, quiet, sent, as_owner, owner, workspace
):
    paper = upload(workspace, owner, pdfs.write("One page."), "one.pdf")
    read(paper)
    visual.switch(paper, "yes", owner)
    thread = Thread.objects.create(workspace=workspace, author=owner, title="Seen")
    thread.documents.add(paper)
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    said = line(look(as_owner, thread).content.decode())
    assert "Whether the documents are warm is not known here" in said
    assert "Documents cold" not in said
    assert "Next question about" in said


def test_under_auto_it_says_which_model_is_meant(
    emulator, quiet, sent, as_owner, thread, contract, owner
):
    written(put(contract, owner, thread=thread, model="claude-sonnet-5-5"))
    said = line(look(as_owner, thread, "auto").content.decode())
    assert "Documents warm" in said
    assert "if Auto chooses Claude Sonnet 5.5; another model reads the documents for itself" in said
    assert "Auto" not in line(look(as_owner, thread, "claude-sonnet-5-5").content.decode())


def test_nothing_is_said_where_nothing_can_be_asked(emulator, as_owner, thread, contract):
    thread.documents.clear()
    assert "hidden" in look(as_owner, thread).content.decode()


def test_a_question_that_is_to_be_searched_says_what_that_costs_and_nothing_of_the_cache(
    emulator, quiet, sent, as_owner, thread, monkeypatch
):
    found = line(look(as_owner, thread, search="on").content.decode())
    assert re.fullmatch(r"Next question about \$[\d.]+ , by searching", found)
    monkeypatch.setattr("qa.modes.WHOLE", 0)
    thread.documents.clear()
    thread.scope = Scope.objects.whole(thread.workspace)
    thread.save()
    assert line(look(as_owner, thread).content.decode()) == found


def test_the_picker_and_the_line_below_it_tell_the_same_price(
    emulator, sent, as_owner, thread, contract, owner, workspace
):
    first = written(put(contract, owner, thread=thread, model=QUIET))
    told = picker.of_thread(thread, owner, first)
    # of a model that has not answered here, too
    for key in (QUIET, "claude-opus-5-5"):
        cost = next(option.cost for option in told.options if option.key == key)
        found = line(look(as_owner, thread, model=key).content.decode())
        for price in (about_usd(cost.warm), about_usd(cost.cold)):
            assert price in found, (key, price)


def test_a_follow_up_is_answered_without_waiting_for_the_estimate(emulator, sent, as_owner, thread):
    address = reverse("qa:ask", args=[thread.workspace.slug, thread.public_id])
    fields = {"question": "Which law?", "model": QUIET, "submission": thread.public_id}
    html = as_owner.post(address, fields, headers={"HX-Request": "true"}).content.decode()
    assert line(html) == ""
    assert every(html) == 20
    assert "done from:#turns" in html
    # nor is anything worked out while it is written
    assert line(look(as_owner, thread).content.decode()) == ""


def warm_prefix(thread):
    return ApiCall.objects.filter(thread=thread).exclude(prefix="").first().prefix


# the estimate ----------------------------------------------------------------------------------


def estimate(workspace, thread, versions, model, lifetimes):
    told = next_cost.Costs(workspace, thread, versions).of(model, lifetimes)
    assert told is not None
    return told


def test_the_estimate_comes_near_what_the_question_then_costs(
    emulator, thread, contract, owner, workspace
):
    first = written(put(contract, owner, thread=thread, model=QUIET))
    model = claude_models.get(QUIET)
    versions = [contract.current]
    told = estimate(workspace, thread, versions, model, Lifetimes())
    again = written(
        put(contract, owner, "Who may end it?", thread=thread, follows=first, model=QUIET)
    )
    paid = again.calls.get(purpose="answer").cost_usd
    assert told.counted
    assert 0.7 < told.warm / paid < 1.4
    earlier(400)
    emulator.advance(400)
    kept = warmth.lifetimes(workspace, thread, warm_prefix(thread), model.rates)
    assert kept.documents == "1h"
    told = estimate(workspace, thread, versions, model, kept)
    third = written(
        put(contract, owner, "What are the fees?", thread=thread, follows=again, model=QUIET)
    )
    paid = third.calls.get(purpose="answer").cost_usd
    assert 0.7 < told.cold / paid < 1.4


def test_the_picker_and_the_line_below_tell_the_same_price(
    emulator, thread, contract, owner, workspace, as_owner
):
    first = written(put(contract, owner, thread=thread, model=QUIET))
    earlier(400)
    emulator.advance(400)
    written(put(contract, owner, "Who may end it?", thread=thread, follows=first, model=QUIET))
    offered = {one.key: one for one in picker.make(workspace, owner, [contract], thread).options}
    cost = offered[QUIET].cost
    rates = claude_models.get(QUIET).rates
    assert warmth.lifetimes(workspace, thread, warm_prefix(thread), rates).documents == "1h"
    told = look(as_owner, thread).content.decode()
    assert f"<b>{about_usd(cost.warm)}</b>, cold {about_usd(cost.cold)}" in told


def test_documents_that_were_not_counted_yet_are_guessed(thread, contract, workspace):
    told = estimate(workspace, thread, [contract.current], claude_models.get(QUIET), Lifetimes())
    assert not told.counted
    assert told.warm < told.cold


def test_what_is_never_cached_has_one_price(thread, document, workspace):
    told = estimate(workspace, None, [document.current], claude_models.get(QUIET), Lifetimes())
    assert not told.differs


@pytest.mark.parametrize("kept", ["contract", "document"])
def test_where_it_is_answered_is_in_the_estimate(thread, request, workspace, kept):
    versions = [request.getfixturevalue(kept).current]
    model = claude_models.get("claude-sonnet-5-5")

    def told():
        return estimate(workspace, None, versions, model, Lifetimes())

    anywhere = told()
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    there = told()
    dearer = Decimal("1.1")
    assert (there.cold, there.warm) == (anywhere.cold * dearer, anywhere.warm * dearer)
