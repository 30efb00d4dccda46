"""How a version was read: page by page from its text, or recognised in pictures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from documents.models import Page, Version


@dataclass(frozen=True)
class Stretch:
    """Pages ``first`` to ``last``, read alike. ``sure``: the lowest confidence among them."""

    first: int
    last: int
    source: str
    legible: bool
    sure: float | None


def stretches(version: Version) -> list[Stretch]:
    """All pages of a version in order; none before it was read."""
    fields = ("number", "source", "legible", "confidence")
    rows = Page.objects.filter(version=version).order_by("number").values_list(*fields)
    made = []
    for (source, legible), run in groupby(rows, key=lambda row: (row[1], row[2])):
        pages = list(run)
        sure = [confidence for *_, confidence in pages if confidence is not None]
        made.append(Stretch(pages[0][0], pages[-1][0], source, legible, min(sure, default=None)))
    return made
