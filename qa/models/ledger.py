"""What was sent to the API, and what it cost."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.models import Version


class Backend(models.TextChoices):
    """Who is at the other end."""

    ANTHROPIC = "anthropic", "Claude"
    EMULATOR = "emulator", _("Local extraction")


class TokenCount(models.Model):
    """How many tokens a version has for a model: counted once, from the inline text."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="token_counts")
    model = models.CharField(max_length=80)
    tokens = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "model"], name="token_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.model}: {self.tokens}"


class ApiCall(models.Model):
    """The ledger: one row for every request sent to the API, failed ones too."""

    class Purpose(models.TextChoices):
        ANSWER = "answer", _("answer")
        WARM = "warm", _("reading beforehand")
        COUNT = "count", _("token count")
        UPLOAD = "upload", _("file upload")
        DELETE = "delete", _("file deletion")
        LIST = "list", _("file list")
        MODELS = "models", _("model list")
        ROUTE = "route", _("choice of a model")
        SUGGEST = "suggest", _("suggested questions")
        BATCH = "batch", _("batch")
        SUMMARISE = "summary", _("summary of a conversation")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    backend = models.CharField(max_length=10, choices=Backend.choices)
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answer = models.ForeignKey("qa.Answer", models.PROTECT, null=True, related_name="calls")
    model_requested = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=80, blank=True)
    prompt_version = models.CharField(max_length=40, blank=True)
    parameters = models.JSONField(default=dict)
    # document_index → public id of the version
    document_map = models.JSONField(default=list)
    # the conversation it was for: that of the answer, or the one that was opened
    thread = models.ForeignKey("qa.Thread", models.PROTECT, null=True, related_name="+")
    message_id = models.CharField(max_length=120, blank=True)
    # what all questions about these documents share: its name, and until when Claude keeps it
    prefix = models.CharField(max_length=32, blank=True)
    prefix_ttl = models.CharField(max_length=2, blank=True)
    warm_until = models.DateTimeField(null=True)
    cache_miss_reason = models.CharField(_("why the cache was missed"), max_length=40, blank=True)
    cache_missed_tokens = models.PositiveBigIntegerField(default=0)
    # search_result_index → [public id of the version, first character, after the last]
    found_map = models.JSONField(default=list)
    request_id = models.CharField(max_length=120, blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    error_type = models.CharField(max_length=60, blank=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    thinking_tokens = models.PositiveBigIntegerField(default=0)
    cache_read_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_5m_tokens = models.PositiveBigIntegerField(default=0)
    cache_write_1h_tokens = models.PositiveBigIntegerField(default=0)
    usage = models.JSONField(default=dict)
    rates = models.JSONField(default=dict)
    rates_date = models.CharField(max_length=10, blank=True)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=12, default=Decimal(0))
    saved_usd = models.DecimalField(max_digits=18, decimal_places=12, default=Decimal(0))
    first_text_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("API request")
        verbose_name_plural = _("API requests")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["workspace", "-at"], name="api_call_of_workspace"),
            # every question asks how much was spent since the last days that were added up; with
            # what is added up in it, the table is not looked at
            models.Index(
                fields=["workspace", "backend", "at", "user", "cost_usd"], name="api_call_spent"
            ),
            # a thread's page asks whether its documents are warm, again and again
            models.Index(
                fields=["prefix", "-at"], condition=~models.Q(prefix=""), name="api_call_of_prefix"
            ),
            models.Index(
                fields=["-at"],
                condition=~models.Q(cache_miss_reason=""),
                name="api_call_missed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.purpose} {self.model}"


class DayTotal(models.Model):
    """What a day of UTC has cost that is long over, as ``qa.spent`` added it up."""

    day = models.DateField()
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    backend = models.CharField(max_length=10, choices=Backend.choices)
    usd = models.DecimalField(max_digits=18, decimal_places=12)

    class Meta:
        verbose_name = _("total of a day")
        verbose_name_plural = _("totals of days")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "backend", "day", "user"],
                condition=models.Q(user__isnull=False),
                name="day_total_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "backend", "day"],
                condition=models.Q(user=None),
                name="day_total_of_nobody_once",
            ),
        ]
        indexes = [
            # the last of them says until when the ledger is added up
            models.Index(fields=["day"], name="day_total_last"),
        ]

    def __str__(self) -> str:
        return f"{self.day} ${self.usd:.4f}"


class Ledger:
    """The requests behind one answer, added up."""

    def __init__(self, calls: list[ApiCall]) -> None:
        self.cost_usd = sum((call.cost_usd for call in calls), Decimal(0))
        self.saved_usd = sum((call.saved_usd for call in calls), Decimal(0))
        self.cache_read = sum(call.cache_read_tokens for call in calls)
        written = sum(call.cache_write_5m_tokens + call.cache_write_1h_tokens for call in calls)
        self.prompt_tokens = self.cache_read + written + sum(call.input_tokens for call in calls)
        self.thinking_tokens = sum(call.thinking_tokens for call in calls)
        self.output_tokens = sum(call.output_tokens for call in calls)

    @property
    def cache_percent(self) -> int:
        """How much of what the model read came from the cache, 0 to 100."""
        return 100 * self.cache_read // self.prompt_tokens if self.prompt_tokens else 0
