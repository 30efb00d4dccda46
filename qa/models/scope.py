"""Which documents a question is put to that are not chosen one by one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Workspace
from documents.models import Document, DocumentQuerySet, Folder, Tag


class ScopeManager(models.Manager["Scope"]):
    def whole(self, workspace: Workspace) -> Scope:
        """All documents of the workspace."""
        return self.get_or_create(workspace=workspace, kind=Scope.Kind.WORKSPACE)[0]

    def folder(self, folder: Folder) -> Scope:
        """What lies in the folder, or below it."""
        return self._about(Scope.Kind.FOLDER, folder.workspace, folder.name, folder=folder)

    def tag(self, tag: Tag) -> Scope:
        """What carries the tag."""
        return self._about(Scope.Kind.TAG, tag.workspace, tag.name, tag=tag)

    def _about(self, kind: Scope.Kind, workspace: Workspace, name: str, **about: Any) -> Scope:
        given = {"workspace": workspace, "kind": kind, **about}
        return self.update_or_create(**given, defaults={"name": name})[0]


class Scope(models.Model):
    """A workspace, a folder or a tag, as a thread or an answer keeps it.

    When the folder or the tag is deleted the row stays, with its last name, and reaches nothing.
    """

    class Kind(models.TextChoices):
        WORKSPACE = "workspace", gettext_lazy("the whole workspace")
        FOLDER = "folder", gettext_lazy("a folder")
        TAG = "tag", gettext_lazy("a tag")

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    folder = models.ForeignKey(Folder, models.SET_NULL, null=True, related_name="+")
    tag = models.ForeignKey(Tag, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=120, blank=True)

    objects = ScopeManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(kind="workspace"), name="scope_once_of_workspace"
            ),
            models.UniqueConstraint(fields=["folder"], name="scope_once_of_folder"),
            models.UniqueConstraint(fields=["tag"], name="scope_once_of_tag"),
            models.CheckConstraint(
                condition=Q(kind="workspace", folder=None, tag=None)
                | Q(kind="folder", tag=None)
                | Q(kind="tag", folder=None),
                name="scope_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        if self.kind == self.Kind.FOLDER:
            return _("Folder %(name)s") % {"name": self.folder or self.name}
        if self.kind == self.Kind.TAG:
            return _("Tag %(name)s") % {"name": self.tag or self.name}
        return _("All documents")

    @property
    def gone(self) -> bool:
        """Whether what it was about has been deleted."""
        return self.kind != self.Kind.WORKSPACE and self.folder is None and self.tag is None

    @property
    def value(self) -> str:
        """What a form and an address call it; "" for one that is gone."""
        if self.kind == self.Kind.WORKSPACE:
            return self.kind
        if self.gone:
            return ""
        about = self.folder.public_id if self.folder else self.tag.name  # type: ignore[union-attr]
        return f"{self.kind}:{about}"

    def documents(self, user: Any) -> DocumentQuerySet:
        """Its documents that the user may see, in no order; none when it is gone."""
        rows = Document.objects.visible_to(user).filter(workspace=self.workspace_id).order_by()
        if self.gone:
            return rows.none()
        if self.folder is not None:
            inner = Folder.objects.tree(self.workspace_id).below(self.folder.pk)
            return rows.filter(folder__in=inner)
        if self.tag is not None:
            carrying = Document.tags.through.objects.filter(tag=self.tag)
            return rows.filter(pk__in=carrying.values("document"))
        return rows
