"""Marks: what reviewers say of cells and rows."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from qa.models import Answer
from reviews.models.cell import Cell
from reviews.models.row import Row


class Conflict(Exception):
    """Somebody else marked it meanwhile; ``theirs`` is that mark (None: it was taken away)."""

    def __init__(self, theirs: Mark | None, revision: int) -> None:
        super().__init__("marked meanwhile")
        self.theirs, self.revision = theirs, revision


class Mark(models.Model):
    """One thing a reviewer said, about a cell or a row. Never changed or deleted: the newest one
    counts, the earlier ones are the history. ``none`` takes back what was said before."""

    class Kind(models.TextChoices):
        VERIFIED = "verified", _("Verified")
        CORRECTED = "corrected", _("Corrected")
        FLAGGED = "flagged", _("Flagged")
        NONE = "none", _("Taken back")

    cell = models.ForeignKey(Cell, models.CASCADE, null=True, related_name="marks")
    row = models.ForeignKey(Row, models.CASCADE, null=True, related_name="marks")
    revision = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    note = models.TextField(blank=True)
    # of a correction, in the form of the column's kind; None says that it is not in the document
    value = models.JSONField(null=True)
    value_text = models.CharField(max_length=500, blank=True)
    # what the correction sorts by where that is a number, as ``Cell.order``
    order = models.FloatField(null=True)
    # the answer that was there when it was said
    answer = models.ForeignKey(Answer, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cell__isnull=False, row=None) | Q(cell=None, row__isnull=False),
                name="mark_of_cell_or_row",
            ),
            models.UniqueConstraint(fields=["cell", "revision"], name="mark_of_cell_once"),
            models.UniqueConstraint(fields=["row", "revision"], name="mark_of_row_once"),
            models.CheckConstraint(
                condition=~Q(kind="corrected") | Q(cell__isnull=False), name="mark_corrects_a_cell"
            ),
            models.CheckConstraint(
                condition=~Q(kind="flagged") | ~Q(note=""), name="mark_flag_has_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"

    @classmethod
    def put(cls, target: Cell | Row, kind: str, by: User, seen: int, **said: Any) -> Mark:
        """Says something of a cell or a row whose ``revision`` was ``seen`` by who says it.

        Raises Conflict when somebody was quicker; nothing is changed then.
        """
        model = type(target)
        with transaction.atomic():
            # the row is locked: two who saw the same revision do not both go on
            current = model._default_manager.select_for_update(of=("self",)).get(pk=target.pk)
            if current.revision != seen:
                raise Conflict(cls.newest(current), current.revision)
            name = "cell" if isinstance(target, Cell) else "row"
            if isinstance(current, Cell):
                said["answer"] = current.answer
            mark = cls.objects.create(revision=seen + 1, kind=kind, by=by, **{name: target}, **said)
            kept = "" if kind == cls.Kind.NONE else str(kind)
            fields: dict[str, Any] = {"mark": kept, "revision": mark.revision}
            if isinstance(current, Cell):
                fields |= {"current_mark": mark if kept else None, "changed_at": mark.at}
            model._default_manager.filter(pk=target.pk).update(**fields)
        for field, value in fields.items():
            setattr(target, field, value)
        return mark

    @classmethod
    def newest(cls, target: Cell | Row) -> Mark | None:
        """What was said last; None where nothing was, or it was taken back."""
        last = target.marks.select_related("by").order_by("-revision").first()
        return None if last is None or last.kind == cls.Kind.NONE else last
