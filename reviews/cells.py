"""Looking at a table: which rows, a window of them with their cells, what is next to review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Lower

from qa.models import Citation
from reviews import items
from reviews.models import Cell, CellQuerySet, Column, Mark, Row, Table
from reviews.models.row import RowQuerySet

TITLE = "title"
"""What rows are sorted by beside columns: the titles of their documents."""
MARKED = ["corrected", "verified"]
"""Marks by which somebody has decided what the value is."""


@dataclass(frozen=True)
class Only:
    """Rows whose cell of a column says one thing. ``what`` is one of WHATS; a ``range`` is of
    numbers, as ``low..high``, both included."""

    column: Column
    what: str
    value: str

    @property
    def said(self) -> str:
        """As an address says it."""
        return f"{self.column.public_id}.{self.what}.{self.value}"

    @property
    def cells(self) -> CellQuerySet:
        cells = Cell.objects.live().filter(column=self.column)
        return WHATS[self.what](cells, self.value)


def only(columns: Sequence[Column], said: Sequence[str]) -> tuple[Only, ...]:
    """What the ``is`` of an address ask for; what cannot be understood is not looked for."""
    known = {str(column.public_id): column for column in columns}
    found = []
    for one in said:
        key, _dot, rest = one.partition(".")
        what, _dot, value = rest.partition(".")
        if key in known and what in WHATS and value and "\0" not in value:
            found.append(Only(known[key], what, value))
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Filter:
    """Which rows are looked for: those with a cell, of ``column`` where that is given, which is
    all of this at once. ``state`` may also be ``stale``, ``doubted`` or ``unreviewed``; ``text``
    is looked for in values, and in titles of documents where no column is given."""

    column: Column | None = None
    state: str = ""
    verdict: str = ""
    mark: str = ""
    value: str = ""
    text: str = ""
    only: tuple[Only, ...] = ()

    @property
    def empty(self) -> bool:
        return self == Filter(column=self.column)

    @property
    def one_cell(self) -> bool:
        """Whether it says anything that one cell must have, beside ``only``."""
        return self != Filter(column=self.column, only=self.only)


@dataclass(frozen=True)
class Line:
    """A row with its cells, in the order of the columns."""

    row: Row
    cells: list[Cell]


def matching(table: Table, wanted: Filter) -> CellQuerySet:
    """The live cells that a filter is about."""
    cells = Cell.objects.live().filter(table=table)
    if wanted.column is not None:
        cells = cells.filter(column=wanted.column)
    if wanted.state:
        cells = _in_state(cells, wanted.state)
    for name in ("verdict", "mark"):
        if given := getattr(wanted, name):
            cells = cells.filter(**{name: given})
    if wanted.value:
        cells = saying(cells, wanted.value)
    if wanted.text:
        found = shown(value_text__says=wanted.text)
        if wanted.column is None:
            found |= Q(row__document__title__says=wanted.text)
        cells = cells.filter(found)
    return cells


def _in_state(cells: CellQuerySet, state: str) -> CellQuerySet:
    match state:
        case "stale":
            return cells.stale()
        case "doubted":
            return cells.exclude(doubt="").exclude(mark__in=MARKED)
        case "unreviewed":
            return cells.unreviewed()
        case _:
            return cells.filter(state=state)


def shown(**said: object) -> Q:
    """Cells of whose value this is true: of the correction's where somebody corrected it. Both
    have the same fields."""
    theirs = {f"current_mark__{name}": value for name, value in said.items()}
    corrected = Q(mark="corrected")
    return ~corrected & Q(**said) | corrected & Q(**theirs)


def shown_as(name: str) -> Case:
    return Case(When(mark="corrected", then=F(f"current_mark__{name}")), default=F(name))


def saying(cells: CellQuerySet, text: str) -> CellQuerySet:
    """Those whose value, corrected where somebody did, reads so."""
    return cells.filter(shown(value_text=text))


def absent(cells: CellQuerySet) -> CellQuerySet:
    """Those that say *not in this document*."""
    own = Q(outcome=Cell.Outcome.ABSENT) & ~Q(mark="corrected")
    return cells.filter(own | Q(mark="corrected", current_mark__value=None))


def between(cells: CellQuerySet, low: float, high: float) -> CellQuerySet:
    """Those whose number lies there, both ends included."""
    return cells.filter(shown(order__gte=low, order__lte=high))


def holding(cells: CellQuerySet, item: str) -> CellQuerySet:
    """Those whose list, corrected where somebody did, has the item."""
    corrected = Q(mark="corrected")
    theirs = items.holding(item, "current_mark__")
    return cells.filter(~corrected & items.holding(item) | corrected & theirs)


def _in_range(cells: CellQuerySet, value: str) -> CellQuerySet:
    low, _dots, high = value.partition("..")
    try:
        return between(cells, float(low), float(high))
    except ValueError:
        return cells.none()


def _not_answered(cells: CellQuerySet, _value: str) -> CellQuerySet:
    return cells.exclude(state=Cell.State.DONE).exclude(mark="corrected")


WHATS = {
    "value": saying,
    "item": holding,
    "range": _in_range,
    "absent": lambda cells, _value: absent(cells),
    "unanswered": _not_answered,
    "state": _in_state,
    "verdict": lambda cells, value: cells.filter(verdict=value),
    "mark": lambda cells, value: cells.filter(mark=value),
}


def rows(
    table: Table,
    wanted: Filter | None = None,
    *,
    sort: Column | str | None = None,
    descending: bool = False,
) -> RowQuerySet:
    """The live rows with what a filter looks for; sorted by a column's values, those without one
    last, by ``TITLE`` or in their order."""
    found = Row.objects.live().filter(table=table)
    if wanted is not None:
        looked_for = [one.cells for one in wanted.only]
        if wanted.one_cell:
            looked_for.append(matching(table, wanted))
        for cells in looked_for:
            found = found.filter(Exists(cells.filter(row=OuterRef("pk")).order_by()))
    sign = "-" if descending else ""
    if sort is None:
        return found.order_by(f"{sign}position", "pk")
    if isinstance(sort, str):  # TITLE
        title = Lower("document__title")
        return found.order_by(title.desc() if descending else title.asc(), "position", "pk")
    of_row = Cell.objects.filter(row=OuterRef("pk"), column=sort).order_by()
    found = found.annotate(
        _number=Subquery(of_row.values(shown=shown_as("order"))[:1]),
        _text=Subquery(of_row.values(shown=shown_as("value_text"))[:1]),
        _blank=Case(When(Q(_text="") | Q(_text=None), then=Value(1)), default=Value(0)),
    )
    # what is no number among numbers comes after them, in every database
    number = F("_number")
    numbers = number.desc(nulls_last=True) if descending else number.asc(nulls_last=True)
    return found.order_by("_blank", numbers, f"{sign}_text", "position", "pk")


def window(table: Table, page: Sequence[Row], columns: Sequence[Column]) -> list[Line]:
    """The rows given with their cells; as many queries for many of them as for few."""
    wanted = [row.pk for row in page]
    known = {column.pk: column for column in columns}
    found = {
        (cell.row_id, cell.column_id): cell
        for cell in _to_list(Cell.objects.filter(table=table, row__in=wanted, column__in=[*known]))
    }
    lines = []
    for row in page:
        there = [found[row.pk, key] for key in known if (row.pk, key) in found]
        for cell in there:
            cell.row, cell.column = row, known[cell.column_id]
        lines.append(Line(row, there))
    return lines


def _to_list(cells: CellQuerySet) -> list[Cell]:
    """With what a grid shows of them; ``cited_at`` is the page that its first citation is on."""
    first = Citation.objects.filter(answer=OuterRef("answer")).order_by("number")
    paged = cells.annotate(cited_at=Subquery(first.values("page_start")[:1]))
    return list(paged.select_related("current_mark").defer("reason", "value", "error"))


def changed_since(table: Table, when: datetime) -> CellQuerySet:
    """Cells that are not as they were then: what a page that polls shows anew."""
    return Cell.objects.live().filter(table=table, changed_at__gt=when)


def to_list(cells: CellQuerySet) -> list[Cell]:
    """Single cells as ``window`` gives them, with their rows and columns."""
    return _to_list(cells.select_related("row__document", "column"))


def rows_marked_since(table: Table, when: datetime) -> RowQuerySet:
    """Rows of which somebody has said anything since."""
    said = Mark.objects.filter(row__table=table, at__gt=when).values("row")
    return Row.objects.live().filter(table=table, pk__in=said).select_related("document")


def next_unreviewed(
    cell: Cell, wanted: Filter | None = None, found: RowQuerySet | None = None
) -> tuple[Cell, int] | None:
    """The next one that nobody has said anything of, along the rows ``found`` and then from the
    top, and the place of its row among them, from 1. Among those that a filter looks for, where
    there is one; if it is one for marks, the next that has it. None when there is none left."""
    table = cell.table
    order = list((rows(table) if found is None else found).values_list("pk", flat=True))
    left = (matching(table, wanted) if wanted else Cell.objects.live()).filter(table=table)
    if not (wanted and wanted.mark):
        left = left.unreviewed()
    left = left.exclude(pk=cell.pk).order_by("column__position", "column")
    places = {row: place for place, row in enumerate(order)}
    here = places.get(cell.row_id, -1)
    after = left.filter(row=cell.row_id).filter(
        Q(column__position__gt=cell.column.position)
        | Q(column__position=cell.column.position, column__gt=cell.column_id)
    )
    if here >= 0 and (found_here := after.to_show().first()):
        return found_here, here + 1
    waiting = {row for row in left.order_by().values_list("row", flat=True).distinct()}
    # this row comes last: what is left of it is before the cell
    onward = [row for row in [*order[here + 1 :], *order[: here + 1]] if row in waiting]
    if not onward:
        return None
    following = left.filter(row=onward[0]).to_show().first()
    return (following, places[onward[0]] + 1) if following else None
