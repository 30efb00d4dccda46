"""What an answer read."""

from __future__ import annotations

from django.db import models

from documents.models import Version


class Source(models.Model):
    """A version an answer read; ``index`` is the API's document_index in its request."""

    answer = models.ForeignKey("qa.Answer", models.CASCADE, related_name="source_rows")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    index = models.PositiveIntegerField(null=True)
    # numbers of the pages that were looked at, and about what that cost in tokens
    looked = models.JSONField(default=list)
    looked_tokens = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["index", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "version"], name="source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} {self.index}: {self.version_id}"
