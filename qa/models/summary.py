"""What stands for the beginning of a long conversation."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Summary(models.Model):
    """The questions and answers of a conversation from its first to ``upto``, in a few words.

    Made when they no longer fit beside the documents, and used from then on: what is sent before
    the newest question must not change with every question, or it is never found in the cache.
    """

    upto = models.OneToOneField("qa.Answer", models.CASCADE, related_name="summary_to_here")
    turns = models.PositiveIntegerField()
    text = models.TextField()
    model = models.CharField(max_length=80)
    prompt_version = models.CharField(max_length=40)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("summary of a conversation")
        verbose_name_plural = _("summaries of conversations")

    def __str__(self) -> str:
        return self.text[:80]
