"""A workspace's own account with Claude: its key, what is stored there, and where it answers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Event, Member, User
from accounts.roles import Role
from config import sealing
from documents import erasing
from documents.models import Document, RemoteFile
from qa import askable, claude, remote, tasks
from qa.engine import EngineError
from qa.models import ApiCall, ClaudeKey, ClaudeSettings
from tests.asked import put, written
from tests.conftest import read, upload

KEY = "sk-ant-workspace-0001-abcd"
OTHER = "sk-ant-workspace-0002-wxyz"


@pytest.fixture(autouse=True)
def key_of_the_environment(settings):
    settings.ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)


@pytest.fixture(autouse=True)
def nothing_rests(monkeypatch):
    monkeypatch.setattr(tasks, "rests", tasks.Rests())


@pytest.fixture
def claude_there(emulator, settings):
    """The emulator in the place of the API: whoever has a key reaches it."""
    settings.ANTHROPIC_BASE_URL = emulator.url
    for key in (KEY, OTHER):
        for file_id in files_of(key, emulator):
            emulator.client(key).files.delete(file_id)
    return emulator


def bodies(emulator, path="messages"):
    return [one["body"] for one in emulator.requests(100)["requests"] if one["path"] == path]


def files_of(key, emulator):
    return {file.id for file in emulator.client(key).files.list(limit=1000)}


# keys --------------------------------------------------------------------------------------------


def test_a_workspace_with_a_key_asks_by_it_and_others_do_not(
    claude_there, workspace, owner, document, elsewhere, stranger
):
    ClaudeKey.put(workspace, KEY, owner)
    other = upload(elsewhere, stranger)
    read(other)
    mine, theirs = written(put(document, owner)), written(put(other, stranger))
    assert (mine.status, mine.backend) == ("done", "anthropic")
    assert (theirs.status, theirs.backend) == ("done", "emulator")
    here = RemoteFile.objects.get(version=document.current)
    there = RemoteFile.objects.get(version=other.current)
    assert here.account != there.account
    assert here.file_id in files_of(KEY, claude_there)
    assert there.file_id not in files_of(KEY, claude_there)


def test_the_key_stands_nowhere_in_the_database_and_only_its_end_is_shown(workspace, owner):
    key = ClaudeKey.put(workspace, KEY, owner)
    row = ClaudeKey.objects.filter(pk=key.pk).values().get()
    assert not any(KEY in str(value) for value in row.values())
    assert (key.ending, str(key), key.open()) == ("abcd", "…abcd", KEY)
    assert KEY not in repr(claude.connect(workspace))


def test_without_the_environments_key_it_says_so_and_asks_nobody(
    claude_there, workspace, owner, document, settings
):
    ClaudeKey.put(workspace, KEY, owner)
    settings.ENCRYPTION_KEYS = ()
    with pytest.raises(sealing.Sealed, match="PINCITE_ENCRYPTION_KEY is not set"):
        ClaudeKey.put(workspace, OTHER, owner)
    answer = written(put(document, owner))
    assert (answer.status, answer.error_code) == ("failed", "sealed")
    assert "PINCITE_ENCRYPTION_KEY" in answer.error
    assert not ApiCall.objects.exists(), "another's account must not pay for it"


def test_another_key_in_the_environment_says_what_to_do(workspace, owner, settings):
    ClaudeKey.put(workspace, KEY, owner)
    settings.ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)
    with pytest.raises(sealing.Sealed, match="Put that one back"):
        ClaudeKey.objects.of(workspace).open()
    with pytest.raises(EngineError) as failed:
        claude.connect(workspace)
    assert failed.value.code == "sealed"
    with pytest.raises(CommandError, match="Put that one back"):
        call_command("seal_keys")


def test_the_environments_key_is_changed_without_setting_any_anew(
    workspace, owner, settings, capsys
):
    old = settings.ENCRYPTION_KEYS
    ClaudeKey.put(workspace, KEY, owner)
    new = (Fernet.generate_key().decode(),)
    settings.ENCRYPTION_KEYS = new + old
    assert ClaudeKey.objects.of(workspace).open() == KEY
    call_command("seal_keys")
    assert "1 sealed anew" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = new
    assert ClaudeKey.objects.of(workspace).open() == KEY


def test_a_replaced_key_deletes_what_it_uploaded_and_is_forgotten(
    claude_there, workspace, owner, document
):
    ClaudeKey.put(workspace, KEY, owner)
    tasks.carry_files()
    assert len(files_of(KEY, claude_there)) == 1
    ClaudeKey.put(workspace, OTHER, owner)
    tasks.carry_files()
    assert not files_of(KEY, claude_there)
    assert [file.file_id for file in RemoteFile.objects.all()] == list(
        files_of(OTHER, claude_there)
    )
    assert [key.ending for key in ClaudeKey.objects.all()] == ["wxyz"]


def test_a_revoked_key_holds_nothing_up_and_is_kept_no_longer_than_its_files(
    claude_there, workspace, owner, document
):
    ClaudeKey.put(workspace, "sk-bad-but-it-once-was-good", owner)
    account = claude.connect(workspace).account
    RemoteFile.objects.create(version=document.current, account=account, file_id="file_old")
    ClaudeKey.put(workspace, KEY, owner)
    tasks.carry_files()
    assert RemoteFile.objects.filter(account=claude.connect(workspace).account).exists()
    assert ClaudeKey.objects.count() == 2
    ClaudeKey.objects.exclude(retired_at=None).update(
        retired_at=timezone.now() - timedelta(days=40)
    )
    tasks.carry_files()
    assert [key.ending for key in ClaudeKey.objects.all()] == ["abcd"]


def test_an_erased_document_is_deleted_in_the_account_that_holds_it(
    claude_there, workspace, owner, document, elsewhere, stranger, settings
):
    other = upload(elsewhere, stranger)
    read(other)
    ClaudeKey.put(workspace, KEY, owner)
    tasks.carry_files()
    for gone in (document, other):
        long_ago = timezone.now() - timedelta(days=90)
        Document.objects.filter(pk=gone.pk).update(deleted_at=long_ago, purge_at=long_ago)
        erasing.erase(Document.objects.get(pk=gone.pk))
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert not files_of(KEY, claude_there)


def test_two_workspaces_with_the_same_key_share_the_account_and_nothing_else(
    claude_there, workspace, owner, document, elsewhere, stranger
):
    other = upload(elsewhere, stranger)
    read(other)
    for one in (workspace, elsewhere):
        ClaudeKey.put(one, KEY, owner)
    tasks.carry_files()
    assert len(files_of(KEY, claude_there)) == 2
    ClaudeKey.drop(workspace)
    tasks.carry_files()
    left = RemoteFile.objects.get(account=claude.connect(elsewhere).account)
    assert left.version == other.current
    assert files_of(KEY, claude_there) == {left.file_id}


def test_tidying_looks_into_every_account(claude_there, workspace, owner, document, monkeypatch):
    ClaudeKey.put(workspace, KEY, owner)
    tasks.carry_files()
    RemoteFile.objects.all().delete()
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(remote.timezone, "now", lambda: later)
    tasks.tidy_remote_files()
    assert not files_of(KEY, claude_there)


# what is stored, where it is answered, and for whom ----------------------------------------------


def test_where_nothing_may_be_stored_the_text_goes_along(claude_there, workspace, owner, document):
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    before = claude_there.requests(1)["counts"].get("files", 0)
    tasks.carry_files()
    answer = written(put(document, owner))
    assert answer.status == "done"
    assert {citation.state for citation in answer.citations.all()} == {"exact"}
    assert claude_there.requests(1)["counts"].get("files", 0) == before
    assert not RemoteFile.objects.exists()
    sent = bodies(claude_there)[-1]["messages"][0]["content"][0]
    assert sent["source"]["type"] == "text"
    assert "governed by" in sent["source"]["data"]


def test_what_was_stored_is_deleted_once_nothing_may_be(claude_there, workspace, owner, document):
    tasks.carry_files()
    kept = RemoteFile.objects.get().file_id
    ClaudeSettings.objects.create(workspace=workspace, inline=True)
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert kept not in files_of("emulator", claude_there)


def test_where_it_is_answered_is_asked_for_and_paid_for(claude_there, workspace, owner, document):
    plain = written(put(document, owner)).calls.get()
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    there = written(put(document, owner, "Which law governs this agreement ?")).calls.get()
    assert bodies(claude_there)[-1]["inference_geo"] == "us"
    assert (plain.usage["inference_geo"], there.usage["inference_geo"]) == ("local", "us")
    tokens = there.input_tokens * Decimal(2) + there.output_tokens * Decimal(10)
    tokens += there.cache_write_5m_tokens * Decimal("2.5")
    tokens += there.cache_read_tokens * Decimal("0.1")
    assert there.cost_usd == tokens / 1_000_000 * Decimal("1.1")


def test_a_model_that_cannot_be_kept_to_a_place_is_refused_before_anything_is_stored(
    workspace, owner, document
):
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    with pytest.raises(askable.NotAskable, match="Choose a newer model"):
        put(document, owner, model="claude-haiku-4-5-20251001")


def test_claude_is_told_a_hash_and_never_who_asks(emulator, owner, mate, document):
    for by in (owner, mate, owner):
        written(put(document, by))
    told = [body["metadata"]["user_id"] for body in bodies(emulator)[-3:]]
    assert told[0] == told[2] != told[1]
    for by in (owner, mate):
        for secret in (by.email, by.name, str(by.public_id), by.public_id.hex):
            assert secret not in told


def test_the_hash_cannot_be_made_without_the_secret_key(owner, settings):
    before = claude.stands_for(owner)
    settings.SECRET_KEY = "another"
    assert claude.stands_for(owner) != before


# the admin ---------------------------------------------------------------------------------------


@pytest.fixture
def staff(owner):
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    return owner


ADD = "admin:qa_claudesettings_add"
CHANGE = "admin:qa_claudesettings_change"


def test_a_key_goes_in_and_never_comes_out(claude_there, staff, sign_in, workspace):
    client = sign_in(staff)
    form = {"workspace": workspace.pk, "new_key": KEY, "inline": "on", "inference_geo": "us"}
    saved = client.post(reverse(ADD), form, follow=True)
    assert "Claude accepts the key." in saved.content.decode()
    assert ClaudeKey.objects.of(workspace).open() == KEY
    page = client.get(reverse(CHANGE, args=[ClaudeSettings.objects.get().pk])).content.decode()
    for shown in (saved.content.decode(), page):
        assert "ends in abcd" in shown
        assert KEY not in shown
        assert ClaudeKey.objects.get().sealed not in shown
    event = Event.objects.get(verb="settings")
    unticked = {"prewarm": False, "auto": False, "default_model": ""}
    assert event.detail == {"inline": True, "inference_geo": "us", "key": "set", **unticked}
    assert event.object_id == workspace.public_id


def test_a_key_that_claude_refuses_is_said_at_once(claude_there, staff, sign_in, workspace):
    form = {"workspace": workspace.pk, "new_key": "sk-bad-000000000000"}
    page = sign_in(staff).post(reverse(ADD), form, follow=True).content.decode()
    assert "Claude refused the API key." in page


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"new_key": "short"}, "does not look like an API key"),
        ({"new_key": "with a space in the middle"}, "does not look like an API key"),
        ({"new_key": KEY, "remove_key": "on"}, "Either set a new key or remove"),
    ],
)
def test_a_key_that_is_none_is_refused(staff, sign_in, workspace, fields, says):
    page = sign_in(staff).post(reverse(ADD), {"workspace": workspace.pk, **fields})
    assert says in page.content.decode()
    assert fields["new_key"] not in page.content.decode()
    assert not ClaudeKey.objects.exists()


def test_the_admin_says_when_the_environments_key_is_missing(staff, sign_in, workspace, settings):
    settings.ENCRYPTION_KEYS = ()
    page = sign_in(staff).post(reverse(ADD), {"workspace": workspace.pk, "new_key": KEY})
    assert "PINCITE_ENCRYPTION_KEY is not set" in page.content.decode()
    assert not ClaudeSettings.objects.exists()


def test_removing_the_key_leads_back_to_the_installations(staff, sign_in, workspace, emulator):
    ClaudeKey.put(workspace, KEY, staff)
    chosen = ClaudeSettings.objects.create(workspace=workspace)
    sign_in(staff).post(reverse(CHANGE, args=[chosen.pk]), {"remove_key": "on"})
    assert ClaudeKey.objects.of(workspace) is None
    assert claude.connect(workspace).backend == "emulator"


def test_nobody_sets_the_key_of_a_workspace_they_do_not_administer(
    staff, sign_in, workspace, elsewhere, stranger
):
    theirs = ClaudeSettings.objects.create(workspace=elsewhere)
    ClaudeKey.put(elsewhere, OTHER, stranger)
    Member.objects.create(workspace=elsewhere, user=staff, role=Role.ANALYST)
    client = sign_in(staff)
    form = {"workspace": elsewhere.pk, "new_key": KEY}
    assert elsewhere.name not in client.get(reverse(ADD)).content.decode()
    client.post(reverse(ADD), form)
    client.post(reverse(CHANGE, args=[theirs.pk]), form)
    assert ClaudeKey.objects.of(elsewhere).open() == OTHER
    listed = client.get(reverse("admin:qa_claudesettings_changelist")).content.decode()
    assert "wxyz" not in listed
    assert elsewhere.name not in listed
