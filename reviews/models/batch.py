"""Batches: what was handed to the Message Batches API, and how it stands there."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Version
from qa.models import Backend, Reservation
from reviews.models.cell import Cell
from reviews.models.run import Run


class BatchQuerySet(models.QuerySet["Batch"]):
    def open(self) -> BatchQuerySet:
        """Those whose end has not been dealt with."""
        return self.exclude(state__in=[Batch.State.ENDED, Batch.State.FAILED])

    def due(self) -> BatchQuerySet:
        now = timezone.now()
        return self.open().filter(Q(look_at=None) | Q(look_at__lte=now))


class Batch(models.Model):
    """One batch at the API. It carries no name there, so what is intended is written down first.

    intended ──sending──▶ sending ──sent──▶ sent ──collect──▶ collecting ──end──▶ ended
        ▲                    │  └────────────▶ failed (refused, and nothing was made)
        │                    └── unknown ──found──▶ sent
        └──────────────── not made ──┘

    A process that dies while it sends cannot tell whether the API took it: *unknown*. Batches made
    since, with as many requests and owned by no row, are candidates; which one it is their results
    say, by custom_id, when they end. Until then it is not sent again.
    """

    class State(models.TextChoices):
        INTENDED = "intended", _("About to be sent")
        SENDING = "sending", _("Being sent")
        UNKNOWN = "unknown", _("Being looked for at Claude")
        SENT = "sent", _("At Claude")
        COLLECTING = "collecting", _("Results arriving")
        ENDED = "ended", _("Ended")
        FAILED = "failed", _("Refused")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="batches")
    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENDED)
    backend = models.CharField(max_length=10, choices=Backend.choices)
    account = models.CharField(max_length=64)
    model = models.CharField(max_length=80)
    # what every request of it asks of the model beside the texts
    parameters = models.JSONField(default=dict)
    api_id = models.CharField(max_length=120, blank=True)
    requests = models.PositiveIntegerField()
    # as the API says: how many are processing, and, when it has ended, what became of each
    counts = models.JSONField(default=dict)
    candidates = models.JSONField(default=list)
    reservation = models.ForeignKey(Reservation, models.SET_NULL, null=True, related_name="+")
    lease_until = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    look_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "api_id"], condition=~Q(api_id=""), name="batch_owned_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "collecting", "ended"]) | ~Q(api_id=""),
                name="batch_sent_has_id",
            ),
        ]
        indexes = [
            # the sweep looks for batches that are due every few seconds
            models.Index(
                fields=["look_at"],
                condition=~Q(state__in=["ended", "failed"]),
                name="batch_due",
            )
        ]

    def __str__(self) -> str:
        return self.api_id or str(self.public_id)

    @property
    def open(self) -> bool:
        """Whether its end has not been dealt with."""
        return self.state not in (self.State.ENDED, self.State.FAILED)

    def move(self, before: str, after: str, **fields: Any) -> bool:
        """From one state to another, if it is in the first; whether it was."""
        rows = Batch.objects.filter(pk=self.pk, state=before)
        won = bool(rows.update(state=after, **fields))
        if won:
            self.refresh_from_db()
        return won

    def claim(self, until: datetime) -> bool:
        """Whether the caller may deal with it now; nobody else does until then."""
        now = timezone.now()
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return bool(Batch.objects.filter(free, pk=self.pk).update(lease_until=until))

    def let_go(self, look_at: datetime | None) -> None:
        Batch.objects.filter(pk=self.pk).update(lease_until=None, look_at=look_at)


class BatchItem(models.Model):
    """One request of a batch; its public id is the custom_id.

    waiting ──take──▶ done     its cell has an answer
       ├────take────▶ again    not answered: it expired or failed for a while, or was cancelled
       └────take────▶ failed   the reason is the cell's
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Answered")
        AGAIN = "again", _("Not answered")
        FAILED = "failed", _("Failed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="items")
    cell = models.ForeignKey(Cell, models.CASCADE, related_name="items")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    column_version = models.PositiveIntegerField()
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    # as the request was sent: what it shares with others, what each document_index stands for, and
    # the pages that are looked at
    prefix = models.CharField(max_length=32, blank=True)
    document_map = models.JSONField(default=list)
    looked = models.JSONField(default=list)
    result = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = _("request of a batch")
        verbose_name_plural = _("requests of batches")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["batch", "cell"], name="batch_item_once")]

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def custom_id(self) -> str:
        return self.public_id.hex

    def leave(self, state: str, result: str) -> bool:
        """Waiting no more; False when that was decided before."""
        rows = BatchItem.objects.filter(pk=self.pk, state=self.State.WAITING)
        return bool(rows.update(state=state, result=result))
