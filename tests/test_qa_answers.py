"""An answer: written, cited, counted, and shown as it was written."""

from __future__ import annotations

import html
import re
import uuid
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents import erasing
from documents.models import Document, RemoteFile, Text, Version
from qa import asking, pictures, preparing, remote, tasks
from qa.claude import connect
from qa.models import Answer, ApiCall, Source, TokenCount
from tests.asked import put, written
from tests.conftest import read, upload
from tests.test_documents import marked


def test_an_answer_is_written_with_exact_citations(emulator, document, owner):
    answer = written(put(document, owner))
    text = Text.objects.get(version=document.current).content
    assert answer.status == "done"
    assert answer.text == "".join(block["text"] for block in answer.blocks)
    citations = list(answer.citations.all())
    assert any("laws of Ireland" in citation.cited_text for citation in citations)
    for citation in citations:
        assert citation.state == "exact"
        assert text[citation.start : citation.end] == citation.cited_text
        assert citation.page_start == 1
    assert [c.number for c in citations] == list(range(1, len(citations) + 1))


def test_it_stores_who_answered_and_how(emulator, document, owner):
    answer = written(put(document, owner))
    assert (answer.backend, answer.model) == ("emulator", "claude-sonnet-5-5")
    assert answer.prompt_version
    assert answer.parameters["model"] == "claude-sonnet-5-5"
    assert "messages" not in answer.parameters
    assert Source.objects.get(answer=answer).index == 0
    call = answer.calls.get()
    assert call.document_map == [str(document.current.public_id)]


def test_every_api_request_is_one_row_of_the_ledger(emulator, document, owner):
    before = emulator.requests(1)
    answer = written(put(document, owner))
    purposes = list(ApiCall.objects.order_by("pk").values_list("purpose", flat=True))
    assert purposes == ["count", "upload", "answer"]
    after = emulator.requests(1)
    sent = sum(after["counts"].values()) - sum(before["counts"].values())
    assert sent == len(purposes)
    call = answer.calls.get()
    assert call.request_id.startswith("req_")
    assert call.cost_usd > 0
    assert call.rates["output"] == "10"
    assert call.first_text_ms is not None
    assert call.total_ms >= call.first_text_ms
    assert call.stop_reason == "end_turn"


def test_the_second_question_reads_the_document_from_the_cache(emulator, workspace, owner):
    long = "\n\n".join(
        f"{n}. Clause {n} says that party {n} pays {n * 100} euros on day {n}." for n in range(400)
    )
    document = upload(workspace, owner, long)
    read(document)
    first = written(put(document, owner, "What does party 17 pay?"))
    second = written(
        put(document, owner, "What does party 18 pay?", thread=first.thread, follows=first)
    )
    assert first.calls.get().cache_write_5m_tokens > 1000
    call = second.calls.get()
    assert call.cache_read_tokens > 0.9 * (call.cache_read_tokens + call.input_tokens)
    assert call.saved_usd > Decimal(0)
    assert RemoteFile.objects.count() == TokenCount.objects.count() == 1


def test_a_follow_up_carries_the_history_with_its_citations(emulator, document, owner):
    first = written(put(document, owner))
    second = written(put(document, owner, "And the fees?", thread=first.thread, follows=first))
    assert second.status == "done"
    sent = emulator.requests(1)["requests"][-1]["body"]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    cited = [b for b in sent[1]["content"] if b.get("citations")]
    assert cited
    assert cited[0]["citations"][0]["document_index"] == 0
    assert "thinking" not in {block["type"] for block in sent[1]["content"]}


def test_a_document_missing_at_the_other_side_is_uploaded_again(emulator, document, owner):
    written(put(document, owner))
    RemoteFile.objects.update(file_id="file_gone")
    answer = put(document, owner, "What are the fees?")
    assert written(answer).status == "queued"
    assert written(answer).status == "done"
    assert RemoteFile.objects.get().file_id != "file_gone"


def test_a_copy_about_to_expire_is_renewed_before_it_is_used(emulator, document, owner):
    written(put(document, owner))
    old = RemoteFile.objects.get().file_id
    RemoteFile.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    assert written(put(document, owner, "What are the fees?")).status == "done"
    assert RemoteFile.objects.get().file_id != old


def test_a_file_id_never_reaches_the_browser(emulator, document, owner, as_owner):
    answer = written(put(document, owner))
    file_id = RemoteFile.objects.get().file_id
    where = f"/w/{document.workspace.slug}/threads/{answer.thread.public_id}/"
    assert file_id not in as_owner.get(where).content.decode()


def test_a_thread_shows_answer_footnotes_cost_and_who_made_it(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert "not by Claude" in text
    assert "✓ exact" in text
    assert "Olive Owner" in text
    assert re.search(r"contract\.txt, pp?\. 1", text)
    assert "would cost $" in text
    citation = answer.citations.first()
    assert f"start={citation.start}&end={citation.end}#cited" in html.unescape(page)


def test_nothing_is_called_saved_before_it_is(emulator, as_owner, owner, workspace):
    document = upload(workspace, owner, f"{uuid.uuid4()}. The laws of Malta govern. " * 300)
    read(document)
    answer = written(put(document, owner))
    assert answer.ledger.saved_usd < 0
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    assert "saved" not in page
    assert "$-" not in page


def test_a_footnotes_link_opens_the_source_beside_the_answer_with_exactly_its_range_marked(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    links = re.findall(r'<a class="n" href="([^"]+)"', page)
    assert len(links) >= answer.citations.count()
    for citation, link in zip(answer.citations.all(), dict.fromkeys(links), strict=True):
        opened = as_owner.get(html.unescape(link)).content.decode()
        # the separator between two pages belongs to neither
        assert marked(opened) == citation.cited_text.replace("\n\nSCHEDULE", "SCHEDULE")
        assert opened.count('id="cited"') == 1
        assert 'id="answer-' in opened


def test_the_finished_fragment_is_byte_for_byte_the_same_later_and_carries_no_secret(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    where = f"/w/{workspace.slug}/answers/{answer.public_id}/"
    htmx = {"HX-Request": "true"}
    first, second = (as_owner.get(where, headers=htmx).content for _load in range(2))
    assert first == second
    assert first.strip() in as_owner.get(where).content
    thread = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content
    assert first.strip() in thread
    assert b"csrf" not in first.lower()
    assert b"nonce" not in first


def test_an_answer_stays_with_its_quotes_when_its_source_is_deleted(
    emulator, as_owner, owner, workspace, document
):
    answer = written(put(document, owner))
    document.mark_deleted(owner)
    tasks.carry_files()
    assert RemoteFile.objects.exists(), "it can still be restored"
    Document.objects.update(purge_at=timezone.now())
    erasing.erase(document)
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert emulator.client("emulator").files.list().data == [] or all(
        str(document.current.public_id) not in file.filename
        for file in emulator.client("emulator").files.list().data
    )
    page = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/").content.decode()
    assert "source deleted on" in page
    assert f"version={document.current.public_id}" not in page, "there is nothing left to open"
    assert f'href="#answer-{answer.public_id}-note-1"' in page
    assert "laws of Ireland" in html.unescape(page)
    link = f"?version={document.current.public_id}&start=0&end=5"
    opened = as_owner.get(f"/w/{workspace.slug}/threads/{answer.thread.public_id}/{link}")
    assert "That source is not here any more" in opened.content.decode()


def test_carrying_files_uploads_ready_texts_once(emulator, document):
    tasks.carry_files()
    tasks.carry_files()
    assert ApiCall.objects.filter(purpose="upload").count() == 1
    assert TokenCount.objects.get().model == "claude-sonnet-5-5"


def test_an_upload_that_fails_does_not_fail_the_document(emulator, document, monkeypatch):
    monkeypatch.setattr(tasks, "rests", tasks.Rests())
    emulator.faults({"kind": "api_error", "path": "files"})
    tasks.carry_files()
    assert not RemoteFile.objects.exists()
    assert Version.objects.get().status == "ready"
    tasks.carry_files()
    assert not RemoteFile.objects.exists(), "it rests before the next try"
    monkeypatch.setattr(tasks, "rests", tasks.Rests())
    tasks.carry_files()
    assert RemoteFile.objects.count() == 1


def test_tidying_removes_our_strays_and_nobody_elses(emulator, document, monkeypatch):
    client = emulator.client("emulator")
    tasks.carry_files()
    stray = client.files.upload(file=(remote.file_name(document.current), b"x", "text/plain"))
    foreign = client.files.upload(file=("somebody-else.txt", b"x", "text/plain"))
    tasks.tidy_remote_files()
    assert {f.id for f in client.files.list()} >= {stray.id, foreign.id}, "young files are left"
    real = timezone.now
    monkeypatch.setattr(remote.timezone, "now", lambda: real() + timedelta(hours=2))
    tasks.tidy_remote_files()
    left = {file.id for file in client.files.list()}
    assert stray.id not in left
    assert {foreign.id, RemoteFile.objects.get().file_id} <= left


def test_three_documents_are_made_ready_to_send_with_as_many_queries_as_one(
    emulator, workspace, document, owner
):
    others = [upload(workspace, owner, f"Clause {n} governs the law of it.") for n in range(2)]
    assert all(read(other).status == "ready" for other in others)
    counts = []
    for documents in ([document], [document, *others]):
        answer, _new = asking.ask(
            question="Which law governs?",
            documents=Document.objects.filter(pk__in=[one.pk for one in documents]),
            model="claude-sonnet-5-5",
            workspace=workspace,
            by=owner,
        )
        assert answer.claim("worker")
        # uploaded and counted once, for all questions that follow
        preparing.prepare(answer, connect(workspace))
        asked = Answer.objects.select_related("workspace__claude", "author").get(pk=answer.pk)
        with CaptureQueriesContext(connection) as queries:
            request, versions = preparing.prepare(asked, connect(asked.workspace))
        assert len(versions) == len(request.texts) == len(documents)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_long_conversation_is_sent_again_with_as_many_queries_as_a_short_one(
    emulator, document, owner
):
    answers = [written(put(document, owner))]
    for question in ("And the fees?", "And the term?"):
        thread, last = answers[0].thread, answers[-1]
        answers.append(written(put(document, owner, question, thread=thread, follows=last)))
    counts = []
    for length in (2, 3):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            room = pictures.Room(600)
            path = preparing.finished(answers[length - 1])
            turns = preparing.turns(path, connect(document.workspace), room)
        assert [turn.question for turn in turns][1:] == ["And the fees?", "And the term?"][
            : length - 1
        ]
        assert any(block.citations for block in turns[0].blocks)
        counts.append(len(queries))
    assert counts[0] == counts[1]
