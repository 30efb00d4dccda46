"""Search: how well it finds what lawyers marked, and how fast in how many pages.

How well: the questions of the contracts and the NDAs, within their document and over the whole
collection, hit@k: one of the first k passages overlaps a marked clause. How fast: documents of
generated text, whose words are drawn as often as the contracts have them, searched by words that
stand together somewhere. Beyond some thousand pages the same documents come again under other
names. Each database has a process of its own, and a database that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.emulator_support import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
NDAS = CONTRACTS.parent / "ndas"
POSTGRES = "postgres://postgres@127.0.0.1:5432/pincite_bench"
SIZES = {  # pages
    ("ci", "sqlite"): (10_000,),
    ("ci", "postgresql"): (10_000,),
    ("full", "sqlite"): (10_000, 30_000, 100_000),
    ("full", "postgresql"): (10_000, 100_000, 1_000_000),
}
P95_MS = {"sqlite": (100_000, 50.0), "postgresql": (1_000_000, 100.0)}  # up to so many pages
DISTINCT = 1_000  # documents of generated text; more are the same ones again
WORDS = 8_000  # of a document: twenty pages
QUERIES = 120
DEPTHS = (1, 3, 5, 10, 20)
GOALS = {"contracts": {5: 0.58, 10: 0.66}, "ndas": {5: 0.83, 10: 0.92}, "routed": {5: 0.95}}


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both databases in turn, the second where it is reached on its loopback port."""
    report: dict[str, Any] = {}
    for vendor, address in (("sqlite", ""), ("postgresql", POSTGRES)):
        out = folder / f"{vendor}.json"
        command = [sys.executable, "-m", "tests.bench.search", options.scale, str(out)]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": address})
        if done.returncode or not out.exists():
            print(f"{vendor}: not measured")
            continue
        report[vendor] = json.loads(out.read_text())
    return {"search": report}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("scale", choices=("ci", "full"))
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.setdefault("PINCITE_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.db import OperationalError, connection

    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
    except OperationalError as error:
        sys.exit(f"{connection.vendor} is not reached: {str(error).splitlines()[0]}")
    try:
        print(f"\n{connection.vendor}")
        found: dict[str, Any] = {}
        if CONTRACTS.is_dir():
            found["quality"] = quality()
        found["speed"] = speed(SIZES[options.scale, connection.vendor], connection.vendor)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    options.out.write_text(json.dumps(found))


# how well ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gold:
    """A question and where in its document its answer stands."""

    document: Any
    question: str
    places: list[tuple[int, int]]


def quality() -> dict[str, Any]:
    from documents import ingest

    began = time.perf_counter()
    gold = {"contracts": _contracts(), "ndas": _ndas()}
    ingest.close()
    print(
        f"read and indexed in {time.perf_counter() - began:.1f} s; hit@{'/'.join(map(str, DEPTHS))}"
    )
    found: dict[str, Any] = {}
    for name, questions in gold.items():
        within = _hits(questions, named=False, whole=False)
        whole, routed = _hits(questions, named=True, whole=True), _routed
        found[name] = {"within": within, "whole": whole, "routed": routed(questions)}
        _print(f"{name} ({len(questions)}): within the document", within, GOALS[name])
        _print(f"{name}: whole collection, document named", whole, {})
        _print(f"{name}: the right document", found[name]["routed"], GOALS["routed"])
    return found


def _contracts() -> list[Gold]:
    from tests.gold import Contract, spread

    documents = {path.name: _ingested(path) for path in sorted(CONTRACTS.glob("*.pdf"))}
    texts = {name: Contract(CONTRACTS / name, text) for name, (_row, text) in documents.items()}
    return [
        Gold(documents[gold.file][0], gold.question, texts[gold.file].clauses(gold))
        for gold in spread(CONTRACTS / "gold.jsonl", 10_000)
    ]


def _ndas() -> list[Gold]:
    documents = {path.name: _ingested(path)[0] for path in sorted(NDAS.glob("*.txt"))}
    rows = map(json.loads, (NDAS / "gold.jsonl").read_text().splitlines())
    return [
        Gold(
            documents[row["file"]],
            row["question"],
            [(span["start"], span["end"]) for span in row["spans"]],
        )
        for row in rows
    ]


def _ingested(path: Path) -> tuple[Any, str]:
    from documents.foreground import ingest_path
    from documents.models import Text

    version = next(iter(ingest_path(path, *_workspace()))).version
    assert version is not None
    return version.document, Text.objects.get(version=version).content


@cache
def _workspace() -> tuple[Any, Any]:
    from accounts.local import local_workspace

    return local_workspace(None)


def _asked(gold: Gold, named: bool) -> str:
    """The question alone, or with the document's name: the NDAs' begin with it."""
    if ";" in gold.question:
        return gold.question if named else gold.question.split(";", 1)[1]
    title = gold.document.title.rsplit(".", 1)[0][:40]
    return f"{title}; {gold.question}" if named else gold.question


def _hits(questions: Sequence[Gold], *, named: bool, whole: bool) -> list[float]:
    from documents import search
    from documents.models import Document

    ranks = []
    for gold in questions:
        rows = Document.objects.all() if whole else Document.objects.filter(pk=gold.document.pk)
        query = _asked(gold, named)
        hits = search.search(_workspace()[0], [query], rows, DEPTHS[-1], named=not whole)
        right = (
            rank
            for rank, hit in enumerate(hits, start=1)
            if hit.document == gold.document
            and any(hit.start < end and start < hit.end for start, end in gold.places)
        )
        ranks.append(next(right, 1000))
    return [round(sum(rank <= depth for rank in ranks) / len(ranks), 3) for depth in DEPTHS]


def _routed(questions: Sequence[Gold]) -> list[float]:
    """How often the right document is among the first k that passages are found in."""
    from documents import search
    from documents.models import Document

    ranks = []
    for gold in questions:
        hits = search.search(
            _workspace()[0], [_asked(gold, True)], Document.objects.all(), search.DEPTH
        )
        order = list(dict.fromkeys(hit.document.pk for hit in hits))
        ranks.append(order.index(gold.document.pk) + 1 if gold.document.pk in order else 1000)
    return [round(sum(rank <= depth for rank in ranks) / len(ranks), 3) for depth in DEPTHS]


def _print(title: str, shares: list[float], goals: dict[int, float]) -> None:
    cells = " ".join(f"{share:.3f}" for share in shares)
    said = [
        f"@{depth} ≥ {goal:.2f}: {'kept' if shares[DEPTHS.index(depth)] >= goal else 'MISSED'}"
        for depth, goal in goals.items()
    ]
    print(f"  {title:48} {cells}" + (f"   goal {', '.join(said)}" if said else ""))


# how fast ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A generated document: its text and its stretches without a head."""

    text: str
    stretches: list[Any]


class Vocabulary:
    """Words drawn as often as the contracts have them."""

    def __init__(self) -> None:
        texts = [path.read_text(errors="replace") for path in NDAS.glob("*.txt")]
        texts += [path.read_text() for path in (ROOT / "documents" / "samples").glob("*.md")]
        counts = Counter(re.findall(r"[A-Za-z]{2,}|[.,;]", " ".join(texts + _contract_texts())))
        self._words = list(counts)
        self._weights = list(accumulate(counts.values()))
        self._chance = random.Random(11)

    def draw(self, count: int) -> list[str]:
        return self._chance.choices(self._words, cum_weights=self._weights, k=count)

    def name(self, number: int) -> str:
        return " ".join(word for word in self.draw(5) if word.isalpha()) + f" {number}"


def _contract_texts() -> list[str]:
    from documents.models import Text

    return list(Text.objects.values_list("content", flat=True))


def generated(vocabulary: Vocabulary, count: int) -> list[Made]:
    from documents.search import indexing, packing
    from documents.search.passages import PageSpan, passages

    found = []
    for _number in range(count):
        text = re.sub(r" ([.,;])", r"\1", " ".join(vocabulary.draw(WORDS)))
        text = re.sub(r"\. ([a-z])", lambda match: ". " + match[1].upper(), text)
        size = len(text) // 20
        pages = [PageSpan(number + 1, number * size, 0) for number in range(20)]
        counted = [indexing.count(text, one, "en") for one in passages(text, pages)]
        some = range(0, len(counted), packing.LENGTH)
        stretches = [packing.pack(counted[at : at + packing.LENGTH], "en") for at in some]
        found.append(Made(text, stretches))
    return found


def speed(sizes: Sequence[int], vendor: str) -> dict[str, Any]:
    from accounts.models import Workspace

    vocabulary = Vocabulary()
    began = time.perf_counter()
    pool = generated(vocabulary, min(DISTINCT, sizes[-1] // 20))
    print(f"{len(pool)} documents were generated in {time.perf_counter() - began:.0f} s")
    workspace = Workspace.found("Generated", _workspace()[1])
    library = Library(workspace, vocabulary, pool)
    found: dict[str, Any] = {}
    print(f"  {'pages':>9} {'passages':>10} {'index MB':>9}   ms: median / p95 / slowest by query")
    for pages in sizes:
        library.grow(pages // 20)
        numbers = {kind: library.timed(kind) for kind in ("words", "question", "named", "typing")}
        limit, goal = P95_MS[vendor]
        worst = max(times[1] for times in numbers.values())
        cells = "  ".join(f"{k} {a:.0f} / {b:.0f} / {c:.0f}" for k, (a, b, c) in numbers.items())
        kept = f"   goal p95 ≤ {goal:g}: {'kept' if worst <= goal else 'MISSED'}"
        size = library.megabytes()
        print(f"  {pages:>9,} {library.passages:>10,} {size:>9.0f}   {cells}", end="")
        print(kept if pages <= limit else "", flush=True)
        found[str(pages)] = {"ms": numbers, "index_mb": round(size), "passages": library.passages}
    return found


@contextmanager
def _filling() -> Iterator[None]:
    """PostgreSQL fills its index many times quicker at once than row by row."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            yield
            return
        cursor.execute("SELECT pg_get_indexdef('documents_stretch_words'::regclass)")
        made = cursor.fetchone()[0]
        cursor.execute("DROP INDEX documents_stretch_words")
        yield
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(made)


class Library:
    """Documents of generated text in a workspace, ready and indexed."""

    def __init__(self, workspace: Any, vocabulary: Vocabulary, pool: list[Made]) -> None:
        self._workspace, self._vocabulary, self._pool = workspace, vocabulary, pool
        self._chance = random.Random(5)
        self._counts: Counter[str] = Counter()
        self._titles: list[str] = []

    @property
    def passages(self) -> int:
        return self._counts[""]

    def grow(self, count: int) -> None:
        """Up to so many documents; the database sorts its statistics afterwards."""
        from django.db import connection

        from documents.models import KeyCount

        with _filling():
            while len(self._titles) < count:
                self._add(min(200, count - len(self._titles)))
        KeyCount.objects.filter(workspace=self._workspace).delete()
        KeyCount.objects.bulk_create(
            [
                KeyCount(workspace=self._workspace, key=key, passages=number)
                for key, number in self._counts.items()
            ],
            batch_size=5000,
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def _add(self, count: int) -> None:
        from django.db import transaction
        from django.utils import timezone

        from documents.models import Blob, Document, Stretch, Text, Version
        from documents.search import indexing, packing

        user = _workspace()[1]
        first = len(self._titles)
        titles = [self._vocabulary.name(first + number) for number in range(count)]
        made = [self._pool[(first + number) % len(self._pool)] for number in range(count)]
        with transaction.atomic():
            blobs = Blob.objects.bulk_create(
                Blob(workspace=self._workspace, sha256=f"{first + n}", size=1, kind="text")
                for n in range(count)
            )
            documents = Document.objects.bulk_create(
                Document(workspace=self._workspace, title=title, uploaded_by=user, status="ready")
                for title in titles
            )
            versions = Version.objects.bulk_create(
                Version(document=d, blob=b, status="ready", indexed_at=timezone.now())
                for d, b in zip(documents, blobs, strict=True)
            )
            for document, version in zip(documents, versions, strict=True):
                document.current = version
            Document.objects.bulk_update(documents, ["current"])
            Text.objects.bulk_create(
                Text(version=v, content=one.text) for v, one in zip(versions, made, strict=True)
            )
            for version, title, one in zip(versions, titles, made, strict=True):
                head = packing.pack([indexing.head(title, one.text[:1500], "en")], "en")
                rows = [
                    Stretch(
                        version=version,
                        number=number,
                        words=" ".join([*packed.keys, f"~{self._workspace.pk}"]),
                        packed=packed.packed,
                    )
                    for number, packed in enumerate([head, *one.stretches])
                ]
                Stretch.objects.bulk_create(rows)
                self._counts.update(indexing.counts(rows))
        self._titles += titles

    def megabytes(self) -> float:
        """Of the index: its rows and what the database keeps beside them."""
        from django.db import connection

        query = (
            "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'documents_stretch%'"
            " OR name LIKE 'documents_keycount%'"
            if connection.vendor == "sqlite"
            else "SELECT pg_total_relation_size('documents_stretch')"
            " + pg_total_relation_size('documents_keycount')"
        )
        with connection.cursor() as cursor:
            try:
                cursor.execute(query)
            except Exception:  # dbstat is not built into every SQLite
                return float("nan")
            return float(cursor.fetchone()[0]) / 1e6

    def timed(self, kind: str) -> tuple[float, float, float]:
        """Median, 95th percentile and slowest, in ms."""
        from documents import search
        from documents.models import Document

        everything = Document.objects.filter(workspace=self._workspace)
        times = []
        for query in self._queries(kind):
            began = time.perf_counter()
            search.search(self._workspace, [query], everything, 20, typing=kind == "typing")
            times.append(1000 * (time.perf_counter() - began))
        times.sort()
        return times[len(times) // 2], times[int(len(times) * 0.95)], times[-1]

    def _queries(self, kind: str) -> Iterator[str]:
        """Words that stand near one another somewhere, as many as such a query has."""
        for _number in range(QUERIES):
            number = self._chance.randrange(len(self._titles))
            text = self._pool[number % len(self._pool)].text
            at = self._chance.randrange(len(text) - 400)
            near = [w for w in re.findall(r"[A-Za-z]{3,}", text[at : at + 300])[1:-1]]
            if kind == "question":
                yield " ".join(near[:14])
            elif kind == "named":
                yield f"{self._titles[number]} {' '.join(near[:3])}"
            elif kind == "typing":
                yield f"{' '.join(near[:2])} {near[3][:4]}"
            else:
                yield " ".join(self._chance.sample(near, 3))


if __name__ == "__main__":
    main()
