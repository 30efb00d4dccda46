"""Why the cache was missed, for those who administer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member, User
from accounts.roles import Role
from qa.misses import by_reason
from qa.models import ApiCall, Thread
from tests.conftest import read, upload
from tests.test_qa_warmth import LONG, asked, document_tokens, earlier

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "admin:qa_apicall_misses"
RATES = {"input": "2", "output": "10", "write_5m": "2.50", "write_1h": "4", "read": "0.10"}


def missed(workspace, reason, tokens, days=0, **fields):
    call = ApiCall.objects.create(
        purpose=ApiCall.Purpose.ANSWER,
        backend="emulator",
        workspace=workspace,
        model="claude-sonnet-5-5",
        cache_miss_reason=reason,
        cache_missed_tokens=tokens,
        rates=RATES,
        **fields,
    )
    ApiCall.objects.filter(pk=call.pk).update(at=timezone.now() - timedelta(days=days))
    return call


@pytest.fixture
def chief(db, sign_in):
    return sign_in(User.objects.create_superuser("chief@example.com", "chief-pass"))


def test_misses_are_added_up_by_reason_the_dearest_first(workspace, owner):
    missed(workspace, "model_changed", 1_000_000, cache_write_5m_tokens=1_000_000)
    missed(workspace, "model_changed", 1_000_000, cache_write_1h_tokens=1_000_000)
    missed(workspace, "messages_changed", 10_000_000)
    missed(workspace, "unavailable", 0)
    missed(workspace, "", 0)
    found = by_reason(ApiCall.objects.all(), 30, owner)
    assert [(one.name, one.count, one.tokens) for one in found] == [
        ("messages_changed", 1, 10_000_000),
        ("model_changed", 2, 2_000_000),
        ("unavailable", 1, 0),
    ]
    # instead of 0.10: uncached 2; written 2.50 and 4
    assert [one.usd for one in found] == [Decimal("19"), Decimal("6.3"), Decimal(0)]


def test_only_the_newest_are_shown_as_examples(workspace, owner):
    calls = [missed(workspace, "expired", 100, days) for days in range(8)]
    found = by_reason(ApiCall.objects.all(), 30, owner)
    assert [one.call.pk for one in found[0].examples] == [call.pk for call in calls[:5]]
    assert by_reason(ApiCall.objects.all(), 7, owner)[0].count == 7


def test_the_page_lists_them_with_links_to_the_requests(workspace, chief):
    call = missed(workspace, "system_changed", 120_000)
    missed(workspace, "reason_of_next_year", 1, days=3)
    html = chief.get(reverse(PAGE)).content.decode()
    assert "system_changed" in html
    assert reverse("admin:qa_apicall_change", args=[call.pk]) in html
    assert "reason_of_next_year" in html
    day = chief.get(reverse(PAGE), {"days": "1"}).content.decode()
    assert "reason_of_next_year" not in day
    assert chief.get(reverse(PAGE), {"days": "junk"}).status_code == 200
    listed = chief.get(reverse("admin:qa_apicall_changelist")).content.decode()
    assert reverse(PAGE) in listed


def test_who_administers_one_workspace_sees_its_misses_only(workspace, elsewhere, sign_in, chief):
    staff = User.objects.create_user("staff@example.com", "staff-pass", is_staff=True)
    Member.objects.create(workspace=workspace, user=staff, role=Role.ADMIN)
    missed(workspace, "model_changed", 5)
    missed(elsewhere, "tools_changed", 5)
    html = sign_in(staff).get(reverse(PAGE)).content.decode()
    assert "model_changed" in html
    assert "tools_changed" not in html


def test_the_titles_of_others_private_conversations_are_not_shown(workspace, owner, sign_in):
    staff = User.objects.create_user("staff@example.com", "staff-pass", is_staff=True)
    Member.objects.create(workspace=workspace, user=staff, role=Role.ADMIN)
    for title, private in (("The merger", True), ("The lease", False)):
        thread = Thread.objects.create(
            workspace=workspace, author=owner, title=title, is_private=private
        )
        missed(workspace, "model_changed", 5, thread=thread)
    missed(workspace, "model_changed", 5)
    html = sign_in(staff).get(reverse(PAGE)).content.decode()
    assert "The lease" in html
    assert "The merger" not in html
    assert "a private or deleted conversation" in html
    assert "no conversation" not in html
    assert "The merger" in {
        one.conversation for one in by_reason(ApiCall.objects.all(), 1, owner)[0].examples
    }


def test_others_do_not_see_the_page(workspace, as_owner, sign_in):
    assert as_owner.get(reverse(PAGE)).status_code == 302
    staff = User.objects.create_user("staff@example.com", "staff-pass", is_staff=True)
    assert sign_in(staff).get(reverse(PAGE)).status_code == 403


def test_documents_that_ran_out_are_a_reason_of_their_own(emulator, workspace, owner):
    contract = upload(workspace, owner, LONG)
    read(contract)
    first = asked(contract, owner)
    earlier(400)
    emulator.advance(400)
    again = asked(contract, owner, "Who may end it?", thread=first.thread, follows=first.answer)
    assert again.cache_miss_reason == "expired"
    assert again.cache_missed_tokens == document_tokens(contract)
    found = by_reason(ApiCall.objects.all(), 1, owner)
    assert [one.name for one in found] == ["expired"]
    assert found[0].usd > 0
