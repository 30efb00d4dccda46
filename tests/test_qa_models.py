"""The table of models: seeded, synced with the API's list, edited, and asked by everything."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from config.models import Pulse
from qa import claude_models, model_list, tasks
from qa.askable import NotAskable
from qa.claude import connect
from qa.engine import UnknownModel, catalogue
from qa.models import ApiCall, ClaudeModel, TokenCount
from tests.asked import put, written

OPUS, OPUS_1M = "claude-opus-4-7", "claude-opus-4-7[1m]"


def change(key, **fields):
    row = ClaudeModel.objects.get(key=key)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


@pytest.mark.parametrize("model", catalogue.MODELS, ids=lambda model: model.key)
def test_the_table_gives_the_engine_what_the_catalogue_had(db, model):
    given = claude_models.get(model.key)
    for name in (
        "id",
        "rates",
        "name",
        "reads",
        "thinking",
        "efforts",
        "long_rates",
        "cache_minimum",
    ):
        assert getattr(given, name) == getattr(model, name), name


def test_four_earlier_models_stand_beside_the_current_line(db):
    offered = {one.name for one in claude_models.entries() if one.offered and one.order < 1000}
    current = {"Claude Haiku 5.5", "Claude Sonnet 5.5", "Claude Opus 5.5", "Claude Fable 5.2"}
    earlier = {"Claude Opus 4.7", "Claude Opus 4.7 (1M)", "Claude Sonnet 4.6", "Claude Haiku 4.5"}
    assert offered == current | earlier


def test_seeding_again_adds_what_is_missing_and_changes_nothing(db):
    change("claude-sonnet-5-5", price_input=Decimal("7"), enabled=False)
    ClaudeModel.objects.filter(key=OPUS_1M).delete()
    claude_models.forget()
    assert claude_models.seed() == 1
    assert claude_models.seed() == 0
    kept = ClaudeModel.objects.get(key="claude-sonnet-5-5")
    assert (kept.price_input, kept.enabled) == (Decimal("7"), False)


# the list of models --------------------------------------------------------------------------


def test_the_list_is_taken_over_and_is_one_row_of_the_ledger(emulator, db):
    ClaudeModel.objects.update(window=1, efforts=[], line="")
    report = model_list.sync(connect())
    assert set(report.changed) >= {OPUS, OPUS_1M, "claude-haiku-4-5-20251001"}
    for model in catalogue.MODELS:
        row = ClaudeModel.objects.get(key=model.key)
        assert (row.window, row.max_output) == (model.window, model.max_output)
        assert set(row.efforts) == model.efforts
        assert (row.line, row.released_on) == (model.line, model.released_on)
        assert row.listed_at
    assert ApiCall.objects.get().purpose == "models"
    assert model_list.sync(connect()).changed == []


def test_a_model_nobody_knew_arrives_without_prices_and_cannot_be_used(emulator, db, owner):
    ClaudeModel.objects.filter(key="claude-sonnet-5").delete()
    report = model_list.sync(connect())
    assert "claude-sonnet-5" in report.new
    row = ClaudeModel.objects.get(key="claude-sonnet-5")
    assert (row.name, row.line, row.window) == ("Claude Sonnet 5", "sonnet", 1_000_000)
    assert not row.enabled
    assert not row.offered
    with pytest.raises(UnknownModel):
        claude_models.get("claude-sonnet-5")
    row.enabled = True
    with pytest.raises(ValidationError, match="Without prices"):
        row.clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_what_an_administrator_changed_is_not_taken_over(emulator, db):
    change(
        "claude-sonnet-5-5",
        **{"window": 300_000, "price_input": Decimal("9"), "enabled": False, "order": 5},
        **{"best_for": "Ours", "edited": ["window"]},
    )
    model_list.sync(connect())
    row = ClaudeModel.objects.get(key="claude-sonnet-5-5")
    assert (row.window, row.price_input, row.enabled) == (300_000, Decimal("9"), False)
    assert (row.order, row.best_for) == (5, "Ours")


def test_what_the_list_lacks_is_marked_and_comes_back(emulator, db):
    ClaudeModel.objects.filter(key="claude-sonnet-5-5").update(api_id="claude-gone-1")
    report = model_list.sync(connect())
    assert report.missing == ["claude-sonnet-5-5"]
    row = ClaudeModel.objects.get(key="claude-sonnet-5-5")
    assert row.missing_since
    assert not row.offered
    ClaudeModel.objects.filter(pk=row.pk).update(api_id="claude-sonnet-5-5")
    model_list.sync(connect())
    assert ClaudeModel.objects.get(pk=row.pk).offered


def test_a_deprecated_model_has_its_end_and_a_retired_one_is_not_offered(emulator, db):
    model_list.sync(connect())
    ending = ClaudeModel.objects.get(key="claude-sonnet-4-5-20250929")
    assert (ending.lifecycle, ending.ends_on) == ("deprecated", date(2026, 11, 30))
    gone = ClaudeModel.objects.get(key="claude-mythos-preview")
    assert gone.retired
    assert gone.ends_on is None


def test_the_models_are_listed_at_the_start_and_then_daily(emulator, db, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.sync_models, "delay", lambda: asked.append(1))
    for name in ("carry_files", "ask_whether_claude_answers"):
        monkeypatch.setattr(getattr(tasks, name), "delay", lambda: None)
    monkeypatch.setattr(tasks.Started, "listed", False)
    tasks.sync_models()
    assert Pulse.objects.get(name="models").detail.startswith("ok")
    for _sweep in range(3):
        tasks.sweep()
    assert len(asked) == 1, "at the start, though it was listed a moment ago"
    Pulse.objects.filter(name="models").update(at="2026-01-01T00:00:00Z")
    tasks.sweep()
    assert len(asked) == 2


def test_a_list_that_fails_changes_nothing_and_is_asked_for_again_soon(emulator, db, monkeypatch):
    emulator.faults({"kind": "api_error", "path": "models"})
    tasks.sync_models()
    assert Pulse.objects.get(name="models").detail == "failed: server_error"
    assert not ClaudeModel.objects.exclude(missing_since=None).exists()
    monkeypatch.setattr(tasks.Started, "listed", True)
    assert not tasks.models_due()
    Pulse.objects.filter(name="models").update(at="2026-11-25T00:00:00Z")
    assert tasks.models_due()


# what everything asks ------------------------------------------------------------------------


def test_two_entries_of_one_model_share_its_counts_and_differ_in_their_cap(
    emulator, as_owner, document, owner
):
    answer = written(put(document, owner, model=OPUS_1M))
    where = f"/w/{document.workspace.slug}/answers/{answer.public_id}/"
    assert "in place of Claude Opus 4.7 (1M)" in as_owner.get(where).content.decode()
    assert (answer.model_requested, answer.model) == (OPUS_1M, OPUS)
    assert TokenCount.objects.get().model == OPUS
    TokenCount.objects.update(tokens=300_000)
    # what one entry reads whole, the other searches
    assert put(document, owner, model=OPUS).mode == "search"
    assert put(document, owner, "And now?", model=OPUS_1M).mode == "full"


def test_the_ledger_counts_at_the_tables_prices(emulator, document, owner):
    cheap = written(put(document, owner)).calls.get()
    change("claude-sonnet-5-5", price_output=Decimal("1000"), priced_on=date(2026, 12, 1))
    dear = written(put(document, owner)).calls.get()
    assert dear.cost_usd > 10 * cheap.cost_usd
    assert (dear.rates["output"], dear.rates_date) == ("1000", "2026-12-01")


def test_a_retired_models_questions_go_to_the_newest_of_its_line(emulator, document, owner):
    change("claude-sonnet-4-6", lifecycle="retired")
    answer = written(put(document, owner, model="claude-sonnet-4-6"))
    assert answer.model_requested == answer.model == "claude-sonnet-5-5"
    change("claude-sonnet-5-5", enabled=False)
    assert put(document, owner, model="claude-sonnet-4-6").model_requested == "claude-sonnet-5"


def test_who_may_not_use_a_model_cannot_ask_with_it(document, owner, mate, elsewhere):
    row = change("claude-opus-5-5", minimum_role=Role.ADMIN)
    put(document, owner, model="claude-opus-5-5")
    with pytest.raises(NotAskable, match="may not use"):
        put(document, mate, model="claude-opus-5-5")
    row.workspaces.add(elsewhere)
    claude_models.forget()
    with pytest.raises(NotAskable, match="may not use"):
        put(document, owner, model="claude-opus-5-5")
    change("claude-opus-5-5", enabled=False)
    with pytest.raises(NotAskable, match="may not use"):
        put(document, owner, model="claude-opus-5-5")


# the admin -----------------------------------------------------------------------------------


@pytest.fixture
def as_chief(db, sign_in):
    return sign_in(User.objects.create_superuser("chief@example.com", "chief-pass"))


def form_of(client, row):
    """What the admin's form would send unchanged."""
    page = client.get(reverse("admin:qa_claudemodel_change", args=[row.pk]))
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_an_administrator_changes_a_price_and_it_is_remembered_as_changed(as_chief):
    row = ClaudeModel.objects.get(key="claude-haiku-5-5")
    url = reverse("admin:qa_claudemodel_change", args=[row.pk])
    data = form_of(as_chief, row) | {"price_input": "0.20", "key": "another"}
    assert as_chief.post(url, data).status_code == 302
    row.refresh_from_db()
    assert (row.price_input, row.key) == (Decimal("0.20"), "claude-haiku-5-5")
    assert row.edited == ["price_input"]
    assert claude_models.get("claude-haiku-5-5").rates.input == Decimal("0.20")


def test_a_second_entry_of_a_model_can_do_what_the_first_can(as_chief):
    first = ClaudeModel.objects.get(key="claude-sonnet-5-5")
    data = form_of(as_chief, first) | {"key": "sonnet-small", "api_id": "claude-sonnet-5-5"}
    data |= {"name": "Sonnet, short", "prompt_cap": "50000"}
    assert as_chief.post(reverse("admin:qa_claudemodel_add"), data).status_code == 302
    made = claude_models.get("sonnet-small")
    assert (made.id, made.reads, made.window) == ("claude-sonnet-5-5", 50_000, 1_000_000)
    assert made.efforts == claude_models.get("claude-sonnet-5-5").efforts


def test_the_button_above_the_list_asks_claude(emulator, as_chief):
    page = as_chief.get(reverse("admin:qa_claudemodel_changelist")).content.decode()
    assert "Ask Claude which models there are" in page
    answer = as_chief.post(reverse("admin:qa_claudemodel_sync"))
    [said] = [str(message) for message in get_messages(answer.wsgi_request)]
    assert said == "1 new model, 1 changed, 0 not in the list any more."
    emulator.faults({"kind": "auth", "path": "models"})
    answer = as_chief.post(reverse("admin:qa_claudemodel_sync"))
    assert (
        "refused the API key" in [str(message) for message in get_messages(answer.wsgi_request)][-1]
    )


def test_other_staff_see_the_models_but_change_none_and_ask_nothing(
    emulator, owner, sign_in, workspace, elsewhere
):
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    client = sign_in(owner)
    row = ClaudeModel.objects.get(key="claude-haiku-5-5")
    row.workspaces.add(elsewhere)
    page = client.get(reverse("admin:qa_claudemodel_change", args=[row.pk]))
    assert page.status_code == 200
    assert "Another matter" not in page.content.decode()
    assert client.post(page.request["PATH_INFO"], {"name": "x"}).status_code == 403
    client.post(reverse("admin:qa_claudemodel_sync"))
    assert not ApiCall.objects.exists()
