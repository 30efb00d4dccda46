"""Folders and tags: how people keep the documents of a workspace in order."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace

MAX_DEPTH = 12  # folders within one another


class NotPossible(Exception):
    """A folder or a tag cannot be so; str() says why, in a sentence for who asked for it."""


@dataclass(frozen=True)
class Tree:
    """Which folder of a workspace lies in which, by their keys."""

    parents: dict[int, int | None]

    @cached_property
    def children(self) -> dict[int | None, list[int]]:
        found = defaultdict(list)
        for key, parent in self.parents.items():
            found[parent].append(key)
        return found

    def below(self, key: int) -> set[int]:
        """The folder and all within it, however deep."""
        found, todo = {key}, [key]
        while todo:
            inner = [child for child in self.children.get(todo.pop(), []) if child not in found]
            found.update(inner)
            todo += inner
        return found

    def path(self, key: int) -> list[int]:
        """From the top down to the folder, itself included."""
        path: list[int] = []
        step: int | None = key
        while step is not None and step not in path:
            path.append(step)
            step = self.parents.get(step)
        return path[::-1]

    def height(self, key: int) -> int:
        """How many folders deep it is with what lies within it; 1 when nothing does."""
        return max(len(self.path(one)) for one in self.below(key)) - len(self.path(key)) + 1


class FolderQuerySet(models.QuerySet["Folder"]):
    def visible_to(self, user: Any) -> FolderQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user).values("pk"))

    def tree(self, workspace_id: int) -> Tree:
        rows = self.filter(workspace=workspace_id).values_list("pk", "parent_id")
        return Tree(dict(rows.order_by()))

    def still_has(self, folder: Folder) -> bool:
        """Whether it is there; then nobody deletes it until the transaction ends.

        What is put into a folder that goes at this moment could not be stored.
        """
        return self.select_for_update(no_key=True).filter(pk=folder.pk).first() is not None

    def named(self, name: str, workspace_id: int, parent: Folder | None) -> Folder | None:
        """The folder of the name in that one (None: at the top); None when there is none.

        Names that differ by their capitals alone are one to people, and to most computers. Where
        there are several of them from an earlier time, it is the one spelt so, or the oldest.
        """
        found = self.filter(workspace=workspace_id, parent=parent, name__iexact=name)
        alike = list(found.order_by("pk"))
        exact = [folder for folder in alike if folder.name == name]
        return next(iter(exact or alike), None)

    def locked_tree(self, workspace_id: int) -> Tree:
        """The tree, which nobody else changes until the transaction ends.

        Two moves that are right each by itself could put two folders into one another.
        """
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        return self.tree(workspace_id)


class Folder(models.Model):
    """A place for documents; without a parent it stands at the top of its workspace."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="folders")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    name = models.CharField(_("name"), max_length=120)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FolderQuerySet.as_manager()

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], condition=Q(parent__isnull=False), name="folder_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "name"], condition=Q(parent=None), name="folder_once_at_top"
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="folder_not_in_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def trail(self) -> list[Folder]:
        """The folders from the top down to this one, itself included."""
        trail, step = [self], self.parent
        while step is not None and len(trail) <= MAX_DEPTH:
            trail.append(step)
            step = step.parent
        return trail[::-1]

    def put_into(self, parent: Folder | None) -> None:
        """Moves it with all it holds into another folder, or to the top (None).

        Raises NotPossible: into itself, too deep, or where another has its name.
        """
        with transaction.atomic():
            tree = Folder.objects.locked_tree(self.workspace_id)
            if self.pk not in tree.parents or (parent and parent.pk not in tree.parents):
                raise NotPossible(_("The folder is not there any more."))
            if parent and parent.pk in tree.below(self.pk):
                raise NotPossible(_("A folder cannot be moved into itself."))
            depth = len(tree.path(parent.pk)) if parent else 0
            if depth + tree.height(self.pk) > MAX_DEPTH:
                raise NotPossible(
                    _("Folders cannot lie more than %(depth)d deep.") % {"depth": MAX_DEPTH}
                )
            self.parent = parent
            self.save_once("parent")

    def save_once(self, *fields: str) -> None:
        """Saves it, or these fields; raises NotPossible when a folder of the name is there."""
        others = Folder.objects.exclude(pk=self.pk)
        twin = others.named(self.name, self.workspace_id, self.parent)
        taken = NotPossible(
            _("There is a folder “%(name)s” here already.")
            % {"name": twin.name if twin else self.name}
        )
        if twin is not None:
            raise taken
        try:
            with transaction.atomic():
                self.save(update_fields=fields or None)
        except IntegrityError as error:
            raise taken from error


class FormerFolder(models.Model):
    """A folder that was deleted: what it takes to make it anew, while what lay in it is kept.

    ``path`` are the names from the top down to it; ``deleted_at`` is that of the documents which
    went into the trash with it.
    """

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="former_folders")
    path = models.JSONField()
    deleted_at = models.DateTimeField()
    deleted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    purge_at = models.DateTimeField()

    class Meta:
        verbose_name = _("former folder")
        verbose_name_plural = _("former folders")
        ordering = ["pk"]
        indexes = [
            # the sweep looks for those to be forgotten every few seconds
            models.Index(fields=["purge_at"], name="former_folder_to_forget"),
        ]

    def __str__(self) -> str:
        return str(self.path[-1])


class Tag(models.Model):
    """A word that people put on documents of a workspace."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="tags")
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="tag_once")]

    def __str__(self) -> str:
        return self.name
