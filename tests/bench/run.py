"""`make bench`: what Pincite adds to the bare SDK, what an installation needs, and how well and how
fast it does the rest: a section for each, all of them or those named by ``--only``.

Everything is measured in one run on one emulator of known speed, Pincite and the SDK in turns. What
happens once (uploading the text, counting its tokens, opening connections) happens before, in a
warm-up that is not counted. Goals are printed beside; a missed one is said, and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
# the stack's module takes its free port from the tests' own, which need Django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.bench import (  # noqa: E402
    geometry,
    grid,
    installed,
    library,
    load,
    ocr,
    prefix,
    review,
    search,
    streams,
    uploads,
)
from tests.bench.bare import Bare  # noqa: E402
from tests.bench.person import Person  # noqa: E402
from tests.emulator_support import CONTRACTS, Emulator  # noqa: E402
from tests.stack import Stack  # noqa: E402

MODEL = "claude-sonnet-5-5"
CONTRACT = CONTRACTS / "SightLife-Surgical-Inc-STRATEGIC-SALES-MARKETING-AGREEMENT.pdf"
SAMPLE = ROOT / "documents" / "samples" / "Master services agreement.pdf"
IDLE_SECONDS = 5.0
# shown, and compared with what was measured: at most
GOALS = {
    "added_ms": 30.0,
    "altered": 0,
    "installed_mb": 400.0,
    "first_page_s": 5.0,
    "first_cited_answer_s": 60.0,
}


def main() -> None:
    options = _options()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pincite-bench-") as folder:
        report: dict[str, Any] = {
            "python": platform.python_version(),
            "contract": options.contract.name,
            "emulator": {
                "tokens_per_second": options.tokens_per_second,
                "first_token_ms": options.first_token_ms,
            },
            "goals": GOALS,
        }
        for name in options.only or SECTIONS:
            (Path(folder) / name).mkdir()
            report |= SECTIONS[name](Path(folder) / name, options)
    report["seconds"] = round(time.perf_counter() - began, 1)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    parser.add_argument("--quick", action="store_true", help="no installation for its size")
    parser.add_argument("--only", action="append", choices=SECTIONS, metavar="SECTION")
    parser.add_argument("--scale", choices=("ci", "full"), default="ci", help="how much of it")
    parser.add_argument("--rounds", type=int, default=20, help="of one answer at a time")
    parser.add_argument("--crowd-rounds", type=int, default=4, help="of ten at a time")
    parser.add_argument("--tokens-per-second", type=float, default=300)
    parser.add_argument("--first-token-ms", type=int, default=150)
    contract = CONTRACT if CONTRACT.exists() else SAMPLE
    parser.add_argument("--contract", type=Path, default=contract, metavar="PDF")
    return parser.parse_args()


# streams -------------------------------------------------------------------------------------


@contextmanager
def everything(folder: Path, options: argparse.Namespace) -> Iterator[tuple[Stack, Emulator]]:
    for name in ("stack", "emulator"):
        (folder / name).mkdir()
    pace = ("--tokens-per-second", str(options.tokens_per_second))
    emulator = Emulator(folder / "emulator", *pace, "--first-token-ms", str(options.first_token_ms))
    try:
        stack = Stack(folder / "stack", PINCITE_EMULATOR_URL=emulator.url)
        try:
            yield stack, emulator
        finally:
            stack.stop()
    finally:
        emulator.stop()


def measure_streams(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    print(f"{options.contract.name}; the emulator waits {options.first_token_ms} ms,", end=" ")
    print(f"then writes {options.tokens_per_second:g} tokens a second\n")
    with everything(folder, options) as (stack, emulator):
        person = Person.signed_in(stack.link)
        time.sleep(IDLE_SECONDS)
        memory = {"idle": installed.memory_mb(stack)}
        document = person.upload(options.contract)
        database = folder / "stack" / "pincite.sqlite3"
        bare = Bare(emulator.url, MODEL, options.contract.name, streams.canonical(database))
        bench = streams.Bench(person, bare, document, database, emulator.requests)
        bench.run(1, 1)
        bench.run(10, 1)
        loads = [bench.run(1, options.rounds), bench.run(10, options.crowd_rounds)]
        memory["after"] = installed.memory_mb(stack)
        bare.close()
        person.close()
    found = {f"streams_{load.streams}": stream_numbers(load) for load in loads}
    print_streams(found)
    idle, after = (round(sum(by.values())) for by in memory.values())
    print(f"memory when idle, without emulator, MB    {idle:6}   (after these answers {after})")
    return {**found, "memory_mb": memory}


def stream_numbers(load: streams.Load) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for name, follow_up in (("follow_up", True), ("new_thread", False)):
        through, bare, added = load.first_ms(follow_up)
        numbers[f"first_text_ms_{name}"] = {
            "pincite": asdict(through),
            "sdk": asdict(bare),
            "added": asdict(added),
        }
    there, back = load.ways_ms()
    numbers["ways_ms"] = {"to_claude": asdict(there), "back": asdict(back)}
    through, bare = load.words_a_second()
    numbers["words_per_second_of_a_stream"] = {"pincite": asdict(through), "sdk": asdict(bare)}
    numbers["words_per_second_in_all"] = {
        "pincite": round(load.words / load.seconds_through, 1),
        "sdk": round(load.words / load.seconds_bare, 1),
    }
    numbers["answers"] = len(load.pairs)
    numbers["words"] = load.words
    numbers["altered"] = load.altered
    return numbers


def print_streams(found: dict[str, Any]) -> None:
    print(f"{'':44} {'Pincite':>15} {'bare SDK':>15} {'added':>15}")
    for name, numbers in found.items():
        count = int(name.rsplit("_", 1)[1])
        print(f"{count} answer{'s' if count > 1 else ''} at a time")
        for title, key in (
            ("first text, ms: follow-up question", "first_text_ms_follow_up"),
            ("first text, ms: question in a new thread", "first_text_ms_new_thread"),
        ):
            row = numbers[key]
            cells = [f"{row[c]['median']:.0f} / {row[c]['p95']:.0f}" for c in row]
            goal = ""
            if count == 1 and key.endswith("follow_up"):
                goal = verdict(row["added"]["median"], "added_ms", "ms at the median")
            print(f"  {title:42} {cells[0]:>15} {cells[1]:>15} {cells[2]:>15}{goal}")
        there, back = numbers["ways_ms"]["to_claude"], numbers["ways_ms"]["back"]
        said = f"until Claude is asked {there['median']:.0f} / {there['p95']:.0f}, from its first"
        print(f"    of it: {said} text to the reader {back['median']:.1f} / {back['p95']:.1f}")
        stream, whole = numbers["words_per_second_of_a_stream"], numbers["words_per_second_in_all"]
        pace = [f"{stream[c]['median']:.0f}" for c in stream]
        print(f"  {'words a second of one stream, while it runs':42} {pace[0]:>15} {pace[1]:>15}")
        pace = [f"{whole[c]:.0f}" for c in whole]
        print(f"  {'words a second of all, from asking to end':42} {pace[0]:>15} {pace[1]:>15}")
        altered = len(numbers["altered"])
        goal = verdict(altered, "altered", "")
        print(f"  {'answers not sent = stored = streamed = shown':44} {altered:>3} of", end=" ")
        print(f"{numbers['answers']} ({numbers['words']} words){goal}")
        for difference in numbers["altered"]:
            print(f"    {difference}")
    print("median / 95th percentile; added: the median of the differences, question by question\n")


def verdict(value: float, goal: str, unit: str) -> str:
    limit = GOALS[goal]
    kept = "kept" if value <= limit else "MISSED"
    return f"   goal {'none' if not limit else f'≤ {limit:g} {unit}'.rstrip()}: {kept}"


# installation --------------------------------------------------------------------------------


def measure_installation(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    fresh, made = folder / "fresh", folder / "made"
    fresh.mkdir()
    made.mkdir()
    pages = [installed.seconds_to_first_page(fresh) for _ in range(3)]
    print(f"start to first page, empty data folder, s {pages[0]:6.1f}", end="")
    print(verdict(pages[0], "first_page_s", "s"))
    print(f"start to first page, again, s             {min(pages[1:]):6.1f}")
    answer = installed.first_answer(made, options.contract, streams.QUESTIONS[0], MODEL)
    print(f"make run to first cited answer, s         {answer.cited:6.1f}", end="")
    print(verdict(answer.cited, "first_cited_answer_s", "s"), end="")
    print(f"   (sign-in link {answer.link:.1f}, document ready {answer.ready:.1f})")
    found: dict[str, Any] = {
        "first_page_s": [round(seconds, 2) for seconds in pages],
        "first_cited_answer_s": {k: round(v, 2) for k, v in asdict(answer).items()},
    }
    if not options.quick:
        size = installed.installed_size(folder)
        whole = size.environment + size.program
        print(f"installed without development tools, MB   {whole:6.0f}", end="")
        print(verdict(whole, "installed_mb", "MB"), end="")
        print(f"   ({size.environment:.0f} of them the environment)")
        found["installed_mb"] = {k: round(v, 1) for k, v in asdict(size).items()}
    return found


# each is given a folder of its own and the options, prints its table, and gives its numbers
SECTIONS = {
    "streams": measure_streams,
    "load": load.measure,
    "installation": measure_installation,
    "uploads": uploads.measure,
    "library": library.measure,
    "geometry": geometry.measure,
    "ocr": ocr.measure,
    "search": search.measure,
    "prefix": prefix.measure,
    "review": review.measure,
    "grid": grid.measure,
}

if __name__ == "__main__":
    main()
