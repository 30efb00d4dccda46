"""Whose question is written next: nobody waits behind another's whole heap."""

from __future__ import annotations

import threading
from collections import Counter

from django.conf import settings

from documents.reading import owner_name
from qa.answering import write_claimed
from qa.models import Answer

_choosing = threading.Lock()
_writing: Counter[int] = Counter()
"""How many answers this process writes, by author."""


def write_next() -> bool:
    """Claim the answer whose turn it is and write it to its end; False when there is none."""
    answer = _claim_next()
    if answer is None:
        return False
    try:
        write_claimed(answer)
    finally:
        with _choosing:
            _writing[answer.author_id] -= 1
    return True


def _claim_next() -> Answer | None:
    # one at a time: two threads that look at once would both find the same turn
    with _choosing:
        rows = Answer.objects.select_related("workspace__claude", "thread", "author")
        while (answer := rows.next_due(but=_crowding())) is not None:
            if answer.claim(owner_name()):
                _writing[answer.author_id] += 1
                return answer
    return None


def _crowding() -> list[int]:
    """Authors who have as many answers written here as one person may: a worker keeps an eighth of
    its threads, or one, free for others, who would else wait for a whole answer to end."""
    share = max(1, settings.ANSWER_THREADS - max(1, settings.ANSWER_THREADS // 8))
    return [author for author, count in _writing.items() if count >= share]
