"""The stream of a running answer: joined late, twice, and over a take-over."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import uuid

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import AsyncClient
from django.utils import timezone

from qa import answering, streams
from qa.models import Answer, Thread
from qa.publisher import Publisher
from qa.render import Draft
from qa.streams import Cursor, Files, Redis
from tests.asked import put, wait_for, written
from tests.conftest import free_port
from tests.line import Line


def text(words, block=0):
    return {"type": "text", "block": block, "text": words}


END = {"type": "end"}


@pytest.fixture
def log(stream_log):
    return streams.backend()


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


def test_half_a_line_waits_for_its_other_half(tmp_path):
    log = Files(tmp_path)
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


def test_who_comes_late_hears_only_the_newest_attempt(log):
    answer = uuid.uuid4()
    log.append(answer, 1, [text("half an ans")])
    log.append(answer, 2, [text("whole")])
    log.append(answer, 1, [text("wer, too late")])
    assert log.read(answer, Cursor()) == [text("whole")]


def test_a_log_that_is_gone_takes_nothing_but_a_new_beginning(log, stream_log):
    answer, cursor = uuid.uuid4(), Cursor()
    assert log.append(answer, 1, [text("a"), text("b")], 0)
    assert log.append(answer, 1, [text("c")], 1)
    assert log.read(answer, cursor) == [text("a"), text("b"), text("c")]
    forget(answer, stream_log)
    assert not log.append(answer, 1, [text("d")], 2)
    assert log.read(answer, Cursor()) == []
    assert log.append(answer, 1, [text("abcd")], 0)
    assert log.read(answer, Cursor()) == [text("abcd")]
    assert log.read(answer, cursor) == [{"type": "again"}, text("abcd")]


def forget(answer, stream_log):
    if stream_log == "redis":
        client = redis.Redis.from_url(settings.REDIS_URL)
        assert client.delete(f"pincite:stream:{answer}") == 1
        client.close()
    else:
        shutil.rmtree(settings.STREAMS / str(answer))


def test_files_are_tidied_by_age(tmp_path):
    log = Files(tmp_path)
    log.append(uuid.uuid4(), 1, [END])
    assert log.tidy(60) == 0
    assert log.tidy(-1) == 1


def test_redis_forgets_a_stream_after_a_day_and_an_ended_one_soon(redis_url):
    log, answer = Redis(redis_url), uuid.uuid4()
    with redis.Redis.from_url(redis_url) as client:
        log.append(answer, 1, [text("a")], 0)
        assert 86_000 < client.ttl(f"pincite:stream:{answer}") <= 86_400
        log.append(answer, 1, [END], 1)
        assert 500 < client.ttl(f"pincite:stream:{answer}") <= 600


def test_what_redis_lost_in_between_is_noticed_and_only_the_end_is_told(redis_url):
    log, answer, cursor = Redis(redis_url), uuid.uuid4(), Cursor()
    log.append(answer, 1, [text("a")], 0)
    assert log.read(answer, cursor) == [text("a")]
    log.append(answer, 1, [text("c")], 2)
    log.append(answer, 1, [text("d")], 3)
    assert log.read(answer, cursor) == [{"type": "lost"}]
    log.append(answer, 1, [text("e"), END], 4)
    assert log.read(answer, cursor) == [END]
    log.append(answer, 1, [text("abcde")], 0)
    assert log.read(answer, cursor) == [{"type": "again"}, text("abcde")]


async def test_following_ends_after_the_end(log):
    answer = uuid.uuid4()

    async def later():
        await asyncio.sleep(0.05)
        streams.publish(answer, 1, [text("b"), END])

    streams.publish(answer, 1, [text("a")])
    task = asyncio.create_task(later())
    said = [event async for batch in streams.events(answer) for event in batch]
    await task
    assert said == [text("a"), text("b"), END]


async def test_silence_is_broken_by_empty_batches(log, monkeypatch):
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
def test_three_watchers_see_one_answer_from_its_beginning_to_its_end(
    emulator, document, owner, stream_log
):
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


def test_the_first_text_is_published_at_once_and_later_ones_in_batches(document, owner, log):
    answer = put(document, owner)
    answer.attempts = 1
    publisher = Publisher(answer)
    cursor = Cursor()
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


def test_a_log_that_was_lost_is_said_again_and_a_watcher_sees_each_word_once(
    document, owner, log, stream_log
):
    answer = put(document, owner)
    answer.attempts = 1
    publisher, draft, cursor = Publisher(answer), Draft("a"), Cursor()

    def look():
        for event in log.read(answer.public_id, cursor):
            draft.apply(event)
        return "".join(block["text"] for block in draft.blocks)

    publisher.add(text("The law "))
    assert look() == "The law "
    forget(answer.public_id, stream_log)
    publisher.add(text("of Ireland "))
    publisher.flush()
    publisher.add(text("governs."))
    publisher.add(END)
    assert look() == "The law of Ireland governs."
    late = log.read(answer.public_id, Cursor())
    assert "".join(event.get("text", "") for event in late) == "The law of Ireland governs."


@pytest.fixture
def redis_line(redis_url, settings, monkeypatch):
    """Redis behind a line that can be cut."""
    monkeypatch.setattr(Publisher, "_rest_until", 0.0)
    line = Line(f"http://{redis_url.removeprefix('redis://')}")
    settings.REDIS_URL = line.address.replace("http", "redis") + "/9"
    yield line
    line.close()


def heard(answer):
    draft = Draft("a")
    for event in streams.backend().read(answer.public_id, Cursor()):
        draft.apply(event)
    return "".join(block["text"] for block in draft.blocks)


def test_what_was_said_while_redis_was_away_comes_when_it_is_back(document, owner, redis_line):
    answer = put(document, owner)
    answer.attempts = 1
    publisher = Publisher(answer)
    publisher.add(text("The law "))
    here, settings.REDIS_URL = settings.REDIS_URL, f"redis://127.0.0.1:{free_port()}/0"
    publisher.add(text("of Ireland "))
    publisher.flush()
    settings.REDIS_URL = here
    redis_line.cut()
    assert heard(answer) == "The law "
    Publisher._rest_until = 0.0
    publisher.add(text("governs."))
    publisher.flush()
    assert heard(answer) == "The law of Ireland governs."


def test_a_redis_that_came_back_without_its_last_entries_is_told_everything_again(
    document, owner, redis_line
):
    answer = put(document, owner)
    answer.attempts = 1
    publisher = Publisher(answer)
    for word in ("The ", "law ", "of "):
        publisher.add(text(word))
        publisher.flush()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        name = f"pincite:stream:{answer.public_id}"
        client.xdel(name, client.xrevrange(name, count=1)[0][0])
    assert heard(answer) == "The law "
    publisher.add(text("Ireland."))
    publisher.flush()
    assert heard(answer) == "The law of Ireland."


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_written_and_its_stream_ends_though_redis_is_away(
    emulator, document, owner, settings, monkeypatch, caplog
):
    monkeypatch.setattr(Publisher, "_rest_until", 0.0)
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    answer = put(document, owner)
    client = AsyncClient()
    client.force_login(owner)
    address = f"/w/{document.workspace.slug}/answers/{answer.public_id}/stream/"
    writer = write_in_thread(answer.pk)
    assert "event: done" in asyncio.run(read_stream(client, address))
    writer.join(10)
    assert Answer.objects.get(pk=answer.pk).status == "done"
    assert "stream out of reach" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_watcher_over_a_line_that_is_cut_misses_nothing(
    emulator, document, owner, redis_line, monkeypatch
):
    emulator.faults({"kind": "silence", "ms": 1500, "path": "messages"})
    answer = put(document, owner)
    address = f"/w/{document.workspace.slug}/answers/{answer.public_id}/stream/"
    client = AsyncClient()
    client.force_login(owner)
    writer = write_in_thread(answer.pk)
    wait_for(lambda: said_text(answer))
    cutter = threading.Timer(0.4, redis_line.cut)
    cutter.start()
    said = asyncio.run(read_stream(client, address))
    writer.join(10)
    cutter.join()
    done = Answer.objects.get(pk=answer.pk)
    assert done.status == "done"
    assert said.rstrip().endswith("event: done\ndata:")
    assert "laws of Ireland" in re.sub(r"<[^>]+>", "", said)


def said_text(answer):
    said = streams.backend().read(answer.public_id, Cursor())
    return any(event["type"] == "text" for event in said)


def test_a_mid_stream_failure_takes_the_text_back_and_says_that_it_starts_again(
    emulator, document, owner, log
):
    emulator.faults({"kind": "mid_stream_error", "path": "messages", "after": 3})
    answer = put(document, owner)
    draft, cursor = Draft("a"), Cursor()

    def look():
        events = log.read(answer.public_id, cursor)
        for event in events:
            draft.apply(event)
        return [event["type"] for event in events]

    waiting = written(answer)
    assert {"text", "broke"} <= set(look())
    assert draft.blocks == []
    assert waiting.notice.startswith("The answer broke off. Claude is overloaded, trying again in")
    assert draft.update(everything=True)["status"] == waiting.notice
    Answer.objects.update(next_try_at=None)
    done = written(answer)
    assert look()[0] == "restart"
    assert "".join(block["text"] for block in draft.blocks) == done.text
    assert draft.update(everything=True)["notice"] == "The answer broke off; starting again."
    broken, whole = done.calls.order_by("pk")
    assert broken.error_type == "overloaded_error"
    assert broken.cost_usd > 0
    assert done.ledger.cost_usd == broken.cost_usd + whole.cost_usd


def test_a_take_over_in_mid_answer_replaces_the_text_and_says_so(emulator, document, owner, log):
    answer = put(document, owner)
    log.append(answer.public_id, 1, [text("Half an ans")], 0)
    draft, cursor = Draft("a"), Cursor()
    for event in log.read(answer.public_id, cursor):
        draft.apply(event)
    Answer.objects.update(status="running", attempts=1, lease_until=timezone.now())
    done = written(answer)
    assert (done.status, done.crashes) == ("done", 1)
    for event in log.read(answer.public_id, cursor):
        draft.apply(event)
    assert "".join(block["text"] for block in draft.blocks) == done.text
    assert draft.notice == "The answer broke off; starting again."
