"""The cached prefix: ten questions in one sitting, on a contract of 100 pages, on a folder of five.

Asked as Pincite asks them, then the very same requests without caching, then by a pipeline that
sends the eight best passages with each question. Tokens are those the emulator counts by the API's
rules, money is by the models' prices; opening the conversation is part of the sitting.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.emulator_support import CONTRACTS, Emulator

ROOT = Path(__file__).resolve().parents[2]
PAGES = 100
FOLDER = 5
PASSAGES = 8
# one that cannot stop thinking, so that nothing is read beforehand; one that thinks when told to
MODELS = ("claude-sonnet-5-5", "claude-haiku-4-5-20251001")
QUESTIONS = (
    "Who are the parties to the agreement?",
    "When does the agreement take effect?",
    "When does the agreement expire, and can it be renewed?",
    "Who may terminate the agreement for convenience, and with what notice?",
    "Which law governs the agreement?",
    "May the agreement be assigned to a third party without consent?",
    "Is there a cap on liability, and what does it leave out?",
    "What happens to confidential information after the end?",
    "Which insurance has to be kept?",
    "How are disputes settled?",
)
SHARE, RATIO = 0.95, 0.25


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if not CONTRACTS.is_dir():
        print("prefix: not measured, the contracts of ../shared/data are not here")
        return {}
    out = folder / "prefix.json"
    command = [sys.executable, "-m", "tests.bench.prefix", str(folder), str(out)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": ""})
    if done.returncode or not out.exists():
        print("prefix: not measured")
        return {}
    return {"prefix": json.loads(out.read_text())}


@dataclass
class Spent:
    """Tokens of each kind, and US dollars."""

    uncached: int = 0
    written: int = 0
    read: int = 0
    output: int = 0
    usd: Decimal = Decimal(0)

    def add(self, usage: Any, model: Any) -> None:
        from qa.engine import catalogue

        self.uncached += usage.input_tokens
        self.written += usage.cache_creation_input_tokens
        self.read += usage.cache_read_input_tokens
        self.output += usage.output_tokens
        self.usd += catalogue.cost(usage, model)


@dataclass
class Sitting:
    """What one sitting came to. ``shares``: how much of the shared tokens each question read."""

    name: str
    model: str
    document_tokens: int
    rates: Any
    warmed: bool = False
    shares: list[float] = field(default_factory=list)
    pincite: Spent = field(default_factory=Spent)
    plain: Spent = field(default_factory=Spent)
    passages: Spent = field(default_factory=Spent)

    @property
    def ratio(self) -> float:
        return float(self.pincite.usd / self.plain.usd)

    @property
    def reading(self) -> float:
        """The same without the answers, which cost what they cost either way."""
        answers = [
            spent.output * self.rates.output / 1_000_000 for spent in (self.pincite, self.plain)
        ]
        return float((self.pincite.usd - answers[0]) / (self.plain.usd - answers[1]))

    @property
    def made_of(self) -> dict[str, float]:
        """The ratio in its parts: the documents written once and read by each question, the reading
        that is paid for having read them beforehand, what is said, and the answers."""
        rates, tokens = self.rates, self.document_tokens
        later = len(QUESTIONS) - 1
        parts = {
            "documents written once": tokens * rates.write_5m,
            f"read {later} times": tokens * rates.read * later,
            "and once more, as they were read beforehand": tokens * rates.read * self.warmed,
            "answers": self.pincite.output * rates.output,
        }
        shares = {
            what: float(usd / 1_000_000 / self.plain.usd) for what, usd in parts.items() if usd
        }
        return shares | {"system, questions and history": self.ratio - sum(shares.values())}

    @property
    def kept(self) -> bool:
        first = self.shares[0] >= SHARE or not self.warmed
        return first and min(self.shares[1:]) >= SHARE and self.ratio <= RATIO


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.prefix", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.setdefault("PINCITE_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from documents import ingest

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    (options.folder / "emulator").mkdir()
    emulator = Emulator(options.folder / "emulator")
    settings.EMULATOR_URL = emulator.url
    try:
        sittings = list(_sittings(emulator))
    finally:
        ingest.close()
        emulator.stop()
        connection.creation.destroy_test_db(str(connection.settings_dict["NAME"]), verbosity=0)
    _print(sittings)
    options.out.write_text(json.dumps([_numbers(one) for one in sittings], default=float))


def _sittings(emulator: Emulator) -> Iterator[Sitting]:
    from accounts.models import User, Workspace
    from tests.conftest import read, upload

    owner = User.objects.create_user("bench@example.com", "bench")
    workspace = Workspace.found("Bench", owner)
    scenarios = {
        f"a contract of {PAGES} pages": [("agreement.pdf", _merged(PAGES))],
        f"a folder of {FOLDER}": [(path.name, path.read_bytes()) for path in _middling(FOLDER)],
    }
    for name, files in scenarios.items():
        documents = [upload(workspace, owner, data, title) for title, data in files]
        for document in documents:
            read(document)
        for key in MODELS:
            yield _sitting(emulator, name, workspace, owner, documents, key)


def _merged(pages: int) -> bytes:
    """Real contracts one after another, as many pages as asked for."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for path in sorted(CONTRACTS.glob("*.pdf"), key=lambda one: -one.stat().st_size):
        for page in PdfReader(path).pages[: pages - len(writer.pages)]:
            writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _middling(count: int) -> list[Path]:
    """The contracts of about twenty pages."""
    from pypdf import PdfReader

    paths = sorted(CONTRACTS.glob("*.pdf"))
    return sorted(paths, key=lambda one: abs(len(PdfReader(one).pages) - 20))[:count]


def _sitting(
    emulator: Emulator, name: str, workspace: Any, owner: Any, documents: list[Any], key: str
) -> Sitting:
    """All three ways to the same answers."""
    from qa import asking, claude_models, desks, warming
    from qa.answering import write
    from qa.models import Answer, ApiCall, Thread

    model = claude_models.get(key)
    thread = Thread.objects.create(workspace=workspace, author=owner, title=name)
    thread.documents.set(documents)
    opened = warming.warm(desks.Desk(thread, owner, model))
    last: Answer | None = None
    for question in QUESTIONS:
        last, _new = asking.ask(
            question=question,
            documents=documents,
            model=key,
            workspace=workspace,
            by=owner,
            thread=thread,
            follows=last,
        )
        write(last)
        last.refresh_from_db()
        assert last.status == Answer.Status.DONE, last.error
    rows = list(ApiCall.objects.filter(thread=thread).order_by("pk"))
    first = next(row for row in rows if row.purpose == ApiCall.Purpose.ANSWER)
    # texts, and pages as they look, as they were counted
    tokens = _usage(first.usage).prompt_tokens - _frame_tokens(model, QUESTIONS[0])
    warmed = bool(opened and not opened.error_type)
    sitting = Sitting(name, model.name, tokens, model.rates_for(tokens), warmed)
    system = _frame_tokens(model, "?")
    for row in rows:
        usage = _usage(row.usage)
        sitting.pincite.add(usage, model)
        if row.purpose == ApiCall.Purpose.ANSWER:
            # of the documents: what stands before them is read first
            read = usage.cache_read_input_tokens - system
            sitting.shares.append(min(1.0, max(0, read) / tokens))
    for request in _sent(emulator, len(QUESTIONS)):
        sitting.plain.add(_again(emulator, request), model)
    for request in _with_passages(workspace, documents, model, thread):
        sitting.passages.add(_again(emulator, request), model)
    return sitting


def _frame_tokens(model: Any, question: str) -> int:
    """Of all but the documents."""
    from qa import engine
    from qa.claude import connect

    params = engine.frame_params(engine.Question(question, model))
    return engine.count(connect().client, params).tokens


def _usage(raw: dict[str, Any]) -> Any:
    from qa.engine import Usage

    return Usage.from_dict(raw)


def _sent(emulator: Emulator, count: int) -> list[dict[str, Any]]:
    """The bodies of the last requests that asked something."""
    rows = [row for row in emulator.requests(100)["requests"] if row["path"] == "messages"]
    return [row["body"] for row in rows[-count:]]


def _again(emulator: Emulator, body: dict[str, Any]) -> Any:
    """The usage of the same request without any caching."""
    bare = {k: v for k, v in _without(body).items() if k not in ("stream", "diagnostics")}
    client = emulator.client("emulator")
    usage = client.messages.create(**bare, timeout=600.0).usage
    client.close()
    return _usage(usage.to_dict())


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if k != "cache_control"}
    return [_without(item) for item in value] if isinstance(value, list) else value


def _with_passages(
    workspace: Any, documents: list[Any], model: Any, thread: Any
) -> Iterator[dict[str, Any]]:
    """Each question with its best passages, and what was said before as text."""
    from documents import search
    from documents.models import Document
    from qa import engine

    scope = Document.objects.filter(pk__in=[document.pk for document in documents])
    turns: list[engine.Turn] = []
    for answer in thread.path():
        hits = search.search(workspace, [answer.question], scope, PASSAGES, named=True)
        found = tuple(
            engine.Source(f"passage {n}", hit.document.title, text=hit.text)
            for n, hit in enumerate(hits)
        )
        asked = engine.Question(answer.question, model, found, tuple(turns))
        yield engine.build(asked).params
        turns.append(engine.Turn(answer.question, (engine.AnswerBlock(answer.text),)))


def _print(sittings: list[Sitting]) -> None:
    print(f"{len(QUESTIONS)} questions in one sitting")
    ways = ("pincite", "plain", "passages")
    titles = ("Pincite", "uncached", f"top {PASSAGES}, uncached")
    for one in sittings:
        print(f"{one.name}, {one.document_tokens:,} tokens, {one.model}")
        print(f"  {'':26}" + "".join(f"{title:>18}" for title in titles))
        for kind in ("uncached", "written", "read", "output"):
            cells = [f"{getattr(getattr(one, way), kind):>18,}" for way in ways]
            print(f"  {kind + ' tokens':26}" + "".join(cells))
        print(f"  {'US dollars':26}" + "".join(f"{getattr(one, way).usd:>18.4f}" for way in ways))
        first, later = one.shares[0], min(one.shares[1:])
        if one.warmed:
            print(f"  read from cache, first question {first:7.1%}{_goal(first >= SHARE, SHARE)}")
        else:
            print(f"  read from cache, first question {first:7.1%}   (not read beforehand)")
        print(f"  read from cache, the others     {later:7.1%}{_goal(later >= SHARE, SHARE)}")
        print(f"  cost of the uncached            {one.ratio:7.3f}", end="")
        goal = f"goal ≤ {RATIO}: {'kept' if one.ratio <= RATIO else 'MISSED'}"
        print(f"   {goal}   (prompts alone {one.reading:.3f})")
        parts = [f"{what} {share:.3f}" for what, share in one.made_of.items()]
        print(textwrap.fill(", ".join(parts), 100, initial_indent="    ", subsequent_indent="    "))
    print()


def _goal(kept: bool, goal: float) -> str:
    return f"   goal ≥ {goal:.0%}: {'kept' if kept else 'MISSED'}"


def _numbers(one: Sitting) -> dict[str, Any]:
    parts = {what: round(share, 4) for what, share in one.made_of.items()}
    return {**asdict(one), "ratio": round(one.ratio, 4), "kept": one.kept, "made_of": parts}


if __name__ == "__main__":
    main()
