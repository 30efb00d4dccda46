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
_SHARES = (1, 0.75, 0.5, 0.25)


def candidates(
    rows: QuerySet[Stretch], mark: str, slots: Sequence[Slot], limit: int
) -> list[Stretch]:
    """At most ``limit`` of the rows, those first that have all the words, then most of the rarest.

    ``slots``: rarest first, each with a key that occurs; ``mark`` stands in every row's words.
    Of rows that are alike, the newest.
    """
    found: dict[int, Stretch] = {}
    for wanted in _wanted(slots):
        if len(found) >= limit:
            break
        for row in having(rows, mark, wanted).order_by("-pk")[:limit]:
            found.setdefault(row.pk, row)
    return list(found.values())[:limit]


def _wanted(slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
    """Which words to ask for together: all, then fewer, without the commonest or the rarest."""
    asked = set()
    sizes = [max(1, round(len(slots) * share)) for share in _SHARES] + [1]
    for size in dict.fromkeys(sizes if slots else []):
        for begin in (0, 1):
            wanted = tuple(slots[begin : begin + size])
            if wanted and wanted not in asked:
                asked.add(wanted)
                yield wanted


def having(rows: QuerySet[Stretch], mark: str, wanted: Sequence[Slot]) -> QuerySet[Stretch]:
    """The rows that have a key of each slot."""
    if connection.vendor == "sqlite":
        either, both, quote, template = " OR ", " AND ", '"', _SQLITE
    else:
        either, both, quote, template = " | ", " & ", "'", _POSTGRESQL
    groups = [(mark,), *wanted]
    query = both.join(
        "(" + either.join(f"{quote}{key}{quote}" for key in group) + ")" for group in groups
    )
    return rows.filter(RawSQL(template, [query], output_field=BooleanField()))
