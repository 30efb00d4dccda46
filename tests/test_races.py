"""Two things meet at the wrong moment: nothing is lost, and nothing is paid for twice."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Event, Member
from accounts.roles import Role
from documents import erasing, ingest, uploads
from documents.ingest.text import cut
from documents.models import Document, Page, Text, Version
from documents.reading import ingest_version, limits
from qa import answering, askable, asking, manuscript
from qa.models import Answer, ApiCall, Citation, Thread
from qa.streams import Cursor, Files
from tests.asked import in_thread, put, wait_for, written
from tests.conftest import CONTRACT, read, upload


def test_a_document_deleted_while_it_is_read_leaves_no_text(workspace, owner):
    document = upload(workspace, owner)
    version = document.current
    version.claim("reader")
    reading = ingest.read(Path(version.blob.file.path), ingest.Kind.TEXT, limits())
    document.mark_deleted(owner)
    erasing.erase(document)
    assert not version.mark_ready(reading, 0.1)
    assert not Text.objects.exists()
    assert not Page.objects.exists()


def test_bytes_lost_on_the_disk_come_back_with_the_next_upload(workspace, owner):
    document = upload(workspace, owner)
    path = Path(document.current.blob.file.path)
    path.unlink()
    assert read(document).status == "failed"
    again = uploads.accept(ContentFile(CONTRACT.encode(), "c.txt"), "c.txt", workspace, owner)
    assert again.document == document
    version = Version.objects.get()
    assert version.retry()
    version.refresh_from_db()
    ingest_version(version)
    assert version.status == "ready"


def test_an_answer_that_was_followed_is_not_tried_again_behind_the_back_of_what_follows(
    emulator, as_owner, owner, workspace, document
):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    after = written(put(document, owner, "Fees?", thread=failed.thread, follows=failed))
    assert not failed.may_retry
    where = f"/w/{workspace.slug}/answers/{failed.public_id}/retry/"
    refused = as_owner.post(where, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Another question followed this one." in refused.content.decode()
    assert [answer.pk for answer in failed.thread.path()] == [failed.pk, after.pk]
    assert Answer.objects.count() == 2
    page = as_owner.get(f"/w/{workspace.slug}/threads/{failed.thread.public_id}/").content.decode()
    assert "/retry/" not in page


def test_two_members_who_try_again_at_once_make_one_answer(emulator, owner, mate, document):
    emulator.faults({"kind": "billing", "path": "messages"})
    failed = written(put(document, owner))
    first = asking.ask_again(failed, owner)
    second = asking.ask_again(Answer.objects.get(pk=failed.pk), mate)
    assert first == second


def test_an_outcome_that_cannot_be_stored_fails_once_and_is_not_paid_for_again(
    emulator, document, owner
):
    answer = put(document, owner)
    # a row in the way of the answer's own first footnote
    Citation.objects.create(answer=answer, number=1, kind="web", state="unverified")
    failed = written(answer)
    assert (failed.status, failed.error_code) == ("failed", "unexpected")
    assert failed.calls.count() == 1
    assert not Answer.objects.due().exists()


def test_a_stop_pressed_before_a_take_over_ends_it_without_a_request(emulator, document, owner):
    answer = put(document, owner)
    Answer.objects.get(pk=answer.pk).claim("dead")
    Answer.objects.get(pk=answer.pk).request_stop()
    Answer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert written(answer).status == "stopped"
    assert not ApiCall.objects.exists()


def test_a_stop_pressed_while_a_request_fails_is_not_put_back(emulator, document, owner):
    answer = put(document, owner)
    row = Answer.objects.get(pk=answer.pk)
    row.claim("worker")
    Answer.objects.get(pk=answer.pk).request_stop()
    assert not row.put_back(timedelta(seconds=5), "trying again")
    assert row.status == "running"
    assert row.mark_stopped([])


def test_a_long_reason_to_wait_is_kept_whole(emulator, document, owner):
    row = put(document, owner)
    row.claim("worker")
    sentence = "Die Antwort brach ab. " * 20
    assert row.put_back(timedelta(seconds=5), sentence)
    assert Answer.objects.get(pk=row.pk).notice == sentence
    assert Answer._meta.get_field("notice").max_length is None


@pytest.mark.django_db(transaction=True)
def test_stop_works_while_the_documents_are_prepared(emulator, document, owner):
    emulator.faults({"kind": "delay", "ms": 20_000, "path": "count_tokens"})
    answer = put(document, owner)
    writer = threading.Thread(target=in_thread, args=(answer.pk,))
    writer.start()
    wait_for(lambda: Answer.objects.filter(pk=answer.pk, status="running").exists())
    time.sleep(0.3)
    pressed = time.monotonic()
    Answer.objects.get(pk=answer.pk).request_stop()
    writer.join(5)
    assert time.monotonic() - pressed < 1.0
    assert Answer.objects.get(pk=answer.pk).status == "stopped"


def test_a_worker_that_lost_its_lease_changes_nothing(emulator, document, owner):
    answer = put(document, owner)
    late = Answer.objects.get(pk=answer.pk)
    late.claim("late")
    Answer.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    done = written(answer)
    assert done.status == "done"
    assert not late.remember(backend="anthropic", parameters={"model": "other"})
    attempt = answering.Attempt(late)
    attempt.run()
    answer.refresh_from_db()
    assert (answer.backend, answer.text) == ("emulator", done.text)
    assert answer.calls.count() == 1


def test_deleting_a_thread_stops_what_is_being_written_in_it(as_owner, owner, workspace, document):
    waiting = put(document, owner)
    as_owner.post(f"/w/{workspace.slug}/threads/{waiting.thread.public_id}/delete/")
    waiting.refresh_from_db()
    assert waiting.status == "stopped"
    assert not Answer.objects.due().exists()
    assert Event.objects.filter(verb="delete", object_id=waiting.thread.public_id).exists()


def test_a_question_is_about_documents_of_one_workspace(owner, elsewhere, document):
    Member.objects.create(workspace=elsewhere, user=owner, role=Role.ANALYST)
    other = upload(elsewhere, owner, "Another text.")
    read(other)
    with pytest.raises(askable.NotAskable, match="same workspace"):
        asking.ask(
            question="Which law?",
            documents=[document, other],
            model="claude-sonnet-5-5",
            workspace=document.workspace,
            by=owner,
        )


def test_a_watcher_follows_the_second_attempt_though_the_first_died_in_silence(tmp_path):
    log, answer, cursor = Files(tmp_path), uuid.uuid4(), Cursor()
    assert log.read(answer, cursor) == []
    log.append(answer, 2, [{"type": "end"}])
    assert log.read(answer, cursor) == [{"type": "end"}]


def test_a_renamed_document_is_cited_by_its_new_name(emulator, document, owner):
    written(put(document, owner))
    Document.objects.update(title="Renamed.txt")
    again = written(put(document, owner, "Which law governs it?"))
    assert set(again.citations.values_list("title", flat=True)) == {"Renamed.txt"}


def test_a_proxy_that_gives_no_address_does_not_stop_a_sign_in(client, owner):
    data = {"username": owner.email, "password": "owner-pass"}
    assert client.post("/signin/", data, REMOTE_ADDR="garbage").status_code == 302
    assert Event.objects.get().address is None


def test_a_polled_line_of_a_deleted_document_becomes_nothing(as_owner, owner, workspace, document):
    where = f"/w/{workspace.slug}/documents/{document.public_id}/row/"
    document.mark_deleted(owner)
    gone = as_owner.get(where, headers={"HX-Request": "true"})
    assert (gone.status_code, gone.content) == (200, b"")
    assert as_owner.get(where).status_code == 404


def test_after_the_session_ended_neither_a_poll_nor_a_form_takes_the_page_away(
    client, workspace, document
):
    row = f"/w/{workspace.slug}/documents/{document.public_id}/row/"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/w/{workspace.slug}/"}
    for answer in (
        client.get(row, headers=headers),
        client.post(f"/w/{workspace.slug}/upload/", headers=headers),
    ):
        assert (answer.status_code, answer.content) == (401, b"")
        assert "HX-Redirect" not in answer
    assert client.get(row).status_code == 302, "a page asked for as such leads to the form"


@given(st.text(alphabet="ab \n.é\U0001f4dc", max_size=400), st.integers(4, 60))
def test_running_text_is_cut_into_pages_that_give_it_back(text, room):
    pieces = list(cut(text, room))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= room for piece in pieces[:-1])
    assert len(pieces[-1]) <= room


def test_a_long_text_has_pages_of_a_readable_length(workspace, owner):
    text = "\n\n".join(f"Clause {n}. " + "The party shall pay. " * 20 for n in range(300))
    document = upload(workspace, owner, text)
    version = read(document)
    pages = list(Page.objects.filter(version=version))
    assert Text.objects.get(version=version).content == text
    assert len(pages) > 20
    assert all(page.end - page.start <= 4000 for page in pages)
    assert [page.start for page in pages[1:]] == [page.end for page in pages[:-1]]


def test_a_private_thread_stays_its_authors_to_hide(as_mate, mate, owner, workspace, document):
    thread = Thread.objects.create(workspace=workspace, author=owner, title="Shared")
    data = {"title": "Ours", "documents": [str(document.public_id)], "is_private": "on"}
    saved = as_mate.post(f"/w/{workspace.slug}/threads/{thread.public_id}/edit/", data)
    assert saved.status_code == 302
    thread.refresh_from_db()
    assert (thread.title, thread.is_private) == ("Ours", False)


def test_ones_name_and_time_zone_are_ones_own_to_set(as_owner, owner):
    assert as_owner.post("/profile/", {"name": "O", "time_zone": "Mars/One"}).status_code == 422
    assert as_owner.post("/profile/", {"name": "O", "time_zone": "Asia/Tokyo"}).status_code == 302
    owner.refresh_from_db()
    assert (owner.name, owner.time_zone) == ("O", "Asia/Tokyo")


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_worker_lost_the_lease_meanwhile_is_in_the_ledger(
    emulator, document, owner
):
    emulator.faults({"kind": "delay", "ms": 800, "path": "messages"})
    answer = put(document, owner)

    def sent():
        return emulator.requests(1)["counts"].get("messages", 0)

    before = sent()
    writer = threading.Thread(target=in_thread, args=(answer.pk,))
    writer.start()
    wait_for(lambda: sent() > before)
    Answer.objects.update(lease_owner="another")
    writer.join(10)
    answer.refresh_from_db()
    assert (answer.status, answer.text, answer.backend) == ("running", "", "")
    assert answer.calls.count() == 1


def test_a_failure_before_the_first_byte_still_says_who_was_asked(emulator, document, owner):
    emulator.faults({"kind": "auth", "path": "messages"})
    failed = written(put(document, owner))
    assert (failed.status, failed.backend) == ("failed", "emulator")
    assert failed.parameters["model"] == "claude-sonnet-5-5"


def test_a_failure_while_the_documents_are_prepared_says_who_was_asked(emulator, document, owner):
    emulator.faults({"kind": "auth", "path": "count_tokens"})
    failed = written(put(document, owner))
    assert (failed.status, failed.error_code, failed.backend) == ("failed", "bad_key", "emulator")


def test_a_mistake_of_ours_in_mid_answer_is_in_the_ledger(emulator, document, owner, monkeypatch):
    def broken(*_args):
        raise ZeroDivisionError

    # nothing from outside is known to cause one, so it is put there
    monkeypatch.setattr(manuscript.Manuscript, "_cite", broken)
    failed = written(put(document, owner))
    assert (failed.status, failed.error_code) == ("failed", "unexpected")
    call = failed.calls.get()
    assert call.error_type == "ZeroDivisionError"
    assert call.request_id
    assert call.usage["input_tokens"] or call.cache_write_5m_tokens or call.cache_read_tokens
