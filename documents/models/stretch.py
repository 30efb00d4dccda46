"""The search index: what `documents.search` keeps of the versions that can be found."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace


class Stretch(models.Model):
    """Some passages of a version on end, packed as `documents.search.packing` has it.

    Number 0 is the version's head: title and first lines, by which a document is found. ``words``
    are the sorted keys in it, a space between them. The database indexes them by itself (triggers
    and FTS5 in SQLite, GIN over them in PostgreSQL), so that nothing of a deleted row can be found.
    """

    version = models.ForeignKey("Version", models.CASCADE, related_name="stretches", db_index=False)
    number = models.PositiveIntegerField()
    words = models.TextField()
    packed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="stretch_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} stretch {self.number}"


class KeyCount(models.Model):
    """How many passages of a workspace have a key: what makes a rare word count for more.

    Of each workspace alone: what others wrote must not show, not even in the order of the found.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    passages = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="key_count_once")]

    def __str__(self) -> str:
        return f"{self.key}: {self.passages}"
