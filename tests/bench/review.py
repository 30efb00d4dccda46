"""A review table: contracts × the 41 columns of the CUAD playbook, by batch and live.

The batch's worker is killed three times on its way, by SIGKILL: while it hands the batch over, when
the first results are in, and at half of them; another goes on. Cells that are lost, or were paid
for twice by the emulator's own count, are counted. Money is by the models' prices for the tokens
that the emulator counted; "alone" is each question sent by itself, live, with nothing cached.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.emulator_support import CONTRACTS, Emulator

ROOT = Path(__file__).resolve().parents[2]
MODEL = "claude-sonnet-5-5"
SCALE = {"ci": 4, "full": 36}
RATIO = 0.15
LONGEST = 3600.0
POLL = 0.05


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if not CONTRACTS.is_dir():
        print("review: not measured, the contracts of ../shared/data are not here")
        return {}
    out = folder / "review.json"
    command = [sys.executable, "-m", "tests.bench.review", str(folder), str(out)]
    command += ["--contracts", str(SCALE[options.scale])]
    done = subprocess.run(command, cwd=ROOT, env=_environment(folder))
    if done.returncode or not out.exists():
        print("review: not measured")
        return {}
    return {"review": json.loads(out.read_text())}


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PINCITE_", "ANTHROPIC_"))}
    own = {"PINCITE_DATA": str(folder / "data"), "DATABASE_URL": "", "PINCITE_LOG_LEVEL": "ERROR"}
    return {**kept, **own, "DJANGO_SETTINGS_MODULE": "config.settings", **more}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.review", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--contracts", type=int, default=36)
    parser.add_argument("--finish", type=int, help="go on with this run, and end")
    options = parser.parse_args()
    os.environ.update(_environment(options.folder, **_told()))
    import django

    django.setup()
    if options.finish:
        _finish(options.finish)
        return
    (options.folder / "emulator").mkdir(parents=True, exist_ok=True)
    emulator = Emulator(options.folder / "emulator")
    try:
        found = _measure(options, emulator)
    finally:
        emulator.stop()
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


def _told() -> dict[str, str]:
    return {n: os.environ[n] for n in ("PINCITE_EMULATOR_URL",) if n in os.environ}


def _finish(run: int) -> None:
    from reviews import foreground
    from reviews.models import Run

    foreground.finish(Run.objects.select_related("table__workspace").get(pk=run))


def _measure(options: argparse.Namespace, emulator: Emulator) -> dict[str, Any]:
    from django.conf import settings
    from django.core.management import call_command

    from accounts.local import local_workspace
    from documents import foreground, ingest
    from reviews.models import Playbook

    call_command("migrate", verbosity=0)
    settings.EMULATOR_URL = emulator.url
    workspace, user = local_workspace(None)
    paths = sorted(CONTRACTS.glob("*.pdf"))[: options.contracts]
    try:
        documents = foreground.chosen(None, paths, workspace, user)
    finally:
        ingest.close()
    Playbook.keep_built_in()
    playbook = Playbook.objects.get(name="cuad").newest
    found: dict[str, Any] = {"contracts": len(documents)}
    for mode, kills in (("batch", KILLS), ("live", ())):
        found[mode] = _run(options.folder, emulator, mode, documents, playbook, user, kills)
    _print(found)
    return found


def _run(
    folder: Path,
    emulator: Emulator,
    mode: str,
    documents: Any,
    playbook: Any,
    user: Any,
    kills: tuple[Callable[[Any], bool], ...],
) -> dict[str, Any]:
    """One run of a table of its own, in processes of its own, killed when each of `kills` is so."""
    from qa import claude_models, engine
    from qa.models import ApiCall, Citation
    from reviews import running, tables

    table = tables.make(
        documents[0].workspace,
        user,
        title=mode,
        model=MODEL,
        documents=documents,
        playbook=playbook,
    )
    before = Counter(emulator.requests(1)["counts"])
    run = running.start(table, user, mode=mode)
    began = time.monotonic()
    worker = _worker(folder, emulator, run.pk)
    for due in kills:
        while not due(run) and worker.poll() is None:
            time.sleep(POLL)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker = _worker(folder, emulator, run.pk)
    worker.wait(LONGEST)
    seconds = time.monotonic() - began
    run.refresh_from_db()
    asked = Counter(emulator.requests(1)["counts"]) - before
    calls = ApiCall.objects.filter(answer__asked_in=run, purpose="answer")
    model = claude_models.get(MODEL)
    usages = [engine.Usage.from_dict(usage) for usage in calls.values_list("usage", flat=True)]
    alone = sum(
        (
            engine.catalogue.cost(
                engine.Usage(input_tokens=one.prompt_tokens, output_tokens=one.output_tokens), model
            )
            for one in usages
        ),
        Decimal(0),
    )
    states = Citation.objects.filter(answer__asked_in=run).values_list("state", flat=True)
    paid = asked["batch_item"] if mode == "batch" else asked["messages"]
    counts = table.counts()
    return {
        "cells": counts["all"],
        "done": counts["done"],
        "failed": counts["failed"],
        "state": run.state,
        "killed": len(kills),
        "lost": counts["all"] - counts["done"] - counts["failed"],
        "answered_by_the_emulator": paid,
        "paid_twice": paid - len(usages),
        "citations": dict(Counter(states)),
        "not_exact_in_text": _not_exact_in_text(run),
        "seconds": round(seconds, 1),
        "usd": float(run.cost_usd),
        "expected_usd": float(run.estimate_usd),
        "alone_usd": float(alone),
        "ratio": float(run.cost_usd / alone) if alone else None,
    }


def _not_exact_in_text(run: Any) -> int:
    """Citations that are not exact though their page was read as text. A page that is looked at is
    cited by its number, in words that have other white space than its canonical text."""
    from qa.models import Citation

    rows = Citation.objects.filter(answer__asked_in=run).exclude(state="exact")
    number = 0
    for citation in rows.prefetch_related("answer__source_rows"):
        looked = {page for row in citation.answer.source_rows.all() for page in row.looked}
        number += citation.page_start not in looked
    return number


def _worker(folder: Path, emulator: Emulator, run: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.bench.review", str(folder), "--finish", str(run)]
    told = _environment(folder, PINCITE_EMULATOR_URL=emulator.url)
    return subprocess.Popen(command, cwd=ROOT, env=told)


def _handing_over(run: Any) -> bool:
    from reviews.models import Batch

    return bool(Batch.objects.filter(run=run, state__in=["sending", "sent"]).exists())


def _results(share: float) -> Callable[[Any], bool]:
    def some(run: Any) -> bool:
        done = run.cells.filter(state="done").count()
        return bool(done > share * run.cells_sent)

    return some


KILLS = (_handing_over, _results(0.0), _results(0.5))


def _print(found: dict[str, Any]) -> None:
    print(f"{found['contracts']} contracts × 41 columns of the CUAD playbook, {MODEL}\n")
    print(f"{'':34} {'batch':>14} {'live':>14}")
    rows = (
        ("cells answered", "done", "{:d}"),
        ("cells failed", "failed", "{:d}"),
        ("workers killed on the way", "killed", "{:d}"),
        ("cells lost", "lost", "{:d}"),
        ("answers paid for twice", "paid_twice", "{:d}"),
        ("seconds", "seconds", "{:.1f}"),
        ("US dollars", "usd", "{:.4f}"),
        ("  as expected before", "expected_usd", "{:.4f}"),
        ("  each question alone, uncached", "alone_usd", "{:.4f}"),
        ("  of that", "ratio", "{:.3f}"),
    )
    for title, key, form in rows:
        cells = [form.format(found[mode][key]) for mode in ("batch", "live")]
        goal = ""
        if key == "ratio":
            kept = "kept" if found["batch"][key] <= RATIO else "MISSED"
            goal = f"   goal of the batch ≤ {RATIO:g}: {kept}"
        print(f"  {title:32} {cells[0]:>14} {cells[1]:>14}{goal}")
    for mode in ("batch", "live"):
        states = found[mode]["citations"]
        told = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
        print(f"  citations, {mode}: {told}; not exact on pages read as text:", end=" ")
        print(found[mode]["not_exact_in_text"])


if __name__ == "__main__":
    main()
