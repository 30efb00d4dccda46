"""Tables: which documents, which questions, which model."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.models import DocumentQuerySet
from qa.models import ApiCall, Scope
from reviews.models.playbook import PlaybookVersion


class TableQuerySet(models.QuerySet["Table"]):
    def visible_to(self, user: Any) -> TableQuerySet:
        """Tables of the user's workspaces; none for a stranger."""
        mine = Workspace.objects.visible_to(user).values("pk")
        return self.filter(workspace__in=mine, deleted_at=None)

    def to_list(self) -> TableQuerySet:
        """With what a list says of them: ``documents_in``, ``columns_in`` (None for none), and
        whether it ``runs_now``."""
        from reviews.models.column import Column
        from reviews.models.row import Row
        from reviews.models.run import Run

        def number(rows: models.QuerySet[Any]) -> Subquery:
            mine = rows.filter(table=OuterRef("pk")).order_by().values("table")
            return Subquery(mine.annotate(n=Count("pk")).values("n"))

        running = Run.objects.filter(table=OuterRef("pk"), state=Run.State.RUNNING)
        return self.annotate(
            documents_in=number(Row.objects.live()),
            columns_in=number(Column.objects.live()),
            runs_now=Exists(running),
        )

    def following(self) -> TableQuerySet:
        """Those that take in what comes into their folder, tag or workspace."""
        return self.filter(follows=True, scope__isnull=False, deleted_at=None)


class Table(models.Model):
    """The same questions to many documents of a workspace.

    Its documents are rows, however they came there: picked one by one, taken from a ``scope`` (a
    folder, a tag, all) once, or, where it ``follows`` that, as they come.
    """

    class Mode(models.TextChoices):
        AUTO = "auto", _("by their number")
        BATCH = "batch", _("as a batch, at half price")
        LIVE = "live", _("at once")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="tables")
    title = models.CharField(_("title"), max_length=200)
    # a key of the picker, as an answer keeps it, and a level of thinking; empty: the default
    model = models.CharField(_("model"), max_length=80)
    effort = models.CharField(max_length=10, blank=True)
    mode = models.CharField(_("run"), max_length=5, choices=Mode.choices, default=Mode.AUTO)
    scope = models.ForeignKey(Scope, models.PROTECT, null=True, related_name="+")
    follows = models.BooleanField(_("take in new documents"), default=False)
    # who pays for batches of what comes in by itself, since when; None: it waits to be run
    new_asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    new_since = models.DateTimeField(null=True)
    # why the last such batch was refused, and when it is tried again
    new_notice = models.TextField(blank=True)
    new_look_at = models.DateTimeField(null=True)
    playbook = models.ForeignKey(PlaybookVersion, models.SET_NULL, null=True, related_name="tables")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # when anything in it changed last: a page that polls looks here first
    touched_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = TableQuerySet.as_manager()

    class Meta:
        verbose_name = _("review table")
        verbose_name_plural = _("review tables")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mode__in=["auto", "batch", "live"]), name="table_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(follows=False) | Q(scope__isnull=False), name="table_follows_a_scope"
            ),
        ]
        indexes = [
            # the list of a workspace's tables, newest first
            models.Index(fields=["workspace", "deleted_at", "-created_at"], name="table_list")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def documents(self) -> DocumentQuerySet:
        """The documents of its rows, deleted ones left out."""
        from documents.models import Document

        mine = self.rows.live().values("document")
        return Document.objects.filter(pk__in=mine, deleted_at=None)

    def touch(self) -> None:
        self.touched_at = timezone.now()
        Table.objects.filter(pk=self.pk).update(touched_at=self.touched_at)

    def mark_deleted(self) -> bool:
        """Hides the table; what is on its way is to be cancelled before."""
        now = timezone.now()
        return bool(Table.objects.filter(pk=self.pk, deleted_at=None).update(deleted_at=now))

    def counts(self) -> dict[str, int]:
        """How many of its live cells are in each state, how many are stale, how many are marked
        in each way; all states and marks are there."""
        from reviews.models.cell import Cell
        from reviews.models.mark import Mark

        cells = self.cells.live().order_by()
        found = {str(state): 0 for state in Cell.State} | {str(kind): 0 for kind in Mark.Kind}
        found["all"] = 0
        for state, mark, n in cells.values_list("state", "mark").annotate(n=Count("pk")):
            found[state] += n
            found["all"] += n
            if mark:
                found[mark] += n
        return found | {"stale": cells.stale().count()}

    def rows_marked(self) -> dict[str, int]:
        """How many of its live rows are verified or flagged as a whole; nothing of what none is."""
        rows = self.rows.live().exclude(mark="").order_by().values_list("mark")
        return dict(rows.annotate(n=Count("pk")))

    def spent(self) -> Decimal:
        """US dollars that its cells have cost so far, reruns included."""
        calls = ApiCall.objects.filter(answer__asked_in__table=self)
        return calls.aggregate(usd=Sum("cost_usd"))["usd"] or Decimal(0)
