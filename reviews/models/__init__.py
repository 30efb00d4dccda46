"""Tables with their rows, columns and cells; what reviewers say of them; playbooks."""

from reviews.models.batch import Batch, BatchItem
from reviews.models.cell import Cell, CellQuerySet
from reviews.models.column import Column
from reviews.models.mark import Conflict, Mark
from reviews.models.playbook import Playbook, PlaybookVersion
from reviews.models.row import Row, RowQuerySet
from reviews.models.run import Run
from reviews.models.table import Table, TableQuerySet

__all__ = [
    "Batch",
    "BatchItem",
    "Cell",
    "CellQuerySet",
    "Column",
    "Conflict",
    "Mark",
    "Playbook",
    "PlaybookVersion",
    "Row",
    "RowQuerySet",
    "Run",
    "Table",
    "TableQuerySet",
]
