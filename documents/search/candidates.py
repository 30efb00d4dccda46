"""Which stretches to look at: the one place where the databases differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from documents.models import Stretch

from .ranking import Slot

_SQLITE = (
    "documents_stretch.id IN "
    "(SELECT rowid FROM documents_stretch_words WHERE documents_stretch_words MATCH %s)"
)
_POSTGRESQL = (
    "array_to_tsvector(string_to_array(documents_stretch.words, ' ')) @@ CAST(%s AS tsquery)"
)
_SHARES = (1, 0.7, 0.4, 0)


def candidates(
    rows: QuerySet[Stretch], mark: str, slots: Sequence[tuple[Slot, int]], limit: int
) -> list[int]:
    """Keys of at most ``limit`` of the rows; those first that have what is rare.

    ``slots``: each with the number of passages it is in, rarest first; ``mark`` stands in every
    row's words. All rows with words so rare that there is room for them, then those with all of the
    other words, then with fewer, leaving out the commonest. Of rows that are alike, the newest.
    """
    found: dict[int, None] = {}
    for wanted in _wanted(slots, limit):
        room = limit - len(found)
        if room <= 0:
            break
        newest = having(rows, [(mark,), *wanted]).order_by("-pk")
        found |= dict.fromkeys(newest.values_list("pk", flat=True)[:limit])
    return list(found)[:limit]


def _wanted(slots: Sequence[tuple[Slot, int]], limit: int) -> Iterator[Sequence[Slot]]:
    """What to ask for, one after another: keys any of which, of each slot, a row must have."""
    room, rare = limit, []
    for slot, count in slots:
        room -= count
        if room < 0:
            break
        rare.append(slot)
    either = tuple(key for slot in rare for key in slot)
    if either:
        yield (either,)
    others = [slot for slot, _count in slots[len(rare) :]]
    sizes = dict.fromkeys(max(1, round(len(others) * share)) for share in _SHARES)
    for size in sizes if others else ():
        yield others[:size]
    if len(others) > 1:
        yield (tuple(key for slot in others for key in slot),)


def having(rows: QuerySet[Stretch], wanted: Sequence[Slot]) -> QuerySet[Stretch]:
    """The rows that have a key of each slot."""
    if connection.vendor == "sqlite":
        either, both, quote, template = " OR ", " AND ", '"', _SQLITE
    else:
        either, both, quote, template = " | ", " & ", "'", _POSTGRESQL
    query = both.join(
        "(" + either.join(f"{quote}{key}{quote}" for key in group) + ")" for group in wanted
    )
    return rows.filter(RawSQL(template, [query], output_field=BooleanField()))
