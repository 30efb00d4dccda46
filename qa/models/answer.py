"""Questions with their answers, and how one becomes the other."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.models import Version
from qa.models.citation import Citation
from qa.models.ledger import Backend, Ledger
from qa.models.scope import Scope
from qa.models.source import Source
from qa.models.thread import Thread
from qa.models.turns import AnswerQuerySet, Status

LEASE = timedelta(seconds=settings.LEASE_SECONDS)


class Answer(models.Model):
    """A question and its answer. A finished one never changes; trying again makes a sibling.

    queued ──claim──▶ running ──finish──▶ done
      ▲  │               │ │ └──fail────▶ failed
      │  │               │ └──mark_stopped▶ stopped ◀── request_stop (while queued)
      └──┼── put_back ───┘
         └── claim again when the lease ran out
    """

    Status = Status
    Backend = Backend

    class Mode(models.TextChoices):
        FULL = "full", _("reads all of it")
        SEARCH = "search", _("searches")

    class Reason(models.TextChoices):
        """Why it searches."""

        ASKED = "asked", _("searched, as it was asked to")
        SIZE = "size", _("searched: too long to be read whole")
        COUNT = "count", _("searched: too many documents to be read whole")
        BUDGET = "budget", _("searched: the budget does not allow reading all of it")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="answers")
    thread = models.ForeignKey(Thread, models.PROTECT, null=True, related_name="answers")
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followers")
    author = models.ForeignKey(User, models.PROTECT, related_name="answers")
    # made by the form: the same press of the button, sent twice, asks once
    submission = models.UUIDField(default=uuid.uuid4, editable=False)
    question = models.TextField(_("question"))
    # what is asked beyond the question, by who has it answered: about the form of the answer
    brief = models.TextField(blank=True)
    # the last line, which the brief asked for; no part of the text
    closing = models.TextField(blank=True)
    # the task that is told when it has ended; what nobody waits for at a page has one
    then = models.CharField(max_length=80, blank=True)
    # what somebody selected in a source before asking; the text stays when the source is erased
    about_version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    about_start = models.PositiveIntegerField(null=True)
    about_end = models.PositiveIntegerField(null=True)
    about_page = models.PositiveIntegerField(null=True)
    about_text = models.TextField(blank=True)
    sources: models.ManyToManyField[Version, Source] = models.ManyToManyField(
        Version, through="Source", related_name="answers"
    )

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    # why it waits: a sentence, which in some languages is long
    notice = models.TextField(blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    text = models.TextField(blank=True)
    # [{"text": str, "citations": [number, …]}]: the answer's text blocks in order
    blocks = models.JSONField(default=list)
    # the summary of the thinking before it; nothing of it is cited, or sent again
    thought = models.TextField(blank=True)

    model_requested = models.CharField(max_length=80)
    # a level of thinking; empty: the model's default
    effort = models.CharField(max_length=10, blank=True)
    model = models.CharField(max_length=80, blank=True)
    backend = models.CharField(max_length=10, choices=Backend.choices, blank=True)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.FULL)
    mode_reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    # what it is about as a whole, if not documents that were chosen one by one
    scope = models.ForeignKey(Scope, models.PROTECT, null=True, related_name="answers")
    # whether it may look at the web sites that an admin has allowed
    web = models.BooleanField(default=False)
    # what stood for the beginning of its conversation, or how many answers of it were left out
    summary = models.ForeignKey("qa.Summary", models.SET_NULL, null=True, related_name="+")
    left_out = models.PositiveIntegerField(default=0)
    # what it did with its tools, in order, as `qa.steps` has it
    steps = models.JSONField(default=list)
    prompt_version = models.CharField(max_length=40, blank=True)
    parameters = models.JSONField(default=dict)
    stop_reason = models.CharField(max_length=40, blank=True)

    attempts = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    # claimed, and put back because it was not time yet: no try
    postponements = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    stop_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    first_text_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["author", "submission"], name="answer_asked_once"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "done", "failed", "stopped"]),
                name="answer_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error=""), name="answer_failure_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(about_version=None, about_start=None, about_end=None, about_text="")
                | Q(about_version__isnull=False, about_start__lt=F("about_end"))
                & ~Q(about_text=""),
                name="answer_passage_whole",
            ),
        ]
        indexes = [
            # the sweep looks for unfinished answers every few seconds
            models.Index(
                fields=["next_try_at"],
                condition=Q(status__in=["queued", "running"]),
                name="answer_unfinished",
            ),
            # whose turn it is: when did each author last have one
            models.Index(fields=["author", "started_at"], name="answer_turns"),
        ]

    def __str__(self) -> str:
        return self.question[:80]

    @property
    def working(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def searches(self) -> bool:
        return self.mode == self.Mode.SEARCH

    @property
    def asked_to_search(self) -> bool:
        return self.mode_reason == self.Reason.ASKED

    @property
    def way(self) -> str:
        """How it went about its documents, where that is worth saying."""
        if self.searches:
            return str(self.get_mode_reason_display() or _("searched"))
        return str(_("read whole")) if self.scope_id else ""

    @property
    def anchor(self) -> str:
        """The id of the answer's element on a page."""
        return f"answer-{self.public_id}"

    @property
    def picked(self) -> str:
        """The key that was picked: it may have stood for a choice that is made by itself."""
        route = getattr(self, "route", None)
        return str(route.asked) if route and route.kind == "auto" else self.model_requested

    @property
    def cut(self) -> bool:
        """Whether it ended because it may not be longer, or take more requests, and not because it
        was complete."""
        ended = self.stop_reason in ("max_tokens", "pause_turn")
        return self.status == self.Status.DONE and ended

    @property
    def may_go_on(self) -> bool:
        return self.cut and self.thread_id is not None and not self.followers.exists()

    @property
    def may_retry(self) -> bool:
        """Failed or stopped, and nothing was asked after it: a new try would hide what follows.
        With a brief it is for whoever gave that to have it asked again."""
        ended = self.status in (self.Status.FAILED, self.Status.STOPPED)
        return ended and not self.brief and not self.followers.exists()

    def newest_try(self) -> Answer:
        """The last answer to the same question by the same model at this place of its thread;
        itself where nobody tried again."""
        if self.thread is None:
            return self
        rows = self.thread.answers.filter(follows=self.follows, question=self.question)
        rows = rows.select_related("workspace", "thread", "author", "route")
        return next(row for row in rows.order_by("-pk") if row.picked == self.picked)

    def conversation(self) -> list[Answer]:
        """The answers of its thread from the first to itself, with what sending them again takes:
        a number of queries that does not grow with their number."""
        return Answer.objects.to_send(self.keys_to_here())

    def earlier(self) -> list[Answer]:
        """The same, without itself; its own pictures are looked up along with theirs."""
        keys = self.keys_to_here()[:-1] if self.follows_id else []
        return Answer.objects.to_send(keys, [self])

    def keys_to_here(self) -> list[int]:
        """The keys of the answers of its thread from the first to itself."""
        # an answer without a thread follows none
        rows = Answer.objects.filter(thread=self.thread_id, thread__isnull=False)
        follows = dict(rows.values_list("pk", "follows"))
        keys: list[int] = []
        key: int | None = self.pk
        while key is not None:
            keys.append(key)
            key = follows.get(key)
        return keys[::-1]

    @cached_property
    def siblings(self) -> list[Answer]:
        """All that stand at this place of its thread, itself among them, oldest first."""
        if self.thread_id is None:
            return [self]
        return list(Answer.objects.filter(thread=self.thread_id, follows=self.follows_id))

    @property
    def place(self) -> int:
        """Which of its siblings it is, from 1."""
        return [one.pk for one in self.siblings].index(self.pk) + 1

    @property
    def sibling_before(self) -> Answer | None:
        return self.siblings[self.place - 2] if self.place > 1 else None

    @property
    def sibling_after(self) -> Answer | None:
        return self.siblings[self.place] if self.place < len(self.siblings) else None

    @cached_property
    def numbered(self) -> dict[int, Citation]:
        return {citation.number: citation for citation in self.citations.all()}

    @cached_property
    def unread(self) -> list[tuple[Version, list[int]]]:
        """The versions it is about that have pages which were neither read nor looked at."""
        found = []
        for row in self.source_rows.all():
            pages = [page for page in row.version.unread if page not in row.looked]
            if pages:
                found.append((row.version, pages))
        return found

    @cached_property
    def looked(self) -> list[tuple[Version, list[int]]]:
        """The versions of which it looked at pages."""
        return [(row.version, row.looked) for row in self.source_rows.all() if row.looked]

    @cached_property
    def read_in_vain(self) -> list[Version]:
        """What was read for an answer that cites nothing; of one that searched, its steps tell."""
        if self.status != self.Status.DONE or self.searches or self.citations.all():
            return []
        return [row.version for row in self.source_rows.all()]

    @cached_property
    def outdated(self) -> list[Version]:
        """The versions it cites that a newer one has taken the place of."""
        cited = {c.version.pk: c.version for c in self.citations.all() if c.version}
        return [
            version
            for version in cited.values()
            if version.document.deleted_at is None and version.document.current_id != version.pk
        ]

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(list(self.calls.all()))

    # transitions ----------------------------------------------------------------------------

    def claim(self, owner: str) -> bool:
        """Take the work; False when another worker has it, or nothing is to be done."""
        now = timezone.now()
        died = self.status == self.Status.RUNNING
        claimed = {
            "status": self.Status.RUNNING,
            "lease_owner": f"{owner}:{uuid.uuid4().hex[:8]}",
            "lease_until": now + LEASE,
            # nothing counts but a claim of these attempts
            "attempts": self.attempts + 1,
            "crashes": self.crashes + (1 if died else 0),
            "started_at": now,
            "next_try_at": None,
        }
        won = Answer.objects.filter(pk=self.pk, attempts=self.attempts).due().update(**claimed)
        if won:
            for name, value in claimed.items():
                setattr(self, name, value)
        return bool(won)

    def _mine(self) -> AnswerQuerySet:
        # a worker that lost its lease must not write over the one that took over
        return Answer.objects.filter(
            pk=self.pk, status=self.Status.RUNNING, lease_owner=self.lease_owner
        )

    def _end(self, status: str, citations: list[Citation] = (), **fields: Any) -> bool:  # type: ignore[assignment]
        with transaction.atomic():
            won = self._mine().update(
                status=status, finished_at=timezone.now(), notice="", **fields
            )
            if won:
                Citation.objects.bulk_create(citations)
        self.refresh_from_db()
        return bool(won)

    def finish(self, citations: list[Citation], **fields: Any) -> bool:
        return self._end(self.Status.DONE, citations, **fields)

    def mark_stopped(self, citations: list[Citation], **fields: Any) -> bool:
        return self._end(self.Status.STOPPED, citations, **fields)

    def fail(self, code: str, sentence: str, **fields: Any) -> bool:
        return self._end(self.Status.FAILED, error_code=code, error=sentence, **fields)

    @property
    def times_tried(self) -> int:
        """How often Claude was asked, or was about to be: neither crashes nor waits count."""
        return self.attempts - self.crashes - self.postponements

    def put_back(self, after: timedelta, notice: str, *, tried: bool = True) -> bool:
        """Wait for the next try; the row carries the time, no worker sleeps. False after a stop."""
        won = (
            self._mine()
            .filter(stop_requested_at=None)
            .update(
                status=self.Status.QUEUED,
                next_try_at=timezone.now() + after,
                notice=notice,
                postponements=F("postponements") + int(not tried),
            )
        )
        self.refresh_from_db()
        return bool(won)

    def request_stop(self) -> None:
        """Ends a waiting answer at once, and tells the worker of a running one."""
        now = timezone.now()
        with transaction.atomic():
            # locked: a worker must neither claim it nor put it back between the two
            row = Answer.objects.select_for_update().get(pk=self.pk)
            rows = Answer.objects.filter(pk=self.pk)
            if row.status == self.Status.QUEUED:
                rows.update(
                    status=self.Status.STOPPED, stop_requested_at=now, finished_at=now, notice=""
                )
            elif row.status == self.Status.RUNNING and row.stop_requested_at is None:
                rows.update(stop_requested_at=now)
        self.refresh_from_db()

    def is_mine(self) -> bool:
        """Whether the lease is still this worker's."""
        return self._mine().exists()

    @property
    def pictures_unsent(self) -> int:
        """Of the conversation before it, for which its request had no room."""
        return int(self.parameters.get("pictures_unsent", 0))

    def remember(self, **fields: Any) -> bool:
        """Keep how the answer is being made; False when the lease was lost."""
        won = self._mine().update(**fields)
        if won:
            for name, value in fields.items():
                setattr(self, name, value)
        return bool(won)
