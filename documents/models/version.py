"""Versions: readings of bytes, immutable once ready, and the transitions on the way there."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.ingest import PASSING, Finding, Reading
from documents.models.blob import Blob
from documents.models.document import Document
from documents.models.page import Page, Text

# findings about text that a reader of the pages does not see
HIDDEN = ("hidden_text", "layer_differs")
LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
NEVER = datetime.min.replace(tzinfo=UTC)


def _due() -> Q:
    abandoned = Q(status=Version.Status.READING, lease_until__lt=timezone.now())
    return Q(status=Version.Status.QUEUED) | abandoned


def _readable_pages() -> models.QuerySet[Page]:
    return Page.objects.filter(version=models.OuterRef("pk")).exclude(source="none")


class VersionQuerySet(models.QuerySet["Version"]):
    def visible_to(self, user: Any) -> VersionQuerySet:
        return self.filter(document__in=Document.objects.visible_to(user).values("pk"))

    def ready(self) -> VersionQuerySet:
        return self.filter(status=Version.Status.READY)

    def with_text(self) -> VersionQuerySet:
        """Without those on which nothing could be read, like a scan in a language unknown here."""
        return self.filter(models.Exists(_readable_pages()))

    def telling_text(self) -> VersionQuerySet:
        """The same ones and the others, each with ``has_text``."""
        return self.annotate(has_text=models.Exists(_readable_pages()))  # type: ignore[no-redef]

    def to_index(self) -> VersionQuerySet:
        """Current, ready versions of live documents that cannot be found yet."""
        rows = self.filter(
            indexed_at=None,
            index_failures__lt=MAX_ATTEMPTS,
            document__current=F("pk"),
            document__deleted_at=None,
        )
        # said twice over, or SQLite would go through all that are ready (version_unindexed)
        return rows.exclude(~Q(status=Version.Status.READY))

    def vettable(self) -> VersionQuerySet:
        """Ready versions with hidden text that waits to be compared with its picture."""
        return self.ready().filter(vet_at__lte=timezone.now(), document__deleted_at=None)

    def due(self) -> VersionQuerySet:
        """Waiting, or left behind by a worker that died; documents deleted meanwhile are not."""
        return self.filter(_due(), document__deleted_at=None)

    def waiting(self, lane: str) -> VersionQuerySet:
        return self.filter(status=Version.Status.QUEUED, lane=lane, document__deleted_at=None)

    def abandoned(self, lane: str) -> VersionQuerySet:
        """Left behind by a worker that died. Like ``waiting`` it is found by its index alone."""
        rows = self.filter(status=Version.Status.READING, lane=lane, document__deleted_at=None)
        return rows.filter(lease_until__lt=timezone.now())

    def next_due(self, lane: str) -> Version | None:
        """The version whose turn it is in a lane; None when nothing is due.

        What a dead worker left had its turn already. Else it is the oldest of the uploader of whom
        the fewest are being read; among equals, of the one whose last turn is longest ago.
        """
        if (left := self.abandoned(lane).order_by("lease_until").first()) is not None:
            return left
        rows = self.filter(lane=lane)
        reading = rows.filter(status=Version.Status.READING, lease_until__gte=timezone.now())
        active = Counter(reading.values_list("uploaded_by", flat=True))
        queued = rows.filter(status=Version.Status.QUEUED)
        turns = sorted(
            (active[uploader], rows.filter(uploaded_by=uploader).last_turn(), uploader or 0)
            for uploader in queued.order_by().values_list("uploaded_by", flat=True).distinct()
        )
        for _active, _last, uploader in turns:
            heap = self.waiting(lane).filter(uploaded_by=uploader or None)
            if (oldest := heap.order_by("pk").first()) is None:
                continue
            # another worker took one of theirs between the two looks: it is someone else's turn
            if reading.filter(uploaded_by=uploader or None).count() > active[uploader]:
                return self.next_due(lane)
            return oldest
        return None

    def last_turn(self) -> datetime:
        """When one of these was last taken to be read; long ago if none was."""
        taken = self.filter(begun_at__isnull=False).order_by("-begun_at")
        return taken.values_list("begun_at", flat=True).first() or NEVER


class Version(models.Model):
    """One immutable reading of a blob.

    queued ──claim──▶ reading ──mark_ready──▶ ready
      ▲ ▲                │  ▲──── claim, when the lease ran out
      │ └─ to_slow_lane ─┤
      └──── retry ── failed ◀── fail

    ``findings`` are what a reviewer must know of, as `ingest.Finding` has it; ``unread`` are the
    numbers of pages on which something stands that could not be read. ``name`` is the file's.
    """

    # of rows that ``telling_text`` gave
    has_text: bool | None = None

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        READING = "reading", _("Reading")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Lane(models.TextChoices):
        QUICK = "quick", _("text")
        SLOW = "slow", _("text recognition")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, models.PROTECT, related_name="versions")
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=255, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    warnings = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    unread = models.JSONField(default=list)
    # pages with text hidden under their pictures, which nobody has compared yet
    to_vet = models.JSONField(default=list)
    # when a worker may take them up; later than now while one does
    vet_at = models.DateTimeField(null=True, editable=False)
    reader = models.CharField(max_length=40, blank=True)
    reader_version = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    chars = models.PositiveIntegerField(default=0)
    page_count = models.PositiveIntegerField(default=0)
    pages_read = models.PositiveIntegerField(default=0)
    # which worker reads it: recognising text in pictures must not hold up everything else
    lane = models.CharField(max_length=10, choices=Lane.choices, default=Lane.QUICK)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # when a worker last took it
    begun_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    # when it came into the search index; a ready one without it is due, unless that failed often
    indexed_at = models.DateTimeField(null=True, editable=False)
    index_failures = models.PositiveSmallIntegerField(default=0, editable=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="version_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "reading", "ready", "failed"]),
                name="version_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="version_failure_has_reason"
            ),
        ]
        indexes = [
            # the sweep looks for unfinished versions every few seconds
            models.Index(
                fields=["lease_until"],
                condition=Q(status__in=["queued", "reading"]),
                name="version_unfinished",
            ),
            # who has something waiting, and the oldest of each
            models.Index(fields=["status", "lane", "uploaded_by", "id"], name="version_heaps"),
            # whose last turn is how long ago
            models.Index(fields=["lane", "uploaded_by", "begun_at"], name="version_turns"),
            # and for those that cannot be found yet, as every search does: not by their status,
            # or SQLite would go through all that are ready
            models.Index(
                fields=["document"], condition=Q(indexed_at=None), name="version_unindexed"
            ),
            # and for those whose hidden text is to be compared
            models.Index(
                fields=["vet_at"], condition=Q(vet_at__isnull=False), name="version_to_vet"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"

    @property
    def working(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.READING)

    @property
    def hidden(self) -> list[dict[str, Any]]:
        """The findings about text that its pages do not show, each with its range."""
        return [one for one in self.findings if one["code"] in HIDDEN and one["end"]]

    def hides(self, start: int, end: int) -> bool:
        """Whether any character of ``text[start:end]`` cannot be seen on its page."""
        return any(one["start"] < end and one["end"] > start for one in self.hidden)

    @property
    def is_locked(self) -> bool:
        """Whether all it takes is a password."""
        return self.status == self.Status.FAILED and self.error_code == "encrypted"

    @property
    def may_retry(self) -> bool:
        """Whether another attempt may come to another end."""
        # "file": its bytes could not be got from where they are stored
        return self.status == self.Status.FAILED and self.error_code in (*PASSING, "file")

    @property
    def percent(self) -> int:
        """0 to 100, of the pages read so far."""
        if self.status == self.Status.READY:
            return 100
        return min(99, 100 * self.pages_read // self.page_count) if self.page_count else 0

    @property
    def page_at(self) -> int:
        """The number of the page that is being read."""
        return min(self.pages_read + 1, self.page_count)

    @property
    def unfindable(self) -> bool:
        """Whether it was given up to make it findable."""
        ready = self.status == self.Status.READY and self.indexed_at is None
        return ready and self.index_failures >= MAX_ATTEMPTS

    def index_again(self) -> bool:
        """Have it indexed after that was given up; False when it was not."""
        given_up = Version.objects.ready().filter(indexed_at=None, index_failures__gte=MAX_ATTEMPTS)
        return bool(given_up.filter(pk=self.pk).update(index_failures=0))

    def claim(self, owner: str) -> bool:
        """Take the work; False when another worker has it, or nothing is to be done."""
        now = timezone.now()
        live = Document.objects.filter(pk=self.document_id, deleted_at=None)
        # no join: PostgreSQL would not look again at the row that another worker just took
        due = Version.objects.filter(
            _due(), pk=self.pk, lane=self.lane, document__in=live.values("pk")
        )
        won = due.update(
            status=self.Status.READING,
            lease_owner=owner,
            lease_until=now + LEASE,
            begun_at=now,
            attempts=F("attempts") + 1,
            pages_read=0,
        )
        if won:
            self._shown()
            self.refresh_from_db()
        return bool(won)

    def _shown(self) -> None:
        """Lists show the state of a document's current version."""
        Document.objects.filter(current=self.pk).follow_current()

    def _mine(self) -> VersionQuerySet:
        # a worker that lost its lease must not write over the one that took over
        return Version.objects.filter(
            pk=self.pk, status=self.Status.READING, lease_owner=self.lease_owner
        )

    def progress(self, done: int, total: int) -> None:
        self._mine().update(pages_read=done, page_count=total)

    def to_slow_lane(self) -> bool:
        """Leave it to those who recognise text in pictures; this attempt does not count."""
        won = self._mine().update(
            status=self.Status.QUEUED,
            lane=self.Lane.SLOW,
            attempts=F("attempts") - 1,
            pages_read=0,
        )
        self._shown()
        self.refresh_from_db()
        return bool(won)

    def mark_ready(self, reading: Reading, seconds: float) -> bool:
        """Store the reading whole, or, if the lease was lost, not at all."""
        with transaction.atomic():
            # locked: erasing waits for this, or has hidden the document before
            live = Document.objects.select_for_update().filter(pk=self.document_id, deleted_at=None)
            won = live.exists() and self._mine().update(
                status=self.Status.READY,
                reader=reading.reader,
                reader_version=reading.reader_version,
                warnings=list(reading.warnings),
                findings=[vars(finding) for finding in reading.findings],
                unread=[page.number for page in reading.pages if not page.legible],
                to_vet=(layered := [page.number for page in reading.pages if page.layered]),
                vet_at=timezone.now() if layered else None,
                sha256=reading.sha256,
                chars=len(reading.text),
                page_count=len(reading.pages),
                pages_read=len(reading.pages),
                ready_at=timezone.now(),
                seconds=seconds,
                error="",
                error_code="",
            )
            if won:
                Text.objects.create(version=self, content=reading.text)
                Page.objects.keep(self, reading.pages)
                self._take_over()
                self._shown()
        self.refresh_from_db()
        return bool(won)

    def _take_over(self) -> None:
        """Become the document's current version, unless a newer one is, or has been."""
        owner = Document.objects.filter(pk=self.document_id)
        newer = Version.objects.filter(document=self.document_id, number__gt=self.number)
        newer = newer.filter(Q(pk=OuterRef("current")) | Q(status=self.Status.READY))
        owner.exclude(Exists(newer)).update(current=self)
        owner.filter(upcoming=self).update(upcoming=None)

    def fail(self, code: str, sentence: str) -> bool:
        won = self._mine().update(status=self.Status.FAILED, error_code=code, error=sentence)
        self._shown()
        self.refresh_from_db()
        return bool(won)

    def claim_vetting(self, until: datetime) -> bool:
        """Take the pages that are to be compared, or go on with them; False when another worker
        has them."""
        mine = Version.objects.filter(pk=self.pk, vet_at=self.vet_at)
        won = bool(mine.update(vet_at=until))
        self.vet_at = until if won else self.vet_at
        return won

    def vetted(self, page: int, found: Sequence[Finding]) -> bool:
        """Keep what was found out about a page; False when another worker is at it."""
        self.to_vet = [number for number in self.to_vet if number != page]
        self.findings = [*self.findings, *(vars(finding) for finding in found)]
        mine = Version.objects.filter(pk=self.pk, vet_at=self.vet_at)
        if not self.to_vet:
            self.vet_at = None
        kept = {"to_vet": self.to_vet, "findings": self.findings, "vet_at": self.vet_at}
        return bool(mine.update(**kept))

    def retry(self) -> bool:
        """Queue a failed version again, with its attempts forgotten."""
        won = Version.objects.filter(pk=self.pk, status=self.Status.FAILED).update(
            status=self.Status.QUEUED, error="", error_code="", attempts=0, pages_read=0
        )
        self._shown()
        return bool(won)
