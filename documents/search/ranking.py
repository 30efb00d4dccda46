"""BM25 over packed stretches, and several rankings fused into one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .packing import Stretch

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

    def weight(self, key: str) -> float:
        """The rarer a key the more it counts; never below nothing."""
        count = min(self.counts.get(key, 0), self.size)
        return math.log(1 + (self.size - count + 0.5) / (count + 0.5))


def scores(
    stretch: Stretch, slots: Mapping[Slot, float], of: Collection, heading_weight: float = 1.0
) -> dict[int, float]:
    """The score of each passage of a stretch that has a word of the query, by its number.

    ``slots``: the words, and how much each counts. Of the keys that stand for one, the best does.
    """
    found: defaultdict[int, float] = defaultdict(float)
    for slot, counts in slots.items():
        best: dict[int, float] = {}
        for key in slot:
            weight = of.weight(key) * (K1 + 1)
            for number, body, heading in stretch.postings(key):
                often = body + heading_weight * heading
                length = stretch.lengths[number] / of.mean_length
                score = weight * often / (often + K1 * (1 - B + B * length))
                best[number] = max(score, best.get(number, 0.0))
        for number, score in best.items():
            found[number] += counts * score
    return found


def fused(rankings: Sequence[Sequence[Item]]) -> list[tuple[Item, float]]:
    """Several rankings as one, best first, by reciprocal rank."""
    points: defaultdict[Item, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            points[item] += 1 / (FUSED + rank)
    return sorted(points.items(), key=lambda pair: -pair[1])
