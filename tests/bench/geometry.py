"""Whether highlights cover their quotes, by ink, and how soon after a click a page is lit.

The quotes are what a lawyer marked in the contracts, and one on every odd page there is. A click is
the places of a quote and the picture of its page, asked for one after the other of a running
Pincite, whose child that draws has been started: cold, no picture of that page or a neighbour is
there; warm, it was looked at before.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

from documents import ingest
from tests import gold, ink, papers
from tests.bench.person import Person
from tests.emulator_support import CONTRACTS
from tests.oddities import ODDITIES
from tests.stack import Stack

COVERED = 0.995
GOALS = {"covered_share": 0.99, "foreign_p95": 0.05, "cold_p95_ms": 150.0, "warm_p95_ms": 30.0}
WIDTH = 1200
CLICKS = 120
LIMITS = ingest.Limits(bytes=100_000_000, pages=5_000)


@dataclass(frozen=True)
class Quote:
    """``covered`` and ``foreign`` over all pages that it is on."""

    file: str
    page: int
    start: int
    end: int
    covered: float
    foreign: float


def measure(folder: Path, options: Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {"geometry_goals": GOALS}
    odd = _oddities(folder)
    print(f"{'quotes':32} {'number':>7} {'covered':>9} {'foreign ink, p95':>17} {'most':>6}")
    found["oddities"] = _told("one on every odd page", odd)
    if CONTRACTS.is_dir():
        quotes = list(_contracts())
        found["contracts"] = _told("marked in contracts", quotes)
        print("covered: the share of quotes with 99.5 % of their ink within their boxes\n")
        found |= _clicks(folder, quotes)
    ingest.close()
    return found


def _told(title: str, quotes: list[Quote]) -> dict[str, Any]:
    share = sum(quote.covered >= COVERED for quote in quotes) / len(quotes)
    foreign = sorted(quote.foreign for quote in quotes)
    p95 = foreign[int(0.95 * (len(foreign) - 1))]
    print(f"{title:32} {len(quotes):7} {share:9.1%} {p95:17.1%} {foreign[-1]:6.0%}", end="")
    kept = share >= GOALS["covered_share"] and p95 <= GOALS["foreign_p95"]
    print(f"   goal ≥ 99 %, ≤ 5 %: {'kept' if kept else 'MISSED'}")
    for quote in quotes:
        if quote.covered < COVERED:
            print(
                f"  {quote.covered:.1%} of {quote.file} p. {quote.page} [{quote.start}:{quote.end}]"
            )
    return {"quotes": len(quotes), "covered_share": round(share, 4), "foreign_p95": round(p95, 4)}


def _boxes(path: Path, ranges: list[ingest.PageRange]) -> list[ingest.PageBoxes]:
    return ingest.boxes(path, LIMITS, ranges)


def _oddities(folder: Path) -> list[Quote]:
    seen = []
    for number, (name, oddity) in enumerate(ODDITIES.items()):
        path = folder / f"{number}.pdf"
        path.write_bytes(papers.write(oddity.papers))
        reading = ingest.read(path, ingest.Kind.PDF, LIMITS)
        start = reading.text.index(oddity.quote)
        end = start + len(oddity.quote)
        pages = [page for page in reading.pages if page.start < end and page.end > start]
        found = _boxes(
            path,
            [
                ingest.PageRange(
                    page.number,
                    max(start - page.start, 0),
                    min(end, page.end) - page.start,
                    page.raw_sha256,
                )
                for page in pages
            ],
        )
        twin = papers.write(oddity.papers, oddity.ink)
        with pypdfium2.PdfDocument(path) as plain, pypdfium2.PdfDocument(twin) as marked:
            inks = [
                ink.compared(
                    ink.drawn(plain[boxes.page - 1]), ink.drawn(marked[boxes.page - 1]), boxes.rects
                )
                for boxes in found
            ]
        if any(one.amount for one in inks):  # one of them is invisible
            seen.append(_quote(name, pages[0].number, start, end, inks))
    return seen


def _contracts() -> Iterator[Quote]:
    """The first marked clause of every question."""
    questions: dict[str, list[gold.Gold]] = {}
    for one in gold.spread(CONTRACTS / "gold.jsonl", 10_000):
        questions.setdefault(one.file, []).append(one)
    for name, asked in sorted(questions.items()):
        path = CONTRACTS / name
        reading = ingest.read(path, ingest.Kind.PDF, LIMITS)
        contract = gold.Contract(path, reading.text)
        for one in asked:
            places = contract.clauses(one)
            if not places:
                continue
            start, end = places[0]
            inks = ink.of_clause(path, reading, (start, end), _boxes)
            page = next(page.number for page in reading.pages if page.end > start)
            yield _quote(name, page, start, end, inks)


def _quote(name: str, page: int, start: int, end: int, inks: list[ink.Ink]) -> Quote:
    amount = sum(one.amount for one in inks) or 1.0
    covered = sum(one.amount * one.covered for one in inks) / amount
    return Quote(name, page, start, end, covered, max(one.foreign for one in inks))


# clicks --------------------------------------------------------------------------------------


def _clicks(folder: Path, quotes: list[Quote]) -> dict[str, Any]:
    (folder / "stack").mkdir()
    stack = Stack(folder / "stack")
    try:
        versions = _ingested(stack)
        person = Person.signed_in(stack.link)
        clicks = _apart(quotes)
        first = _lit(person, versions, clicks[0])
        times = {
            name: [_lit(person, versions, click) for click in clicks[1:]]
            for name in ("cold", "warm")
        }
        person.close()
    finally:
        stack.stop()
    print(f"from a click to a lit page, ms {'median':>17} {'p95':>9} {'most':>6}")
    numbers: dict[str, Any] = {"first_after_start_ms": round(first, 1)}
    for name, taken in times.items():
        median, p95 = statistics.median(taken), sorted(taken)[int(0.95 * (len(taken) - 1))]
        goal = GOALS[f"{name}_p95_ms"]
        print(
            f"  {name}, {len(taken)} pages{'':26} {median:6.1f} {p95:9.1f} {max(taken):6.0f}",
            end="",
        )
        print(f"   goal p95 ≤ {goal:g}: {'kept' if p95 <= goal else 'MISSED'}")
        numbers[f"{name}_ms"] = {"median": round(median, 1), "p95": round(p95, 1)}
    busy = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"  the first after the start: {first:.0f}; the machine's load was {busy}\n")
    return {"clicks": numbers}


def _ingested(stack: Stack) -> dict[str, str]:
    """File name → public id of its version."""
    paths = [str(path) for path in sorted(CONTRACTS.glob("*.pdf"))]
    lines = stack.manage("ingest", "--json", *paths).splitlines()
    read = [json.loads(line) for line in lines if line.startswith("{")]
    return {Path(line["path"]).name: line["version"] for line in read}


def _apart(quotes: list[Quote]) -> list[Quote]:
    """Quotes on pages that are no neighbours, of which none was drawn ahead for another."""
    chosen: dict[str, list[Quote]] = {}
    for quote in quotes:
        others = chosen.setdefault(quote.file, [])
        if all(abs(other.page - quote.page) > 2 for other in others):
            others.append(quote)
    ranked = sorted(
        (index, quote.file)
        for quote_list in chosen.values()
        for index, quote in enumerate(quote_list)
    )
    return [chosen[file][index] for index, file in ranked][: CLICKS + 1]


def _lit(person: Person, versions: dict[str, str], click: Quote) -> float:
    """Milliseconds."""
    base = f"{person.workspace}versions/{versions[click.file]}"
    began = time.perf_counter()
    status, places = person.fetch(f"{base}/boxes/?start={click.start}&end={click.end}")
    drawn, picture = person.fetch(f"{base}/pages/{click.page}/{WIDTH}/")
    taken = (time.perf_counter() - began) * 1000
    assert (status, drawn) == (200, 200), (status, drawn)
    assert json.loads(places)["pages"][0]["rects"]
    assert picture
    time.sleep(0.15)  # nobody clicks faster; the neighbours are drawn meanwhile
    return taken
