"""Documents made ready for ranking, kept in memory by the hash of their text."""

import hashlib
import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import cached_property

from . import sentences, terms
from .topics import Topic

WINDOW = 350  # characters a passage aims at
KEPT_CHARACTERS = 40_000_000


@dataclass(frozen=True)
class Passage:
    """Neighbouring sentences `first`..`last` (inclusive) of a text, and how often each term
    occurs."""

    first: int
    last: int
    counts: Counter[str]
    length: int


class PreparedText:
    """A text, its sentences and its passages: one passage starts at each sentence, so they
    overlap."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentences = sentences.split(text)
        self._starts = [start for start, _ in self.sentences]
        self._phrases: dict[str, list[tuple[float, list[int]]]] = {}
        self.words = [terms.words(text[start:end]) for start, end in self.sentences]
        self.passages = [self._passage(i) for i in range(len(self.sentences))]

    def _passage(self, first: int) -> Passage:
        start = self.sentences[first][0]
        last = first
        while last + 1 < len(self.sentences) and self.sentences[last + 1][1] - start <= WINDOW:
            last += 1
        counts = Counter(word for i in range(first, last + 1) for word in self.words[i])
        return Passage(first, last, counts, sum(counts.values()))

    def extent(self, passage: Passage) -> tuple[int, int]:
        return self.sentences[passage.first][0], self.sentences[passage.last][1]

    def phrases(self, topic: Topic) -> list[tuple[float, list[int]]]:
        """For each phrase of a topic its weight and the sentences in which it occurs (begins)."""
        if topic.name not in self._phrases:
            self._phrases[topic.name] = [
                (weight, [self._sentence_at(m.start()) for m in pattern.finditer(self.text)])
                for weight, pattern in topic.patterns
            ]
        return self._phrases[topic.name]

    def holding(self, sentence: int) -> range:
        """The numbers of the passages that hold a sentence."""
        first = sentence
        while first > 0 and self.passages[first - 1].last >= sentence:
            first -= 1
        return range(first, sentence + 1)

    def _sentence_at(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1

    @cached_property
    def postings(self) -> dict[str, list[int]]:
        """Term to the numbers of the passages that hold it."""
        found: dict[str, list[int]] = {}
        for number, passage in enumerate(self.passages):
            for term in passage.counts:
                found.setdefault(term, []).append(number)
        return found

    @cached_property
    def average_length(self) -> float:
        return sum(p.length for p in self.passages) / max(1, len(self.passages))


class Library:
    """The least recently used texts go when there are too many characters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: OrderedDict[bytes, PreparedText] = OrderedDict()

    def prepare(self, text: str) -> PreparedText:
        key = hashlib.sha256(text.encode()).digest()
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        prepared = PreparedText(text)
        with self._lock:
            self._texts[key] = prepared
            while len(self._texts) > 1 and self._size() > KEPT_CHARACTERS:
                self._texts.popitem(last=False)
        return prepared

    def _size(self) -> int:
        return sum(len(prepared.text) for prepared in self._texts.values())
