"""The queue on each broker: every task once, in time, and a worker that ends when told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_config_transport import ROOT, python, wait_for_lines

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("brokers")]

TASKS = """
import os
from celery import Celery
from celery.signals import worker_ready
from kombu import Exchange, Queue
import config.folder_transport
name = os.environ["NAME"]
app = Celery("noting", broker=os.environ["BROKER"] or config.folder_transport.BROKER_URL)
if not os.environ["BROKER"]:
    app.conf.broker_transport_options = {"folder": os.environ["FOLDER"]}
app.conf.update(task_ignore_result=True, worker_enable_remote_control=False,
                worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True,
                task_default_queue="work")
app.conf.task_queues = [Queue(name, Exchange(name), name, alias="work")]
def write(path, number):
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{number}\\n".encode())
    os.close(handle)
@worker_ready.connect
def ready(**_kwargs):
    write(os.environ["OUT"] + ".ready", 1)
@app.task
def note(number):
    write(os.environ["OUT"], number)
"""
WORKER = "celery -q -A noting worker --queues work --pool threads --concurrency 4 --loglevel ERROR"
WORKER += " --without-gossip --without-mingle --without-heartbeat"


class Noting:
    """A small Celery application on the broker; ``out`` is what its tasks wrote."""

    def __init__(self, broker, folder: Path) -> None:
        self.out, self.ready = folder / "out", folder / "out.ready"
        (folder / "noting.py").write_text(TASKS)
        self.environment = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "BROKER": broker.url,
            "FOLDER": str(folder / "queue"),
            "NAME": f"{broker.prefix}work",
            "OUT": str(self.out),
        }
        self.workers: list[subprocess.Popen[bytes]] = []

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        self.workers.append(
            subprocess.Popen(
                [sys.executable, "-m", *WORKER.split(), "-n", f"{name}@test"],
                env={**os.environ, **self.environment},
            )
        )
        return self.workers[-1]

    def send(self, script: str) -> None:
        assert python(f"import noting\n{script}", **self.environment).wait(60) == 0

    def lines(self, count: int, seconds: float = 30) -> list[int]:
        return wait_for_lines(self.out, count, seconds)


@pytest.fixture
def noting(broker, tmp_path):
    made = Noting(broker, tmp_path)
    yield made
    for worker in made.workers:
        worker.kill()
        worker.wait()
    broker.clean("work")


def test_two_workers_run_every_task_once_and_stop_when_told(noting):
    workers = [noting.worker("first"), noting.worker("second")]
    assert wait_for_lines(noting.ready, 2, 30) == [1, 1]
    noting.send("for number in range(300): noting.note.delay(number)")
    assert noting.lines(300) == list(range(300))
    for worker in workers:
        worker.terminate()
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert len(noting.lines(300)) == 300


def test_what_was_sent_before_a_worker_was_there_waits_for_it_and_what_expired_does_not(noting):
    noting.send("noting.note.apply_async((1,), expires=60)")
    noting.send("noting.note.apply_async((2,), expires=0.01)")
    noting.send("noting.note.apply_async((3,), countdown=1)")
    noting.worker("late")
    assert noting.lines(2) == [1, 3]
