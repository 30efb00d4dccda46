"""Ranking: which passages of the documents bear on a question.

Two signals are added up: BM25 of the question's words, and how strongly a passage is worded like
what the question is about (`topics`). A question of a known topic without any passage worded like
it has no answer.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from . import terms, topics
from .library import Library, Passage, PreparedText
from .prompt import Document

K1, B = 1.2, 0.75
AT_MOST = 5  # passages in an answer
OLDER_QUESTION = 0.2  # weight of a word of the questions before
SECOND_TOPIC = 0.4  # weight of what a question is about beside its leading topic
WORDS = 3.0  # what the best passage by BM25 adds to its topic's weight
OPENING = 1_500  # characters over which being at the beginning loses its weight
RELATIVE_FLOOR = 0.45  # of the best score
SAME = 0.6  # of the words of two passages that say the same
COVERAGE = (
    0.3  # share of the question's (rarity-weighted) words a passage must hold without a topic
)


@dataclass(frozen=True)
class Found:
    """A passage that answers: its document, its sentences' ranges in reading order, its score."""

    document: Document
    ranges: tuple[tuple[int, int], ...]
    score: float

    @property
    def counts(self) -> Counter[str]:
        text = self.document.text or ""
        return Counter(word for part in self.ranges for word in terms.words(text[slice(*part)]))


@dataclass(frozen=True)
class Query:
    """The words of the questions with their weights, and what the last one is about."""

    words: dict[str, float]
    topics: tuple[topics.Topic, ...]


def find(library: Library, documents: list[Document], questions: tuple[str, ...]) -> list[Found]:
    """The best passages, best first; empty when the documents do not seem to hold an answer."""
    query = _query(questions)
    found: list[Found] = []
    for document in documents:
        prepared = library.prepare(document.text or "")
        for passage, score in _best(prepared, query):
            first, last = _trimmed(prepared, passage, query)
            ranges = tuple(prepared.sentences[first : last + 1])
            found.append(Found(document, ranges, score))
    found.sort(key=lambda one: -one.score)
    floor = RELATIVE_FLOOR * found[0].score if found else 0.0
    return _once([one for one in found if one.score >= floor])[:AT_MOST]


def _once(found: list[Found]) -> list[Found]:
    """Without what stands on a page that is given too: pages and text of one document, which is
    told by their titles, say the same."""
    paged = [one for one in found if one.document.pages]
    return [one for one in found if not any(_repeats(one, page) for page in paged)]


def _repeats(one: Found, page: Found) -> bool:
    title, whole = one.document.title, page.document.title
    if one.document.pages or not title or not (whole or "").startswith(title):
        return False
    mine, its = one.counts, page.counts
    return (mine & its).total() >= SAME * min(mine.total(), its.total())


def _query(questions: tuple[str, ...]) -> Query:
    weights: dict[str, float] = {}
    for question in questions[-3:-1]:
        for term in terms.words(question):
            weights[term] = OLDER_QUESTION
    last = questions[-1] if questions else ""
    for term in terms.words(last):
        weights[term] = 1.0
    about = topics.about(last) or [t for q in questions[-2:-1] for t in topics.about(q)]
    return Query(weights, tuple(about[:2]))


def _best(prepared: PreparedText, query: Query) -> list[tuple[Passage, float]]:
    """The best passages that do not overlap, best first."""
    scores = _topical(prepared, query) if query.topics else _covering(prepared, query)
    taken: list[tuple[Passage, float]] = []
    for number, score in sorted(scores.items(), key=lambda item: -item[1]):
        passage = prepared.passages[number]
        if not any(_overlap(passage, other) for other, _ in taken):
            taken.append((passage, score))
            if len(taken) == AT_MOST:
                break
    return taken


def _trimmed(prepared: PreparedText, passage: Passage, query: Query) -> tuple[int, int]:
    """The passage without sentences at its ends that have nothing of the question in them."""
    phrased = {
        sentence
        for topic in query.topics
        for _, sentences in prepared.phrases(topic)
        for sentence in sentences
    }
    bearing = [
        sentence
        for sentence in range(passage.first, passage.last + 1)
        if sentence in phrased or query.words.keys() & prepared.words[sentence]
    ]
    return (bearing[0], bearing[-1]) if bearing else (passage.first, passage.last)


def _topical(prepared: PreparedText, query: Query) -> dict[int, float]:
    by_words, _, _ = _bm25(prepared, query.words)
    highest = max(by_words.values(), default=1.0)
    scores: dict[int, float] = {}
    leading = query.topics[0]
    second = _weights(prepared, query.topics[1]) if len(query.topics) > 1 else {}
    for number, weight in _weights(prepared, leading).items():
        if weight < leading.needs:
            continue
        start = prepared.extent(prepared.passages[number])[0]
        scores[number] = (
            weight
            + SECOND_TOPIC * second.get(number, 0.0)
            + WORDS * by_words.get(number, 0.0) / highest
            + leading.opening * math.exp(-start / OPENING)
        )
    return scores


def _weights(prepared: PreparedText, topic: topics.Topic) -> dict[int, float]:
    """Passage number to the summed weight of the topic's phrases that begin in it."""
    weights: defaultdict[int, float] = defaultdict(float)
    for weight, sentences in prepared.phrases(topic):
        for number in {n for sentence in sentences for n in prepared.holding(sentence)}:
            weights[number] += weight
    return weights


def _covering(prepared: PreparedText, query: Query) -> dict[int, float]:
    scores, held, everything = _bm25(prepared, query.words)
    return {n: score for n, score in scores.items() if held[n] >= COVERAGE * everything}


def _bm25(
    prepared: PreparedText, words: dict[str, float]
) -> tuple[dict[int, float], dict[int, float], float]:
    """Score and rarity-weighted words held, by passage number; and the latter of the whole
    query."""
    total = len(prepared.passages)
    scores: defaultdict[int, float] = defaultdict(float)
    held: defaultdict[int, float] = defaultdict(float)
    everything = 0.0
    for term, weight in words.items():
        numbers = prepared.postings.get(term, [])
        rarity = weight * math.log(1 + (total - len(numbers) + 0.5) / (len(numbers) + 0.5))
        everything += rarity
        for number in numbers:
            passage = prepared.passages[number]
            often = passage.counts[term]
            norm = K1 * (1 - B + B * passage.length / prepared.average_length)
            scores[number] += rarity * often * (K1 + 1) / (often + norm)
            held[number] += rarity
    return scores, held, everything


def _overlap(one: Passage, other: Passage) -> bool:
    return one.first <= other.last and other.first <= one.last
