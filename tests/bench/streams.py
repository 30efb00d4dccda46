"""The same questions through Pincite and through the bare SDK, in turns, on one emulator."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from tests.bench.bare import Bare, Heard
from tests.bench.person import Asked, Person

QUESTIONS = (
    "Which law governs this agreement?",
    "How can this agreement be terminated, and with how much notice?",
    "What must be kept confidential?",
    "Who owns the intellectual property?",
)
T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """Median and 95th percentile of some milliseconds or rates."""

    median: float
    p95: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        ordered = sorted(values)
        last = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
        return cls(round(statistics.median(ordered), 1), round(last, 1), len(ordered))


@dataclass(frozen=True)
class Pair:
    """The same question asked both ways, one just after the other."""

    through: Asked
    bare: Heard
    follow_up: bool


@dataclass
class Load:
    """What was measured with ``streams`` answers at once; seconds are of all answers together."""

    streams: int
    pairs: list[Pair] = field(default_factory=list)
    words: int = 0
    seconds_through: float = 0.0
    seconds_bare: float = 0.0
    # of answers: ms until Claude was asked, and from Claude's first text to the reader's
    ways: list[tuple[float, float]] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)

    def first_ms(self, follow_up: bool) -> tuple[Spread, Spread, Spread]:
        """Through Pincite, bare, and what Pincite added, question by question."""
        pairs = [pair for pair in self.pairs if pair.follow_up == follow_up]
        through = [pair.through.first * 1000 for pair in pairs]
        bare = [pair.bare.first * 1000 for pair in pairs]
        added = [one - other for one, other in zip(through, bare, strict=True)]
        return Spread.of(through), Spread.of(bare), Spread.of(added)

    def ways_ms(self) -> tuple[Spread, Spread]:
        """The two parts of what Pincite adds: to Claude, and back from it."""
        there, back = zip(*self.ways, strict=True)
        return Spread.of(there), Spread.of(back)

    def words_a_second(self) -> tuple[Spread, Spread]:
        """Of one stream, between its first and its last text; through Pincite and bare."""
        both = []
        for stream in ([p.through for p in self.pairs], [p.bare for p in self.pairs]):
            rates = [
                (len(one.text.split()) - one.words_first) / (one.last - one.first)
                for one in stream
                if one.last > one.first
            ]
            both.append(Spread.of(rates))
        return both[0], both[1]


def at_once(jobs: Sequence[Callable[[], T]]) -> tuple[list[T], float]:
    """What the jobs return, started together, and the seconds until the last one was done."""
    results: dict[int, T] = {}
    start = threading.Barrier(len(jobs) + 1)

    def work(number: int) -> None:
        start.wait()
        results[number] = jobs[number]()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return [results[number] for number in range(len(jobs))], seconds


@dataclass
class Bench:
    """A person with a document in a running Pincite, and the SDK with the same one."""

    person: Person
    bare: Bare
    document: str
    database: Path
    requests: Callable[[int], Any]  # the last ones that the emulator got

    def run(self, streams: int, rounds: int) -> Load:
        """In every round, `streams` first questions at once, then a follow-up to each."""
        tabs = [self.person.again() for _ in range(streams)]
        load = Load(streams)
        try:
            for number in range(rounds):
                self._round(load, tabs, number)
        finally:
            for tab in tabs:
                tab.close()
        return load

    def _round(self, load: Load, tabs: list[Person], number: int) -> None:
        questions = [QUESTIONS[(number + i) % len(QUESTIONS)] for i in range(len(tabs))]
        firsts: list[Pair] = []
        for follow_up in (False, True):
            threads = [pair.through.thread for pair in firsts] or [""] * len(tabs)
            earlier: list[Heard | None] = [*(pair.bare for pair in firsts)] or [None] * len(tabs)
            ways: list[Callable[[], None]] = []
            through: list[Asked] = []
            bare: list[Heard] = []

            def ask(threads: list[str] = threads, into: list[Asked] = through) -> None:
                found, seconds = at_once(
                    [
                        lambda tab=tab, question=question, thread=thread: tab.ask(  # type: ignore[misc]
                            question, self.bare.model, self.document, thread
                        )
                        for tab, question, thread in zip(tabs, questions, threads, strict=True)
                    ]
                )
                into += found
                load.seconds_through += seconds

            def say(earlier: list[Heard | None] = earlier, into: list[Heard] = bare) -> None:
                params = [self.bare.params(q, e) for q, e in zip(questions, earlier, strict=True)]
                found, seconds = at_once(
                    [lambda given=given: self.bare.say(given) for given in params]  # type: ignore[misc]
                )
                into += found
                load.seconds_bare += seconds

            ways = [ask, say] if number % 2 else [say, ask]
            for way in ways:
                way()
            pairs = [Pair(a, b, follow_up) for a, b in zip(through, bare, strict=True)]
            self._compare(load, pairs)
            self._time(load, pairs)
            load.pairs += pairs
            firsts = firsts or pairs

    def _compare(self, load: Load, pairs: list[Pair]) -> None:
        """Whether what was sent, stored, streamed and shown at the end is the same text."""
        for pair in pairs:
            sent, stored = pair.bare.text, self._stored(pair.through.answer)
            load.words += len(sent.split())
            if stored != sent:
                load.altered.append(f"stored {stored!r}, sent {sent!r}")
            shown = self.person.finished(pair.through.answer)
            if not shown or pair.through.text != shown:
                load.altered.append(f"streamed {pair.through.text!r}, shown {shown!r}")

    def _time(self, load: Load, pairs: list[Pair]) -> None:
        """What the emulator says of when it was asked, and when its first text left."""
        known = {one["request_id"]: one for one in self.requests(8 * len(pairs))["requests"]}
        for pair in pairs:
            asked = known[self._request(pair.through.answer)]
            shown = pair.through.at + pair.through.first
            there, back = asked["at"] - pair.through.at, shown - asked["spoke_at"]
            load.ways.append((there * 1000, back * 1000))

    def _stored(self, answer: str) -> str:
        return self._look("SELECT text FROM qa_answer WHERE public_id = ?", answer)

    def _request(self, answer: str) -> str:
        return self._look(
            "SELECT request_id FROM qa_apicall JOIN qa_answer ON qa_answer.id = answer_id"
            " WHERE qa_answer.public_id = ? AND purpose = 'answer' ORDER BY qa_apicall.id DESC",
            answer,
        )

    def _look(self, query: str, answer: str) -> str:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return str(connection.execute(query, [UUID(answer).hex]).fetchone()[0])
        finally:
            connection.close()


def canonical(database: Path) -> str:
    """The text of the only document there is."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return str(connection.execute("SELECT content FROM documents_text").fetchone()[0])
    finally:
        connection.close()
