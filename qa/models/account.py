"""How a workspace speaks to Claude: by whose account, from where, and what is stored there."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from config import sealing


class ClaudeSettings(models.Model):
    """What an admin chose for a workspace; one without a row has the installation's ways."""

    class Place(models.TextChoices):
        UNSAID = "", _("as set for the Claude account")
        GLOBAL = "global", _("anywhere")
        US = "us", _("in the United States only (1.1 times the price)")

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="claude")
    inline = models.BooleanField(
        _("store nothing with Claude"),
        default=False,
        help_text=_(
            "Texts go along with each question instead of being kept with the Files API. For "
            "accounts under zero data retention; copies that are there are deleted."
        ),
    )
    inference_geo = models.CharField(
        _("where questions are answered"),
        max_length=20,
        blank=True,
        choices=Place.choices,
        help_text=_("Models before Claude Opus 4.6 and Sonnet 4.6 leave no choice."),
    )
    prewarm = models.BooleanField(
        _("read documents beforehand"),
        default=True,
        help_text=_(
            "When a conversation is opened, its documents are put into Claude's cache, so that the "
            "first question is quick and cheap. Costs a little where no question follows."
        ),
    )
    default_model = models.CharField(
        _("model of new questions"), max_length=80, blank=True, help_text=_("Empty: as installed.")
    )
    auto = models.BooleanField(
        _("offer Auto"),
        default=True,
        help_text=_("A cheap model looks at each question and chooses who answers it."),
    )

    class Meta:
        verbose_name = _("Claude settings")
        verbose_name_plural = _("Claude settings")

    def __str__(self) -> str:
        return str(self.workspace)

    @classmethod
    def of(cls, workspace: Workspace) -> ClaudeSettings:
        """The workspace's; asked once per object, which lives for one request or one answer."""
        try:
            return workspace.claude
        except cls.DoesNotExist:
            return cls(workspace_id=workspace.pk)

    @classmethod
    def offers_auto(cls, workspace: Workspace) -> bool:
        return cls.of(workspace).auto

    @classmethod
    def place_of(cls, workspace: Workspace) -> str:
        """Where the workspace's questions are answered; empty where that is not said."""
        return cls.of(workspace).inference_geo


class ClaudeKeyQuerySet(models.QuerySet["ClaudeKey"]):
    def current(self) -> ClaudeKeyQuerySet:
        return self.filter(retired_at=None)

    def of(self, workspace: Workspace) -> ClaudeKey | None:
        return self.current().filter(workspace=workspace).first()

    def worn_out(self) -> ClaudeKeyQuerySet:
        """Replaced so long ago that whatever they uploaded has expired by itself."""
        kept = timedelta(days=settings.FILE_DAYS + 1)
        return self.filter(retired_at__lt=timezone.now() - kept)


class ClaudeKey(models.Model):
    """An API key of a workspace, sealed. A replaced one is kept until what it uploaded is gone:
    only it can delete that."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="claude_keys")
    sealed = models.TextField()
    ending = models.CharField(max_length=4)
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)

    objects = ClaudeKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(retired_at=None), name="claude_key_current_once"
            )
        ]

    def __str__(self) -> str:
        return f"…{self.ending}"

    @classmethod
    def put(cls, workspace: Workspace, key: str, by: User | None) -> ClaudeKey:
        """Makes ``key`` the workspace's own. Raises sealing.Sealed."""
        sealed = sealing.seal(key)
        with transaction.atomic():
            cls.drop(workspace)
            return cls.objects.create(
                workspace=workspace,
                sealed=sealed,
                ending=key[-4:],
                set_by=by,
            )

    @classmethod
    def drop(cls, workspace: Workspace) -> int:
        """The workspace goes back to the installation's key; how many keys it gave up."""
        return cls.objects.current().filter(workspace=workspace).update(retired_at=timezone.now())

    def open(self) -> str:
        """The key itself. Raises sealing.Sealed."""
        return sealing.unseal(self.sealed)
