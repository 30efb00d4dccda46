"""Cells: where a document and a question meet."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents import ingest
from documents.models import Version
from qa.models import Answer
from reviews.models.column import Column
from reviews.models.row import Row
from reviews.models.run import Run
from reviews.models.table import Table


class CellQuerySet(models.QuerySet["Cell"]):
    def live(self) -> CellQuerySet:
        """Those whose row and column are in their table."""
        return self.filter(
            row__removed_at=None, row__document__deleted_at=None, column__removed_at=None
        )

    def visible_to(self, user: Any) -> CellQuerySet:
        return self.live().filter(table__in=Table.objects.visible_to(user).values("pk"))

    def stale(self) -> CellQuerySet:
        """Answered, but not what the column asks now, or not from the document's version of now."""
        old = ~Q(column_version=F("column__version")) | ~Q(version=F("row__document__current"))
        return self.filter(old, state=Cell.State.DONE)

    def working(self) -> CellQuerySet:
        return self.filter(state__in=[Cell.State.QUEUED, Cell.State.RUNNING])

    def to_run(self, *, failed: bool = True) -> CellQuerySet:
        """What a run sends: missing and stale ones, and failed ones too unless told otherwise. Not
        those that somebody corrected: people have decided there."""
        old = ~Q(column_version=F("column__version")) | ~Q(version=F("row__document__current"))
        due = Q(state=Cell.State.MISSING) | Q(state=Cell.State.DONE) & old
        if failed:
            due |= Q(state=Cell.State.FAILED)
        return self.live().filter(due).exclude(mark="corrected")

    def unreviewed(self) -> CellQuerySet:
        """Answered, and nobody has said anything of them or their row."""
        return self.filter(state=Cell.State.DONE, mark="").exclude(row__mark="verified")

    def to_show(self) -> CellQuerySet:
        """With what a page shows of them beside the value."""
        return self.select_related(
            "row__document__current", "column", "answer", "current_mark__by", "version"
        )


class Cell(models.Model):
    """What a document says to a question: a typed value, and the cited answer it was drawn from.

    missing ──queue──▶ queued ──ask──▶ running ──settle──▶ done
      ▲  ▲               │               │  └────fail────▶ failed
      │  └───────────────┴── give_back ──┘
      └── a value that is there already stays until another comes: give_back leads to done then

    ``column_version`` and ``version`` are what the value answers; the cell is stale when the column
    or the document have moved on. While it runs, ``pending`` is the answer being written (a batch
    has none until it ends). The value of a correction is that of ``current_mark``, beside the
    machine's own: a later run replaces the latter alone.
    """

    class State(models.TextChoices):
        MISSING = "missing", _("Not asked yet")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being answered")
        DONE = "done", _("Answered")
        FAILED = "failed", _("Failed")

    class Outcome(models.TextChoices):
        VALUE = "value", _("Value")
        ABSENT = "absent", _("Not in this document")
        UNPARSED = "unparsed", _("Not in the form asked for")

    class Doubt(models.TextChoices):
        """Why a value should be looked at."""

        AMBIGUOUS = "ambiguous", _("Can be read in more than one way")
        UNPARSED = "unparsed", _("Not in the form asked for")
        UNCITED = "uncited", _("Rests on no citation that was verified")

    class Verdict(models.TextChoices):
        MEETS = "meets", _("Meets the position")
        DEVIATES = "deviates", _("Deviates")
        MISSING = "missing", _("Missing")
        UNCLEAR = "unclear", _("Unclear")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    table = models.ForeignKey(Table, models.CASCADE, related_name="cells")
    row = models.ForeignKey(Row, models.CASCADE, related_name="cells")
    column = models.ForeignKey(Column, models.CASCADE, related_name="cells")
    state = models.CharField(max_length=10, choices=State.choices, default=State.MISSING)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="cells")

    column_version = models.PositiveIntegerField(null=True)
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    answer = models.ForeignKey(Answer, models.PROTECT, null=True, related_name="cells")
    pending = models.OneToOneField(Answer, models.SET_NULL, null=True, related_name="pending_cell")

    # what `pending` was asked by
    pending_column_version = models.PositiveIntegerField(null=True)

    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    # JSON in the form of the column's kind, see ``reviews.values``
    value = models.JSONField(null=True)
    value_text = models.CharField(max_length=500, blank=True)
    # what it sorts by where that is a number: amounts, days, places of choices; as the value, the
    # machine's own
    order = models.FloatField(null=True)
    doubt = models.CharField(max_length=10, choices=Doubt.choices, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    reason = models.TextField(blank=True)
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    # of the newest mark, so that a grid is filtered without a look at another table
    mark = models.CharField(max_length=10, blank=True)
    revision = models.PositiveIntegerField(default=0)
    current_mark = models.ForeignKey("Mark", models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = CellQuerySet.as_manager()

    class Meta:
        verbose_name = _("cell")
        verbose_name_plural = _("cells")
        ordering = ["row", "column"]
        constraints = [
            models.UniqueConstraint(fields=["row", "column"], name="cell_once"),
            models.CheckConstraint(
                condition=Q(state__in=["missing", "queued", "running", "done", "failed"]),
                name="cell_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(outcome=""), name="cell_done_has_outcome"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="cell_failure_has_reason"
            ),
        ]
        indexes = [
            # filters of the grid, and the counts over it
            models.Index(fields=["table", "state"], name="cell_state"),
            # a column's summary, and sorting the grid by it
            models.Index(fields=["column", "value_text"], name="cell_value"),
            # a page that polls asks what has changed since it last looked
            models.Index(fields=["table", "changed_at"], name="cell_changed"),
        ]

    def __str__(self) -> str:
        return self.shown or self.get_state_display()

    @property
    def anchor(self) -> str:
        """The id of the cell's element on a page."""
        return f"cell-{self.public_id}"

    @property
    def working(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_stale(self) -> bool:
        """As ``CellQuerySet.stale``; looks at the row's document and the column."""
        if self.state != self.State.DONE:
            return False
        return (
            self.column_version != self.column.version
            or self.version_id != self.row.document.current_id
        )

    @property
    def corrected(self) -> bool:
        return self.mark == "corrected"

    @property
    def pages_read(self) -> list[str]:
        """The pages of the document that were read for its value, like ``["1–4", "6"]``: what a
        page says beside *not in this document*."""
        if self.version is None:
            return []
        unread = set(self.version.unread)
        if self.answer is not None:
            for row in self.answer.source_rows.all():
                unread -= set(row.looked)
        return ingest.runs([n for n in range(1, self.version.page_count + 1) if n not in unread])

    @property
    def shown(self) -> str:
        """The text of its value, corrected where somebody did; "" where there is none. One whose
        outcome is ``absent`` has none: a page says it in words."""
        if self.corrected and self.current_mark is not None:
            return str(self.current_mark.value_text)
        return self.value_text

    @property
    def shown_value(self) -> Any:
        """The same as JSON of the column's kind."""
        if self.corrected and self.current_mark is not None:
            return self.current_mark.value
        return self.value

    @property
    def shown_outcome(self) -> str:
        """``absent`` too may be what somebody corrected it to."""
        if self.corrected and self.current_mark is not None:
            absent = self.current_mark.value is None
            return str(self.Outcome.ABSENT if absent else self.Outcome.VALUE)
        return self.outcome

    @property
    def marked_before(self) -> bool:
        """Whether what was marked is not the answer that stands there now."""
        return self.current_mark is not None and self.current_mark.answer_id != self.answer_id

    # transitions ----------------------------------------------------------------------------

    def settle(self, answer: Answer, **fields: Any) -> bool:
        """Takes the value of a finished answer, if it is still waited for."""
        rows = Cell.objects.filter(pk=self.pk, state__in=[self.State.QUEUED, self.State.RUNNING])
        return bool(
            rows.update(
                state=self.State.DONE,
                answer=answer,
                pending=None,
                error="",
                changed_at=timezone.now(),
                **fields,
            )
        )

    def fail(self, sentence: str) -> bool:
        rows = Cell.objects.filter(pk=self.pk, state__in=[self.State.QUEUED, self.State.RUNNING])
        return bool(
            rows.update(
                state=self.State.FAILED, error=sentence, pending=None, changed_at=timezone.now()
            )
        )
