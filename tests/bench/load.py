"""Many answers at once, through Pincite and through the bare SDK, in turns, on one emulator.

All ask a first question at the same moment, and then a follow-up. An answer is lost when it is not
stored, streamed and shown as the API sent it. The rate is that of a stream from its first text to
its last. What is added to the first text is told in two parts: until Claude is asked, which no
stream log changes, and from Claude's first text to the reader's.
"""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.bare import Bare
from tests.bench.person import Person
from tests.bench.streams import Bench, Load, canonical
from tests.emulator_support import Emulator
from tests.stack import Stack

MODEL = "claude-sonnet-5-5"
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/9")
PACE = ("--tokens-per-second", "50", "--first-token-ms", "150")
# as many as one person may have at once (qa.turns) must be more than are asked
THREADS = {"PINCITE_ANSWER_THREADS": "128"}
CROWDS = {"ci": (10,), "full": (50, 100)}
ALONE = {"ci": 4, "full": 20}
RATES = {10: 0.9, 50: 0.9, 100: 0.8}  # at least, of the bare rate
ADDED_MS = {"files": 30.0, "redis": 10.0}  # at most, by the log, to the first text


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for log, environment in _logs().items():
        (folder / log).mkdir()
        with _everything(folder / log, options.contract, environment) as bench:
            found[log] = _measured(bench, log, options.scale)
    print("median / 95th percentile; added: the median of the differences, question by question\n")
    return {"load": found}


def _logs() -> dict[str, dict[str, str]]:
    """The stream logs that are there, with the environment that chooses them."""
    found = {"files": {"REDIS_URL": ""}}
    where = urlsplit(REDIS)
    try:
        socket.create_connection((where.hostname or "", where.port or 6379), 1).close()
    except OSError:
        print("load: streams in Redis are not measured, it cannot be reached")
        return found
    return {**found, "redis": {"REDIS_URL": REDIS}}


@contextmanager
def _everything(folder: Path, contract: Path, environment: dict[str, str]) -> Iterator[Bench]:
    for name in ("stack", "emulator"):
        (folder / name).mkdir()
    emulator = Emulator(folder / "emulator", *PACE)
    try:
        stack = Stack(folder / "stack", PINCITE_EMULATOR_URL=emulator.url, **THREADS, **environment)
        try:
            person = Person.signed_in(stack.link)
            document = person.upload(contract)
            database = folder / "stack" / "pincite.sqlite3"
            bare = Bare(emulator.url, MODEL, contract.name, canonical(database))
            yield Bench(person, bare, document, database, emulator.requests)
            bare.close()
            person.close()
        finally:
            stack.stop()
    finally:
        emulator.stop()


def _measured(bench: Bench, log: str, scale: str) -> dict[str, Any]:
    bench.run(1, 1)
    alone = bench.run(1, ALONE[scale])
    _through, _bare, added = alone.first_ms(follow_up=True)
    there, back = alone.ways_ms()
    print(f"streams in {log}: added to the first text of a follow-up, ms", end=" ")
    print(f"{added.median:.0f} / {added.p95:.0f}; until Claude is asked", end=" ")
    print(f"{there.median:.0f} / {there.p95:.0f}, back {back.median:.1f} / {back.p95:.1f}", end="")
    print(_verdict(back.median <= ADDED_MS[log], f"≤ {ADDED_MS[log]:g} ms back"))
    numbers: dict[str, Any] = {"added_ms": asdict(added), "back_ms": asdict(back)}
    for count in CROWDS[scale]:
        numbers[f"answers_{count}"] = _crowd(bench.run(count, 1), count, log)
    return numbers


def _crowd(load: Load, count: int, log: str) -> dict[str, Any]:
    lost = 2 * count - len(load.pairs) + len(load.altered)
    stream, bare_stream = load.words_a_second()
    whole, bare_whole = load.words / load.seconds_through, load.words / load.seconds_bare
    ratio = stream.median / bare_stream.median
    print(f"  {count} answers at once, {2 * count} asked: {lost} lost", end="")
    print(_verdict(lost == 0, "none"))
    print(f"    words a second of a stream   {stream.median:7.1f}", end="")
    print(f"   bare {bare_stream.median:7.1f}   {ratio:.2f}", end="")
    print(_verdict(ratio >= RATES[count], f"≥ {RATES[count]:g}"))
    print(f"    of all, from asking to end   {whole:7.0f}", end="")
    print(f"   bare {bare_whole:7.0f}   {whole / bare_whole:.2f}")
    for title, follow_up in (("follow-ups", True), ("new threads", False)):
        through, bare, _added = load.first_ms(follow_up)
        cell = f"{through.median:.0f} / {through.p95:.0f}"
        print(
            f"    first text, ms: {title:12} {cell:>15}   bare {bare.median:.0f} / {bare.p95:.0f}"
        )
    there, back = load.ways_ms()
    print(f"    until Claude is asked, ms    {there.median:.0f} / {there.p95:.0f};", end="")
    print(f" from its first text to the reader {back.median:.1f} / {back.p95:.1f}", end="")
    print(_verdict(back.median <= ADDED_MS[log], f"≤ {ADDED_MS[log]:g}"))
    for difference in load.altered[:3]:
        print(f"      {difference[:200]}")
    return {
        "lost": lost,
        "words_per_second_of_a_stream": {"pincite": asdict(stream), "sdk": asdict(bare_stream)},
        "words_per_second_in_all": {"pincite": round(whole, 1), "sdk": round(bare_whole, 1)},
        "ratio": round(ratio, 3),
        "ways_ms": {"to_claude": asdict(there), "back": asdict(back)},
    }


def _verdict(kept: bool, goal: str) -> str:
    return f"   goal {goal}: {'kept' if kept else 'MISSED'}"
