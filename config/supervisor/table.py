"""Which processes make up Pincite. The Procfile says the same for other runners."""

from __future__ import annotations

import sys
from pathlib import Path

from .processes import Process

HOST = "127.0.0.1"


def table(data: Path, port: int, answer_threads: int, emulator_port: int | None) -> list[Process]:
    """In starting order. Without ``emulator_port`` none is started."""
    web = ["--host", HOST, "--port", str(port), "--lifespan", "off", "--no-access-log"]
    # Open streams never end by themselves: without a limit they would hold the stop up.
    web += ["--timeout-graceful-shutdown", "2", "--log-level", "warning"]
    processes = [
        _python("web", "uvicorn", "config.asgi:application", *web),
        _worker("answers", answer_threads),
        _worker("ingest", 2),  # its readers run in a child of their own
        _worker("ocr", 1),  # a page takes a core for seconds
        _worker("default", 4),
        _python("beat", "celery", "-q", "-A", "config", "beat", "--loglevel", "WARNING"),
    ]
    if emulator_port:
        options = ["--port", str(emulator_port), "--data", str(data / "emulator"), "--quiet"]
        processes.append(_python("emulator", "emulator", *options))
    greeting = [sys.executable, "-m", "config.supervisor.greeting"]
    return [*processes, Process("greeting", greeting, once=True)]


def _python(name: str, module: str, *arguments: str) -> Process:
    return Process(name, [sys.executable, "-m", module, *arguments])


def _worker(queue: str, threads: int) -> Process:
    """A Celery worker of one queue. Threads, because the work waits for the API or for a child."""
    options = ["--queues", queue, "--hostname", f"{queue}@%h", "--pool", "threads"]
    options += ["--concurrency", str(threads)]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return _python(queue, "celery", "-q", "-A", "config", "worker", *options)
