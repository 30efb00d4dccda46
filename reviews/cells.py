"""Looking at a table: which rows, a window of them with their cells, what a column says in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from reviews.models import Cell, CellQuerySet, Column, Row, Table


@dataclass(frozen=True)
class Filter:
    """Which rows are looked for: those with a cell, of ``column`` where that is given, which is
    all of this at once. ``state`` may also be ``stale``, ``doubted`` or ``unreviewed``; ``text``
    is looked for in values, and in titles of documents where no column is given."""

    column: Column | None = None
    state: str = ""
    outcome: str = ""
    verdict: str = ""
    mark: str = ""
    value: str = ""
    text: str = ""

    @property
    def empty(self) -> bool:
        return self == Filter(column=self.column)


@dataclass(frozen=True)
class Line:
    """A row with its cells, in the order of the columns."""

    row: Row
    cells: list[Cell]


@dataclass(frozen=True)
class Summary:
    """What the live cells of a column say: ``values`` by how often, the commonest first."""

    all: int
    states: dict[str, int]
    values: list[tuple[str, int]] = field(default_factory=list)
    absent: int = 0
    doubted: int = 0
    stale: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)


def matching(table: Table, wanted: Filter) -> CellQuerySet:
    """The live cells that a filter is about."""
    cells = Cell.objects.live().filter(table=table)
    if wanted.column is not None:
        cells = cells.filter(column=wanted.column)
    match wanted.state:
        case "":
            pass
        case "stale":
            cells = cells.stale()
        case "doubted":
            cells = cells.exclude(doubt="").exclude(mark__in=["corrected", "verified"])
        case "unreviewed":
            cells = cells.unreviewed()
        case state:
            cells = cells.filter(state=state)
    for name in ("outcome", "verdict", "mark"):
        if given := getattr(wanted, name):
            cells = cells.filter(**{name: given})
    corrected = Q(mark="corrected")
    if wanted.value:
        own = Q(value_text=wanted.value) & ~corrected
        cells = cells.filter(own | corrected & Q(current_mark__value_text=wanted.value))
    if wanted.text:
        found = Q(value_text__icontains=wanted.text)
        found |= Q(current_mark__value_text__icontains=wanted.text)
        if wanted.column is None:
            found |= Q(row__document__title__icontains=wanted.text)
        cells = cells.filter(found)
    return cells


def rows(
    table: Table,
    wanted: Filter | None = None,
    *,
    sort: Column | None = None,
    descending: bool = False,
) -> QuerySet[Row]:
    """The live rows with what a filter looks for; sorted by a column's values, those without one
    last, or in their order."""
    found = Row.objects.live().filter(table=table)
    if wanted is not None and not wanted.empty:
        found = found.filter(Exists(matching(table, wanted).filter(row=OuterRef("pk")).order_by()))
    if sort is None:
        return found.order_by("-position" if descending else "position", "pk")
    of_row = Cell.objects.filter(row=OuterRef("pk"), column=sort).order_by()
    found = found.annotate(
        _number=Subquery(of_row.values("order")[:1]),
        _text=Subquery(
            of_row.values(
                shown=Case(
                    When(mark="corrected", then=F("current_mark__value_text")),
                    default=F("value_text"),
                )
            )[:1]
        ),
        _blank=Case(When(Q(_text="") | Q(_text=None), then=Value(1)), default=Value(0)),
    )
    sign = "-" if descending else ""
    return found.order_by("_blank", f"{sign}_number", f"{sign}_text", "position", "pk")


def window(table: Table, page: Sequence[Row], columns: Sequence[Column]) -> list[Line]:
    """The rows given with their cells; one query, however many they are."""
    wanted = [row.pk for row in page]
    known = {column.pk: column for column in columns}
    found: dict[tuple[int, int], Cell] = {}
    cells = Cell.objects.filter(table=table, row__in=wanted, column__in=list(known))
    for cell in cells.select_related("current_mark__by").defer("reason"):
        found[cell.row_id, cell.column_id] = cell
    lines = []
    for row in page:
        there = [found[row.pk, key] for key in known if (row.pk, key) in found]
        for cell in there:
            cell.row, cell.column = row, known[cell.column_id]
        lines.append(Line(row, there))
    return lines


def changed_since(table: Table, when: datetime) -> CellQuerySet:
    """Cells that are not as they were then: what a page that polls shows anew."""
    return Cell.objects.live().filter(table=table, changed_at__gt=when)


def next_unreviewed(cell: Cell) -> Cell | None:
    """The next one that nobody has said anything of, along the rows and then from the top; None
    when all are reviewed."""
    left = Cell.objects.live().filter(table=cell.table_id).unreviewed().exclude(pk=cell.pk)
    ordered = left.order_by("row__position", "row", "column__position", "column")
    here = (cell.row.position, cell.row_id, cell.column.position, cell.column_id)
    places = ordered.values_list(
        "row__position", "row", "column__position", "column", "pk", named=False
    )
    found = list(places)
    after = next((place for place in found if place[:4] > here), None)
    place = after or (found[0] if found else None)
    return Cell.objects.to_show().get(pk=place[4]) if place else None


def summary(column: Column, most: int = 20) -> Summary:
    """What the column says over all live rows."""
    cells = Cell.objects.live().filter(column=column).order_by()
    states = dict(cells.values_list("state").annotate(n=Count("pk")))
    verdicts = dict(cells.exclude(verdict="").values_list("verdict").annotate(n=Count("pk")))
    said = Case(When(mark="corrected", then=F("current_mark__value_text")), default=F("value_text"))
    counted = cells.filter(state=Cell.State.DONE).annotate(said=said).exclude(said="")
    values = counted.values_list("said").annotate(n=Count("pk")).order_by("-n", "said")
    corrected_away = Q(mark="corrected", current_mark__value=None)
    absent = Q(outcome=Cell.Outcome.ABSENT) & ~Q(mark="corrected")
    return Summary(
        all=sum(states.values()),
        states=states,
        values=list(values[:most]),
        absent=cells.filter(absent | corrected_away).count(),
        doubted=cells.exclude(doubt="").exclude(mark__in=["corrected", "verified"]).count(),
        stale=cells.stale().count(),
        verdicts=verdicts,
    )
