"""Making and changing a table: its rows and its columns. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Event, User, Workspace
from documents.models import Document
from qa import choosing, claude_models, tiers
from qa.models import Scope
from reviews import books, settling
from reviews.models import (
    Cell,
    CellQuerySet,
    Column,
    PlaybookVersion,
    Row,
    Run,
    Table,
)
from reviews.models.column import ColumnVersion

MOST_ROWS = 20_000
MOST_CELLS = 200_000
CHUNK = 2_000  # cells made in one statement


class NotPossible(Exception):
    """The table cannot be so; str() says why, in a sentence for who asked for it. ``field`` is the
    part of a column that it is about; "" where it is about none."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


def make(
    workspace: Workspace,
    by: User,
    *,
    title: str,
    model: str,
    effort: str = "",
    mode: str = Table.Mode.AUTO,
    documents: Iterable[Document] = (),
    scope: Scope | None = None,
    follows: bool = False,
    playbook: PlaybookVersion | None = None,
    columns: Sequence[books.Asked] = (),
    request: HttpRequest | None = None,
) -> Table:
    """A new table with its rows, columns and cells. A ``scope``'s documents become rows now;
    where it ``follows``, later ones too. Raises NotPossible."""
    title = " ".join(title.split())
    if not title:
        raise NotPossible(_("Give the table a title."))
    key, effort = check_model(workspace, by, model, effort)
    with transaction.atomic():
        table = Table.objects.create(
            workspace=workspace,
            title=title[:200],
            model=key,
            effort=effort,
            mode=mode,
            scope=scope,
            follows=follows and scope is not None,
            playbook=playbook,
            created_by=by,
        )
        asked = [*(playbook.book.columns if playbook else ()), *columns]
        _add_columns(table, asked)
        found = list(documents)
        if scope is not None:
            found += list(scope.documents(by).order_by("created_at", "pk"))
        add_documents(table, found)
        Event.objects.record(
            Event.Verb.CREATE, by=by, object=table, workspace=workspace, request=request
        )
    return table


def change(
    table: Table,
    by: User,
    *,
    title: str,
    model: str,
    mode: str,
    effort: str = "",
    request: HttpRequest | None = None,
) -> None:
    """What it is called, and what answers its next cells; those that are answered stay as they
    are. Without an ``effort`` a model thinks as hard as is usual for it. Raises NotPossible."""
    title = " ".join(title.split())
    if not title:
        raise NotPossible(_("Give the table a title."), "title")
    try:
        key, effort = check_model(table.workspace, by, model, effort)
    except NotPossible as refusal:
        raise NotPossible(str(refusal), "model") from refusal
    before = (table.title, table.model, table.effort, table.mode)
    now = table.title, table.model, table.effort, table.mode = title[:200], key, effort, mode
    if before == now:
        return
    table.save(update_fields=["title", "model", "effort", "mode"])
    table.touch()
    renamed = before[0] != table.title
    Event.objects.record(
        Event.Verb.RENAME if renamed else Event.Verb.SETTINGS,
        by=by,
        object=table,
        workspace=table.workspace,
        request=request,
        model=key,
        effort=effort,
        mode=mode,
    )


def check_model(workspace: Workspace, by: User, picked: str, effort: str = "") -> tuple[str, str]:
    """The key and effort that answer where `picked` was chosen. Raises NotPossible."""
    if picked == tiers.AUTO:
        raise NotPossible(_("Choose one model for the whole table: its cells are to be compared."))
    try:
        chosen = choosing.choose(picked, effort, workspace, by)
    except choosing.NotAllowed as refusal:
        raise NotPossible(str(refusal)) from refusal
    if chosen.instead_of is not None:
        told = {"happened": claude_models.happened(chosen.instead_of)}
        raise NotPossible(_("%(happened)s. Choose another model for the table.") % told)
    return chosen.key, chosen.effort


def add_documents(table: Table, documents: Iterable[Document], *, followed: bool = False) -> int:
    """Puts documents at the end, those that are not there already; how many that were. One that
    was taken out comes back with what is known of it. ``followed`` where they came by themselves.
    Raises NotPossible."""
    wanted = list({document.pk: document for document in documents}.values())
    if any(document.workspace_id != table.workspace_id for document in wanted):
        raise NotPossible(_("All documents of a table must be in its workspace."))
    with transaction.atomic():
        _lock(table)
        rows = {row.document_id: row for row in table.rows.all()}
        there = {pk for pk, row in rows.items() if row.removed_at is None}
        new = [document for document in wanted if document.pk not in there]
        if len(there) + len(new) > MOST_ROWS:
            raise NotPossible(
                _("A table has at most %(most)s documents.") % {"most": f"{MOST_ROWS:,}"}
            )
        at = 1 + max((row.position for row in rows.values()), default=0)
        back = [rows[document.pk].pk for document in new if document.pk in rows]
        table.rows.filter(pk__in=back).update(removed_at=None)
        fresh = [document for document in new if document.pk not in rows]
        Row.objects.bulk_create(
            [
                Row(table=table, document=document, position=at + n, followed=followed)
                for n, document in enumerate(fresh)
            ],
            batch_size=CHUNK,
        )
        fill(table)
    return len(new)


def follow(table: Table) -> int:
    """Takes in what has come into the scope that the table follows; how many documents."""
    if not table.follows or table.scope is None or table.deleted_at is not None:
        return 0
    there = table.rows.values("document")
    found = table.scope.documents(table.created_by).ready().exclude(pk__in=there)
    new = list(found.order_by("created_at", "pk"))
    return add_documents(table, new, followed=True) if new else 0


def remove_rows(table: Table, rows: Iterable[Row]) -> int:
    """Takes documents out; what they answered comes back with them."""
    keys = [row.pk for row in rows]
    gone = table.rows.filter(pk__in=keys, removed_at=None).update(removed_at=timezone.now())
    _leave(Cell.objects.filter(row__in=keys))
    table.touch()
    return gone


def add_column(table: Table, asked: books.Asked) -> Column:
    """A new column at the end. Raises NotPossible."""
    with transaction.atomic():
        _lock(table)
        (column,) = _add_columns(table, [checked(asked)])
        fill(table)
    return column


def edit_column(column: Column, asked: books.Asked) -> bool:
    """Changes what a column asks; whether its cells are stale now. The title alone makes nothing
    stale. Raises NotPossible."""
    asked = checked(asked)
    with transaction.atomic():
        _lock(column.table)
        row = Column.objects.get(pk=column.pk)
        before = row.asked
        if asked.title.casefold() != before.title.casefold():
            _titles(column.table, [asked.title])
        _say(row, asked)
        moved = replace(asked, title=before.title) != before
        if moved:
            row.version += 1
        row.save()
        if moved:
            _keep(row)
        else:
            row.versions.filter(number=row.version).update(content=asked.as_dict())
    column.refresh_from_db()
    column.table.touch()
    return moved


def remove_column(column: Column) -> None:
    """Takes it out; with ``restore_column`` it comes back with its answers."""
    Column.objects.filter(pk=column.pk, removed_at=None).update(removed_at=timezone.now())
    _leave(Cell.objects.filter(column=column))
    column.table.touch()


def restore_column(column: Column) -> None:
    """Raises NotPossible where the table is full by now, or another column has its title."""
    table = column.table
    with transaction.atomic():
        _lock(table)
        _room(table, 1)
        _titles(table, [column.title])
        Column.objects.filter(pk=column.pk).update(removed_at=None)
        fill(table)


def _leave(cells: CellQuerySet) -> None:
    """What waits of them is not asked any more; what is being answered still comes."""
    waiting = cells.filter(state=Cell.State.QUEUED)
    runs = list(Run.objects.filter(cells__in=waiting).distinct())
    settling.give_back(waiting)
    for run in runs:
        settling.end_if_done(run)


def move_column(column: Column, by: int) -> None:
    """So many places on, or back where it is negative; no further than the ends."""
    found = list(column.table.columns.live())
    at = found.index(column)
    to = min(max(at + by, 0), len(found) - 1)
    found.insert(to, found.pop(at))
    reorder(column.table, found)


def due_by_column(table: Table) -> dict[int, int]:
    """How many cells of each column a run would send, by the column's key."""
    rows = table.cells.to_run().order_by().values_list("column")
    return dict(rows.annotate(n=models.Count("pk")))


def reorder(table: Table, columns: Sequence[Column]) -> None:
    """Puts the columns given first, in this order; the others keep theirs after them."""
    with transaction.atomic():
        _lock(table)
        given = [column.pk for column in columns]
        others = [pk for pk in table.columns.values_list("pk", flat=True) if pk not in given]
        for position, pk in enumerate([*given, *others], 1):
            table.columns.filter(pk=pk).update(position=position)
    table.touch()


def checked(asked: books.Asked) -> books.Asked:
    """The column as it is kept. Raises NotPossible."""
    try:
        (column,) = books.from_dict(
            {"name": "table", "title": "Table", "columns": [asked.as_dict()]}
        ).columns
    except books.BadBook as error:
        raise NotPossible(str(error), error.field) from error
    return column


def _say(column: Column, asked: books.Asked) -> None:
    column.title, column.question = asked.title, asked.question
    column.kind, column.choices = str(asked.kind), list(asked.choices)
    column.guidance, column.expected = asked.guidance, asked.expected


def _keep(column: Column) -> ColumnVersion:
    return column.versions.create(number=column.version, content=column.asked.as_dict())


def _add_columns(table: Table, asked: Sequence[books.Asked]) -> list[Column]:
    _room(table, len(asked))
    _titles(table, [one.title for one in asked])
    at = 1 + (table.columns.aggregate(last=models.Max("position"))["last"] or 0)
    made = []
    for n, one in enumerate(asked):
        column = Column(table=table, position=at + n)
        _say(column, one)
        column.save()
        _keep(column)
        made.append(column)
    return made


def _room(table: Table, more: int) -> None:
    if table.columns.live().count() + more > books.MOST_COLUMNS:
        raise NotPossible(_("A table has at most %(most)d columns.") % {"most": books.MOST_COLUMNS})


def _titles(table: Table, more: Sequence[str]) -> None:
    """Raises NotPossible where columns so called may not come in, or stay."""
    found = table.columns.live().values_list("title", flat=True)
    there = {title.casefold(): title for title in found}
    for title in more:
        if (same := there.get(title.casefold())) is not None:
            told = _("The table has a column “%(title)s” already: choose another title.")
            raise NotPossible(told % {"title": same}, "title")
        there[title.casefold()] = title


def _lock(table: Table) -> None:
    # two who add at once must not take the same places
    Table.objects.select_for_update(of=("self",)).get(pk=table.pk)


def fill(table: Table) -> None:
    """Makes the cells that are missing. Raises NotPossible when they would be too many."""
    columns = list(table.columns.live().values_list("pk", flat=True))
    rows = list(table.rows.live().values_list("pk", flat=True))
    if len(columns) * len(rows) > MOST_CELLS:
        raise NotPossible(
            _("A table has at most %(most)s cells: take fewer documents or columns.")
            % {"most": f"{MOST_CELLS:,}"}
        )
    there = set(table.cells.values_list("row", "column").order_by())
    missing = (
        Cell(table=table, row_id=row, column_id=column)
        for row in rows
        for column in columns
        if (row, column) not in there
    )
    Cell.objects.bulk_create(missing, batch_size=CHUNK, ignore_conflicts=True)
    table.touch()
