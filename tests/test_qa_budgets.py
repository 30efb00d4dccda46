"""Budgets: warned of in time, never overspent however many ask at once, settled by the ledger."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Event, User, Workspace
from qa import askable, asking, budgets, claude
from qa.models import Answer, ApiCall, Budget, Reservation
from qa.waiting import Postponed
from tests.asked import put, written

USD = Decimal


def budget(workspace, usd, scope="workspace", period="day", user=None, **more):
    return Budget.objects.create(
        workspace=workspace, scope=scope, period=period, user=user, limit_usd=USD(usd), **more
    )


def spend(workspace, by, usd, at=None, backend="emulator"):
    return ApiCall.objects.create(
        workspace=workspace, user=by, cost_usd=USD(usd), purpose="answer", backend=backend,
        at=at or timezone.now(),
    )  # fmt: skip


def standing(workspace, by):
    [found] = budgets.standings(workspace, by, "emulator")
    return found


# asking ------------------------------------------------------------------------------------------


def test_a_question_within_its_budgets_is_answered_and_settled(emulator, document, owner):
    budget(document.workspace, "5.00")
    budget(document.workspace, "2.00", scope="each", period="month")
    answer = written(put(document, owner))
    assert answer.status == "done"
    assert not Reservation.objects.exists()
    cost = sum(call.cost_usd for call in ApiCall.objects.all())
    assert cost > 0
    for found in budgets.standings(document.workspace, owner, "emulator"):
        assert (found.spent, found.reserved) == (cost, 0)


def test_what_may_cost_more_than_is_left_is_refused_before_anything_is_stored(
    document, owner, as_owner, workspace
):
    budget(workspace, "1.00")
    spend(workspace, owner, "0.95")
    data = {
        "question": "Which law?",
        "documents": [str(document.public_id)],
        "model": "claude-sonnet-5-5",
        "submission": "6b1f6b0e-0000-4000-8000-000000000001",
    }
    refused = as_owner.post(f"/w/{workspace.slug}/ask/", data)
    assert refused.status_code == 422
    page = refused.content.decode()
    for part in (
        "This question may cost up to $0.1",
        "only $0.05 of this workspace&#x27;s budget for today of $1.00 is left",
        "It renews on",
        "(UTC)",
        "Olive Owner can raise it.",
    ):
        assert part in page, part
    assert not Answer.objects.exists()


def test_a_budget_lowered_while_the_question_waits_ends_it_with_its_sentence(
    emulator, document, owner, workspace
):
    answer = put(document, owner)
    budget(workspace, "0.01")
    before = emulator.requests(1)["counts"].get("messages", 0)
    refused = written(answer)
    assert (refused.status, refused.error_code) == ("failed", "budget")
    assert "only $0.01 of this workspace's budget for today of $0.01 is left" in refused.error
    assert emulator.requests(1)["counts"].get("messages", 0) == before
    assert not ApiCall.objects.filter(cost_usd__gt=0).exists()
    assert not Reservation.objects.exists()


def test_money_that_others_have_set_aside_is_waited_for_and_costs_no_try(
    emulator, document, owner, mate, workspace
):
    budget(workspace, "1.00")
    theirs = put(document, mate)
    assert theirs.claim("busy")
    connection = claude.connect(workspace)
    held = budgets.reserve(workspace, mate, connection, USD("0.9"), theirs)
    answer = put(document, owner)
    for _turn in range(8):
        Answer.objects.filter(pk=answer.pk).update(next_try_at=None)
        waiting = written(answer)
        assert waiting.status == "queued"
    assert waiting.notice.startswith("Waiting for other questions to end")
    assert waiting.times_tried == 0
    budgets.release(held)
    Answer.objects.filter(pk=answer.pk).update(next_try_at=None)
    assert written(answer).status == "done"


def test_what_a_dead_worker_set_aside_counts_no_longer_than_its_lease(
    emulator, document, owner, workspace
):
    budget(workspace, "1.00")
    answer = put(document, owner)
    assert answer.claim("dead")
    budgets.reserve(workspace, owner, claude.connect(workspace), USD("0.9"), answer)
    assert standing(workspace, owner).reserved == USD("0.9")
    Answer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert standing(workspace, owner).reserved == 0
    Reservation.objects.update(made_at=timezone.now() - timedelta(hours=1))
    budgets.tidy()
    assert not Reservation.objects.exists()


def test_a_failed_request_gives_back_what_was_set_aside(emulator, document, owner, workspace):
    budget(workspace, "5.00")
    for kind in ("billing", "reset", "overloaded"):
        emulator.faults({"kind": kind, "path": "messages"})
        written(put(document, owner, f"Which law, {kind}?"))
        assert not Reservation.objects.exists()


# many at once ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_do_not_overspend(emulator, document, owner, mate, workspace):
    limit, worst = USD("3.00"), USD("0.25")
    budget(workspace, limit)
    budget(workspace, "100", scope="each", period="month")
    connection = claude.connect(workspace)
    room = threading.BoundedSemaphore(60)  # a server has a hundred connections, and others use it
    start = threading.Barrier(100)
    ended, most = [], []

    def ask(number):
        by = owner if number % 2 else mate
        dice = random.Random(number)
        start.wait()
        try:
            while True:
                try:
                    with room:
                        held = budgets.reserve(workspace, by, connection, worst)
                        connections.close_all()
                except Postponed:
                    time.sleep(dice.uniform(0.005, 0.05))
                    continue
                except budgets.OverBudget:
                    ended.append("refused")
                    return
                time.sleep(dice.uniform(0, 0.02))
                with room:
                    # now and then it costs all that was feared
                    spend(workspace, by, worst if number % 3 == 0 else worst / 4)
                    found = budgets.standings(workspace, by, "emulator")[0]
                    most.append(found.spent)
                    budgets.release(held)
                    connections.close_all()
                ended.append("asked")
                return
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    spent = sum(call.cost_usd for call in ApiCall.objects.all())
    assert len(ended) == 100
    assert ended.count("refused") > 0
    assert max(most) <= limit
    # all of it was used that could be, and not a cent more
    assert limit - worst <= spent <= limit
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_questions_written_at_once_keep_to_the_budget(emulator, document, owner, workspace):
    answers = [put(document, owner, f"Which law governs clause {n}?") for n in range(12)]
    written(answers[0])
    one = ApiCall.objects.get(purpose="answer").cost_usd
    limit = USD("0.50")
    budget(workspace, limit)
    threads = [threading.Thread(target=until_it_ends, args=(a.pk,)) for a in answers[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    states = list(Answer.objects.values_list("status", flat=True))
    assert set(states) <= {"done", "failed"}
    assert sum(call.cost_usd for call in ApiCall.objects.all()) <= limit
    assert states.count("done") >= 3, f"one costs {one}: there is money for more"
    assert ApiCall.objects.filter(purpose="answer").count() == states.count("done")


def until_it_ends(pk):
    try:
        while Answer.objects.get(pk=pk).working:
            Answer.objects.filter(pk=pk, status="queued").update(next_try_at=None)
            written(Answer(pk=pk))
            time.sleep(0.02)
    finally:
        connections.close_all()


# which, and from when to when --------------------------------------------------------------------


def test_a_members_own_budget_takes_the_place_of_that_for_each(workspace, owner, mate):
    each = budget(workspace, "5", scope="each")
    whole = budget(workspace, "50", period="month")
    own = budget(workspace, "9", scope="member", user=owner)
    assert set(Budget.objects.binding(workspace, owner)) == {own, whole}
    assert set(Budget.objects.binding(workspace, mate)) == {each, whole}


def test_one_member_does_not_spend_anothers_and_one_workspace_not_anothers(
    workspace, elsewhere, owner, mate
):
    budget(workspace, "5", scope="each")
    spend(workspace, mate, "4")
    spend(elsewhere, owner, "4")
    spend(workspace, owner, "1", backend="anthropic")
    assert standing(workspace, owner).spent == 0
    assert standing(workspace, mate).spent == 4


@pytest.mark.parametrize(
    ("zone", "now", "period", "begins", "renews"),
    [
        ("UTC", "2026-11-25T23:30", "day", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("Asia/Tokyo", "2026-11-25T23:30", "day", "2026-11-25T15:00", "2026-11-26T15:00"),
        ("America/New_York", "2026-12-01T03:00", "month", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("Europe/Berlin", "2026-12-31T23:30", "month", "2026-12-31T23:00", "2027-01-31T23:00"),
        # a day of 23 hours, and one of 25
        ("Europe/Berlin", "2026-03-29T12:00", "day", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("Europe/Berlin", "2026-10-25T12:00", "day", "2026-10-24T22:00", "2026-10-25T23:00"),
    ],
)
def test_days_and_months_are_those_of_the_workspace(zone, now, period, begins, renews):
    found = Budget(workspace=Workspace(time_zone=zone), period=period)
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    for given, expected in ((found.begins(moment), begins), (found.renews(moment), renews)):
        assert given == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_yesterdays_money_is_not_todays(workspace, owner):
    found = budget(workspace, "5")
    spend(workspace, owner, "4", at=found.begins() - timedelta(seconds=1))
    spend(workspace, owner, "1", at=found.begins())
    assert standing(workspace, owner).spent == 1


def test_a_budget_is_of_somebody_and_there_is_one(workspace, owner, stranger):
    with pytest.raises(ValidationError, match="Name a member"):
        Budget(workspace=workspace, scope="member", period="day", limit_usd=1).full_clean()
    with pytest.raises(ValidationError, match="not a member"):
        Budget(
            workspace=workspace, scope="member", user=stranger, period="day", limit_usd=1
        ).full_clean()
    budget(workspace, "1")
    with pytest.raises(ValidationError, match="already"):
        Budget(workspace=workspace, scope="workspace", period="day", limit_usd=2).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        budget(workspace, "2")


# warned ------------------------------------------------------------------------------------------


def test_who_asks_is_warned_in_time_and_told_when_nothing_is_left(
    emulator, as_owner, workspace, owner, document
):
    thread = written(put(document, owner)).thread
    ApiCall.objects.all().delete()
    budget(workspace, "10.00", scope="each", warn_percent=75)
    pages = [f"/w/{workspace.slug}/ask/", f"/w/{workspace.slug}/threads/{thread.public_id}/"]
    spend(workspace, owner, "7.40")
    for page in pages:
        assert "budget for" not in as_owner.get(page).content.decode()
    spend(workspace, owner, "0.20")
    for page in pages:
        assert (
            "76 % of your budget for today of $10.00 is spent. It renews on"
            in as_owner.get(page).content.decode()
        )
    spend(workspace, owner, "3.00")
    for page in pages:
        assert (
            "Of your budget for today of $10.00 nothing is left."
            in as_owner.get(page).content.decode()
        )


# the admin ---------------------------------------------------------------------------------------


def test_staff_set_budgets_of_their_own_workspaces_only_and_it_is_written_down(
    owner, sign_in, workspace, elsewhere, stranger
):
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    theirs = budget(elsewhere, "7")
    client = sign_in(owner)
    form = {"scope": "workspace", "period": "day", "limit_usd": "3", "warn_percent": "80"}
    add = reverse("admin:qa_budget_add")
    page = client.get(add).content.decode()
    assert elsewhere.name not in page
    assert stranger.email not in page
    client.post(add, {**form, "workspace": elsewhere.pk})
    client.post(reverse("admin:qa_budget_change", args=[theirs.pk]), form)
    assert client.post(add, {**form, "workspace": workspace.pk}).status_code == 302
    assert Budget.objects.get(workspace=elsewhere).limit_usd == 7
    assert Budget.objects.get(workspace=workspace).limit_usd == 3
    event = Event.objects.get(verb="budget")
    assert (event.actor, event.workspace, event.detail["for"]) == (owner, workspace, "day")


def test_admins_of_a_workspace_set_and_remove_its_budgets_on_its_page(
    as_owner, as_mate, as_stranger, owner, mate, stranger, workspace
):
    where = f"/w/{workspace.slug}/budgets/"
    day = {"whose": "workspace", "period": "day", "limit_usd": "3", "warn_percent": "80"}
    assert as_mate.get(where).status_code == 403
    assert as_mate.post(where, day).status_code == 403
    assert as_mate.post(f"{where}remove/", day).status_code == 403
    assert as_stranger.get(where).status_code == 404
    assert as_owner.get(f"/w/{workspace.slug}/spend/").content.decode().count(where) == 1
    assert as_owner.post(where, day).status_code == 302
    own = {**day, "whose": str(mate.public_id), "period": "month", "limit_usd": "7.50"}
    assert as_owner.post(where, own).status_code == 302
    spend(workspace, mate, "6.25")
    page = as_owner.get(where).content.decode()
    for part in ("Max Mate", "$6.25", "$7.50", "$3.00", "the whole workspace"):
        assert part in page, part
    assert stranger.email not in page
    assert as_owner.post(where, {**day, "limit_usd": "4"}).status_code == 302
    whole, member = Budget.objects.order_by("period")
    assert (whole.limit_usd, whole.scope, whole.user) == (4, "workspace", None)
    assert (member.limit_usd, member.scope, member.user) == (USD("7.50"), "member", mate)
    assert as_owner.post(f"{where}remove/", own).status_code == 302
    assert Budget.objects.get() == whole
    told = [event.detail["now"] for event in Event.objects.filter(verb="budget").order_by("pk")]
    assert len(told) == 4
    assert told[-1] == "removed"


@pytest.mark.parametrize(
    "wrong", [{"limit_usd": "-1"}, {"limit_usd": ""}, {"whose": "nobody"}, {"warn_percent": "0"}]
)
def test_a_budget_that_makes_no_sense_is_not_set(as_owner, workspace, stranger, wrong):
    form = {"whose": "each", "period": "day", "limit_usd": "3", "warn_percent": "80", **wrong}
    assert as_owner.post(f"/w/{workspace.slug}/budgets/", form).status_code == 422
    form = {**form, "limit_usd": "3", "warn_percent": "80", "whose": str(stranger.public_id)}
    assert as_owner.post(f"/w/{workspace.slug}/budgets/", form).status_code == 422
    assert not Budget.objects.exists()


def test_asking_again_keeps_to_the_budget_too(emulator, document, owner, workspace):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    budget(workspace, "0")
    with pytest.raises(askable.NotAskable, match="nothing is left"):
        asking.ask_again(failed, owner)


def test_the_list_of_budgets_goes_from_the_whole_workspace_to_single_members(
    as_owner, mate, workspace
):
    where = f"/w/{workspace.slug}/budgets/"
    for whose in (str(mate.public_id), "each", "workspace"):
        form = {"whose": whose, "period": "day", "limit_usd": "3", "warn_percent": "80"}
        assert as_owner.post(where, form).status_code == 302
    page = as_owner.get(where)
    scopes = [row["budget"].scope for row in page.context["rows"]]
    assert scopes == ["workspace", "each", "member"]
    # a month is offered, and nothing that is no time
    assert '<option value="month" selected>' in page.content.decode()
    assert "---" not in page.content.decode()
