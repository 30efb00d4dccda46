"""Playbooks: sets of columns to begin a table with, in versions that never change."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from reviews import books


class PlaybookQuerySet(models.QuerySet["Playbook"]):
    def visible_to(self, user: Any) -> PlaybookQuerySet:
        """Those of the user's workspaces; the built-in ones are everybody's."""
        mine = Workspace.objects.visible_to(user).values("pk")
        return self.filter(Q(workspace__in=mine) | Q(workspace=None), deleted_at=None)

    def offered_in(self, workspace: Workspace) -> PlaybookQuerySet:
        """What a table in the workspace may begin with: the built-in ones first."""
        Playbook.keep_built_in()
        rows = self.filter(Q(workspace=workspace) | Q(workspace=None), deleted_at=None)
        return rows.order_by(models.F("workspace").asc(nulls_first=True), "title", "pk")


class Playbook(models.Model):
    """A playbook of a workspace, or, without one, one that Pincite brings along."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="playbooks")
    # what the command line and a file call it
    name = models.SlugField(max_length=60)
    title = models.CharField(_("title"), max_length=books.TITLE)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = PlaybookQuerySet.as_manager()

    class Meta:
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(workspace=None), name="playbook_built_in_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=Q(deleted_at=None, workspace__isnull=False),
                name="playbook_once",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def built_in(self) -> bool:
        return self.workspace_id is None

    @property
    def newest(self) -> PlaybookVersion:
        return self.versions.order_by("-number")[0]

    def keep(self, book: books.Book, by: User | None) -> PlaybookVersion:
        """The newest version, made of the book unless it says the same already."""
        with transaction.atomic():
            # locked: two at once must not make the same number
            Playbook.objects.select_for_update().get(pk=self.pk)
            last = self.versions.order_by("-number").first()
            said = book.as_dict()
            if last is not None and last.content == said:
                return last
            Playbook.objects.filter(pk=self.pk).update(title=book.title)
            self.title = book.title
            number = last.number + 1 if last else 1
            return self.versions.create(number=number, content=said, created_by=by)

    @classmethod
    def put(cls, workspace: Workspace, book: books.Book, by: User) -> PlaybookVersion:
        """Takes a book over into the workspace: a new playbook, or a new version of the one that
        has its name there."""
        with transaction.atomic():
            playbook, _made = cls.objects.get_or_create(
                workspace=workspace,
                name=book.name,
                deleted_at=None,
                defaults={"title": book.title, "created_by": by},
            )
            return playbook.keep(book, by)

    @classmethod
    def keep_built_in(cls) -> None:
        """Rows for the books of this release; nothing is written where they are there."""
        found = books.built_in()
        rows = cls.objects.filter(workspace=None).prefetch_related("versions")
        there = {row.name: row for row in rows}
        for name, book in found.items():
            row = there.get(name)
            if row is None:
                row = cls.objects.get_or_create(
                    workspace=None, name=name, defaults={"title": book.title}
                )[0]
            elif any(version.content == book.as_dict() for version in row.versions.all()):
                continue
            row.keep(book, None)


class PlaybookVersion(models.Model):
    """What a playbook said: never changed, so that a table can tell what it began with."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # as ``books.Book.as_dict`` writes it
    content = models.JSONField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("version of a playbook")
        verbose_name_plural = _("versions of playbooks")
        ordering = ["playbook", "number"]
        constraints = [
            models.UniqueConstraint(fields=["playbook", "number"], name="playbook_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.playbook} {self.number}"

    @property
    def book(self) -> books.Book:
        return books.from_dict(self.content)
