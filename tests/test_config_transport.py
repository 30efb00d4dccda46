"""The folder broker: no message lost, none delivered twice, whatever dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue
from kombu.exceptions import ChannelError

from config import folder_transport
from config.folder_transport import BROKER_URL

ROOT = Path(__file__).resolve().parents[1]

PRODUCE = """
import sys
from kombu import Connection
from config.folder_transport import BROKER_URL
folder, start, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Connection(BROKER_URL, transport_options={"folder": folder}) as connection:
    producer = connection.Producer(auto_declare=False)
    for number in range(start, start + count):
        producer.publish({"number": number, "padding": "x" * 5000}, routing_key="work")
"""

CONSUME = """
import socket, sys, time
from kombu import Connection, Consumer, Queue
from config.folder_transport import BROKER_URL
folder, out, seconds = sys.argv[1], open(sys.argv[2], "a", buffering=1), float(sys.argv[3])
def receive(body, message):
    out.write(f"{body['number']}\\n")
    message.ack()
with Connection(BROKER_URL, transport_options={"folder": folder}) as connection:
    with Consumer(connection.channel(), Queue("work", exchange=""), callbacks=[receive]):
        last = time.monotonic()
        while time.monotonic() - last < seconds:
            try:
                connection.drain_events(timeout=0.1)
                last = time.monotonic()
            except socket.timeout:
                pass
"""

TASKS = """
import os
from celery import Celery
from config.folder_transport import BROKER_URL
app = Celery("tasks", broker=BROKER_URL)
app.conf.update(broker_transport_options={"folder": os.environ["QUEUE"]}, task_ignore_result=True,
                worker_enable_remote_control=False, broker_connection_retry_on_startup=True)
@app.task
def note(number):
    handle = os.open(os.environ["OUT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{number}\\n".encode())
    os.close(handle)
"""


def python(script: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def messages(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def wait_for_lines(path: Path, count: int, seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and len(path.read_text().splitlines()) >= count:
            break
        time.sleep(0.05)
    return sorted(map(int, path.read_text().split())) if path.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "queue"


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with Connection(BROKER_URL, transport_options={"folder": str(folder)}) as connection:
        yield connection


def publish(connection: Connection, *bodies: object, queue: str = "work") -> None:
    producer = connection.Producer(auto_declare=False)
    for body in bodies:
        producer.publish(body, routing_key=queue)


def consuming(connection: Connection, received: list[Any]) -> Consumer:
    queue = Queue("work", exchange="")
    return Consumer(
        connection.channel(), queue, callbacks=[lambda body, message: received.append(body)]
    )


def take(connection: Connection, queue: str = "work") -> object | None:
    message = connection.default_channel.basic_get(queue, no_ack=True)
    return message and message.decode()


def test_two_producers_and_two_consumers_lose_nothing_and_repeat_nothing(
    folder: Path, tmp_path: Path
) -> None:
    outs = [tmp_path / "one", tmp_path / "two"]
    consumers = [python(CONSUME, folder, out, 2) for out in outs]
    producers = [python(PRODUCE, folder, start, 2500) for start in (0, 2500)]
    assert [process.wait(60) for process in producers + consumers] == [0, 0, 0, 0]
    received = [[int(line) for line in out.read_text().split()] for out in outs]
    assert sorted(received[0] + received[1]) == list(range(5000))
    assert min(map(len, received)) > 0, "one consumer did all the work: nothing was contended"
    assert messages(folder) == []


def test_two_celery_workers_run_every_task_once_and_stop_when_told(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "noting.py").write_text(TASKS)
    environment = {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "QUEUE": str(folder),
        "OUT": str(tmp_path / "out"),
    }
    command = "celery -q -A noting worker --pool threads --concurrency 4 --without-gossip"
    command += " --without-mingle --without-heartbeat --loglevel ERROR"
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", *command.split(), "-n", name],
            env={**os.environ, **environment},
        )
        for name in ("first@test", "second@test")
    ]
    try:
        send = "import noting\nfor number in range(1000): noting.note.delay(number)"
        assert python(send, **environment).wait(60) == 0
        assert wait_for_lines(tmp_path / "out", 1000, 30) == list(range(1000))
        for worker in workers:
            worker.terminate()
        assert [worker.wait(30) for worker in workers] == [0, 0]
        assert len((tmp_path / "out").read_text().split()) == 1000
        assert messages(folder) == []
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def test_a_killed_consumer_leaves_nothing_behind_but_untaken_messages(
    folder: Path, tmp_path: Path, connection: Connection
) -> None:
    publish(connection, *({"number": number} for number in range(3000)))
    consumer = python(CONSUME, folder, tmp_path / "out", 30)
    seen = wait_for_lines(tmp_path / "out", 100, 20)
    consumer.send_signal(signal.SIGKILL)
    consumer.wait()
    assert len(seen) >= 100
    left = messages(folder)
    assert {path.suffix for path in left} == {".msg"}
    # at most the one message in its hands is gone
    done = len((tmp_path / "out").read_text().split())
    assert 3000 - done - 1 <= len(left) <= 3000 - done


def test_messages_come_out_in_the_order_they_went_in(connection: Connection) -> None:
    publish(connection, *range(50))
    assert [take(connection) for _ in range(51)] == [*range(50), None]


def test_queues_do_not_mix(connection: Connection) -> None:
    publish(connection, "a", queue="answers")
    publish(connection, "i", queue="ingest")
    assert take(connection, "ingest") == "i"
    assert take(connection, "ingest") is None
    assert take(connection, "answers") == "a"


def test_two_folders_do_not_mix(connection: Connection, tmp_path: Path) -> None:
    publish(connection, "ours")
    with Connection(BROKER_URL, transport_options={"folder": str(tmp_path / "b")}) as other:
        assert take(other) is None
    assert take(connection) == "ours"


def test_a_waiting_consumer_is_woken_by_the_bell(
    connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_transport, "DRAIN_SECONDS", 20)
    monkeypatch.setattr(folder_transport.Transport, "polling_interval", 20)
    received: list[Any] = []
    with consuming(connection, received):
        producer = python(PRODUCE, folder, 7, 1)
        started = time.monotonic()
        connection.drain_events(timeout=20)
        assert producer.wait(10) == 0
    assert received[0]["number"] == 7
    assert time.monotonic() - started < 10


def test_without_a_bell_a_consumer_still_hears_of_a_message(
    connection: Connection, folder: Path
) -> None:
    (folder / "work").mkdir(parents=True)
    (folder / "work" / ".bell").touch()  # not a pipe
    received: list[Any] = []
    with consuming(connection, received):
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.1)
        publish(connection, "hello")
        connection.drain_events(timeout=1)
    assert received == ["hello"]


def test_a_message_taken_but_not_begun_goes_back_when_the_channel_closes(
    connection: Connection,
) -> None:
    publish(connection, "kept", "done")
    channel = connection.channel()
    channel.basic_get("work")
    channel.basic_get("work").ack()
    channel.close()
    assert take(connection) == "kept"
    assert take(connection) is None


def test_an_unreadable_message_is_dropped_and_the_next_one_delivered(
    connection: Connection, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "00000000000000000001-empty.msg").touch()
    (folder / "work" / "00000000000000000002-broken.msg").write_bytes(b'{"body": "\xff')
    publish(connection, "good")
    assert take(connection) == "good"
    assert caplog.text.count("dropped an unreadable message") == 2
    assert messages(folder) == []


def test_a_dead_publishers_temporary_file_is_never_read_and_later_removed(
    connection: Connection, folder: Path
) -> None:
    (folder / "work").mkdir(parents=True)
    fresh, stale = folder / "work" / ".1-fresh.tmp", folder / "work" / ".0-stale.tmp"
    for path in (fresh, stale):
        path.write_text("half a mess")
    os.utime(stale, (0, 0))
    connection.default_channel.queue_declare("work")
    assert take(connection) is None
    assert messages(folder) == [fresh]


def test_it_counts_and_purges_a_queue(connection: Connection) -> None:
    publish(connection, 1, 2, 3)
    publish(connection, 4, queue="other")
    assert connection.default_channel.queue_declare("work").message_count == 3
    assert connection.default_channel.queue_purge("work") == 3
    assert take(connection) is None
    assert take(connection, "other") == 4


@pytest.mark.parametrize("name", ["..", ".", "", "../out", "a/b", "/tmp/x", ".hidden", "a\0b"])
def test_it_refuses_a_queue_name_that_leads_out_of_its_folder(
    connection: Connection, name: str
) -> None:
    with pytest.raises(ChannelError, match="Invalid queue name"):
        connection.default_channel._put(name, {})


def test_it_says_that_the_folder_is_missing() -> None:
    with (
        Connection(BROKER_URL) as connection,
        pytest.raises(ChannelError, match="broker_transport_options"),
    ):
        connection.transport.establish_connection()
