"""`python -m emulator.measure CONTRACTS_DIR`: how often an answer cites what a lawyer marked.

The folder holds contracts as PDF, `gold.jsonl` (questions with the clause texts that answer them)
and `absent.jsonl` (questions without an answer in that contract). A question of the first counts
when a cited range overlaps any occurrence of one of its clauses, both compared without white space;
one of the second when the answer is that the documents hold none.
"""

import argparse
import json
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pypdfium2

from . import extract
from .library import Library
from .prompt import Document

_FOLD = str.maketrans(
    {**dict.fromkeys("‘’‚′`", "'"), **dict.fromkeys("“”„″", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u0002\ufffe")


@dataclass(frozen=True)
class Squeezed:
    """A text without white space, and where each of its characters stood before."""

    text: str
    origins: tuple[int, ...]

    def occurrences(self, quote: str) -> Iterator[tuple[int, int]]:
        """Ranges of the original text that read like `quote`."""
        at = self.text.find(quote) if quote else -1
        while at >= 0:
            yield self.origins[at], self.origins[at + len(quote) - 1] + 1
            at = self.text.find(quote, at + 1)


def squeeze(text: str) -> Squeezed:
    characters: list[str] = []
    origins: list[int] = []
    for position, character in enumerate(text):
        folded = unicodedata.normalize("NFKC", character).translate(_FOLD)
        for part in folded:
            if not part.isspace() and part not in _INVISIBLE:
                characters.append(part)
                origins.append(position)
    return Squeezed("".join(characters), tuple(origins))


def pdf_text(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    return "\n\n".join(pages).replace("\r\n", "\n").replace("\ufffe", "-").replace("\u0002", "-")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulator.measure")
    parser.add_argument("contracts", type=Path)
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    options = parser.parse_args()
    measure(options.contracts, misses=options.misses)


def measure(folder: Path, *, misses: bool) -> None:
    library = Library()
    texts = {path.name: pdf_text(path) for path in sorted(folder.glob("*.pdf"))}
    squeezed = {name: squeeze(text) for name, text in texts.items()}
    gold = _lines(folder / "gold.jsonl")
    absent = _lines(folder / "absent.jsonl")
    tally: defaultdict[str, list[bool]] = defaultdict(list)
    empty: defaultdict[str, list[bool]] = defaultdict(list)
    characters = citations = first = 0
    started = time.perf_counter()
    for row in gold:
        cited = _cited(library, texts[row["file"]], row["question"])
        spans = [
            span
            for marked in row["spans"]
            for span in squeezed[row["file"]].occurrences(squeeze(marked["text"]).text)
        ]
        hits = [any(s < e2 and s2 < e for s2, e2 in spans) for s, e in cited]
        tally[row["category"]].append(any(hits))
        first += hits[:1] == [True]
        citations += len(cited)
        characters += sum(end - start for start, end in cited)
        if misses and not any(hits):
            print(
                f"MISS {row['category']} | {row['file'][:30]} | {row['spans'][0]['text'][:150]!r}"
            )
            for start, end in cited:
                print("     got", repr(texts[row["file"]][start:end][:110]))
    for row in absent:
        empty[row["category"]].append(not _cited(library, texts[row["file"]], row["question"]))
    seconds = time.perf_counter() - started
    for category in sorted(set(tally) | set(empty)):
        print(f"{category:40} {_share(tally[category]):>18} {_share(empty[category]):>18}")
    print(f"{'answered with a marked clause':40} {_share([*chain(*tally.values())]):>18}")
    print(f"{'  by the first passage alone':40} {first / len(gold):>18.1%}")
    print(f"{'absent, and said so':40} {'':18} {_share([*chain(*empty.values())]):>18}")
    print(
        f"{citations / len(gold):.1f} passages of {characters / max(1, citations):.0f} characters"
    )
    print(f"{seconds / (len(gold) + len(absent)) * 1000:.0f} ms a question")


def _cited(library: Library, text: str, question: str) -> list[tuple[int, int]]:
    document = Document(0, None, text, None, True)
    found = extract.find(library, [document], (question,))
    return [(one.ranges[0][0], one.ranges[-1][1]) for one in found]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _share(hits: list[bool]) -> str:
    return f"{sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%}" if hits else "-"


if __name__ == "__main__":
    main()
