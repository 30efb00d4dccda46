"""Which stretches to look at: the one place where the databases differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, prod

from django.db import connection
from django.db.models import BooleanField, Max, QuerySet
from django.db.models.expressions import RawSQL

from documents.models import Stretch

from .ranking import Slot

#: Keys any of which a row must have, and in how many passages they are.
Counted = tuple[Slot, int]

_SQLITE = (
    "documents_stretch.id IN "
    "(SELECT rowid FROM documents_stretch_words WHERE documents_stretch_words MATCH %s)"
)
# as the index has it: to every row's words, PostgreSQL adds the number of its block
_BLOCK, _IN_BLOCK = 12, "^"
_POSTGRESQL = (
    "documents_stretch_keys(documents_stretch.words, documents_stretch.id) @@ CAST(%s AS tsquery)"
)
_SHARES = (1, 0.7, 0.4, 0)
_FEW = 1_000  # rows that PostgreSQL finds and sorts in no time
_SPARE = 2  # times as many rows are expected in the blocks looked at as are wanted
_WIDER = 8  # times as many blocks, where there were too few rows after all
_BLOCKS = 64  # named in a query; are they not enough, then all


@dataclass(frozen=True)
class Pool:
    """Rows to choose from. ``mark`` stands in the words of each; ``size``: passages that are
    counted in them, ``length`` of which are in a row; 0 where there are few. ``loose``: they and
    others of the mark, of which they may be most, where it takes long to tell which."""

    rows: QuerySet[Stretch]
    mark: str
    size: int
    length: int
    loose: QuerySet[Stretch] | None = None

    def within(self, versions: Sequence[int]) -> Pool:
        """Those of some versions alone."""
        return replace(self, rows=self.rows.filter(version__in=versions), size=0, loose=None)

    def candidates(self, slots: Sequence[Counted], limit: int) -> list[int]:
        """Keys of at most ``limit`` of the rows; those first that have what is rare.

        ``slots``: each with the number of passages it is in, rarest first. All rows with words so
        rare that there is room for them, then those with all of the other words, then with fewer,
        leaving out the commonest. Of rows that are alike, the newest.
        """
        found: dict[int, None] = {}
        for wanted in _wanted(slots, limit):
            if len(found) >= limit:
                break
            found |= dict.fromkeys(self._newest(wanted, limit))
        return list(found)[:limit]

    def _newest(self, wanted: Sequence[Counted], limit: int) -> list[int]:
        """Keys of the newest rows that have a key of each.

        SQLite reads them off its index, newest first. PostgreSQL has to find them all before it
        can sort them; what is common is therefore looked for in the newest blocks first.
        """
        groups = [(self.mark,), *(slot for slot, _count in wanted)]
        if connection.vendor != "sqlite":
            for blocks in self._blocks(wanted, limit):
                newest = self._having([blocks, *groups], limit)
                if len(newest) == limit:
                    return newest
        return self._having(groups, limit)

    def _having(self, groups: Sequence[Slot], limit: int) -> list[int]:
        if self.loose is not None:
            most = _SPARE * limit
            some = _newest(having(self.loose, groups), most)
            found = self.rows.filter(pk__in=some).values_list("pk", flat=True) if some else ()
            if len(found) >= limit or len(some) < most:
                return sorted(found, reverse=True)[:limit]
        return _newest(having(self.rows, groups), limit)

    def _blocks(self, wanted: Sequence[Counted], limit: int) -> Iterator[Slot]:
        """Keys of the newest blocks, more and more of them; nothing where few rows are expected."""
        if not self.size:
            return
        expected = self.size / self.length * prod(self._share(count) for _slot, count in wanted)
        if expected <= max(_FEW, _SPARE * limit):
            return
        last = self._last >> _BLOCK
        many = ceil(last * _SPARE * limit / expected)
        while many <= min(_BLOCKS, last):
            yield tuple(f"{_IN_BLOCK}{last - back}" for back in range(many + 1))
            many *= _WIDER

    @cached_property
    def _last(self) -> int:
        return Stretch.objects.aggregate(last=Max("pk"))["last"] or 0

    def _share(self, count: int) -> float:
        """Of the rows that have one of the passages, as if these were strewn at random."""
        return float(1 - (1 - min(1.0, count / self.size)) ** self.length)


def _newest(rows: QuerySet[Stretch], limit: int) -> list[int]:
    if connection.vendor == "sqlite":
        return list(rows.order_by("-pk").values_list("pk", flat=True)[:limit])
    # not by the key itself: PostgreSQL would go through the rows by it, and take each one's words
    # apart to see whether it has what is wanted
    newest = RawSQL("documents_stretch.id + 0", [])
    return list(rows.order_by(newest.desc()).values_list("pk", flat=True)[:limit])


def _wanted(slots: Sequence[Counted], limit: int) -> Iterator[Sequence[Counted]]:
    """What to ask for, one after another: keys any of which, of each slot, a row must have."""
    room, rare = limit, 0
    for _slot, count in slots:
        room -= count
        if room < 0:
            break
        rare += 1
    if rare:
        yield (_either(slots[:rare]),)
    others = slots[rare:]
    sizes = dict.fromkeys(max(1, round(len(others) * share)) for share in _SHARES)
    for size in sizes if others else ():
        yield others[:size]
    if len(others) > 1:
        yield (_either(others),)


def _either(slots: Sequence[Counted]) -> Counted:
    return tuple(key for slot, _count in slots for key in slot), sum(
        count for _slot, count in slots
    )


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
