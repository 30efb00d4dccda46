"""The stream of a running answer: joined late, twice, and over a take-over."""

from __future__ import annotations

import asyncio
import threading
import uuid

import pytest
from django.db import connections
from django.test import AsyncClient

from qa import answering, streams
from qa.models import Answer, Thread
from qa.publisher import Publisher
from qa.streams import Cursor, Files
from tests.asked import put, wait_for


def text(words, block=0):
    return {"type": "text", "block": block, "text": words}


END = {"type": "end"}


@pytest.fixture
def log(tmp_path):
    return Files(tmp_path)


def test_a_reader_gets_each_event_once_and_in_order(log):
    answer, cursor = uuid.uuid4(), Cursor()
    log.append(answer, 1, [text("a"), text("b")])
    assert log.read(answer, cursor) == [text("a"), text("b")]
    assert log.read(answer, cursor) == []
    log.append(answer, 1, [text("c")])
    assert log.read(answer, cursor) == [text("c")]


def test_a_reader_that_comes_late_gets_all_of_it(log):
    answer = uuid.uuid4()
    log.append(answer, 1, [text("a")])
    log.append(answer, 1, [text("b"), END])
    assert log.read(answer, Cursor()) == [text("a"), text("b"), END]


def test_half_a_line_waits_for_its_other_half(log):
    answer, cursor = uuid.uuid4(), Cursor()
    log.append(answer, 1, [text("ä")])
    path = log.folder / str(answer) / "1.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert log.read(answer, cursor) == []
    path.write_bytes(whole)
    assert log.read(answer, cursor) == [text("ä")]


def test_a_new_attempt_voids_the_old_one_and_the_old_worker_is_not_heard(log):
    answer, cursor = uuid.uuid4(), Cursor()
    log.append(answer, 1, [text("half an ans")])
    log.read(answer, cursor)
    log.append(answer, 2, [text("whole")])
    log.append(answer, 1, [text("wer, too late")])
    assert log.read(answer, cursor) == [{"type": "restart"}, text("whole")]
    assert log.read(answer, cursor) == []


def test_logs_are_tidied_by_age(log):
    log.append(uuid.uuid4(), 1, [END])
    assert log.tidy(60) == 0
    assert log.tidy(-1) == 1


async def test_following_ends_after_the_end(settings, tmp_path):
    settings.STREAMS = tmp_path
    answer = uuid.uuid4()

    async def later():
        await asyncio.sleep(0.05)
        streams.publish(answer, 1, [text("b"), END])

    streams.publish(answer, 1, [text("a")])
    task = asyncio.create_task(later())
    said = [event async for batch in streams.events(answer) for event in batch]
    await task
    assert said == [text("a"), text("b"), END]


async def test_silence_is_broken_by_empty_batches(settings, tmp_path, monkeypatch):
    settings.STREAMS = tmp_path
    monkeypatch.setattr(streams, "KEEP_ALIVE", 0.05)
    assert await anext(streams.events(uuid.uuid4())) == []


def write_in_thread(pk):
    def run():
        try:
            answering.write(Answer.objects.get(pk=pk))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


async def read_stream(client, address):
    response = await client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    chunks = []
    async for chunk in response.streaming_content:
        chunks.append(chunk.decode())
    return "".join(chunks)


@pytest.mark.django_db(transaction=True)
def test_three_watchers_see_one_answer_from_its_beginning_to_its_end(emulator, document, owner):
    emulator.faults({"kind": "silence", "ms": 1500, "path": "messages"})
    answer = put(document, owner)
    address = f"/w/{document.workspace.slug}/answers/{answer.public_id}/stream/"
    client = AsyncClient()
    client.force_login(owner)
    writer = write_in_thread(answer.pk)
    wait_for(lambda: streams.backend().read(answer.public_id, Cursor()))

    async def watch(delay):
        await asyncio.sleep(delay)
        return await read_stream(client, address)

    async def all_of_them():
        return await asyncio.gather(watch(0), watch(0.3), watch(1.0))

    watched = asyncio.run(all_of_them())
    writer.join(10)
    done = Answer.objects.get(pk=answer.pk)
    assert done.status == "done"
    for said in watched:
        assert said.count("event: done") == 1
        assert said.rstrip().endswith("event: done\ndata:")
        assert "laws of Ireland" in said
        for citation in done.citations.all():
            assert f'id="answer-{answer.public_id}-note-{citation.number}"' in said


@pytest.mark.django_db(transaction=True)
def test_the_stream_of_a_finished_answer_only_says_so(document, owner):
    answer = put(document, owner)
    answer.request_stop()
    client = AsyncClient()
    client.force_login(owner)
    address = f"/w/{document.workspace.slug}/answers/{answer.public_id}/stream/"
    assert asyncio.run(read_stream(client, address)) == "event: done\ndata: \n\n"


@pytest.mark.django_db(transaction=True)
def test_a_stream_sends_no_nonce_no_token_and_no_markup_of_the_model(emulator, document, owner):
    from documents.models import Document
    from tests.conftest import CONTRACT, read, upload

    contract = CONTRACT.replace("laws of Ireland", "laws of <script>alert(1)</script> Ireland")
    hostile = upload(document.workspace, owner, contract)
    read(hostile)
    Document.objects.filter(pk=hostile.pk).update(title='<b onclick="x">lease</b>')
    hostile.refresh_from_db()
    answer = put(hostile, owner)
    writer = write_in_thread(answer.pk)
    writer.join(10)
    batch = streams.backend().read(answer.public_id, Cursor())
    assert batch[-1] == END
    Answer.objects.update(status="running")
    client = AsyncClient()
    client.force_login(owner)
    address = f"/w/{document.workspace.slug}/answers/{answer.public_id}/stream/"
    said = asyncio.run(read_stream(client, address))
    assert "&lt;b onclick=" in said
    assert "<b onclick" not in said
    assert "<script" not in said
    assert "nonce" not in said
    assert "csrf" not in said.lower()


def test_the_first_text_is_published_at_once_and_later_ones_in_batches(document, owner, settings):
    answer = put(document, owner)
    answer.attempts = 1
    publisher = Publisher(answer)
    cursor = Cursor()
    log = streams.backend()
    publisher.add({"type": "status", "sentence": "Reading…"})
    publisher.add(text("a"))
    assert [event["type"] for event in log.read(answer.public_id, cursor)] == ["status", "text"]
    for word in ("b", "c", "d"):
        publisher.add(text(word))
    assert log.read(answer.public_id, cursor) == []
    publisher.flush()
    assert log.read(answer.public_id, cursor) == [text("bcd")]


def test_a_thread_without_answers_is_shown_empty(as_owner, workspace, owner):
    thread = Thread.objects.create(workspace=workspace, author=owner, title="Empty")
    assert as_owner.get(f"/w/{workspace.slug}/threads/{thread.public_id}/").status_code == 200
