"""`python -m tests.evaluate`: what is found, missed and falsely found, for each kind of clause.

The gold and absent questions of ../shared/data are asked as a person would on the command line: of
the API when ANTHROPIC_API_KEY is set (which costs money: see --limit), else of an emulator.
`--out FILE` keeps the table as JSON, or as CSV by its ending; `--against FILE` says what changed
since an earlier one, and `--compare OLD NEW` does so without asking anything. `--review batch` (or
`live`) puts the questions of the CUAD playbook instead, as a review table does: all 41 to each of
the contracts that are among the chosen. `--ndas` asks the questions about the non-disclosure
agreements, which have no absent ones: a question's own words are its category. `--search` has each
document searched by tools, and not read whole: that is another prompt, with a version of its own.

A gold question is found when a marked clause is cited. An absent one is falsely found when the
answer cites something, unless its first sentence says that the documents do not hold the answer.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from tests.emulator_support import CONTRACTS, Emulator
from tests.gold import Contract, Gold, ingest, said, text

NDAS = CONTRACTS.parent / "ndas"

ALL = "all"
NOT_THERE = re.compile(
    r"\b(not|n['’]t)( \w+ly)? (answer|contain|say|state|specif|mention|provide for|address|includ"
    r"|set out|identif|defin|give|name|found|in )"
    r"|\bno (\w+ ){0,2}(answer|provision|clause|mention|information|reference|statement|term)\b"
    r"|\b(silent|nothing)\b",
    re.I,
)


@dataclass(frozen=True)
class Asked:
    """A question; without clauses the documents do not answer it."""

    category: str
    gold: Gold


@dataclass
class Row:
    """A category's counts. Tokens are of the requests that answered, dollars of all."""

    category: str
    questions: int = 0
    found: int = 0
    missed: int = 0
    absent: int = 0
    false_found: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: str = "0"

    def add(self, outcome: str, answer: dict[str, Any]) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.questions += 1
        usage = answer["usage"] or {}
        cached = usage.get("cache_read_input_tokens") or 0
        written = usage.get("cache_creation_input_tokens") or 0
        self.prompt_tokens += (usage.get("input_tokens") or 0) + cached + written
        self.cached_tokens += cached
        self.output_tokens += usage.get("output_tokens") or 0
        self.cost_usd = str(Decimal(self.cost_usd) + Decimal(str(answer["cost_usd"])))


OUTCOMES = ("found", "missed", "absent", "false_found", "failed")


@dataclass
class Table:
    """What came of a run, and what it was a run of."""

    date: str
    model: str
    prompt_version: str = ""
    backend: str = ""
    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, category: str, outcome: str, answer: dict[str, Any]) -> None:
        for name in (category, ALL):
            self.rows.setdefault(name, Row(name)).add(outcome, answer)

    def ordered(self) -> Iterator[Row]:
        """By category, the sum last."""
        return iter(sorted(self.rows.values(), key=lambda row: (row.category == ALL, row.category)))

    def lines(self) -> Iterator[str]:
        yield f"{self.date}  {self.model}  prompt {self.prompt_version}  {self.backend}"
        yield (
            f"{'':36}{'found':>7}{'missed':>7}{'absent':>7}{'false':>7}{'failed':>7}"
            f"{'prompt':>11}{'cached':>11}{'output':>8}{'USD':>9}"
        )
        for row in self.ordered():
            counts = "".join(f"{getattr(row, outcome):>7}" for outcome in OUTCOMES)
            tokens = f"{row.prompt_tokens:>11}{row.cached_tokens:>11}{row.output_tokens:>8}"
            yield f"{_short(row.category):36}{counts}{tokens}{float(row.cost_usd):>9.4f}"

    def write(self, path: Path) -> None:
        about = {name: getattr(self, name) for name in ABOUT}
        rows = [asdict(row) for row in self.ordered()]
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                names = [*ABOUT, *(column.name for column in fields(Row))]
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(about | row for row in rows)
        else:
            path.write_text(json.dumps({**about, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def _short(category: str) -> str:
    """What tells a category from the others: where it is a question, that is its end."""
    return category if len(category) <= 35 else f"…{category[-34:]}"


ABOUT = ("date", "model", "prompt_version", "backend")
TEXTS = {"category", "cost_usd"}


def load(path: Path) -> Table:
    """A table that was kept."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
        about = rows[0]
    else:
        about = json.loads(path.read_text(encoding="utf-8"))
        rows = about["rows"]
    table = Table(**{name: about[name] for name in ABOUT})
    for row in rows:
        values: dict[str, Any] = {
            column.name: row[column.name] if column.name in TEXTS else int(row[column.name])
            for column in fields(Row)
        }
        table.rows[row["category"]] = Row(**values)
    return table


def compared(old: Table, new: Table) -> Iterator[str]:
    """What changed, category by category; what cannot be compared is said instead."""
    for name in ABOUT[1:]:
        before, now = getattr(old, name), getattr(new, name)
        yield f"{name}: {before}" + (f" → {now}" if now != before else "")
    for category in sorted({*old.rows, *new.rows}, key=lambda one: (one == ALL, one)):
        before, now = old.rows.get(category), new.rows.get(category)
        if before is None or now is None:
            yield f"{category}: only in the {'new' if now else 'old'} table"
            continue
        changed = [
            f"{outcome.replace('_', '-')} {delta:+d}"
            for outcome in OUTCOMES
            if (delta := getattr(now, outcome) - getattr(before, outcome))
        ]
        if now.questions != before.questions:
            changed.append(f"({before.questions} → {now.questions} questions)")
        if changed:
            yield f"{category}: {', '.join(changed)}"
        elif category == ALL:
            yield f"{category}: nothing changed"
    if ALL in old.rows and ALL in new.rows:
        cost = Decimal(new.rows[ALL].cost_usd) - Decimal(old.rows[ALL].cost_usd)
        yield f"cost: {cost:+.4f} USD"


def questions(folder: Path, limit: int, category: str = "") -> list[Asked]:
    """At most `limit`, gold and absent in turn and as many of each category as of the next; then
    those of one contract after another, so that the cache holds it. Always the same ones."""
    kinds: dict[tuple[str, str], list[Asked]] = {}
    for name in ("gold.jsonl", "absent.jsonl"):
        if not (folder / name).exists():
            continue
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            # the same question is put to many documents, each by its name first
            kind = row.get("category") or row["question"].rpartition("; ")[2]
            if category and category.lower() not in kind.lower():
                continue
            clauses = tuple(span["text"] for span in row.get("spans", ()))
            asked = Asked(kind, Gold(row["file"], row["question"], clauses))
            kinds.setdefault((kind, name), []).append(asked)
    turns = chain.from_iterable(zip_longest(*(kinds[kind] for kind in sorted(kinds, reverse=True))))
    chosen = [asked for asked in turns if asked is not None][: limit or None]
    return sorted(chosen, key=lambda asked: asked.gold.file)


def outcome(asked: Asked, answer: dict[str, Any], contract: Contract) -> str:
    """One of ``OUTCOMES``."""
    if answer["status"] != "done":
        return "failed"
    if not asked.gold.clauses:
        said_so = not answer["citations"] or says_absent(answer["text"])
        return "absent" if said_so else "false_found"
    ranges = [(c["start"], c["end"]) for c in answer["citations"] if c["start"] is not None]
    clauses = contract.clauses(asked.gold)
    hit = any(s < end and start < e for s, e in ranges for start, end in clauses)
    return "found" if hit else "missed"


def says_absent(answer: str) -> bool:
    """Whether the first sentence says that something is not there."""
    first = re.split(r"(?<=[.!?])\s|\n", answer.strip(), maxsplit=1)[0]
    return NOT_THERE.search(first) is not None


def run(
    asked: Iterable[Asked], model: str, folder: Path = CONTRACTS, *, search: bool = False
) -> Table:
    """Ask; Django is set up, and somebody answers."""
    from qa import claude_models
    from qa.models import Answer

    chosen = list(asked)
    paths = [folder / name for name in sorted({one.gold.file for one in chosen})]
    versions = ingest(paths)
    contracts = {path.name: Contract(path, text(versions[path.name][1])) for path in paths}
    key = model if model == claude_models.AUTO else claude_models.entry(model).key
    table = Table(datetime.now(UTC).isoformat(timespec="seconds"), key)
    made: set[str] = set()
    for number, one in enumerate(chosen, 1):
        document = versions[one.gold.file][0]
        how = {"document": [document], "search": search, "model": key, "json": True}
        written = said("ask", one.gold.question, **how)
        answer = json.loads(written)
        table.add(one.category, outcome(one, answer, contracts[one.gold.file]), answer)
        table.backend = answer["backend"] or table.backend
        if answer["answer"]:
            made.add(Answer.objects.get(public_id=answer["answer"]).prompt_version)
        if number % 25 == 0:
            print(f"{number} of {len(chosen)} asked", file=sys.stderr, flush=True)
    table.prompt_version = "+".join(sorted(made - {""}))
    return table


def review(asked: Iterable[Asked], model: str, mode: str, folder: Path = CONTRACTS) -> Table:
    """The same of a review table's cells; one says itself when it is not in the document."""
    chosen = list(asked)
    paths = [folder / name for name in sorted({one.gold.file for one in chosen})]
    versions = ingest(paths)
    contracts = {path.name: Contract(path, text(versions[path.name][1])) for path in paths}
    documents = [document for document, _version in versions.values()]
    how = {"batch": mode == "batch", "json": True, "model": model}
    lines = said("review", playbook="cuad", document=documents, **how).splitlines()
    cells = {(cell["document"], cell["column"]): cell for cell in map(json.loads, lines)}
    table = Table(
        datetime.now(UTC).isoformat(timespec="seconds"), model, f"review {mode}", "review"
    )
    for one in chosen:
        cell = cells[versions[one.gold.file][0], one.category]
        absent = cell["outcome"] == "absent"
        answer = {
            **cell,
            "status": cell["state"],
            "citations": [] if absent else cell["citations"],
            "usage": None,
        }
        table.add(one.category, outcome(one, answer, contracts[one.gold.file]), answer)
    return table


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default="", help="its key; else the default model")
    parser.add_argument("--limit", type=int, default=100, help="0 for all (default: 100)")
    parser.add_argument("--category", default="", help="a part of its name")
    parser.add_argument("--ndas", action="store_true", help="the questions about the NDAs")
    parser.add_argument("--search", action="store_true", help="by searching, not reading whole")
    parser.add_argument("--review", choices=("batch", "live"), help="by a review table")
    parser.add_argument("--out", type=Path, metavar="FILE", help=".json or .csv")
    parser.add_argument("--against", type=Path, metavar="FILE", help="an earlier table")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"))
    return parser.parse_args()


def main() -> None:
    chosen = options()
    if chosen.compare:
        print(*compared(*map(load, chosen.compare)), sep="\n")
        return
    if not CONTRACTS.is_dir():
        sys.exit("The contracts of ../shared/data are not here.")
    folder = NDAS if chosen.ndas else CONTRACTS
    asked = questions(folder, chosen.limit, chosen.category)
    if not asked:
        sys.exit("There is no question of that category.")
    before = load(chosen.against) if chosen.against else None
    # the tests' settings forget the key: nothing but this script may ask with it
    api_key = os.environ.get("ANTHROPIC_API_KEY", "")
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.setdefault("PINCITE_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    model = chosen.model or settings.DEFAULT_MODEL
    ask = partial(run, search=chosen.search)
    if chosen.review:
        ask = partial(review, mode=chosen.review)
    table = _asked(settings, api_key, partial(ask, asked, model, folder=folder))
    print(*table.lines(), sep="\n")
    if chosen.out:
        table.write(chosen.out)
    if before is not None:
        print(*compared(before, table), sep="\n")


def _asked(settings: Any, api_key: str, ask: Callable[[], Table]) -> Table:
    if api_key:
        settings.ANTHROPIC_API_KEY = api_key
        return ask()
    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder))
        try:
            settings.EMULATOR_URL = emulator.url
            return ask()
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
