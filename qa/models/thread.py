"""Conversations over documents."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.models import Document

if TYPE_CHECKING:
    from qa.models.answer import Answer


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: Any) -> ThreadQuerySet:
        """Threads of the user's workspaces, without other people's private ones."""
        mine = Workspace.objects.visible_to(user).values("pk")
        threads = self.filter(workspace__in=mine, deleted_at=None)
        if user.is_superuser:
            return threads
        return threads.filter(Q(is_private=False) | Q(author=user.pk))


class Thread(models.Model):
    """A conversation over one or several documents of a workspace."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="threads")
    author = models.ForeignKey(User, models.PROTECT, related_name="threads")
    title = models.CharField(_("title"), max_length=200)
    is_private = models.BooleanField(_("private"), default=False)
    documents = models.ManyToManyField(Document, related_name="threads")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    active_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        ordering = ["-active_at", "-pk"]
        indexes = [
            # the list in the left column: live threads of a workspace, last used first
            models.Index(fields=["workspace", "deleted_at", "-active_at"], name="thread_list")
        ]

    def __str__(self) -> str:
        return self.title

    def mark_deleted(self) -> None:
        """Hides the thread, and stops what is still being written in it."""
        Thread.objects.filter(pk=self.pk, deleted_at=None).update(deleted_at=timezone.now())
        for answer in self.answers.working():
            answer.request_stop()

    def last_answer(self) -> Answer | None:
        """The end of ``path``, without loading what stands on the way."""
        newest = dict(self.answers.order_by("pk").values_list("follows", "pk"))
        step: int | None = None
        while (following := newest.get(step)) is not None:
            step = following
        return self.answers.get(pk=step) if step is not None else None

    def path(self) -> list[Answer]:
        """The conversation: from the first question on, the newest try of each."""
        by_parent: dict[int | None, Answer] = {}
        tries: dict[int | None, int] = {}
        rows = self.answers.order_by("pk").select_related("author", "workspace", "thread")
        for answer in rows.to_show():
            by_parent[answer.follows_id] = answer
            tries[answer.follows_id] = tries.get(answer.follows_id, 0) + 1
        path: list[Answer] = []
        step: int | None = None
        while (answer := by_parent.get(step)) is not None:  # type: ignore[assignment]
            answer.tries = tries[step]
            path.append(answer)
            step = answer.pk
        return path
