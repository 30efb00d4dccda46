"""Which answers there are for whom, and whose turn it is to be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from qa.models.citation import Citation
from qa.models.source import Source
from qa.models.thread import Thread

if TYPE_CHECKING:
    from qa.models.answer import Answer

NEVER = datetime.min.replace(tzinfo=UTC)


class Status(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Writing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


class AnswerQuerySet(models.QuerySet["Answer"]):
    def visible_to(self, user: Any) -> AnswerQuerySet:
        """Answers of visible threads; those without a thread by their workspace."""
        mine = Workspace.objects.visible_to(user).values("pk")
        threads = Thread.objects.visible_to(user).values("pk")
        return self.filter(Q(thread__in=threads) | Q(thread=None), workspace__in=mine)

    def to_show(self) -> AnswerQuerySet:
        """With what ``_answer.html`` looks at."""
        read = Source.objects.select_related("version__document")
        rows = self.select_related(
            *("about_version__document", "route", "scope__folder", "scope__tag", "summary")
        )
        return rows.prefetch_related(
            "citations__version__document",
            "calls",
            "enclosures__picture",
            models.Prefetch("source_rows", read),
        )

    def to_send(self, keys: list[int], new: Sequence[Answer] = ()) -> list[Answer]:
        """In this order, with what sending them again takes; the pictures of ``new`` ones too."""
        cited = Citation.objects.select_related("version").only(
            *("answer", "number", "title", "start", "end", "cited_text", "version__public_id")
        )
        rows = self.filter(pk__in=keys).select_related("about_version")
        found = rows.prefetch_related(models.Prefetch("citations", cited)).in_bulk()
        path = [found[key] for key in keys]
        models.prefetch_related_objects([*path, *new], "enclosures__picture")
        return path

    def working(self) -> AnswerQuerySet:
        """Not ended yet."""
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def due(self) -> AnswerQuerySet:
        """Waiting and its time has come, or left behind by a worker that died."""
        now = timezone.now()
        waiting = Q(status=Status.QUEUED) & (Q(next_try_at=None) | Q(next_try_at__lte=now))
        abandoned = Q(status=Status.RUNNING, lease_until__lt=now)
        return self.filter(waiting | abandoned)

    def next_due(self, but: Collection[int] = ()) -> Answer | None:
        """The answer whose turn it is; None when none is due, or only those of authors in ``but``.

        What a dead worker left had its turn already. Else it is the oldest question of whoever has
        the fewest being written; among equals, of the one whose last turn is longest ago.
        """
        due = self.due().exclude(author__in=but)
        found = set(due.order_by().values_list("author", "status").distinct())
        if Status.RUNNING in {status for _author, status in found}:
            left = due.filter(status=Status.RUNNING).order_by("lease_until")
            if (abandoned := left.first()) is not None:
                return abandoned
        authors = {author for author, _status in found}
        if len(authors) < 2:
            # as mostly: nobody to be compared with
            return due.filter(author__in=authors).oldest() if authors else None
        writing = self.filter(status=Status.RUNNING, lease_until__gte=timezone.now())
        active = Counter(writing.values_list("author", flat=True))
        turns = sorted(
            (active[author], self.filter(author=author).last_turn(), author) for author in authors
        )
        for _active, _last, author in turns:
            if (oldest := due.filter(author=author).oldest()) is None:
                continue
            # another worker took one of theirs between the two looks: it is someone else's turn
            if writing.filter(author=author).count() > active[author]:
                return self.next_due(but)
            return oldest
        return None

    def oldest(self) -> Answer | None:
        """Before those that were asked by the hundred, what somebody waits for at a page."""
        return self.order_by("then", "pk").first()

    def last_turn(self) -> datetime:
        """When one of these was last taken to be written; long ago if none was."""
        taken = self.filter(started_at__isnull=False).order_by("-started_at")
        return taken.values_list("started_at", flat=True).first() or NEVER
