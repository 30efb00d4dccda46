"""A request that must wait before it is sent, though nothing is wrong with it."""

from __future__ import annotations


class Postponed(Exception):
    """Not yet: again in ``seconds``. str() says why, in a sentence for whoever waits."""

    def __init__(self, seconds: float, sentence: str) -> None:
        super().__init__(sentence)
        self.seconds = seconds
