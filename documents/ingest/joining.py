"""Boxes that follow one another in reading order, joined to one a line."""

from dataclasses import dataclass

#: Left, top, right and bottom: fractions of the page as shown, y down.
Box = tuple[float, float, float, float]

_SHARED = 0.3  # of the lower box's height that two boxes of a line have in common, at least
_GAP = 3.0  # line heights between two boxes of a line, at most


@dataclass
class Run:
    """A stretch of a line: ``first`` to ``last``, as the joined boxes were numbered, both in it.

    ``turns`` are the quarter turns clockwise from a line that runs to the right.
    """

    first: int
    last: int
    box: Box
    turns: int = 0


class Joiner:
    """Takes boxes one by one; ``aspect`` is the page's height over its width."""

    def __init__(self, aspect: float) -> None:
        self.runs: list[Run] = []
        self._aspect = aspect
        self._broken = True

    def cut(self) -> None:
        """The next box begins a line."""
        self._broken = True

    def begins(self, box: Box) -> bool:
        """Whether a box cannot go on with the line of the last one."""
        return self._broken or not self._goes_on(self.runs[-1], box)

    def add(self, number: int, box: Box, *, begin: bool, turns: int = 0) -> None:
        """``begin`` as `begins` said it; ``turns`` are looked at when a line begins only."""
        if begin:
            self.runs.append(Run(number, number, box, turns))
        else:
            run = self.runs[-1]
            left, top, right, bottom = run.box
            run.last = number
            run.box = min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3])
        self._broken = False

    def _goes_on(self, run: Run, box: Box) -> bool:
        along, across = (1, 0) if run.turns % 2 else (0, 1)
        low, high = max(run.box[across], box[across]), min(run.box[across + 2], box[across + 2])
        thick = run.box[across + 2] - run.box[across]
        if high - low <= _SHARED * max(min(thick, box[across + 2] - box[across]), 1e-9):
            return False
        gap = max(run.box[along], box[along]) - min(run.box[along + 2], box[along + 2])
        scale = 1 / self._aspect if along else self._aspect
        return gap <= _GAP * thick * scale
