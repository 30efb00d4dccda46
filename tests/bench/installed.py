"""What an installation weighs, how soon it is there, and what it holds in memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.person import Person
from tests.conftest import free_port
from tests.stack import ROOT, Stack


def size_mb(folder: Path) -> float:
    """Megabytes (10^6 bytes) that the folder takes on its disk."""
    blocks = subprocess.run(["du", "-sk", folder], capture_output=True, check=True, text=True)
    return int(blocks.stdout.split()[0]) * 1024 / 1e6


@dataclass(frozen=True)
class Size:
    """Megabytes: the virtual environment, pip included, and the program's own files."""

    environment: float
    program: float


def installed_size(folder: Path) -> Size:
    """Installs requirements.txt into a new environment, as `make run` does."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "-qq"]
    command = [*pip, "--disable-pip-version-check", "--requirement", ROOT / "requirements.txt"]
    subprocess.run(command, check=True)
    tree = folder / "tree"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    return Size(size_mb(folder / "venv"), size_mb(tree))


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[tuple[str, float]]:
    """Pincite by this command over this data folder: its address, and when it was started."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "MAKEFLAGS", "MAKELEVEL"):
        kept.pop(name, None)
    port = str(free_port())
    environment = {**kept, "PINCITE_DATA": str(folder), "PINCITE_PORT": port}
    with (folder / "run.log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}", began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(15)


def seconds_to_first_page(folder: Path) -> float:
    """From starting the supervisor to the sign-in page. The folder's second time is a restart."""
    with started([sys.executable, "-m", "config.supervisor"], folder) as (url, began):
        deadline = began + 60
        while time.perf_counter() < deadline:
            try:
                with urllib.request.urlopen(f"{url}/signin/", timeout=5) as page:
                    if page.status == 200:
                        return time.perf_counter() - began
            except OSError:
                time.sleep(0.01)
    raise AssertionError("no page in 60 s")


@dataclass(frozen=True)
class FirstAnswer:
    """Seconds since `make run` was typed; ``cited``: a footnote number in the stream."""

    link: float
    ready: float
    cited: float


def first_answer(folder: Path, contract: Path, question: str, model: str) -> FirstAnswer:
    """`make run` on this installed tree, over an empty data folder, to a cited answer."""
    with started(["make", "--silent", "run"], folder) as (_url, began):
        link = _link(folder / "run.log")
        linked = time.perf_counter() - began
        person = Person.signed_in(link)
        document = person.upload(contract)
        ready = time.perf_counter() - began
        before = time.perf_counter() - began
        asked = person.ask(question, model, document)
        person.close()
    assert asked.cited, asked.text
    return FirstAnswer(linked, ready, before + asked.cited)


def _link(log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for word in log.read_text(errors="replace").split():
            if "/signin/link/" in word:
                return word
        time.sleep(0.01)
    raise AssertionError(log.read_text(errors="replace"))


def memory_mb(stack: Stack) -> dict[str, float]:
    """Proportional set size by process, in megabytes: shared pages are counted once."""
    found: dict[str, float] = {}
    for pid in [stack.process.pid, *_descendants(stack.process.pid)]:
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
        found[f"{name.strip()[:40]} ({pid})"] = round(pss * 1024 / 1e6, 1)
    return found


def _descendants(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))
