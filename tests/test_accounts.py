"""Signing in, roles, and the log that only grows."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Event, Member, SignInLink, User, Workspace
from accounts.roles import ALLOWED, Act, Role


def test_each_role_may_do_what_the_one_before_may_and_more():
    viewer, reviewer, analyst, admin = (ALLOWED[role] for role in Role)
    assert viewer == {Act.READ}
    assert reviewer - viewer == {Act.MARK, Act.SIGN, Act.EXPORT}
    assert analyst - reviewer == {Act.UPLOAD, Act.ASK, Act.BUILD_TABLES, Act.DELETE_OWN}
    assert admin - analyst == {Act.MEMBERS, Act.SETTINGS, Act.BUDGETS, Act.DELETE_ANY}
    assert admin == set(Act)


def test_it_signs_in_by_email_in_any_case_and_writes_it_down(owner):
    client = Client()
    answer = client.post(
        reverse("accounts:signin"), {"username": "Owner@Example.com", "password": "owner-pass"}
    )
    assert answer.status_code == 302
    event = Event.objects.get(verb="sign-in")
    assert (event.actor, event.address) == (owner, "127.0.0.1")


def test_a_wrong_password_is_a_sentence_and_no_event(owner):
    answer = Client().post(
        reverse("accounts:signin"), {"username": owner.email, "password": "wrong"}
    )
    assert "Please enter a correct" in answer.content.decode()
    assert not Event.objects.exists()


def test_two_users_cannot_share_an_address_in_different_case(owner):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("OWNER@example.com")


def test_a_deactivated_user_sees_nothing(owner, workspace, as_owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    owner.refresh_from_db()
    assert not Workspace.objects.visible_to(owner).exists()
    assert workspace.role_of(owner) is None
    assert as_owner.get(f"/w/{workspace.slug}/").status_code == 302


def test_users_are_not_deleted(owner):
    with pytest.raises(TypeError):
        owner.delete()


def test_a_link_signs_in_once(owner):
    path = f"/signin/link/{SignInLink.make(owner)}/"
    first, second = Client(), Client()
    assert first.get(path).status_code == 302
    assert first.get("/").status_code == 200
    assert second.get(path).status_code == 410
    assert second.get("/").status_code == 302
    assert Event.objects.filter(verb="sign-in").count() == 1


def test_a_newer_link_ends_the_older_one(owner):
    older = SignInLink.make(owner)
    SignInLink.make(owner)
    assert Client().get(f"/signin/link/{older}/").status_code == 410


def test_links_do_not_work_where_others_can_reach_it(owner, settings):
    token = SignInLink.make(owner)
    settings.LOCAL = False
    assert Client().get(f"/signin/link/{token}/").status_code == 404
    settings.LOCAL = True
    assert Client().get(f"/signin/link/{token}/").status_code == 302


def test_signing_out_is_written_down(as_owner):
    as_owner.post("/signout/")
    assert Event.objects.get().verb == "sign-out"
    assert as_owner.get("/").status_code == 302


def test_an_event_cannot_be_changed_or_removed(owner, workspace):
    event = Event.objects.record(Event.Verb.ROLE, by=owner, workspace=workspace)
    event.verb = "upload"
    for attempt in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(verb="upload"),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert Event.objects.get().verb == "role"


def test_the_switcher_lists_the_workspaces_of_a_member_only(as_owner, owner, elsewhere, workspace):
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert "Outsourcing review" in page
    assert "Another matter" not in page
    Member.objects.create(workspace=elsewhere, user=owner, role=Role.VIEWER)
    page = as_owner.get(f"/w/{workspace.slug}/").content.decode()
    assert f"/w/{elsewhere.slug}/" in page


def test_home_leads_to_the_workspace_visited_last(as_owner, owner, workspace):
    second = Workspace.found("Zebra", owner)
    as_owner.get(f"/w/{second.slug}/")
    assert as_owner.get("/").url == f"/w/{second.slug}/"


def test_a_viewer_reads_and_is_told_why_nothing_else(workspace, stranger, sign_in, document):
    Member.objects.create(workspace=workspace, user=stranger, role=Role.VIEWER)
    client = sign_in(stranger)
    assert client.get(f"/w/{workspace.slug}/").status_code == 200
    for path in ("upload/", "samples/"):
        refused = client.post(f"/w/{workspace.slug}/{path}")
        assert refused.status_code == 403
        assert "Your role in Outsourcing review" in refused.content.decode()
    assert client.get(f"/w/{workspace.slug}/ask/").status_code == 403
    deleting = f"/w/{workspace.slug}/documents/{document.public_id}/delete/"
    assert client.post(deleting).status_code == 403


def test_times_are_shown_in_the_time_zone_of_the_user(as_owner, owner, workspace, document):
    from datetime import UTC, datetime

    type(document).objects.update(created_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    assert "1 Mar 2026" in as_owner.get(f"/w/{workspace.slug}/").content.decode()
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Tokyo")
    assert "2 Mar 2026" in as_owner.get(f"/w/{workspace.slug}/").content.decode()
