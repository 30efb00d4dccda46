"""The grid of a review table with 200 rows of 50 cells, in a browser: until it shows, until it has
shown one screen further down, and until a cell is open with the source at its place.

Its cells are made in the database (`python -m tests.bench.grid`, in the stack's environment):
answered, cited, some marked, over copies of a few contracts that were read in.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

# the stack's module needs Django as it is for tests; here it may be as it is in a stack
if TYPE_CHECKING:
    from tests.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
ROWS, COLUMNS = 200, 50
FILES = 4
ROUNDS = {"ci": 15, "full": 40}
GOALS_MS = {"first paint": 1000.0, "a screen further": 0.0, "a cell open": 150.0}
CONTRACTS = ROOT.parent / "shared" / "data" / "contracts"
SAMPLES = ROOT / "documents" / "samples"

PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null"""
# a frame after the last change: what is measured is on the screen by then
SCROLL = """() => new Promise((done) => {
  const view = document.querySelector(".grid .window"), began = performance.now();
  const shown = () => {
    const box = view.getBoundingClientRect();
    const there = document.elementFromPoint(box.left + 400, box.bottom - 20)?.closest("td[id]");
    if (there) requestAnimationFrame(() => done(performance.now() - began));
    else requestAnimationFrame(shown);
  };
  view.scrollTop += view.clientHeight;
  requestAnimationFrame(shown);
})"""
OPEN = """(at) => new Promise((done) => {
  const cell = document.querySelectorAll(".grid tbody tr[id] td.value > a")[at];
  cell.scrollIntoView({ block: "center", inline: "center" });
  // somebody looks at it before
  setTimeout(() => {
    const began = performance.now(), id = cell.parentElement.id;
    const shown = () => {
      const beside = document.getElementById("beside");
      if (beside.dataset.cell === id && document.getElementById("cited"))
        requestAnimationFrame(() => done(performance.now() - began));
      else requestAnimationFrame(shown);
    };
    cell.click();
    requestAnimationFrame(shown);
  }, 300);
})"""


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Median and 95th percentile in milliseconds of each."""
    from tests.stack import Stack

    if not Path(CHROMIUM).exists():
        print("grid: not measured, there is no browser here")
        return {}
    stack = Stack(folder)
    try:
        path = made(stack)
        found = _measured(stack, path, ROUNDS[options.scale])
    finally:
        stack.stop()
    print(f"a review table of {ROWS} × {COLUMNS} cells in a browser, ms {'median':>14}{'p95':>8}")
    for name, spread in found.items():
        goal = GOALS_MS[name]
        kept = "kept" if spread["median"] <= goal else "MISSED"
        said = f"   goal ≤ {goal:g}: {kept}" if goal else ""
        print(f"  {name:50} {spread['median']:9.0f}{spread['p95']:8.0f}{said}")
    return {"grid_ms": found, "grid_goals_ms": GOALS_MS}


def made(stack: Stack, rows: int = ROWS, columns: int = COLUMNS) -> str:
    """Makes the table in the stack's database; the address of its page."""
    environment = {**stack.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment["PINCITE_EMULATOR_URL"] = stack.emulator
    command = [sys.executable, "-m", "tests.bench.grid", str(rows), str(columns)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.split()[-1]


def _measured(stack: Stack, path: str, rounds: int) -> dict[str, dict[str, float]]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(stack.fresh_link())
        page.goto(stack.url + path)
        painted, scrolled = [], []
        for _round in range(rounds):
            page.goto(stack.url + path, wait_until="load")
            page.wait_for_function(PAINTED)
            painted.append(page.evaluate(PAINTED))
            scrolled.append(page.evaluate(SCROLL))
        page.goto(stack.url + path)
        page.evaluate(OPEN, 0)  # the first one warms caches of both sides
        opened = [page.evaluate(OPEN, 7 * n + 3) for n in range(rounds)]
        browser.close()
    times = zip(GOALS_MS, (painted, scrolled, opened), strict=True)
    return {name: _spread(found) for name, found in times}


def _spread(found: list[float]) -> dict[str, float]:
    from tests.bench.streams import Spread

    spread = Spread.of(found)
    return {"median": round(spread.median, 1), "p95": round(spread.p95, 1)}


# in the stack's environment --------------------------------------------------------------------


def main() -> None:
    import django

    django.setup()
    print(make(int(sys.argv[1]), int(sys.argv[2])))


def make(rows: int, columns: int) -> str:
    from django.core.management import call_command
    from django.urls import reverse

    from accounts.models import User, Workspace
    from documents.models import Document
    from reviews import tables
    from reviews.models import Row

    files = (sorted(CONTRACTS.glob("*.pdf")) or sorted(SAMPLES.glob("*.pdf")))[:FILES]
    workspace, owner = Workspace.objects.get(), User.objects.filter(is_superuser=True).first()
    assert owner is not None
    with Path(os.devnull).open("w") as nowhere:
        call_command("ingest", *map(str, files), "--workspace", workspace.name, stdout=nowhere)
    read = list(Document.objects.ready().order_by("-pk")[: len(files)])
    documents = [*read, *(_copied(read[n % len(read)], n) for n in range(rows - len(read)))]
    table = tables.make(
        workspace,
        owner,
        title="Vendor contracts, clause check",
        model="claude-sonnet-5-5",
        documents=documents,
        columns=_columns(columns),
    )
    chosen = random.Random(7)
    for row in Row.objects.filter(table=table).select_related("document__current"):
        _answer(row, owner, chosen)
    return reverse("reviews:table", args=[workspace.slug, table.public_id])


def _columns(count: int) -> list[Any]:
    from reviews import books
    from reviews.values import Kind

    asked: list[tuple[str, Kind, tuple[str, ...], str]] = [
        ("Governing law", Kind.TEXT, (), "Delaware or New York."),
        ("Termination for convenience", Kind.YES_NO, (), "Yes."),
        ("Cap on liability", Kind.MONEY, (), "At most 12 months' fees."),
        ("Expiry", Kind.DATE, (), ""),
        ("Notice, days", Kind.NUMBER, (), ""),
        ("Renewal", Kind.CHOICE, ("by itself", "on notice", "never"), ""),
        ("Audit rights", Kind.TEXT, (), ""),
    ]
    made = []
    for n in range(count):
        title, kind, choices, expected = asked[n % len(asked)]
        title = title if n < len(asked) else f"{title} {n // len(asked) + 1}"
        question = f"What does the contract say of this: {title.lower()}?"
        made.append(books.Asked(title, question, kind, choices, "", expected))
    return made


def _copied(document: Any, number: int) -> Any:
    """Another document of the same text and pages."""
    from documents.models import Document, Page, Text, Version

    version = document.current
    copy = Document.objects.create(
        workspace=document.workspace,
        title=f"{Path(document.title).stem} ({number + 2}).pdf",
        uploaded_by=document.uploaded_by,
        kind=document.kind,
        status=document.status,
        page_count=document.page_count,
    )
    fields = {
        field.attname: getattr(version, field.attname)
        for field in Version._meta.concrete_fields
        if field.name not in ("id", "public_id", "document")
    }
    made = Version.objects.create(document=copy, **fields)
    Text.objects.create(version=made, content=version.text.content)
    pages = list(version.pages.all())
    for page in pages:
        page.pk, page.version = None, made
    Page.objects.bulk_create(pages)
    copy.current = made
    copy.save(update_fields=["current"])
    return copy


LAWS = ["New York", "Delaware", "New York", "California", "England and Wales", "New York", "Texas"]
LONG = (
    "The auditor may inspect books and records once a year on thirty days' notice, at its own cost "
    "unless the shortfall exceeds five per cent, in which case the audited party bears it."
)


def _answer(row: Any, owner: Any, chosen: random.Random) -> None:
    """All cells of a row as a run and some reviewers leave them."""
    from documents.models import Text
    from qa.models import Answer, Citation
    from reviews.models import Cell

    version = row.document.current
    text = Text.objects.get(version=version).content
    pages = [page for page in version.pages.all() if page.end - page.start > 300]
    cells = list(row.cells.select_related("column").order_by("column__position"))
    answers = Answer.objects.bulk_create(
        Answer(
            workspace=row.table.workspace,
            author=owner,
            question=cell.column.question,
            status=Answer.Status.DONE,
            model_requested=row.table.model,
            blocks=[{"text": f"{_value(cell.column, chosen)[1]}, it says.", "citations": [1]}],
        )
        for cell in cells
    )
    cited = []
    for cell, answer in zip(cells, answers, strict=True):
        value, words, order = _value(cell.column, chosen)
        odds = chosen.random()
        cell.state, cell.column_version, cell.version = Cell.State.DONE, 1, version
        cell.answer, cell.outcome = answer, Cell.Outcome.VALUE
        if odds < 0.12:
            cell.outcome = Cell.Outcome.ABSENT
            continue
        cell.value, cell.value_text, cell.order = value, words, order
        cell.doubt = Cell.Doubt.AMBIGUOUS if odds > 0.97 else ""
        if cell.column.expected:
            cell.verdict = Cell.Verdict.DEVIATES if odds > 0.8 else Cell.Verdict.MEETS
            cell.reason = "The contract says something else." if odds > 0.8 else ""
        page = chosen.choice(pages)
        start = page.start + chosen.randrange(page.end - page.start - 120)
        end = start + 120
        cited.append(
            Citation(
                answer=answer,
                number=1,
                kind=Citation.Kind.TEXT,
                state=Citation.State.EXACT,
                version=version,
                start=start,
                end=end,
                page_start=page.number,
                page_end=page.number,
                title=row.document.title,
                cited_text=text[start:end],
            )
        )
    Citation.objects.bulk_create(cited)
    fields = ["state", "column_version", "version", "answer", "outcome", "value", "value_text"]
    Cell.objects.bulk_update(cells, [*fields, "order", "doubt", "verdict", "reason"])


def _value(column: Any, chosen: random.Random) -> tuple[Any, str, float | None]:
    """JSON of the column's kind, what is read of it, and what it sorts by."""
    make: dict[str, Callable[[], tuple[Any, str, float | None]]] = {
        "yes_no": lambda: (answer := chosen.random() < 0.7, "Yes" if answer else "No", None),
        "money": lambda: _money(chosen.randrange(1, 400) * 5_000),
        "date": lambda: _day(739_000 + chosen.randrange(3_000)),
        "number": lambda: _number(chosen.choice([30, 30, 60, 90, 45, 10, 180])),
        "choice": lambda: (text := chosen.choice(column.choices), text, None),
        "text": lambda: (text := chosen.choice([*LAWS, *LAWS, LONG]), text, None),
    }
    return make[column.kind]()


def _money(amount: int) -> tuple[Any, str, float]:
    return {"amount": f"{amount}.00", "currency": "USD"}, f"{amount:,}.00 USD", float(amount)


def _day(ordinal: int) -> tuple[Any, str, float]:
    from datetime import date

    iso = date.fromordinal(ordinal).isoformat()
    return {"iso": iso, "written": iso}, iso, float(ordinal)


def _number(number: int) -> tuple[Any, str, float]:
    return {"number": str(number), "unit": "days"}, f"{number} days", float(number)


if __name__ == "__main__":
    main()
