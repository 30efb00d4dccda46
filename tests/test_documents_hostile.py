"""Odd, broken and malicious files, uploaded to everything that `make run` starts."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import APIRequestContext, sync_playwright

from tests.conftest import skip
from tests.stack import ROOT, Stack
from tests.test_ingest_sandbox import children

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.xdist_group("hostile")]
SHARED = ROOT.parent / "shared"
MEMORY_MB = 1536
SECONDS = 6
OCR_SECONDS = 60
# to be found reading or ended by someone who looks a few times a second, on a busy machine
SLACK = 8
WORKERS = ("web", "ingest", "ocr", "default")
FORMULAS = ["=cmd|' /C calc'!A0", '=HYPERLINK("http://127.0.0.1/x")', "@SUM(1+1)", "=1+1"]
NOT_FOR_USERS = re.compile(
    r"Traceback|Error\b|Exception|errno|\bNone\b|\.py\b|0x[0-9a-f]{4}|[a-z]_[a-z]+\(|[<>]|(?<!\w)/\w+/"
)


@dataclass
class Limits:
    """What the system holds a child to, and the most memory that it was seen to use."""

    address_space: int = 0
    file_size: int = -1
    peak_mb: float = 0.0


class Watch:
    """Looks at the children of some processes until stopped."""

    def __init__(self, *parents: int) -> None:
        self.seen: dict[int, Limits] = {}
        self._parents = parents
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for parent in self._parents:
                with contextlib.suppress(OSError):
                    for pid in children(parent):
                        self._note(pid)

    def _note(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            limits = Path(f"/proc/{pid}/limits").read_text()
            space = re.search(r"Max address space\s+(\d+)", limits)
            size = re.search(r"Max file size\s+(\d+)", limits)
            if peak and space and size:  # it has begun to read: first it limits itself
                seen = self.seen.setdefault(pid, Limits())
                seen.address_space, seen.file_size = int(space[1]), int(size[1])
                seen.peak_mb = max(seen.peak_mb, int(peak[1]) / 1024)


@dataclass
class Run:
    """All files uploaded and ended, and what was seen meanwhile.

    ``refused`` are the sentences that uploads were refused with, by name; ``seconds`` is how long
    a file was seen being read, by name and lane.
    """

    stack: Stack
    api: APIRequestContext
    workers: dict[str, int]
    watch: Watch
    uploaded: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    _reading: dict[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._library = self.api.get(self.stack.fresh_link()).url.split("?")[0]
        cookies = self.api.storage_state()["cookies"]
        self._token = next(one["value"] for one in cookies if "csrf" in one["name"])

    def upload(self, path: Path) -> None:
        kind = "application/octet-stream"
        file = {"name": path.name, "mimeType": kind, "buffer": path.read_bytes()}
        answer = self.api.post(
            f"{self._library}upload/",
            multipart={"files": file},
            headers={"X-CSRFToken": self._token, "HX-Request": "true"},
        )
        self.uploaded.append(path.name)
        assert answer.status in (200, 422), (path.name, answer.status)
        if answer.status == 422:
            (said,) = re.findall(r'<p class="no">✕ (.*?)</p>', answer.text(), re.DOTALL)
            self.refused[path.name] = html.unescape(said)

    def unfinished(self) -> int:
        """How many are waiting or read at the moment; for how long they are is noted."""
        rows = self.rows("name, lane, status", "status in ('queued', 'reading')")
        now = time.monotonic()
        at = {(name, lane) for name, lane, status in rows if status == "reading"}
        for one in set(self._reading) - at:
            self.seconds[one] = now - self._reading.pop(one)
        for one in at:
            self._reading.setdefault(one, now)
        return len(rows)

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while left := self.unfinished():
            assert time.monotonic() < deadline, f"{left} files do not end"
            time.sleep(0.2)

    def rows(self, columns: str, where: str = "true") -> list[Any]:
        """Of the versions and their texts, as they are stored."""
        file = f"file:{self.stack.folder}/pincite.sqlite3?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True, timeout=30)) as database:
            table = (
                "documents_version left join documents_text on version_id = documents_version.id"
            )
            return database.execute(f"select {columns} from {table} where {where}").fetchall()


def project() -> set[str]:
    """The names of all files that stand in the project, but for what tools keep there."""
    found = set()
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [n for n in folders if n[0] != "." and n not in ("__pycache__", "var")]
        found.update(os.path.join(folder, name) for name in files)
    return found


def formulas(folder: Path) -> None:
    folder.mkdir()
    text = "\n".join("x;" + '"' + one.replace('"', '""') + '"' for one in FORMULAS)
    (folder / "formulas.csv").write_text(f"name;what\n{text}\n")
    book = openpyxl.Workbook()
    for one in FORMULAS:
        book.active.append(["x", one])
    book.save(folder / "formulas.xlsx")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    hostile, maker = SHARED / "data" / "hostile", SHARED / "tools" / "make_bombs.py"
    if not (hostile.is_dir() and maker.is_file()):
        skip("corpus", "the hostile documents of ../shared are not here")
    bombs = tmp_path_factory.mktemp("bombs")
    make = [sys.executable, str(maker), str(bombs)]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    formulas(bombs / "formulas")
    return [path for path in (*hostile.rglob("*"), *bombs.rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def before() -> set[str]:
    return project()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders that programs like to write to, and empty ones here."""
    return {name: tmp_path_factory.mktemp(name.lower()) for name in ("HOME", "TMPDIR")}


@pytest.fixture(scope="module")
def run(
    files: list[Path],
    before: set[str],
    outside: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Run]:
    stack = Stack(
        tmp_path_factory.mktemp("stack"),
        **{name: str(folder) for name, folder in outside.items()},
        PINCITE_READER_SECONDS=str(SECONDS),
        PINCITE_READER_MEMORY_MB=str(MEMORY_MB),
        PINCITE_OCR_MINUTES=str(OCR_SECONDS // 60),
    )
    workers = {name: stack.pid(name) for name in WORKERS}
    watch = Watch(*workers.values())
    try:
        with sync_playwright() as playwright:
            api = playwright.request.new_context(timeout=60_000)
            made = Run(stack, api, workers, watch)
            for path in files:
                made.upload(path)
                made.unfinished()
            made.wait(600)
            yield made
            api.dispose()
    finally:
        watch.stop()
        stack.stop()


def test_every_file_ends_ready_or_refused_with_a_sentence(run):
    rows = run.rows("name, status, error, warnings")
    assert len(run.uploaded) > 280
    assert {status for _, status, _, _ in rows} == {"ready", "failed"}
    assert set(run.uploaded) <= {name for name, *_ in rows} | set(run.refused)
    said = [*run.refused.items(), *((name, error) for name, _, error, _ in rows if error)]
    said += [(name, sentence) for name, *_, warnings in rows for sentence in json.loads(warnings)]
    for name, sentence in said:
        assert sentence.endswith("."), (name, sentence)
        assert not NOT_FOR_USERS.search(sentence), (name, sentence)


def test_files_that_are_old_or_locked_are_refused_with_what_to_do(run, files):
    for path in files:
        if path.parent.name == "office" and path.read_bytes().startswith(b"\xd0\xcf\x11\xe0"):
            said = run.refused[path.name]
            assert "Not accepted: this is a" in said, path.name
            old = path.suffix in (".doc", ".xls", ".ppt", ".msg")
            assert ("Save it as ." if old else "Save a copy without one") in said, path.name


def test_no_worker_dies_and_readers_that_did_are_replaced(run, tmp_path):
    assert {name: run.stack.pid(name) for name in WORKERS} == run.workers
    assert run.rows("max(attempts)") == [(1,)]
    assert len(run.watch.seen) > 3  # as many read at the same time
    after = tmp_path / "after all that.txt"
    after.write_text("Read me.")
    run.upload(after)
    run.wait(30)
    assert run.rows("status", f"name = '{after.name}'") == [("ready",)]


def test_no_reader_takes_more_than_it_may(run):
    assert run.watch.seen
    for seen in run.watch.seen.values():
        assert seen.address_space == MEMORY_MB * 1024 * 1024
        assert seen.peak_mb < MEMORY_MB
    assert max(seen.peak_mb for seen in run.watch.seen.values()) > 300  # it was put to the test
    for (name, lane), seconds in run.seconds.items():
        assert seconds < (SECONDS if lane == "quick" else OCR_SECONDS) + SLACK, name
    assert run.rows("count(*)", "error_code = 'too_slow'") > [(1,)]


def test_nothing_is_written_outside_the_data_folder(run, outside, before):
    # not even there by those who read
    assert {seen.file_size for seen in run.watch.seen.values()} == {0}
    assert [*outside["HOME"].rglob("*"), *outside["TMPDIR"].rglob("*")] == []
    assert project() == before
    places = {Path("/abs"), Path("/tmp")}
    for start in (ROOT, run.stack.folder / "uploads" / "x", outside["TMPDIR"]):
        places |= {start, *start.parents}
    assert not [place for place in places if (place / "evil.txt").exists()]


@pytest.mark.parametrize("name", ["formulas.csv", "formulas.xlsx", "csv_formula_injection.csv"])
def test_formulas_stay_text(run, name):
    ((text,),) = run.rows("content", f"name = '{name}' and status = 'ready'")
    wanted = FORMULAS if name.startswith("formulas") else [FORMULAS[1], "@SUM(1+1)"]
    assert [one for one in wanted if one not in text] == []
