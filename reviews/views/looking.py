"""How somebody looks at a table: what the address says of rows, order and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from reviews import cells, summary
from reviews.forms import FilterForm
from reviews.models import Column, Row, Table
from reviews.models.row import RowQuerySet

ON_A_PAGE = 25
"""Rows that are sent at once; a grid that is scrolled asks for more."""
KEPT = ("text", "column", "state", "mark", "verdict", "is", "sort")


@dataclass(frozen=True)
class Chip:
    """One part of the filter, with the address that is left without it."""

    only: cells.Only
    label: str
    without: str


class Look:
    """A table through the filter and the order of an address."""

    def __init__(self, table: Table, said: QueryDict) -> None:
        self.table = table
        self.said = said
        self.columns: list[Column] = list(table.columns.live())
        self.form = FilterForm(said, table=table)
        self.form.fields["text"].widget.attrs["placeholder"] = _("Find in titles and values")
        only = cells.only(self.columns, said.getlist("is"))
        self.wanted = replace(self.form.wanted, only=only)
        self.order = said.get("sort", "")
        name = self.order.removeprefix("-")
        self.sort = cells.TITLE if name == cells.TITLE else self._column(name)
        # the column whose summary is open beside the grid
        self.summed = self._column(said.get("summary", ""))

    def _column(self, name: str) -> Column | None:
        return next((one for one in self.columns if str(one.public_id) == name), None)

    @property
    def narrowed(self) -> bool:
        return not self.wanted.empty

    @cached_property
    def query(self) -> str:
        """What of the address goes along to cells and back: "" or "?" and a query."""
        kept = QueryDict(mutable=True)
        for name in KEPT:
            if given := [value for value in self.said.getlist(name) if value]:
                kept.setlist(name, given)
        return f"?{kept.urlencode()}" if kept else ""

    @property
    def chips(self) -> list[Chip]:
        return [Chip(only, summary.named(only), self.without(only)) for only in self.wanted.only]

    def without(self, only: cells.Only) -> str:
        return self._with([one for one in self.wanted.only if one != only], self.summed)

    def narrowed_to(self, only: cells.Only) -> str:
        """The address of the rows that say this, too; of all others no more where they do now. The
        summary that it is of is open there."""
        others = [one for one in self.wanted.only if one.column != only.column]
        if only in self.wanted.only:
            return self._with([one for one in self.wanted.only if one != only], only.column)
        return self._with([*others, only], only.column)

    def _with(self, only: list[cells.Only], summed: Column | None) -> str:
        kept = QueryDict(self.query.removeprefix("?"), mutable=True)
        kept.setlist("is", [one.said for one in only])
        if summed is not None:
            kept["summary"] = str(summed.public_id)
        return f"?{kept.urlencode()}"

    @cached_property
    def rows(self) -> RowQuerySet:
        return cells.rows(
            self.table, self.wanted, sort=self.sort, descending=self.order.startswith("-")
        )

    def page(self, number: str | None) -> Page[Row]:
        rows = self.rows.select_related("document__current")
        return Paginator(rows, ON_A_PAGE).get_page(number)
