"""What a column says over all rows: how its values are spread, what stands out, what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median, quantiles
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from reviews import cells, items
from reviews.cells import Only
from reviews.models import Cell, CellQuerySet, Column, Mark
from reviews.values import Kind

MOST_BARS = 12
BINS = 8
RARE = 0.05
"""A value is rare that at most this share of the answered rows has …"""
ENOUGH = 20
"""… where there are at least so many of them, and most of them say what others say, too."""
FEW = 8
"""Numbers of which quartiles are not taken: fewer than that."""
FAR = 1.5
"""A number is far from the rest beyond so many times the distance of the quartiles from them."""
NUMERIC = (Kind.DATE, Kind.MONEY, Kind.NUMBER)


@dataclass(frozen=True)
class Bar:
    """Something that ``n`` rows have, and what narrows the grid to them. ``share`` is of the
    longest bar, from 0 to 100."""

    label: str
    n: int
    only: Only | None
    share: float = 0.0


@dataclass(frozen=True)
class Summary:
    """``values`` are bars of values, of ranges where they are numbers, of items where they are
    lists: a row counts for each. ``others`` counts the rows that say something without a bar.
    ``typical``: the middle and the ends of numbers, in words."""

    column: Column
    all: int
    answered: int
    values: list[Bar]
    others: int
    typical: str
    outliers: list[Bar]
    rule: str
    facts: list[Bar]
    verdicts: list[Bar]
    marks: list[Bar]


Said = dict[tuple[str, float | None], int]
"""How many rows have a value, by its text and the number that it sorts by."""


def of(column: Column) -> Summary:
    """As many queries for many rows as for few."""
    live = Cell.objects.live().filter(column=column)
    counts = _counts(live)
    lists = _lists(live) if column.kind == Kind.LIST else []
    said = _items(lists) if lists else _said(live)
    numbers = _numbers(column, said)
    bins = len(numbers) > MOST_BARS
    values = _ranges(column, numbers) if bins else _values(column, said)
    outliers, rule = _outliers(column, said, numbers, len(lists) or sum(said.values()))
    return Summary(
        column=column,
        all=counts["all"],
        answered=counts["answered"],
        values=values,
        others=_others(said, lists, values),
        typical=_typical(column, numbers) if numbers else "",
        outliers=outliers,
        rule=rule,
        facts=_facts(column, counts),
        verdicts=_named(column, "verdict", Cell.Verdict.choices, counts),
        marks=_named(column, "mark", Mark.Kind.choices[:3], counts),
    )


def _counts(live: CellQuerySet) -> dict[str, int]:
    corrected = Q(mark="corrected")
    asked: dict[str, Any] = {
        "all": Count("pk"),
        "answered": Count("pk", filter=Q(state="done") | corrected),
        "failed": Count("pk", filter=Q(state="failed")),
        "absent": Count(
            "pk",
            filter=Q(outcome="absent") & ~corrected | corrected & Q(current_mark__value=None),
        ),
        "doubted": Count("pk", filter=~Q(doubt="") & ~Q(mark__in=cells.MARKED)),
        "unreviewed": Count("pk", filter=Q(state="done", mark="") & ~Q(row__mark="verified")),
    }
    for value in Cell.Verdict.values:
        asked[f"verdict_{value}"] = Count("pk", filter=Q(verdict=value))
    for value in Mark.Kind.values:
        asked[f"mark_{value}"] = Count("pk", filter=Q(mark=value))
    found: dict[str, int] = live.order_by().aggregate(**asked)
    found["unanswered"] = found["all"] - found["answered"]
    found["stale"] = live.stale().count()
    return found


def _said(live: CellQuerySet) -> Said:
    said: Said = defaultdict(int)
    pairs = live.order_by().values_list(cells.shown_as("value_text"), cells.shown_as("order"))
    for text, order, n in pairs.annotate(n=Count("pk")):
        if text:
            said[text, order] += n
    return said


def _lists(live: CellQuerySet) -> list[frozenset[str]]:
    """The items of each row's list."""
    pairs = live.order_by().values_list(cells.shown_as("value"), cells.shown_as("value_text"))
    return [held for value, text in pairs if (held := items.of(value, text))]


def _items(lists: list[frozenset[str]]) -> Said:
    return Counter((item, None) for one in lists for item in one)


def _others(said: Said, lists: list[frozenset[str]], bars: list[Bar]) -> int:
    if not lists:
        return sum(said.values()) - sum(bar.n for bar in bars)
    shown = {bar.label for bar in bars}
    return sum(not one <= shown for one in lists)


def _numbers(column: Column, said: Said) -> Counter[float]:
    """The numbers of a column whose values are such, all of one unit or currency; none else."""
    found: Counter[float] = Counter()
    if column.kind not in NUMERIC:
        return found
    units = {_unit(text) for text, order in said if order is not None}
    if len(units) > 1 and column.kind != Kind.DATE:
        return found
    for (_text, order), n in said.items():
        if order is not None:
            found[order] += n
    return found


def _unit(text: str) -> str:
    return text.partition(" ")[2]


def _values(column: Column, said: Said) -> list[Bar]:
    texts: Counter[str] = Counter()
    for (text, _order), n in said.items():
        texts[text] += n
    ranked = sorted(texts.items(), key=lambda one: (-one[1], one[0]))[:MOST_BARS]
    return _scaled([Bar(text, n, _only(column, text)) for text, n in ranked])


def _only(column: Column, text: str) -> Only:
    return Only(column, "item" if column.kind == Kind.LIST else "value", text)


def _ranges(column: Column, numbers: Counter[float]) -> list[Bar]:
    low, high = min(numbers), max(numbers)
    step = (high - low) / BINS
    edges = [low + step * n for n in range(BINS)] + [high]
    if column.kind == Kind.DATE:
        edges = [float(round(edge)) for edge in edges]
    bars = []
    for start, end in pairwise(edges):
        last = end == high
        inside = [n for n in numbers if start <= n and (n <= end if last else n < end)]
        if not inside:
            bars.append(Bar(_span(column, start, end), 0, None))
            continue
        only = Only(column, "range", f"{min(inside)!r}..{max(inside)!r}")
        bars.append(Bar(_span(column, start, end), sum(numbers[n] for n in inside), only))
    return _scaled(bars)


def _scaled(bars: list[Bar]) -> list[Bar]:
    most = max((bar.n for bar in bars), default=1) or 1
    return [Bar(bar.label, bar.n, bar.only, round(100 * bar.n / most, 1)) for bar in bars]


def written(column: Column, number: float) -> str:
    """A number of the column as people read it: a day where it is one."""
    if column.kind == Kind.DATE:
        return date.fromordinal(min(max(round(number), 1), date.max.toordinal())).isoformat()
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"


def _span(column: Column, low: float, high: float) -> str:
    return f"{written(column, low)} – {written(column, high)}"


def _typical(column: Column, numbers: Counter[float]) -> str:
    return _("From %(low)s to %(high)s, half of them up to %(middle)s.") % {
        "low": written(column, min(numbers)),
        "high": written(column, max(numbers)),
        "middle": written(column, median(numbers.elements())),
    }


def _outliers(
    column: Column, said: Said, numbers: Counter[float], rows: int
) -> tuple[list[Bar], str]:
    """What stands out in so many rows, and the rule by which it does, in a sentence; "" where none
    applies."""
    if column.kind in NUMERIC:
        if numbers.total() < FEW:
            return [], ""
        first, _middle, third = quantiles(numbers.elements(), n=4, method="inclusive")
        reach = FAR * (third - first)
        odd = {n for n in numbers if n < first - reach or n > third + reach}
        found = [(text, n) for (text, order), n in said.items() if order in odd]
        rule = _("Further from the middle half of the values than 1.5 times its width.")
    else:
        texts: Counter[str] = Counter()
        for (text, _order), n in said.items():
            texts[text] += n
        if rows < ENOUGH or len(texts) > texts.total() / 2:
            return [], ""
        found = [(text, n) for text, n in texts.items() if n <= RARE * rows]
        rule = _("What at most one answered row in twenty says.")
    found.sort(key=lambda one: (one[1], one[0]))
    bars = [Bar(text, n, _only(column, text)) for text, n in found[:MOST_BARS]]
    return bars, rule


def _facts(column: Column, counts: dict[str, int]) -> list[Bar]:
    asked = [
        (_("Not in this document"), "absent", Only(column, "absent", "yes")),
        (_("Not answered"), "unanswered", Only(column, "unanswered", "yes")),
        (_("Failed"), "failed", Only(column, "state", "failed")),
        (_("Doubtful"), "doubted", Only(column, "state", "doubted")),
        (_("Out of date"), "stale", Only(column, "state", "stale")),
        (_("Not reviewed yet"), "unreviewed", Only(column, "state", "unreviewed")),
    ]
    return [Bar(label, counts[key], only) for label, key, only in asked]


def _named(column: Column, what: str, choices: Any, counts: dict[str, int]) -> list[Bar]:
    bars = [
        Bar(str(label), counts[f"{what}_{value}"], Only(column, what, str(value)))
        for value, label in choices
    ]
    return bars if any(bar.n for bar in bars) else []


def named(only: Only) -> str:
    """What rows are narrowed to, in a few words."""
    if only.what in ("value", "item"):
        return only.value
    if only.what == "range":
        low, _dots, high = only.value.partition("..")
        try:
            return _span(only.column, float(low), float(high))
        except (ValueError, OverflowError):
            return only.value
    if only.what == "absent":
        return _("Not in this document")
    if only.what == "unanswered":
        return _("Not answered")
    known: dict[str, Any] = {"state": Cell.State, "verdict": Cell.Verdict, "mark": Mark.Kind}
    labels = {str(value): str(label) for value, label in known[only.what].choices}
    more = {
        "doubted": _("Doubtful"),
        "stale": _("Out of date"),
        "unreviewed": _("Not reviewed yet"),
    }
    return (labels | more).get(only.value, only.value)
