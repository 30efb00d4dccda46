"""Prices of the picker: counted in the background when it is opened, no more often than needed."""

from __future__ import annotations

import pytest

from qa import claude_models, counting, picker, tasks
from qa.models import AccountLimits, ApiCall, ClaudeModel, Thread, TokenCount, Warming
from qa.models.claude_model import MORE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    """What a worker would get."""
    made = []
    monkeypatch.setattr(
        counting.current_app, "send_task", lambda name, args, **options: made.append((name, args))
    )
    return made


def look(client, workspace, **fields):
    return client.post(f"/w/{workspace.slug}/ask/count/", fields)


def shown():
    return {one.api_id for one in claude_models.entries() if one.offered and one.order < MORE}


def test_after_the_picker_was_opened_its_prices_are_counted(
    emulator, sent, as_owner, owner, workspace, document
):
    assert look(as_owner, workspace, documents=[document.public_id]).status_code == 204
    [(name, args)] = sent
    assert name == "qa.tasks.count_tokens"
    tasks.count_tokens(*args)
    rows = TokenCount.objects.filter(version=document.current)
    assert set(rows.values_list("model", flat=True)) == shown()
    calls = ApiCall.objects.filter(purpose="count")
    assert calls.count() == len(shown()), "two entries of one model are counted once"
    options = picker.make(workspace, owner, [document]).first
    assert all(option.cost.counted for option in options)
    Warming.objects.all().delete()
    look(as_owner, workspace, documents=[document.public_id])
    assert len(sent) == 1, "nothing is missing any more"


def test_many_who_look_at_the_same_send_one_worker(
    emulator, sent, as_owner, as_mate, workspace, document
):
    for client in (as_owner, as_owner, as_mate):
        look(client, workspace, documents=[document.public_id])
    assert len(sent) == 1
    look(as_owner, workspace)
    assert len(sent) == 1, "nothing is chosen"


def test_a_conversations_picker_counts_its_documents(
    emulator, sent, as_owner, as_stranger, owner, workspace, document
):
    thread = Thread.objects.create(workspace=workspace, author=owner, title="Open")
    thread.documents.add(document)
    look(as_owner, workspace, thread=thread.public_id)
    assert sent == [("qa.tasks.count_tokens", ([document.current_id], owner.pk))]
    assert look(as_stranger, workspace, thread=thread.public_id).status_code == 404


def test_only_models_that_one_may_use_are_counted_and_no_more_than_a_few_at_a_time(
    owner, document, monkeypatch
):
    ClaudeModel.objects.exclude(line="haiku").update(enabled=False)
    claude_models.forget()
    found = [model for _version, model in counting.missing([document.current], owner)]
    assert set(found) == shown()
    assert all("haiku" in model for model in found)
    monkeypatch.setattr(counting, "MOST", 1)
    assert len(counting.missing([document.current], owner)) == 1
    claude_models.forget()


def test_at_a_limit_it_stops_and_asks_nothing_more_while_that_holds(emulator, owner, document):
    emulator.faults({"kind": "rate_limit", "path": "count_tokens"})
    assert counting.count([document.current_id], owner) == 0
    assert counting.count([document.current_id], owner) == 0
    assert ApiCall.objects.filter(purpose="count").count() == 1
    AccountLimits.objects.all().delete()
    assert counting.count([document.current_id], owner) == len(shown())
