"""What has to be right before the first process starts: data folder, ports, database, imports."""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import socket
import sys
import threading
from pathlib import Path

from .processes import Process
from .table import HOST, table

# What the processes import anyway; whoever is forked later has it already.
PRELOADED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "config.urls",
    "uvicorn.main",
    "uvicorn.lifespan.off",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


class CannotStart(Exception):
    """Its text is the sentence to show."""


def lock(data: Path) -> None:
    """Hold the data folder until this process ends. CannotStart if another one does."""
    handle = os.open(data / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.read(handle, 20).decode() or "unknown"
        raise CannotStart(
            f"Pincite is already running on the data folder {data} (process {other}). "
            "Stop it first, or set PINCITE_DATA to another folder."
        ) from None
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())


def check_port(port: int, variable: str) -> None:
    """CannotStart, naming the variable and a free port, if something listens there."""
    with socket.socket() as probe:
        # as the servers do: connections of an earlier run that linger are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {HOST} cannot be used ({error.strerror}). Stop the program that "
                f"has it, or choose another port: {variable}={free_port()} make run"
            ) from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def choose_emulator() -> bool:
    """Whether an emulator is to be started; its address goes into the environment.

    Before the settings are imported, because they read it there.
    """
    given = {
        name: os.environ.get(name, "").strip()
        for name in ("ANTHROPIC_API_KEY", "PINCITE_EMULATOR_URL")
    }
    if any(given.values()):
        return False
    if os.environ.get("PINCITE_EMULATOR_PORT", "").strip() in ("", "0"):
        os.environ["PINCITE_EMULATOR_PORT"] = str(free_port())
    port = os.environ["PINCITE_EMULATOR_PORT"].strip()
    os.environ["PINCITE_EMULATOR_URL"] = f"http://{HOST}:{port}"
    return True


def get_ready() -> list[Process]:
    """The processes to start; all they share is imported. Raises CannotStart."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    emulated = choose_emulator()
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise CannotStart(str(error)) from error
    from django.conf import settings

    lock(settings.DATA)
    check_port(settings.PORT, "PINCITE_PORT")
    if emulated:
        check_port(settings.EMULATOR_PORT, "PINCITE_EMULATOR_PORT")
    migration = start_migration()
    preload([*PRELOADED, "emulator.server"] if emulated else PRELOADED)
    if os.waitpid(migration, 0)[1]:
        raise CannotStart("The database or the static files could not be set up; see above.")
    # only now: the application lists the static files once, when it is made
    preload(["config.asgi"])
    return table(
        data=settings.DATA,
        port=settings.PORT,
        answer_threads=settings.ANSWER_THREADS,
        emulator_port=settings.EMULATOR_PORT if emulated else None,
    )


def start_migration() -> int:
    """The id of a child that migrates and collects static files, while this process imports."""
    from django.core.management import call_command

    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        status = 0
    except KeyboardInterrupt:
        pass
    except Exception as error:
        print(f"{error.__class__.__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def preload(modules: list[str] | tuple[str, ...]) -> None:
    for module in modules:
        importlib.import_module(module)
    from config.celery import app

    app.loader.import_default_modules()
    if threading.active_count() > 1:
        raise RuntimeError(f"A module started a thread: {threading.enumerate()}")
    # the collector would write to every page that the forked processes share
    gc.collect()
    gc.freeze()
