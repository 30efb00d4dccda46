"""BM25 over packed stretches, and several rankings fused into one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .packing import HEADING, MOST, Stretch

# Chosen on the contracts and the NDAs together: longer passages are punished less than usual,
# because whole sentences differ in length for no reason of theirs.
K1, B = 1.2, 0.4
TITLE_WEIGHT = 6.0  # of a document's title over its first lines
FUSED = 10  # the k of reciprocal rank fusion

Item = TypeVar("Item", bound=Hashable)

#: A word of a query: the keys any of which stands for it.
Slot = tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """What is counted over a workspace: passages, their mean length, passages with each key."""

    size: int
    mean_length: float
    counts: Mapping[str, int]
    _weights: dict[str, float] = field(default_factory=dict, compare=False)

    def weight(self, key: str) -> float:
        """The rarer a key the more it counts; never below nothing."""
        if key not in self._weights:
            count = min(self.counts.get(key, 0), self.size)
            self._weights[key] = math.log(1 + (self.size - count + 0.5) / (count + 0.5))
        return self._weights[key]


def scores(
    stretch: Stretch, slots: Mapping[Slot, float], of: Collection, heading_weight: float = 1.0
) -> dict[int, float]:
    """The score of each passage of a stretch that has a word of the query, by its number.

    ``slots``: the words, and how much each counts. Of the keys that stand for one, the best does.
    """
    found: defaultdict[int, float] = defaultdict(float)
    for slot, best in by_slot(stretch, slots, of, heading_weight):
        counts = slots[slot]
        for number, score in best.items():
            found[number] += counts * score
    return found


def by_slot(
    stretch: Stretch, slots: Iterable[Slot], of: Collection, heading_weight: float = 1.0
) -> Iterator[tuple[Slot, dict[int, float]]]:
    """The same for each word that is there at all, as if each counted alike."""
    # thousands of words are counted for a query: what is the same for all is worked out before
    flat, steep = K1 * (1 - B), K1 * B / of.mean_length
    lengths = [flat + steep * length for length in stretch.lengths]
    for slot in slots:
        best: dict[int, float] = {}
        for key in slot:
            weight = of.weight(key) * (K1 + 1)
            for number, byte in stretch.often(key):
                often = byte if byte <= MOST else (byte & MOST) + heading_weight * (byte >> HEADING)
                score = weight * often / (often + lengths[number])
                if score > best.get(number, 0.0):
                    best[number] = score
        if best:
            yield slot, best


def fused(rankings: Sequence[Sequence[Item]]) -> list[tuple[Item, float]]:
    """Several rankings as one, best first, by reciprocal rank."""
    points: defaultdict[Item, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            points[item] += 1 / (FUSED + rank)
    return sorted(points.items(), key=lambda pair: -pair[1])
