"""First questions about a document: looked for once, paid like anything else, one click away."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from documents.erasing import erase
from documents.models import Document
from qa import claude_models, suggestions, tasks
from qa.models import ApiCall, Budget, ClaudeModel, ClaudeSettings, Suggestion
from qa.models.suggestion import AGAIN
from tests.conftest import read, upload
from tests.emulator_support import LEASE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    """The tasks that a worker would get."""
    tasks_sent = []

    def send(name, args, **options):
        if name == "qa.tasks.suggest":
            tasks_sent.append(args)

    monkeypatch.setattr(suggestions.current_app, "send_task", send)
    return tasks_sent


@pytest.fixture
def lease(workspace, owner):
    made = upload(workspace, owner, LEASE, "lease.txt")
    read(made)
    return made


def form(client, document, **more):
    asked = {"document": str(document.public_id)} | more
    return client.get(f"/w/{document.workspace.slug}/ask/", asked).content.decode()


def offered(client, document):
    asked = {"documents": str(document.public_id)}
    address = f"/w/{document.workspace.slug}/ask/suggestions/"
    return client.get(address, asked).content.decode()


def questions(page):
    return [html.unescape(one) for one in re.findall(r'data-question="([^"]*)"', page)]


def work(sent):
    for args in sent:
        tasks.suggest(*args)
    sent.clear()


def test_the_form_looks_for_questions_and_offers_them_as_links_that_fill_it(
    emulator, sent, as_owner, lease, owner
):
    page = form(as_owner, lease)
    assert sent == [(lease.current_id, owner.pk)]
    assert "Looking for first questions" in page
    assert "every 2s" in page
    work(sent)
    fragment = offered(as_owner, lease)
    assert questions(fragment) == [
        "What is said about Term?",
        "What is said about Rent?",
        "What is said about Governing law?",
    ]
    assert "every 2s" not in fragment
    link = html.unescape(re.findall(r'href="([^"]*)"', fragment)[1])
    filled = as_owner.get(link).content.decode()
    assert ">What is said about Rent?</textarea>" in filled
    assert re.search(rf'value="{lease.public_id}" checked', filled)


def test_they_are_looked_for_once_for_a_version_whoever_opens_the_form(
    emulator, sent, as_owner, as_mate, lease
):
    form(as_owner, lease)
    form(as_mate, lease)
    assert len(sent) == 1
    again = list(sent)
    work(sent)
    work(again)
    assert len(questions(form(as_mate, lease))) == 3
    assert ApiCall.objects.filter(purpose="suggest").count() == 1


def test_the_ledger_has_who_paid_and_which_cheap_model_it_was(
    emulator, sent, as_owner, lease, owner
):
    form(as_owner, lease)
    work(sent)
    row = ApiCall.objects.get(purpose="suggest")
    assert row.model == "claude-haiku-5-5"
    assert (row.user, row.workspace) == (owner, lease.workspace)
    assert 0 < row.cost_usd < Decimal("0.01")
    assert row.prompt_version


def test_they_are_asked_of_a_model_that_runs_where_the_workspace_says(
    emulator, sent, as_owner, lease, workspace
):
    dated = "claude-haiku-4-5-20251001"
    ClaudeModel.objects.filter(line="haiku").exclude(key=dated).update(enabled=False)
    claude_models.forget()
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    form(as_owner, lease)
    work(sent)
    row = ApiCall.objects.get(purpose="suggest")
    assert (row.model, row.error_type) == ("claude-sonnet-5-5", "")
    assert questions(form(as_owner, lease))


def test_a_budget_that_is_used_up_is_not_spent_on_them(emulator, sent, as_owner, lease, workspace):
    Budget.objects.create(workspace=workspace, scope="workspace", period="day", limit_usd=0)
    form(as_owner, lease)
    work(sent)
    assert not ApiCall.objects.filter(purpose="suggest").exists()
    assert "every 2s" not in offered(as_owner, lease)


def test_what_failed_is_not_shown_and_is_tried_again_later(emulator, sent, as_owner, lease):
    emulator.faults({"kind": "overloaded", "path": "messages"})
    form(as_owner, lease)
    work(sent)
    assert ApiCall.objects.get(purpose="suggest").error_type
    page = form(as_owner, lease)
    assert not questions(page)
    assert "Looking for" not in page
    assert sent == []
    Suggestion.objects.update(begun_at=timezone.now() - AGAIN - AGAIN)
    emulator.forget_faults()
    form(as_owner, lease)
    work(sent)
    assert len(questions(form(as_owner, lease))) == 3


def test_an_installation_may_switch_it_off(emulator, sent, settings, as_owner, lease):
    settings.SUGGEST = False
    form(as_owner, lease)
    assert sent == []


def test_a_document_without_numbered_headings_gets_none_from_the_local_server(
    emulator, sent, as_owner, workspace, owner
):
    plain = upload(workspace, owner, "The rent is due on the first day of a month.", "note.txt")
    read(plain)
    form(as_owner, plain)
    work(sent)
    assert Suggestion.objects.get().found_at
    assert not questions(form(as_owner, plain))


def test_a_stranger_learns_nothing_of_them(emulator, sent, as_owner, as_stranger, lease, elsewhere):
    form(as_owner, lease)
    work(sent)
    address = f"/w/{lease.workspace.slug}/ask/suggestions/"
    assert as_stranger.get(address, {"documents": lease.public_id}).status_code == 404
    own = as_stranger.get(f"/w/{elsewhere.slug}/ask/suggestions/", {"documents": lease.public_id})
    assert own.status_code == 200
    assert not questions(own.content.decode())


def test_they_go_with_the_document_that_is_erased(emulator, sent, as_owner, lease):
    form(as_owner, lease)
    work(sent)
    Document.objects.filter(pk=lease.pk).update(deleted_at=timezone.now(), purge_at=timezone.now())
    assert erase(lease)
    tasks.tidy_streams()
    assert not Suggestion.objects.exists()
