"""What was spent: added up exactly, shown to admins of the workspace, and to nobody else."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import Event, Member, User, Workspace
from accounts.roles import Role
from qa.models import ApiCall, Thread
from qa.spend import Span, Spend, harmless
from tests.asked import put, written

USD = Decimal


def books(workspace, viewer, backend="emulator", **days):
    span = Span.read(days.get("first"), days.get("last"), workspace.time_zone)
    return Spend(Workspace.objects.filter(pk=workspace.pk), span, viewer, backend)


def call(workspace, by, usd, **more):
    fields = {"purpose": "answer", "backend": "emulator", "model": "claude-sonnet-5-5"} | more
    return ApiCall.objects.create(workspace=workspace, user=by, cost_usd=USD(usd), **fields)


def lines(found):
    return {line.label: line.usd for line in found}


@pytest.fixture
def asked(emulator, document, owner, mate, workspace):
    written(put(document, owner))
    written(put(document, mate, "What are the fees?", model="claude-haiku-5-5"))
    return sum(one.cost_usd for one in ApiCall.objects.all())


def test_every_table_adds_up_to_what_the_ledger_says(asked, workspace, owner):
    found = books(workspace, owner)
    assert found.usd == asked
    for table in found.tables(by_workspace=True):
        assert sum(line.usd for line in table.lines) == asked
    assert sum(line.usd for line in found.by_day()) == asked
    members = {line.label for table in found.tables(by_workspace=False) for line in table.lines}
    assert members >= {"Olive Owner", "Max Mate", "Pincite itself"}
    assert set(lines(found.by("model"))) >= {"claude-sonnet-5-5", "claude-haiku-5-5"}


def test_kinds_of_tokens_cost_what_the_rates_of_their_requests_say(workspace, owner):
    rates = {"input": "2", "output": "10", "write_5m": "2.50", "write_1h": "4", "read": "0.10"}
    usage = {"inference_geo": "us", "service_tier": "standard"}
    call(workspace, owner, "0.0011275", rates=rates, usage=usage, input_tokens=100,
         output_tokens=50, cache_read_tokens=250, cache_write_5m_tokens=120)  # fmt: skip
    kinds = lines(books(workspace, owner).kinds())
    assert kinds["read, not from the cache"] == USD("0.00022")
    assert kinds["written by Claude"] == USD("0.00055")
    assert kinds["read from the cache"] == USD("0.0000275")
    assert kinds["written, 5 minutes"] == USD("0.00033")


def test_searches_of_the_web_are_what_tokens_do_not_explain(workspace, owner):
    call(workspace, owner, "0.03", rates={}, usage={})
    assert lines(books(workspace, owner).kinds()) == {"searches of the web": USD("0.03")}


def test_days_are_the_workspaces_and_those_without_a_question_are_there(workspace, owner):
    Workspace.objects.update(time_zone="Asia/Tokyo")
    workspace.refresh_from_db()
    noon = timezone.now().replace(hour=16, minute=0)  # after midnight in Tokyo
    call(workspace, owner, "1", at=noon - timedelta(days=3))
    first = (noon - timedelta(days=4)).date().isoformat()
    found = books(workspace, owner, first=first)
    days = found.by_day()
    assert [line.usd for line in days[:3]] == [0, 0, 1]
    assert len(found.bars(days)) == len(days)


def test_only_the_days_asked_for_are_counted_and_nonsense_is_this_month(workspace, owner):
    now = timezone.now()
    call(workspace, owner, "1", at=now - timedelta(days=50))
    call(workspace, owner, "2", at=now - timedelta(days=40))
    day = (now - timedelta(days=40)).date().isoformat()
    assert books(workspace, owner, first=day, last=day).usd == 2
    assert books(workspace, owner, first="soon", last="-1").span.first == now.date().replace(day=1)
    assert len(Span.read("1900-01-01", None, "UTC").days) == 366


def test_an_admin_of_the_workspace_sees_the_page_and_no_other_member(
    asked, as_owner, as_mate, as_stranger, workspace
):
    where = f"/w/{workspace.slug}/spend/"
    page = as_owner.get(where).content.decode()
    for part in (
        "Olive Owner",
        "Max Mate",
        "Claude Haiku 5.5",
        "<rect",
        "Nothing of this was paid",
    ):
        assert part in page
    for address in (where, where + "file/"):
        assert as_mate.get(address).status_code == 403
        assert as_stranger.get(address).status_code == 404
    home = f"/w/{workspace.slug}/"
    assert where in as_owner.get(home).content.decode()
    assert where not in as_mate.get(home).content.decode()


def test_a_private_conversations_title_is_not_told(
    asked, as_owner, as_mate, sign_in, mate, workspace, document
):
    Thread.objects.filter(author=mate).update(is_private=True, title="About my own dismissal")
    for address in ("spend/", "spend/file/"):
        page = as_owner.get(f"/w/{workspace.slug}/{address}").content.decode()
        assert "a private or deleted conversation" in page
        assert "dismissal" not in page


def test_the_file_has_every_cent_and_no_formula(asked, as_owner, owner, workspace):
    Thread.objects.filter(author=owner).update(title='=HYPERLINK("http://evil.example")')
    got = as_owner.get(f"/w/{workspace.slug}/spend/file/")
    assert got["Content-Type"].startswith("text/csv")
    assert "attachment" in got["Content-Disposition"]
    heads, *rows = csv.reader(io.StringIO(got.content.decode()))
    found = [dict(zip(heads, row, strict=True)) for row in rows]
    assert sum(USD(row["cost_usd"]) for row in found) == asked
    assert {row["member"] for row in found} >= {"owner@example.com", "mate@example.com"}
    titles = {row["conversation"] for row in found}
    assert '\'=HYPERLINK("http://evil.example")' in titles
    assert Event.objects.filter(verb="export", object_id=workspace.public_id).exists()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_begins_like_a_formula(text):
    assert harmless(text) == f"'{text}"
    assert harmless("a=1") == "a=1"


def test_the_admin_shows_all_to_a_superuser_and_to_staff_their_own(
    asked, sign_in, owner, workspace, elsewhere, stranger
):
    call(elsewhere, stranger, "77")
    chief = User.objects.create_superuser("chief@example.com", "chief-pass")
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    addresses = [reverse("admin:qa_spend"), reverse("admin:qa_spend_file")]
    for address in addresses:
        mine = sign_in(owner).get(address).content.decode()
        assert workspace.name in mine
        assert elsewhere.name not in mine
        assert stranger.email not in mine
        everything = sign_in(chief).get(address).content.decode()
        assert elsewhere.name in everything
        assert workspace.name in everything
    Member.objects.filter(user=owner).update(role=Role.ANALYST)
    assert sign_in(owner).get(addresses[0]).status_code == 403
    listed = sign_in(chief).get(reverse("admin:qa_apicall_changelist")).content.decode()
    assert addresses[0] in listed


def test_real_money_and_supposed_money_are_never_added_up(asked, workspace, owner, as_owner):
    call(workspace, owner, "5", backend="anthropic")
    assert books(workspace, owner, "anthropic").usd == 5
    assert books(workspace, owner).usd == asked
    total = ApiCall.objects.aggregate(usd=Sum("cost_usd"))["usd"]
    assert total == asked + 5


def test_one_days_page_has_no_inline_style_or_script(asked, as_owner, workspace):
    page = as_owner.get(f"/w/{workspace.slug}/spend/").content.decode()
    assert "style=" not in page
    assert "<script>" not in page


def test_many_cents_add_up_to_the_last_place(workspace, owner):
    ApiCall.objects.bulk_create(
        ApiCall(workspace=workspace, user=owner, purpose="answer", backend="emulator",
                model="claude-sonnet-5-5", cost_usd=USD("0.012300000011"), saved_usd=USD("-0.1"))
        for _n in range(20_000)
    )  # fmt: skip
    found = books(workspace, owner)
    assert found.usd == USD("0.012300000011") * 20_000
    assert found.saved == -2_000
