"""Ranking: which passages of the documents bear on a question."""

import math
from collections import defaultdict
from dataclasses import dataclass

from . import terms
from .library import Library, Passage, PreparedText
from .prompt import Document

K1, B = 1.2, 0.75
AT_MOST = 4  # passages in an answer
OLDER_QUESTION = 0.2  # weight of a term of the question before
RELATIVE_FLOOR = 0.45  # of the best score
COVERAGE = 0.3  # share of the question's (rarity-weighted) terms the best passage must hold


@dataclass(frozen=True)
class Found:
    """A passage that answers: its document, its sentences' ranges in reading order, its score."""

    document: Document
    ranges: tuple[tuple[int, int], ...]
    score: float


def find(library: Library, documents: list[Document], questions: tuple[str, ...]) -> list[Found]:
    """The best passages, best first; empty when the documents do not seem to hold an answer."""
    query = _query(questions)
    found: list[Found] = []
    for document in documents:
        prepared = library.prepare(document.text or "")
        for passage, score in _rank(prepared, query):
            ranges = tuple(prepared.sentences[passage.first : passage.last + 1])
            found.append(Found(document, ranges, score))
    found.sort(key=lambda one: -one.score)
    best = found[0].score if found else 0.0
    return [one for one in found if one.score >= RELATIVE_FLOOR * best][:AT_MOST]


def _query(questions: tuple[str, ...]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for question in questions[-3:-1]:
        for term in terms.words(question):
            weights[term] = OLDER_QUESTION
    for term in terms.words(questions[-1] if questions else ""):
        weights[term] = 1.0
    return weights


def _rank(prepared: PreparedText, query: dict[str, float]) -> list[tuple[Passage, float]]:
    total = len(prepared.passages)
    scores: defaultdict[int, float] = defaultdict(float)
    held: defaultdict[int, float] = defaultdict(float)
    rarity = {
        term: math.log(1 + (total - n + 0.5) / (n + 0.5))
        for term in query
        for n in [len(prepared.postings.get(term, ()))]
    }
    for term, weight in query.items():
        for number in prepared.postings.get(term, ()):
            passage = prepared.passages[number]
            often = passage.counts[term]
            norm = K1 * (1 - B + B * passage.length / prepared.average_length)
            scores[number] += weight * rarity[term] * often * (K1 + 1) / (often + norm)
            held[number] += weight * rarity[term]
    needed = COVERAGE * sum(weight * rarity[term] for term, weight in query.items())
    taken: list[tuple[Passage, float]] = []
    for number, score in sorted(scores.items(), key=lambda item: -item[1]):
        passage = prepared.passages[number]
        if held[number] < needed or any(_overlap(passage, other) for other, _ in taken):
            continue
        taken.append((passage, score))
        if len(taken) == AT_MOST:
            break
    return taken


def _overlap(one: Passage, other: Passage) -> bool:
    return one.first <= other.last and other.first <= one.last
