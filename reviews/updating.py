"""A table and its playbook: keeping its columns as one, and taking over what a later version of it
changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Event, User
from reviews import books, tables
from reviews.books import Asked
from reviews.models import Column, Playbook, PlaybookVersion, Table


@dataclass(frozen=True)
class Part:
    """One thing that a column asks differently."""

    label: Any
    before: str
    after: str


@dataclass(frozen=True)
class Change:
    """A column that the playbook asks otherwise than the table does.

    ``before`` is None where the table has none, ``after`` where the playbook has none any more;
    ``own`` where somebody changed, or removed, it in the table.
    """

    column: Column | None
    before: Asked | None
    after: Asked | None
    own: bool = False
    answered: int = 0

    @property
    def title(self) -> str:
        return (self.after or self.before or Asked("", "")).title

    @property
    def key(self) -> str:
        """What a form calls it."""
        return self.title.casefold()

    @property
    def advised(self) -> bool:
        """Whether it is ticked before anybody has chosen."""
        return self.after is not None and not self.own

    @property
    def parts(self) -> list[Part]:
        if self.before is None or self.after is None:
            return []
        kinds = {str(kind): label for kind, label in Column.Kind.choices}
        told = [
            (_("Title"), lambda asked: asked.title),
            (_("Question"), lambda asked: asked.question),
            (_("Type"), lambda asked: str(kinds[str(asked.kind)])),
            (_("Given values"), lambda asked: ", ".join(asked.choices)),
            (_("Guidance"), lambda asked: asked.guidance),
            (_("Expected position"), lambda asked: asked.expected),
        ]
        found = [Part(label, of(self.before), of(self.after)) for label, of in told]
        return [part for part in found if part.before != part.after]


def as_book(table: Table, name: str = "", title: str = "") -> books.Book:
    """The table's columns as a playbook, described as the one that it began with, or has the name.
    Raises NotPossible."""
    title = (title or table.title)[: books.TITLE]
    name = name or books.slug(title)
    asked = tuple(column.asked for column in table.columns.live())
    if not asked:
        raise tables.NotPossible(_("A playbook needs at least one column."))
    rows = PlaybookVersion.objects.filter(
        playbook__workspace=table.workspace, playbook__name=name, playbook__deleted_at=None
    )
    had = rows.order_by("-number").first() or table.playbook
    description, source = (had.book.description, had.book.source) if had else ("", "")
    try:
        return books.from_dict(books.Book(name, title, asked, description, source).as_dict())
    except books.BadBook as error:
        raise tables.NotPossible(str(error)) from error


def save_playbook(table: Table, by: User, title: str = "") -> PlaybookVersion:
    """The table's columns as a playbook of its workspace, or a new version of the one of that
    name; the table is at that version then. Raises NotPossible."""
    version = Playbook.put(table.workspace, as_book(table, title=title), by)
    table.playbook = version
    table.save(update_fields=["playbook"])
    return version


def newer(table: Table) -> PlaybookVersion | None:
    """The newest version of the table's playbook, where the table has an earlier one."""
    had = table.playbook
    if had is None or had.playbook.deleted_at is not None:
        return None
    newest = had.playbook.newest
    return newest if newest.number > had.number else None


def changes(table: Table, version: PlaybookVersion) -> list[Change]:
    """What taking the version over would change, in its order; what it drops comes last."""
    before = table.playbook.book.columns if table.playbook else ()
    began = {one.title.casefold(): one for one in before}
    answered = _answered(table)
    there = {column.title.casefold(): column for column in table.columns.live()}
    gone = {
        column.title.casefold(): column
        for column in table.columns.exclude(removed_at=None)
        if column.title.casefold() not in there
    }
    found = []
    wanted = {one.title.casefold(): one for one in version.book.columns}
    for key, asked in wanted.items():
        if column := there.get(key):
            if column.asked != asked:
                own = key not in began or column.asked != began[key]
                found.append(Change(column, column.asked, asked, own, answered.get(column.pk, 0)))
        elif column := gone.get(key):
            found.append(Change(column, None, asked, own=True))
        else:
            found.append(Change(None, None, asked))
    for key, column in there.items():
        if key in began and key not in wanted:
            found.append(Change(column, column.asked, None, answered=answered.get(column.pk, 0)))
    return found


def _answered(table: Table) -> dict[int, int]:
    rows = table.cells.live().filter(state="done").order_by().values_list("column")
    return dict(rows.annotate(n=Count("pk")))


def take(
    table: Table,
    version: PlaybookVersion,
    keys: Collection[str],
    by: User,
    request: HttpRequest | None = None,
) -> int:
    """Takes the chosen changes over; how many those were. The table is at the version then.
    Raises NotPossible, and nothing is changed."""
    with transaction.atomic():
        chosen = [one for one in changes(table, version) if one.key in keys]
        for change in chosen:
            _take(table, change)
        table.playbook = version
        table.save(update_fields=["playbook"])
        Event.objects.record(
            Event.Verb.SETTINGS,
            by=by,
            object=table,
            workspace=table.workspace,
            request=request,
            playbook=version.playbook.name,
            version=version.number,
        )
    table.touch()
    return len(chosen)


def _take(table: Table, change: Change) -> None:
    if change.after is None:
        assert change.column is not None
        tables.remove_column(change.column)
    elif change.column is None:
        tables.add_column(table, change.after)
    else:
        if change.column.removed_at is not None:
            tables.restore_column(change.column)
        tables.edit_column(change.column, change.after)
