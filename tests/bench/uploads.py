"""Uploads: pages a second from accepted to ready, beside bare readers; and two people who drop a
hundred files each at once, while one of them goes on asking."""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.bench import installed
from tests.bench.person import Person
from tests.bench.streams import QUESTIONS, Spread, at_once
from tests.emulator_support import CONTRACTS
from tests.stack import ROOT, Stack

GOALS = {"of_bare_pdfium": 0.5, "uneven": 0.25, "question_added_ms": 30.0}
MODEL = "claude-sonnet-5-5"
HEAP = 100
TABS = 3  # files that a browser sends at a time
IDLE_QUESTIONS = 12
SAMPLES = ROOT / "documents" / "samples"

PDFIUM = """
import sys, time, pypdfium2
began, pages = time.perf_counter(), 0
for path in sys.argv[1:]:
    pdf = pypdfium2.PdfDocument(path)
    for number in range(len(pdf)):
        pdf[number].get_textpage().get_text_range()
    pages += len(pdf)
print(pages / (time.perf_counter() - began))
"""
PYPDF = """
import sys, time, pypdf
began, pages = time.perf_counter(), 0
for path in sys.argv[1:]:
    for page in pypdf.PdfReader(path).pages:
        page.extract_text()
        pages += 1
print(pages / (time.perf_counter() - began))
"""

COLLEAGUE = """
from accounts.models import Member, SignInLink, User, Workspace
from accounts.roles import Role
user = User.objects.create_user("colleague@example.com", "not-a-secret", name="Colleague")
Member.objects.create(workspace=Workspace.objects.get(), user=user, role=Role.ANALYST)
print(f"/signin/link/{SignInLink.make(user)}/")
"""


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    files = sorted(CONTRACTS.glob("*.pdf")) or sorted(SAMPLES.glob("*.pdf"))
    for name in ("throughput", "crowd"):
        (folder / name).mkdir()
    return {
        "reading": measure_reading(folder / "throughput", files),
        "crowd": measure_crowd(folder / "crowd", files, options),
        "upload_goals": GOALS,
    }


def verdict(value: float, goal: str, at_least: bool = False) -> str:
    limit = GOALS[goal]
    kept = value >= limit if at_least else value <= limit
    return f"   goal {'≥' if at_least else '≤'} {limit:g}: {'kept' if kept else 'MISSED'}"


def rows(database: Path) -> list[tuple[int, str, float, float, int]]:
    """Of each version: who, name, accepted and ready as seconds, pages; those that are ready."""
    query = (
        "SELECT uploaded_by_id, name, created_at, ready_at, page_count FROM documents_version"
        " WHERE status = 'ready' ORDER BY ready_at"
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        found = connection.execute(query).fetchall()
    return [
        (who, name, _seconds(accepted), _seconds(ready), pages)
        for who, name, accepted, ready, pages in found
    ]


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def wait_until_ready(database: Path, count: int, seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while len(rows(database)) < count:
        assert time.monotonic() < deadline, f"{len(rows(database))} of {count} ready"
        time.sleep(0.2)


def send(person: Person, files: Sequence[tuple[str, bytes]]) -> None:
    """As a browser does: so many at a time, each on a connection of its own."""

    def share(number: int) -> None:
        tab = person.again()
        for name, data in files[number::TABS]:
            tab.send(name, data)
        tab.close()

    at_once([lambda number=number: share(number) for number in range(TABS)])  # type: ignore[misc]


# pages a second ------------------------------------------------------------------------------


def bare(program: str, files: Sequence[Path]) -> float:
    """Pages a second that a program of nothing else reads, starting Python left out."""
    command = [sys.executable, "-c", program, *map(str, files)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def measure_reading(folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    stack = Stack(folder)
    try:
        person = Person.signed_in(stack.link)
        person.upload(SAMPLES / "Mutual non-disclosure agreement.pdf")  # starts a reader
        database = folder / "pincite.sqlite3"
        before = bare(PDFIUM, files)
        send(person, [(path.name, path.read_bytes()) for path in files])
        wait_until_ready(database, len(files) + 1)
        after = bare(PDFIUM, files)
        memory = round(sum(installed.memory_mb(stack).values()))
        person.close()
    finally:
        stack.stop()
    read = rows(database)[1:]
    pages = sum(row[4] for row in read)
    seconds = max(row[3] for row in read) - min(row[2] for row in read)
    pdfium, pypdf = (before + after) / 2, bare(PYPDF, files[::3])
    share = pages / seconds / pdfium
    print(
        f"{len(files)} PDFs of {pages} pages, through HTTP, pages a second from accepted to ready"
    )
    print(f"  Pincite, one worker process               {pages / seconds:8.0f}")
    print(f"  pypdfium2's bare text extraction          {pdfium:8.0f}", end="")
    print(f"   Pincite has {share:.2f} of it{verdict(share, 'of_bare_pdfium', at_least=True)}")
    print(f"  pypdf's (every third file)                {pypdf:8.0f}")
    print(f"  memory of all processes then, MB          {memory:8}\n")
    return {
        "pages": pages,
        "pages_per_second": round(pages / seconds, 1),
        "pdfium_pages_per_second": round(pdfium, 1),
        "pypdf_pages_per_second": round(pypdf, 1),
        "of_bare_pdfium": round(share, 3),
        "memory_mb": memory,
    }


# two people ----------------------------------------------------------------------------------


def heap(files: Sequence[Path], owner: str) -> list[tuple[str, bytes]]:
    """A hundred PDFs that nobody else has: a comment behind the end makes them so."""
    chosen = [files[number % len(files)] for number in range(HEAP)]
    return [
        (f"{owner} {number}.pdf", path.read_bytes() + f"\n% {owner} {number}\n".encode())
        for number, path in enumerate(chosen)
    ]


def measure_crowd(
    folder: Path, files: Sequence[Path], options: argparse.Namespace
) -> dict[str, Any]:
    stack = Stack(folder)
    try:
        first = Person.signed_in(stack.link)
        link = stack.url + stack.manage("shell", "-v", "0", "-c", COLLEAGUE).strip()
        second = Person.signed_in(link)
        document = first.upload(options.contract)
        database = folder / "pincite.sqlite3"
        ask(first, document, 2)  # a warm-up
        idle = ask(first, document, IDLE_QUESTIONS)
        heaps = {1: heap(files, "first"), 2: heap(files, "second")}
        done = threading.Event()
        peak = threading.Thread(target=lambda: peaks.append(peak_memory(stack, done)))
        peaks: list[int] = []
        asked: list[float] = []
        asker = threading.Thread(target=lambda: asked.extend(ask_until(first, document, done)))
        sender = threading.Thread(target=send, args=(first, heaps[1]))
        for thread in (peak, asker, sender):
            thread.start()
        time.sleep(1.0)  # the second one comes late
        send(second, heaps[2])
        sender.join()
        wait_until_ready(database, 1 + 2 * HEAP)
        done.set()
        asker.join()
        peak.join()
        first.close()
        second.close()
    finally:
        stack.stop()
    return report(rows(database)[1:], idle, asked, peaks[0])


def ask(person: Person, document: str, count: int) -> list[float]:
    """Milliseconds to the first text of so many questions, one after the other."""
    return [
        person.ask(QUESTIONS[number % len(QUESTIONS)], MODEL, document).first * 1000
        for number in range(count)
    ]


def ask_until(person: Person, document: str, done: threading.Event) -> list[float]:
    tab = person.again()
    found: list[float] = []
    while not done.is_set():
        found += ask(tab, document, 1)
    tab.close()
    return found


def peak_memory(stack: Stack, done: threading.Event) -> int:
    most = 0
    while not done.wait(1.0):
        most = max(most, round(sum(installed.memory_mb(stack).values())))
    return most


def report(
    read: Sequence[tuple[int, str, float, float, int]],
    idle: list[float],
    asked: list[float],
    peak: int,
) -> dict[str, Any]:
    owners = sorted({row[0] for row in read})
    waits = {}
    print(f"two people drop {HEAP} PDFs each, the second a second later; s until the nth is ready")
    for owner, title in zip(owners, ("first", "second"), strict=True):
        began = min(row[2] for row in read if row[0] == owner)
        ready = [row[3] - began for row in read if row[0] == owner]
        waits[title] = {n: round(ready[n - 1], 1) for n in (1, 10, 25, 50, 75, 100)}
        cells = "  ".join(f"{n}: {seconds:5.1f}" for n, seconds in waits[title].items())
        print(f"  {title:8} {cells}")
    uneven = max(
        abs(a - b) / max(a, b)
        for n, a in waits["first"].items()
        if n >= 25 and (b := waits["second"][n])
    )
    print(f"  largest difference, of the longer wait    {uneven:8.2f}{verdict(uneven, 'uneven')}")
    quiet, busy = Spread.of(idle), Spread.of(asked)
    added = busy.median - quiet.median
    print("first text of questions meanwhile, ms (median / 95th percentile)")
    print(f"  nothing else to do  {quiet.median:6.0f} / {quiet.p95:.0f}   ({quiet.count})")
    print(f"  while they are read {busy.median:6.0f} / {busy.p95:.0f}   ({busy.count})", end="")
    print(verdict(added, "question_added_ms"))
    print(f"most memory of all processes, MB            {peak:6}\n")
    return {
        "ready_after_s": waits,
        "uneven": round(uneven, 3),
        "first_text_ms": {"idle": asdict(quiet), "busy": asdict(busy), "added": round(added, 1)},
        "peak_memory_mb": peak,
    }
