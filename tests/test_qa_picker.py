"""The picker: what it offers, what it greys out and why, and what it says a question costs."""

from __future__ import annotations

import html
import re
import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.roles import Role
from qa import claude_models, desks, picker
from qa.models import Answer, ApiCall, ClaudeModel, ClaudeSettings, Scope, TokenCount
from tests.asked import put, written
from tests.conftest import read, upload

OPUS, OPUS_1M = "claude-opus-4-7", "claude-opus-4-7[1m]"


def change(key, **fields):
    ClaudeModel.objects.filter(key=key).update(**fields)
    claude_models.forget()


def options(workspace, user, *documents, **more):
    made = picker.make(workspace, user, list(documents), **more)
    return {option.key: option for option in made.options}


def thread_page(client, answer, **headers):
    where = f"/w/{answer.workspace.slug}/threads/{answer.thread.public_id}/"
    return client.get(where, headers=headers).content.decode()


def words(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def test_the_current_line_and_four_earlier_models_stand_first_with_what_they_are_good_for(
    as_owner, workspace, document
):
    page = as_owner.get(f"/w/{workspace.slug}/ask/?document={document.public_id}").content.decode()
    shown = words(page[page.index('<details id="model"') : page.index("More models")])
    for name in (
        *("Auto", "Claude Haiku 5.5", "Claude Sonnet 5.5", "Claude Opus 5.5", "Claude Fable 5.2"),
        *("Claude Opus 4.7", "Claude Opus 4.7 (1M)", "Claude Sonnet 4.6", "Claude Haiku 4.5"),
    ):
        assert name in shown
    assert "reads up to 200,000 tokens · the same model as Claude Opus 4.7 (1M)" in shown
    assert "reads up to 1,000,000 tokens · the same model as Claude Opus 4.7 ·" in shown
    assert "Everyday questions: precise and quick" in shown
    assert "Claude Opus 4.8" in page, "folded away, but there"


def test_a_price_is_told_for_these_documents_and_a_guess_is_called_one(owner, workspace, document):
    TokenCount.objects.create(version=document.current, model="claude-sonnet-5-5", tokens=100_000)
    TokenCount.objects.create(version=document.current, model="claude-haiku-5-5", tokens=200_000)
    offered = options(workspace, owner, document)
    sonnet, haiku = offered["claude-sonnet-5-5"].cost, offered["claude-haiku-5-5"].cost
    assert sonnet.counted
    assert Decimal("0.25") < sonnet.cold < Decimal("0.27"), "100,000 written at 2.50"
    assert Decimal("0.01") < sonnet.warm < Decimal("0.02"), "100,000 read at 0.10"
    assert Decimal("0.125") < haiku.cold < Decimal("0.13"), "above 100,000 at 0.625"
    opus = offered["claude-opus-5-5"].cost
    assert not opus.counted
    assert Decimal("1.0") < opus.cold < Decimal("1.1"), "as many tokens as any other counted, at 5"
    assert options(workspace, owner)["claude-sonnet-5-5"].cost is None, "without documents"


@pytest.mark.parametrize("search", [False, True])
def test_where_it_is_answered_is_in_the_price(owner, workspace, document, search):
    count(document, 100_000, "claude-sonnet-5-5", "claude-haiku-4-5-20251001")
    anywhere = options(workspace, owner, document, search=search)
    place = ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    there = options(workspace, owner, document, search=search)
    for key in ("claude-sonnet-5-5", "claude-opus-5-5"):
        assert there[key].cost.cold == anywhere[key].cost.cold * Decimal("1.1")
        assert there[key].cost.warm == anywhere[key].cost.warm * Decimal("1.1")
    dated = "claude-haiku-4-5-20251001"
    assert there[dated].cost == anywhere[dated].cost, "it costs no more, it just cannot"
    place.inference_geo = "global"
    place.save()
    priced = options(workspace, owner, document, search=search)
    assert {key: one.cost for key, one in priced.items()} == {
        key: one.cost for key, one in anywhere.items()
    }


def test_auto_tells_the_price_of_an_ordinary_question_and_from_which_to_which_others_go(
    as_owner, owner, workspace, document
):
    for model in ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"):
        TokenCount.objects.create(version=document.current, model=model, tokens=50_000)
    for cents in ("0.02", "0.04"):
        ApiCall.objects.create(workspace=workspace, purpose="route", cost_usd=Decimal(cents))
    offered = options(workspace, owner, document)
    auto, choosing = offered["auto"], Decimal("0.03")
    assert auto.cost.cold == offered["claude-sonnet-5-5"].cost.cold + choosing
    assert auto.cost.warm == offered["claude-sonnet-5-5"].cost.warm + choosing
    least = offered["claude-haiku-5-5"].cost.warm + choosing
    assert auto.spread == (least, offered["claude-opus-5-5"].cost.cold + choosing)
    page = as_owner.get(f"/w/{workspace.slug}/ask/?document={document.public_id}").content.decode()
    said = words(page[page.index('value="auto"') : page.index('value="claude-haiku-5-5"')])
    assert re.search(r"about \$0\.\d+, again \$0\.\d+ for an ordinary question; \$0\.\d+ to", said)
    # where Haiku is too small for them, the next one answers simple questions too
    TokenCount.objects.filter(model="claude-haiku-5-5").update(tokens=1_100_000)
    auto = options(workspace, owner, document)["auto"]
    assert auto.spread[0] == offered["claude-sonnet-5-5"].cost.warm + choosing
    assert options(workspace, owner)["auto"].cost is None, "without documents"


def test_a_model_that_the_documents_do_not_fit_is_greyed_out_and_says_why(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    TokenCount.objects.create(version=document.current, model=OPUS, tokens=250_000)
    offered = options(workspace, owner, document)
    assert "too long for it: about 250,000 tokens" in offered[OPUS].reason
    assert offered[OPUS_1M].reason == ""
    page = thread_page(as_owner, answer)
    assert re.search(rf'value="{OPUS}"[^>]* disabled', page)
    assert "about 250,000 tokens" in page


def test_a_greyed_model_is_never_the_chosen_one_and_the_page_says_who_answers_instead(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner, model=OPUS))
    TokenCount.objects.filter(model__startswith=OPUS).delete()
    TokenCount.objects.create(version=document.current, model=OPUS, tokens=250_000)
    page = html.unescape(thread_page(as_owner, answer))
    assert not re.search(
        r"<input[^>]* checked[^>]* disabled|<input[^>]* disabled[^>]* checked", page
    )
    assert re.search(
        r"Claude Opus 4\.7: The documents are too long for it: about 250,000 tokens\. "
        r"The question goes to Claude",
        page,
    )


def test_a_question_without_a_model_is_refused_in_a_sentence(emulator, as_owner, owner, document):
    answer = written(put(document, owner))
    where = f"/w/{answer.workspace.slug}/threads/{answer.thread.public_id}/ask/"
    data = {"question": "And now?", "submission": uuid.uuid4()}
    refused = as_owner.post(where, data, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Choose a model." in refused.content.decode()
    assert "And now?" in refused.content.decode()


def test_a_model_that_one_may_not_use_is_greyed_out_and_says_why(
    owner, mate, workspace, elsewhere, document
):
    change("claude-opus-5-5", minimum_role=Role.ADMIN)
    ClaudeModel.objects.get(key="claude-sonnet-5-5").workspaces.add(elsewhere)
    claude_models.forget()
    theirs = options(workspace, mate, document)
    assert theirs["claude-opus-5-5"].reason == "Only for: Admin"
    assert theirs["claude-sonnet-5-5"].reason == "Not for this workspace"
    assert options(workspace, owner, document)["claude-opus-5-5"].reason == ""
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    reason = options(workspace, owner, document)["claude-haiku-4-5-20251001"].reason
    assert "Cannot be kept to the place" in reason


def test_a_deprecated_model_shows_its_end_and_a_disabled_one_is_not_there(
    as_owner, workspace, document
):
    change("claude-sonnet-4-6", lifecycle="deprecated", retires_on=date(2027, 2, 17))
    change("claude-fable-5-2", enabled=False)
    page = as_owner.get(f"/w/{workspace.slug}/ask/").content.decode()
    assert "ends on 17 Feb 2027" in page
    assert "Claude Fable 5.2" not in page


def test_a_conversation_whose_model_is_retired_moves_on_and_says_so(
    emulator, as_owner, owner, document
):
    answer = written(put(document, owner, model="claude-sonnet-4-6"))
    change("claude-sonnet-4-6", lifecycle="retired")
    page = thread_page(as_owner, answer)
    assert "Claude Sonnet 4.6 is retired: the next question goes to Claude Sonnet 5.5." in page
    assert re.search(r'value="claude-sonnet-5-5"[^>]* checked', page)


def test_what_answered_last_is_chosen_with_its_effort(emulator, as_owner, owner, document):
    answer = written(put(document, owner, model="claude-haiku-5-5", effort="low"))
    page = thread_page(as_owner, answer)
    assert re.search(r'value="claude-haiku-5-5"[^>]* checked', page)
    select = page[page.index('name="effort:claude-haiku-5-5"') :]
    assert re.search(r'value="low" selected', select[: select.index("</select>")])
    auto = written(put(document, owner, model="auto"))
    assert re.search(r'value="auto"[^>]* checked', thread_page(as_owner, auto))


def test_the_closed_picker_names_an_effort_that_is_not_the_usual_one(
    emulator, as_owner, owner, document
):
    for effort, named in (("off", "Claude Haiku 5.5, no thinking"), ("", "Claude Haiku 5.5")):
        answer = written(put(document, owner, model="claude-haiku-5-5", effort=effort))
        page = thread_page(as_owner, answer)
        assert re.search(rf"<span data-picked>{named}</span>", page), effort


def test_each_model_has_the_levels_it_really_has(owner, workspace, document):
    levels = {key: [level for level, _label in option.levels]
              for key, option in options(workspace, owner, document).items()}  # fmt: skip
    assert levels["claude-sonnet-5-5"] == ["low", "medium", "high", "xhigh", "max"]
    assert levels["claude-sonnet-4-6"] == ["off", "low", "medium", "high", "max"]
    assert levels["claude-haiku-4-5-20251001"] == ["off", "low", "medium", "high"]
    assert levels["auto"] == []


def test_the_chosen_models_level_counts_and_no_others(as_owner, workspace, document):
    data = {
        "question": "Which law governs?",
        "model": "claude-haiku-5-5",
        "effort:claude-haiku-5-5": "off",
        "effort:claude-sonnet-5-5": "max",
        "documents": [str(document.public_id)],
        "submission": str(uuid.uuid4()),
    }
    assert as_owner.post(f"/w/{workspace.slug}/ask/", data).status_code == 302
    assert Answer.objects.get().effort == "off"


def test_the_workspaces_default_is_chosen_at_first(as_owner, owner, workspace, document):
    assert picker.make(workspace, owner, []).chosen.key == "claude-sonnet-5-5"
    settings = ClaudeSettings.objects.create(workspace=workspace, default_model="claude-opus-5-5")
    assert picker.make(workspace, owner, []).chosen.key == "claude-opus-5-5"
    change("claude-opus-5-5", enabled=False)
    assert picker.make(workspace, owner, []).chosen.key == "claude-sonnet-5-5"
    settings.default_model = "auto"
    settings.save()
    assert picker.make(workspace, owner, []).chosen.key == "auto"
    settings.auto = False
    settings.save()
    assert "auto" not in options(workspace, owner)
    change("claude-sonnet-5-5", enabled=False)
    assert picker.make(workspace, owner, []).chosen.key == "claude-haiku-5-5"


@pytest.mark.parametrize("gone", [{"lifecycle": "retired"}, {"missing_since": timezone.now()}])
def test_the_place_of_a_default_that_is_gone_takes_the_newest_of_its_line(
    owner, workspace, elsewhere, gone
):
    ClaudeSettings.objects.create(workspace=workspace, default_model=OPUS)
    change(OPUS, **gone)
    assert claude_models.default_key(workspace) == "claude-opus-5-5"
    assert picker.make(workspace, owner, []).chosen.key == "claude-opus-5-5"
    # of what may be used there
    change("claude-opus-5-5", minimum_role=Role.ADMIN)
    assert claude_models.default_key(workspace) == "claude-opus-5"
    ClaudeModel.objects.get(key="claude-opus-5").workspaces.add(elsewhere)
    claude_models.forget()
    assert claude_models.default_key(workspace) == "claude-opus-4-8"
    # or what is installed, where its line has nothing
    ClaudeModel.objects.filter(line="opus").update(enabled=False)
    claude_models.forget()
    assert claude_models.default_key(workspace) == "claude-sonnet-5-5"
    change("claude-sonnet-5-5", **gone)
    assert claude_models.default_key(workspace) == "claude-sonnet-5"


def test_a_new_question_says_that_the_workspaces_default_is_gone(as_owner, workspace, document):
    ClaudeSettings.objects.create(workspace=workspace, default_model=OPUS)
    change(OPUS, lifecycle="retired")
    where = f"/w/{workspace.slug}/ask/"
    told = "Claude Opus 4.7 is retired: the next question goes to Claude Opus 5.5."
    assert told in as_owner.get(where).content.decode()
    picked = as_owner.get(f"{where}models/", {"model": "claude-haiku-5-5"}).content.decode()
    assert told not in picked, "another was chosen"


def test_prices_follow_the_documents_that_are_chosen(as_owner, as_stranger, workspace, document):
    where = f"/w/{workspace.slug}/ask/models/"
    chosen = {"documents": str(document.public_id), "model": "claude-opus-5-5"}
    fragment = as_owner.get(where, chosen).content.decode()
    assert fragment.lstrip().startswith('<details id="model"') or "<details id=" in fragment
    assert "about $" in fragment
    assert re.search(r'value="claude-opus-5-5"[^>]* checked', fragment)
    assert "about $" not in as_owner.get(where).content.decode()
    assert as_stranger.get(where, chosen).status_code == 404


def test_a_refused_question_keeps_the_model_that_was_picked(as_owner, workspace, document):
    data = {"question": "", "model": OPUS, "documents": [str(document.public_id)]}
    page = as_owner.post(f"/w/{workspace.slug}/ask/", data)
    assert page.status_code == 422
    assert re.search(rf'value="{re.escape(OPUS)}"[^>]* checked', page.content.decode())


def test_all_models_are_priced_with_as_many_queries_as_one(owner, workspace, document):
    ClaudeModel.objects.exclude(key__in=("claude-sonnet-5-5",)).update(enabled=False)
    counts = []
    for _round in range(2):
        claude_models.forget()
        with CaptureQueriesContext(connection) as asked:
            options(workspace, owner, document)
        counts.append(len(asked))
        ClaudeModel.objects.exclude(priced_on=None).update(enabled=True)
    assert counts[1] <= counts[0] + 1
    assert counts[1] < 15


def test_what_is_read_beforehand_is_what_the_picker_has_chosen(emulator, owner, document):
    answer = written(put(document, owner, model="claude-haiku-5-5", effort="off"))
    desk = desks.of_thread(answer.thread, owner)
    assert (desk.model.key, desk.effort) == ("claude-haiku-5-5", "off")
    desk = desks.of_thread(answer.thread, owner, "auto")
    assert desk.model.key == "claude-sonnet-5-5"


@pytest.mark.parametrize("count", [0, 3])
def test_a_new_question_shows_it_whatever_is_chosen(as_owner, owner, workspace, count):
    chosen = [upload(workspace, owner, f"Text {n}.", f"{n}.txt") for n in range(count)]
    for one in chosen:
        read(one)
    upload(workspace, owner, "Not read yet.", "late.txt")
    query = "&".join(f"document={one.public_id}" for one in chosen)
    page = as_owner.get(f"/w/{workspace.slug}/ask/?{query}")
    assert page.status_code == 200
    assert page.content.decode().count('type="radio" name="model"') >= 9


# searched -----------------------------------------------------------------------------------------


def test_a_question_that_is_searched_has_a_price_that_does_not_depend_on_the_documents(
    as_owner, workspace, owner, document
):
    count(document, 250_000, OPUS, "claude-sonnet-5-5")
    whole = options(workspace, owner, document)
    searched = options(workspace, owner, document, search=True)
    for key, option in searched.items():
        assert option.cost.searches, key
        assert "too long" not in option.reason
    cost = searched["claude-sonnet-5-5"].cost
    assert cost.warm < cost.cold < whole["claude-sonnet-5-5"].cost.cold / 5
    assert searched[OPUS].reason == ""
    query = f"documents={document.public_id}&search=on"
    page = as_owner.get(f"/w/{workspace.slug}/ask/models/?{query}").content.decode()
    assert "by searching" in page
    assert not re.search(rf'value="{OPUS}"[^>]* disabled', page)


def test_a_conversations_prices_follow_the_switch_that_has_it_searched(
    emulator, as_owner, as_stranger, workspace, owner, document
):
    answer = written(put(document, owner))
    where = f"/w/{workspace.slug}/ask/models/"
    asked = {"thread": str(answer.thread.public_id), "model": "claude-sonnet-5-5"}
    whole = as_owner.get(where, asked).content.decode()
    assert "about $" in whole
    assert "by searching" not in whole
    assert "by searching" in as_owner.get(where, {**asked, "search": "on"}).content.decode()
    assert as_stranger.get(where, asked).status_code == 404


def test_a_scope_is_priced_as_it_would_be_asked(workspace, owner, document, monkeypatch):
    count(document, 20_000, "claude-sonnet-5-5")
    scope = Scope.objects.whole(workspace)
    read = options(workspace, owner, scope=scope)
    chosen = options(workspace, owner, document)
    assert read["claude-sonnet-5-5"].cost == chosen["claude-sonnet-5-5"].cost
    monkeypatch.setattr("qa.modes.WHOLE", 0)
    assert all(o.cost.searches for o in options(workspace, owner, scope=scope).values())


def test_documents_that_no_model_reads_whole_can_be_asked_about(workspace, owner, document):
    count(document, 3_000_000, *(entry.api_id for entry in ClaudeModel.objects.all()))
    offered = options(workspace, owner, document)
    assert {o.reason for o in offered.values()} == {""}
    assert all(o.cost.searches for o in offered.values())


def count(document, tokens, *models):
    for model in models:
        TokenCount.objects.update_or_create(
            version=document.current, model=claude_models.get(model).id, defaults={"tokens": tokens}
        )
