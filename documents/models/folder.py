"""Folders and tags: how people keep the documents of a workspace in order."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace

MAX_DEPTH = 12  # folders within one another


class FolderQuerySet(models.QuerySet["Folder"]):
    def visible_to(self, user: Any) -> FolderQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user).values("pk"))


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
