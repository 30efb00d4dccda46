"""The admin shows every model, to a superuser all of it, to other staff their workspaces."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Event, Member, User, Workspace
from accounts.roles import Role
from documents.models import Document, RemoteFile
from qa.models import AccountLimits, Answer, ApiCall, Citation, Thread
from tests.asked import put, written
from tests.conftest import read, upload

OURS = [
    m for m in apps.get_models() if m._meta.app_label in ("accounts", "documents", "qa", "reviews")
]
INSIDE = {  # shown within another, a secret, or the search index
    "Member", "Source", "Text", "Words", "SignInLink", "Stretch", "KeyCount", "ClaudeKey",
    "Warming", "Picture", "Enclosure", "RemotePicture", "Row", "Column", "ColumnVersion", "Cell",
    "Mark", "BatchItem", "PlaybookVersion", "DayTotal",
}  # fmt: skip


@pytest.fixture
def chief(db):
    return User.objects.create_superuser("chief@example.com", "chief-pass")


@pytest.fixture
def as_chief(chief, sign_in):
    return sign_in(chief)


@pytest.fixture
def staff(owner):
    """An admin of one workspace, who may use the admin site."""
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    return owner


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def change(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_every_model_is_in_the_admin():
    missing = {m.__name__ for m in OURS if not admin.site.is_registered(m)}
    assert missing == INSIDE


def test_a_superuser_opens_every_list_and_every_row(emulator, as_chief, owner, document):
    written(put(document, owner))
    for model in OURS:
        if model.__name__ in INSIDE:
            continue
        assert as_chief.get(changelist(model)).status_code == 200, model
        row = model.objects.first()
        if row is not None:
            assert as_chief.get(change(row)).status_code == 200, model


@pytest.mark.parametrize("model", [ApiCall, Citation, Event, RemoteFile, Answer, Document])
def test_records_can_be_read_and_nothing_else(emulator, as_chief, owner, document, model):
    written(put(document, owner))
    row = model.objects.first()
    add = changelist(model) + "add/"
    assert as_chief.get(add).status_code == 403
    assert as_chief.post(change(row), {"number": 99}).status_code == 403
    assert (
        as_chief.post(change(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    )
    assert 'name="_save"' not in as_chief.get(change(row)).content.decode()


def test_other_staff_see_only_workspaces_they_administer(
    emulator, staff, sign_in, workspace, document, elsewhere, stranger
):
    foreign = upload(elsewhere, stranger, "A secret of another matter.", "secret.txt")
    read(foreign)
    written(put(document, staff))
    written(put(foreign, stranger, "What is the secret?"))
    client = sign_in(staff)
    for model in OURS:
        if model.__name__ in INSIDE | {"User", "AccountLimits"}:
            continue
        page = client.get(changelist(model))
        assert page.status_code == 200, model
        for word in ("secret.txt", "What is the secret?", "Another matter", "stranger@"):
            assert word not in page.content.decode(), (model, word)
    assert client.get(change(foreign)).status_code == 302
    assert client.get(change(document)).status_code == 200
    assert client.get(changelist(User)).status_code == 403
    assert client.get(changelist(AccountLimits)).status_code == 403


def test_staff_who_administer_nothing_see_nothing(mate, workspace, sign_in):
    User.objects.filter(pk=mate.pk).update(is_staff=True)
    client = sign_in(mate)
    for model in (Document, Answer, ApiCall, Event, Workspace):
        assert client.get(changelist(model)).status_code == 403


def test_members_who_are_not_staff_get_404_at_the_admins_door(as_owner, client):
    assert as_owner.get("/admin/login/").status_code == 404
    assert as_owner.get("/admin/documents/document/").url.startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/qa/").url == "/signin/?next=%2Fadmin%2Fqa%2F"


def members_form(workspace, /, **row):
    prefix = "members"
    existing = list(workspace.members.order_by("pk"))
    data = {
        "name": workspace.name,
        "slug": workspace.slug,
        "time_zone": "UTC",
        f"{prefix}-TOTAL_FORMS": len(existing) + 1,
        f"{prefix}-INITIAL_FORMS": len(existing),
        f"{prefix}-MIN_NUM_FORMS": 0,
        f"{prefix}-MAX_NUM_FORMS": 1000,
    }
    for number, member in enumerate(existing):
        data |= {
            f"{prefix}-{number}-id": member.pk,
            f"{prefix}-{number}-workspace": workspace.pk,
            f"{prefix}-{number}-role": member.role,
        }
    new = len(existing)
    return data | {f"{prefix}-{new}-{name}": value for name, value in row.items()}


def test_members_are_added_by_address_and_it_is_written_down(staff, sign_in, workspace, stranger):
    client = sign_in(staff)
    row = {"email": "Stranger@example.com", "role": "reviewer", "workspace": workspace.pk}
    saved = client.post(change(workspace), members_form(workspace, **row))
    assert saved.status_code == 302, saved.context["errors"]
    assert Member.objects.get(workspace=workspace, user=stranger).role == Role.REVIEWER
    event = Event.objects.get(verb="role")
    assert (event.actor, event.object_id) == (staff, stranger.public_id)
    assert event.detail == {"role": "reviewer"}


def test_an_address_nobody_has_is_a_sentence(staff, sign_in, workspace):
    row = {"email": "nobody@example.com", "role": "viewer", "workspace": workspace.pk}
    page = sign_in(staff).post(change(workspace), members_form(workspace, **row))
    assert "No active user has this address." in page.content.decode()


def act(client, model, name, *rows):
    data = {"action": name, "_selected_action": [row.pk for row in rows]}
    answer = client.post(changelist(model), data)
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_failed_documents_are_ingested_again(as_chief, workspace, owner, document):
    broken = upload(workspace, owner, b"%PDF-1.7\nnothing", "broken.pdf")
    read(broken)
    said = act(as_chief, Document, "ingest_again", broken, document)
    assert said == ["1 document is read again."]
    broken.current.refresh_from_db()
    assert broken.current.status == "queued"


def test_a_superuser_puts_a_legal_hold_on_and_lifts_it_and_it_is_written_down(
    as_chief, chief, owner, workspace, document
):
    binned = upload(workspace, owner, "In the trash.")
    binned.mark_deleted(owner)
    said = act(as_chief, Document, "put_on_hold", document, binned)
    refused = "1 document is in the trash, with no hold on it. Restore it first."
    assert said == ["1 document is on legal hold now.", refused]
    assert not Document.objects.get(pk=binned.pk).on_hold
    assert not document.mark_deleted(owner)
    said = act(as_chief, Document, "lift_hold", document, binned)
    assert said[-1] == "1 document can be deleted again."
    assert document.mark_deleted(owner)
    events = Event.objects.filter(verb__in=("hold", "release"))
    assert {(event.actor, event.object_id) for event in events} == {(chief, document.public_id)}
    assert events.count() == 2


def test_other_staff_put_no_legal_hold_on(staff, sign_in, document):
    act(sign_in(staff), Document, "put_on_hold", document)
    assert not Document.objects.get().on_hold


def test_failed_answers_are_retried(emulator, as_chief, owner, document):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    done = written(put(document, owner, "What are the fees?"))
    assert act(as_chief, Answer, "retry_answer", failed, done) == ["1 question is asked again."]
    assert failed.thread.path()[-1].status == "queued"


def test_lists_ask_the_database_the_same_for_many_rows_as_for_one(
    emulator, as_chief, workspace, owner, document
):
    written(put(document, owner))
    counts = {}
    for _round in range(2):
        for model in (Document, Thread, Answer, Citation, ApiCall, Event, RemoteFile):
            with CaptureQueriesContext(connection) as asked:
                as_chief.get(changelist(model))
            counts.setdefault(model, []).append(len(asked))
        for number in range(4):
            more = upload(
                workspace, owner, f"Clause {number}. The law of Ireland governs {number}."
            )
            read(more)
            written(put(more, owner, "Which law governs?"))
    for model, (one, many) in counts.items():
        # a filter's choices may cost one query more when there are several of them
        assert many <= one + 1, model


def test_a_deactivated_member_does_not_block_the_others(staff, mate, sign_in, workspace, stranger):
    User.objects.filter(pk=mate.pk).update(is_active=False)
    row = {"email": "stranger@example.com", "role": "viewer", "workspace": workspace.pk}
    saved = sign_in(staff).post(change(workspace), members_form(workspace, **row))
    assert saved.status_code == 302
    assert Member.objects.filter(workspace=workspace, user=stranger).exists()
