"""`python -m tests.gold [N]`: are the citations of N marked questions exact, and on the right page?

The contracts of ../shared/data are ingested and the questions asked as a person would on the
command line, over a data folder of the script's own and one emulator. The pages are checked against
pypdf, which has no part in making the canonical text. Exits 1 if a citation is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pypdf

from emulator.measure import Squeezed, squeeze
from tests.emulator_support import CONTRACTS, Emulator


@dataclass(frozen=True)
class Gold:
    """A question and the clauses a lawyer marked as its answer."""

    file: str
    question: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    file: str
    question: str
    quote: str
    why: str

    def __str__(self) -> str:
        return f"{self.why}\n  {self.file}\n  {self.question}\n  {self.quote!r}"


@dataclass
class Report:
    """``exact``: citations whose state and characters are; ``paged``: those on the right page,
    ``crossing`` of which go over a page's end; ``marked``: questions with a marked clause cited."""

    documents: int = 0
    questions: int = 0
    answered: int = 0
    cited: int = 0
    marked: int = 0
    citations: int = 0
    exact: int = 0
    realigned: int = 0
    paged: int = 0
    crossing: int = 0
    failures: list[Failure] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"documents                        {self.documents}"
        yield f"questions                        {self.questions}"
        yield f"answers done                     {self.answered}"
        yield f"  with a citation                {self.cited}"
        yield f"  with a marked clause cited     {self.marked} = {self.marked / self.questions:.0%}"
        yield f"citations                        {self.citations}"
        yield f"  exact: text[start:end]         {self.exact}"
        yield f"  found again on its page        {self.realigned}"
        yield f"  on the right page (pypdf)      {self.paged}, {self.crossing} over a page's end"
        yield f"failures                         {len(self.failures)}"


def check(count: int, folder: Path = CONTRACTS, visually: str = "no") -> Report:
    """Asks `count` questions; Django is set up, with an emulator at hand.

    Of documents read `visually`, what is cited by its page may be written a little differently
    there: it is right when it was found on that page.
    """
    from documents.models import Document

    files = {path.name: path for path in sorted(folder.glob("*.pdf"))}
    versions = ingest(list(files.values()))
    Document.objects.update(visually=visually)
    right = ("exact",) if visually == "no" else ("exact", "realigned")
    report = Report(documents=len(versions))
    checks = {name: Contract(path, text(versions[name][1])) for name, path in files.items()}
    for gold in spread(folder / "gold.jsonl", count):
        document, version = versions[gold.file]
        answer = said("ask", gold.question, document=[document], json=True)
        examine(report, gold, version, json.loads(answer), checks[gold.file], right)
    return report


def ingest(paths: list[Path]) -> dict[str, tuple[str, str]]:
    """File name → public ids of document and version."""
    lines = said("ingest", *map(str, paths), json=True).splitlines()
    read = [json.loads(line) for line in lines]
    for line in read:
        assert line["status"] == "ready", line
    return {Path(line["path"]).name: (line["document"], line["version"]) for line in read}


def text(version: str) -> str:
    return said("text", version)


def said(command: str, *argv: str, **options: Any) -> str:
    """What a management command writes to standard output, character for character."""
    from django.core.management import call_command

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    # a failed answer or document exits, and says why in its JSON
    with contextlib.suppress(SystemExit):
        call_command(command, *argv, stdout=out, **options)
    out.flush()
    return out.buffer.getvalue().decode()


def spread(path: Path, count: int) -> list[Gold]:
    """`count` questions, as many of each file as of the next; which, is chance with a seed."""
    files: dict[str, list[Gold]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        clauses = tuple(span["text"] for span in row["spans"])
        files.setdefault(row["file"], []).append(Gold(row["file"], row["question"], clauses))
    for questions in files.values():
        random.Random(7).shuffle(questions)
    turns = chain.from_iterable(zip_longest(*files.values()))
    return [gold for gold in turns if gold is not None][:count]


class Contract:
    """A contract's canonical text, and its pages as pypdf reads them (slowly: on demand)."""

    def __init__(self, path: Path, canonical: str) -> None:
        self._path, self.text = path, canonical
        self._squeezed: Squeezed | None = None
        self._pages: dict[int, str] = {}

    def clauses(self, gold: Gold) -> list[tuple[int, int]]:
        """Ranges of the canonical text that a lawyer marked: any occurrence counts."""
        self._squeezed = self._squeezed or squeeze(self.text)
        return [
            place
            for clause in gold.clauses
            for place in self._squeezed.occurrences(squeeze(clause).text)
        ]

    def on_pages(self, quote: str, first: int | None, last: int | None) -> bool:
        """Whether the quote begins on the first and ends on the last page, in pypdf's text."""
        if not first or not last or first > last:
            return False
        pages = [self._page(number) for number in range(first, last + 1)]
        whole, wanted = "".join(pages), without_space(quote)
        begin = whole.find(wanted) if wanted else -1
        while begin >= 0:
            end = begin + len(wanted)
            if begin < len(pages[0]) and end > len(whole) - len(pages[-1]):
                return True
            begin = whole.find(wanted, begin + 1)
        return False

    def _page(self, number: int) -> str:
        if number not in self._pages:
            with pypdf.PdfReader(self._path) as reader:
                there = number <= len(reader.pages)
                page = reader.pages[number - 1].extract_text() if there else ""
                self._pages[number] = without_space(page)
        return self._pages[number]


def without_space(text: str) -> str:
    """Nothing else is folded. pdfium leaves out most zero-width spaces, pypdf none."""
    return "".join(text.replace("\u200b", "").split())


def examine(
    report: Report,
    gold: Gold,
    version: str,
    answer: dict[str, Any],
    contract: Contract,
    right: tuple[str, ...],
) -> None:
    """Count one answer, and what is wrong with it."""

    def wrong(why: str, quote: str = "") -> None:
        report.failures.append(Failure(gold.file, gold.question, quote, why))

    report.questions += 1
    if answer["status"] != "done":
        return wrong(f"the answer is {answer['status']}: {answer['error']}")
    report.answered += 1
    report.cited += bool(answer["citations"])
    clauses = contract.clauses(gold)
    ranges = [(c["start"], c["end"]) for c in answer["citations"] if c["start"] is not None]
    report.marked += any(s < end and start < e for s, e in ranges for start, end in clauses)
    for citation in answer["citations"]:
        report.citations += 1
        start, end, quote = citation["start"], citation["end"], citation["cited_text"]
        first, last = citation["page_start"], citation["page_end"]
        if citation["version"] != version:
            wrong("another document is cited", quote)
        elif citation["state"] not in right:
            wrong(f"the citation is {citation['state']}", quote)
        elif not quote or contract.text[start:end] != quote:
            wrong(f"text[{start}:{end}] is {contract.text[start:end]!r}", quote)
        else:
            report.exact += citation["state"] == "exact"
            report.realigned += citation["state"] == "realigned"
        if contract.on_pages(quote, first, last):
            report.paged += 1
            report.crossing += first != last
        else:
            wrong(f"pypdf does not find it on pages {first} to {last}", quote)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gold", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100, metavar="N")
    parser.add_argument("--visually", choices=["auto", "yes", "no"], default="no")
    options = parser.parse_args()
    if not CONTRACTS.is_dir():
        sys.exit("The contracts of ../shared/data are not here.")
    os.environ.pop("DATABASE_URL", None)
    # a data folder of its own, removed at the end
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.setdefault("PINCITE_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.conf import settings

    with tempfile.TemporaryDirectory() as folder:
        emulator = Emulator(Path(folder))
        try:
            settings.EMULATOR_URL = emulator.url
            report = check(options.count, visually=options.visually)
        finally:
            emulator.stop()
    print(*map(str, report.failures), *report.lines(), sep="\n")
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
