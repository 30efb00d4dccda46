"""The whole of Pincite as `make run` starts it, over a data folder of the test's own."""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]


DATABASE = "pincite.sqlite3"
MAKE_LINK = """
INSERT INTO accounts_signinlink (user_id, token_hash, created_at)
SELECT min(id), ?, ? FROM accounts_user WHERE is_superuser
"""


@cache
def migrated() -> Path:
    """An empty database with all its tables. Each start would else spend seconds on them; a start
    in an empty folder is tested where the supervisor is."""
    folder = Path(tempfile.mkdtemp(prefix="pincite-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        cwd=ROOT,
        env={**_environment(), "PINCITE_DATA": str(folder)},
        check=True,
    )
    return folder / DATABASE


def _environment() -> dict[str, str]:
    """Of this process, without what is said of Pincite."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"):
        kept.pop(name, None)
    return kept


class Stack:
    """Started on construction; ``url`` and ``link`` as the greeting prints them."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **_environment(),
            "PINCITE_DATA": str(folder),
            "PINCITE_PORT": str(free_port()),
            "PINCITE_EMULATOR_PORT": str(free_port()),
            **environment,
        }
        if not (folder / DATABASE).exists():
            shutil.copy(migrated(), folder / DATABASE)
        self.emulator = f"http://127.0.0.1:{self.environment['PINCITE_EMULATOR_PORT']}"
        self.log = folder / "run.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.supervisor"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.link = self._wait_for(r"(http://\S+/signin/link/\S+)")
        except BaseException:  # nobody else will hear of what was started
            self.stop()
            raise
        self.url = self.link.split("/signin/")[0]

    def _wait_for(self, pattern: str, seconds: float = 90.0) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.log.read_text(errors="replace")):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"no {pattern} in:\n{self.log.read_text(errors='replace')}")

    def manage(self, *argv: str) -> str:
        """What a management command prints, over the same data folder."""
        done = subprocess.run(
            [sys.executable, "manage.py", *argv],
            cwd=ROOT,
            env={**self.environment, "PINCITE_EMULATOR_URL": self.emulator},
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def fresh_link(self) -> str:
        """As the command makes it, which takes seconds to start."""
        token = secrets.token_urlsafe(24)
        digest = hashlib.sha256(token.encode()).hexdigest()
        with closing(sqlite3.connect(self.folder / DATABASE, timeout=30)) as database, database:
            database.execute(MAKE_LINK, [digest, f"{datetime.now(UTC):%F %T.%f}"])
        return f"{self.url}/signin/link/{token}/"

    def pid(self, name: str) -> int:
        """The process of that name among the supervisor's children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            title = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if re.search(rf"\b{name}\b", title):
                return int(pid)
        raise AssertionError(f"no process {name}")

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def stop(self) -> float:
        """Ctrl-C; the seconds until all had ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        return time.monotonic() - began
