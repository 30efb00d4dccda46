"""Recognised pages: how fast, how well, and where their words stand.

Pages of contracts are rendered and damaged as a scanner would, and read by the child that reads
everything: what is measured is what a user gets. Needs the contracts and Tesseract's English.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

from documents import ingest
from documents.ingest import Kind, Limits, ocr
from tests import scans
from tests.emulator_support import CONTRACTS

#: What is wrong of all characters at most, at the median; words found again; their boxes' overlap.
GOALS = {"wrong": 0.01, "words": 0.97, "overlap": 0.85, "seconds": 4.0, "memory_mb": 512}
#: A page of running text of some contracts of different making.
PAGES = (("MetLife*", 5), ("SightLife*", 3), ("BONTON*", 12))


@dataclass(frozen=True)
class Read:
    """One page: wrong characters and words found again as shares, mean overlap of the boxes."""

    damage: str
    wrong: float
    words: float
    overlap: float | None
    seconds: float


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if not CONTRACTS.is_dir() or len(ocr.known(("eng", "osd"))) < 2:
        print("recognised pages: not measured, for want of the contracts or of Tesseract's data\n")
        return {}
    pages = PAGES if options.scale == "full" else PAGES[:2]
    found = [
        _read(folder, next(CONTRACTS.glob(name)), page, damage)
        for name, page in pages
        for damage in scans.DAMAGES
    ]
    memory = _memory_mb()
    ingest.close()
    _print(found, memory)
    return {"ocr": {"pages": [vars(one) for one in found], "memory_mb": round(memory)}}


def _read(folder: Path, path: Path, page: int, damage: str) -> Read:
    dpi, harm = scans.DAMAGES[damage]
    scan = folder / "scan.pdf"
    scan.write_bytes(scans.pdf(harm(scans.rendered(path, page, dpi)), dpi=dpi))
    limits = Limits(bytes=50 << 20, pages=9, ocr=True)
    began = time.perf_counter()
    reading = ingest.read(scan, Kind.PDF, limits)
    seconds = time.perf_counter() - began
    with pypdfium2.PdfDocument(path) as document:
        gold = document[page - 1].get_textpage().get_text_range()
    (only,) = reading.pages
    overlaps: list[float] = []
    if not damage.startswith(("turned", "skew", "scan")):
        # the others stand elsewhere than on the page that the boxes are compared with
        recognised = ocr.Recognised(reading.text, only.words, only.confidence, only.legible)
        overlaps = scans.overlaps(path, page, recognised)
    return Read(
        damage=damage,
        wrong=round(scans.wrong(reading.text, gold), 4),
        words=round(_found_again(reading.text, gold), 3),
        overlap=round(statistics.mean(overlaps), 3) if overlaps else None,
        seconds=round(seconds, 2),
    )


def _found_again(found: str, gold: str) -> float:
    wanted = Counter(gold.split())
    return (wanted & Counter(found.split())).total() / max(wanted.total(), 1)


def _memory_mb() -> float:
    """The most that a reading child of this process has had."""
    peaks = []
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            peaks.append(int(peak.split()[1]) / 1024)
    return max(peaks, default=0.0)


def _print(found: list[Read], memory: float) -> None:
    print(f"{'recognised pages of contracts':30} {'wrong':>8} {'words':>7} {'boxes':>7} {'s':>6}")
    for damage in scans.DAMAGES:
        some = [one for one in found if one.damage == damage]
        overlaps = [one.overlap for one in some if one.overlap is not None]
        overlap = f"{statistics.mean(overlaps):7.2f}" if overlaps else f"{'':7}"
        print(
            f"  {damage:28} {statistics.median(one.wrong for one in some):8.4f}"
            f" {statistics.mean(one.words for one in some):7.3f} {overlap}"
            f" {statistics.mean(one.seconds for one in some):6.2f}"
        )
    boxes = statistics.mean(one.overlap for one in found if one.overlap is not None)
    _judge("wrong characters, median", "wrong", statistics.median(one.wrong for one in found))
    _judge("words found again", "words", statistics.mean(one.words for one in found))
    _judge("overlap of boxes with pdfium's", "overlap", boxes)
    _judge("seconds a page", "seconds", statistics.mean(one.seconds for one in found))
    _judge("memory of the child, MB", "memory_mb", memory)
    print()


def _judge(title: str, name: str, value: float) -> None:
    goal, at_least = GOALS[name], name in ("words", "overlap")
    kept = value >= goal if at_least else value <= goal
    sign = "≥" if at_least else "≤"
    print(f"  {title:32} {value:8.4g}   goal {sign} {goal:g}: {'kept' if kept else 'MISSED'}")
