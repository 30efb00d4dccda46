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
from qa.models.scope import Scope

if TYPE_CHECKING:
    from qa.models.answer import Answer


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: Any) -> ThreadQuerySet:
        """Threads of the user's workspaces, without other people's private ones."""
        mine = Workspace.objects.visible_to(user).values("pk")
        return self.open_to(user).filter(workspace__in=mine, deleted_at=None)

    def open_to(self, user: Any) -> ThreadQuerySet:
        """Without private ones, which are their author's; a superuser sees them."""
        return self if user.is_superuser else self.filter(Q(is_private=False) | Q(author=user.pk))


class Thread(models.Model):
    """A conversation over one or several documents of a workspace."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="threads")
    author = models.ForeignKey(User, models.PROTECT, related_name="threads")
    title = models.CharField(_("title"), max_length=200)
    is_private = models.BooleanField(_("private"), default=False)
    documents = models.ManyToManyField(Document, related_name="threads")
    # instead of documents chosen one by one
    scope = models.ForeignKey(Scope, models.PROTECT, null=True, related_name="threads")
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

    def last_answer(self, through: Answer | None = None) -> Answer | None:
        """The end of ``path``, without loading what stands on the way."""
        rows = list(self.answers.order_by("pk").values_list("pk", "follows"))
        steps = _steps(rows, through)
        return self.answers.get(pk=steps[-1]) if steps else None

    def path(self, through: Answer | None = None) -> list[Answer]:
        """The conversation: from the first question on, the newest answer at each place; with
        ``through``, that one at its place, what it follows before it, and what followed it."""
        rows = self.answers.order_by("pk").select_related("author", "workspace", "thread")
        answers = {answer.pk: answer for answer in rows.to_show()}
        steps = _steps([(pk, answer.follows_id) for pk, answer in answers.items()], through)
        beside: dict[int | None, list[Answer]] = {}
        for answer in answers.values():
            beside.setdefault(answer.follows_id, []).append(answer)
        path = [answers[step] for step in steps]
        for answer in path:
            answer.siblings = beside[answer.follows_id]
        return path


def _steps(rows: list[tuple[int, int | None]], through: Answer | None) -> list[int]:
    """Of answers, oldest first, with what each follows: the keys of those on the way."""
    follows = dict(rows)
    chosen = {parent: pk for pk, parent in rows}
    back = through.pk if through is not None else None
    while back is not None:
        chosen[follows[back]] = back
        back = follows[back]
    steps: list[int] = []
    step: int | None = None
    while (step := chosen.get(step)) is not None:
        steps.append(step)
    return steps
