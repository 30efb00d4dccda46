"""Which models there are, what they can do and cost, and who may use them."""

from __future__ import annotations

import threading
import time
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from accounts.roles import Role, reaches
from qa.engine import catalogue

MORE = 1000
"""Entries of this order and beyond are folded away in the picker."""
KEPT = 2.0
PRICES = ("price_input", "price_output", "price_write_5m", "price_write_1h", "price_read")
TOLD = (
    *("line", "lifecycle", "released_on", "deprecated_on", "retires_on", "window", "max_output"),
    *("thinking", "efforts", "citations", "pdf", "images", "batch", "structured"),
)
"""What the API's list tells."""
LONG_PRICES = ("long_input", "long_output", "long_write_5m", "long_write_1h", "long_read")


def _price(label: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(label, max_digits=10, decimal_places=4, null=True, blank=True)


_lock = threading.Lock()
_kept: tuple[float, list[ClaudeModel]] | None = None


def entries() -> list[ClaudeModel]:
    """All rows in the picker's order; do not change them.

    The table is small and asked often, so a process keeps it for ``KEPT`` seconds: a change made
    in this process is seen at once, one made elsewhere then.
    """
    global _kept
    now = time.monotonic()
    with _lock:
        if _kept is not None and now - _kept[0] < KEPT:
            return _kept[1]
    rows = list(ClaudeModel.objects.prefetch_related("workspaces"))
    with _lock:
        _kept = (now, rows)
    return rows


def forget() -> None:
    """The next look asks the database: after a write that is not a ``save``."""
    global _kept
    with _lock:
        _kept = None


class ClaudeModel(models.Model):
    """An entry of the picker: a model of the API, its prices, and our cap on its prompts.

    Two entries may be one model of the API. The API's list tells what a model can do; it does not
    know prices, and never changes a field that an administrator changed (``edited``).
    """

    class Lifecycle(models.TextChoices):
        ACTIVE = "active", _("active")
        DEPRECATED = "deprecated", _("deprecated")
        RETIRED = "retired", _("retired")

    key = models.CharField(_("key"), max_length=80, unique=True)
    api_id = models.CharField(_("the API's id"), max_length=80)
    name = models.CharField(_("name"), max_length=80)
    best_for = models.CharField(_("best for"), max_length=120, blank=True)
    enabled = models.BooleanField(_("enabled"), default=False)
    order = models.PositiveIntegerField(
        _("order"), default=MORE, help_text=_("From 1000 on, folded away under “More models”.")
    )
    minimum_role = models.CharField(
        _("for members from this role on"), max_length=10, blank=True, choices=Role.choices
    )
    workspaces = models.ManyToManyField(
        Workspace, blank=True, related_name="+", verbose_name=_("only in these workspaces")
    )
    prompt_cap = models.PositiveIntegerField(
        _("our cap on prompt tokens"), null=True, blank=True, help_text=_("Empty: the window.")
    )
    default_effort = models.CharField(_("default effort"), max_length=10, blank=True)
    cache_minimum = models.PositiveIntegerField(_("shortest prompt that is cached"), default=1024)
    forced_tools = models.BooleanField(_("tools may be forced"), default=False)
    us_only = models.BooleanField(_("dearer when kept in the United States"), default=True)
    refuses_prewarm = models.BooleanField(_("refuses pre-warming"), null=True, blank=True)

    # US dollars for a million tokens of each kind
    price_input = _price(_("input"))
    price_output = _price(_("output"))
    price_write_5m = _price(_("cache write, 5 minutes"))
    price_write_1h = _price(_("cache write, 1 hour"))
    price_read = _price(_("cache read"))
    long_threshold = models.PositiveIntegerField(
        _("other prices above so many prompt tokens"), null=True, blank=True
    )
    long_input = _price(_("input, long"))
    long_output = _price(_("output, long"))
    long_write_5m = _price(_("cache write, 5 minutes, long"))
    long_write_1h = _price(_("cache write, 1 hour, long"))
    long_read = _price(_("cache read, long"))
    priced_on = models.DateField(_("prices of"), null=True, blank=True)

    # what the API's list tells
    line = models.CharField(_("line"), max_length=20, blank=True)
    lifecycle = models.CharField(
        _("lifecycle"), max_length=10, choices=Lifecycle.choices, default=Lifecycle.ACTIVE
    )
    released_on = models.DateField(_("released on"), null=True, blank=True)
    deprecated_on = models.DateField(_("deprecated on"), null=True, blank=True)
    retires_on = models.DateField(_("retires on"), null=True, blank=True)
    window = models.PositiveIntegerField(_("window"), default=200_000)
    max_output = models.PositiveIntegerField(_("longest answer"), default=64_000)
    thinking = models.JSONField(_("kinds of thinking"), default=list)
    thinking_default_on = models.BooleanField(_("thinks unless told not to"), default=True)
    efforts = models.JSONField(_("efforts"), default=list)
    citations = models.BooleanField(_("citations"), default=True)
    pdf = models.BooleanField(_("PDF"), default=True)
    images = models.BooleanField(_("images"), default=True)
    batch = models.BooleanField(_("batches"), default=True)
    structured = models.BooleanField(_("structured outputs"), default=True)
    listed_at = models.DateTimeField(_("last seen in the list"), null=True, editable=False)
    missing_since = models.DateTimeField(_("not in the list since"), null=True, editable=False)
    edited = models.JSONField(_("changed by hand"), default=list, editable=False)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ["order", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(*((f"{name}__isnull", False) for name in PRICES)),
                name="claude_model_enabled_has_prices",
            ),
            models.CheckConstraint(
                condition=Q(long_threshold=None)
                | Q(*((f"{name}__isnull", False) for name in LONG_PRICES)),
                name="claude_model_long_tier_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        forget()

    def clean(self) -> None:
        if self._state.adding:
            self._take_after_twin()
        if self.enabled and not self.priced:
            raise ValidationError({"enabled": _("Without prices a model cannot be used.")})
        if self.long_threshold is not None and not self._all(LONG_PRICES):
            raise ValidationError({"long_threshold": _("The prices above it are missing.")})
        if self.default_effort and self.default_effort not in self.efforts:
            there_are = ", ".join(self.efforts) or _("none")
            raise ValidationError(
                {"default_effort": _("This model has: %(efforts)s.") % {"efforts": there_are}}
            )

    def _take_after_twin(self) -> None:
        """Another entry of a model that is known can do the same."""
        twin = ClaudeModel.objects.filter(api_id=self.api_id).first()
        for name in TOLD if twin else ():
            setattr(self, name, getattr(twin, name))

    def _all(self, names: tuple[str, ...]) -> bool:
        return all(getattr(self, name) is not None for name in names)

    @property
    def priced(self) -> bool:
        return self._all(PRICES)

    @property
    def retired(self) -> bool:
        """Whether the API answers with it no more. A date that is past says only that it is due."""
        return self.lifecycle == self.Lifecycle.RETIRED

    @property
    def gone(self) -> bool:
        """Whether nothing can be asked of it any more, whatever an administrator says."""
        return self.retired or self.missing_since is not None

    @property
    def ends_on(self) -> date | None:
        """The day a deprecated model is due to end; None where no end is near."""
        return self.retires_on if self.lifecycle == self.Lifecycle.DEPRECATED else None

    @property
    def offered(self) -> bool:
        """Whether a picker shows it at all."""
        return self.enabled and self.priced and not self.gone

    def usable_in(self, workspace: Workspace, role: Role | None) -> bool:
        """Whether somebody with this role in the workspace may use it."""
        if not self.offered or not reaches(role, self.minimum_role):
            return False
        only = {chosen.pk for chosen in self.workspaces.all()}
        return not only or workspace.pk in only

    def runs_in(self, place: str) -> bool:
        """Whether it can be kept to a place; "" is anywhere."""
        return not place or self.us_only

    def as_model(self) -> catalogue.Model:
        """What the engine knows of it. Only for one with prices."""
        return catalogue.Model(
            id=self.api_id,
            name=self.name,
            best_for=self.best_for,
            rates=self._rates(PRICES),
            key=self.key,
            line=self.line,
            window=self.window,
            prompt_cap=self.prompt_cap,
            max_output=self.max_output,
            thinking=frozenset(self.thinking),
            thinking_default_on=self.thinking_default_on,
            efforts=frozenset(self.efforts),
            default_effort=self.default_effort or None,
            cache_minimum=self.cache_minimum,
            forced_tools=self.forced_tools,
            long_rates=None if self.long_threshold is None else self._rates(LONG_PRICES),
            long_threshold=self.long_threshold,
            us_only=self.us_only,
            retires_on=self.retires_on,
            released_on=self.released_on,
            rates_on=self.priced_on,
            citations=self.citations,
            pdf=self.pdf,
            images=self.images,
            batch=self.batch,
            structured=self.structured,
        )

    def _rates(self, names: tuple[str, ...]) -> catalogue.Rates:
        return catalogue.Rates(*(_dollars(getattr(self, name)) for name in names))


def _dollars(price: Decimal) -> Decimal:
    """As a price list writes it: whole, or with two places and more where they say something."""
    written = f"{price.normalize():f}"
    whole, _point, cents = written.partition(".")
    return Decimal(f"{whole}.{cents:0<2}" if cents else whole)


def fields_of(model: catalogue.Model) -> dict[str, Any]:
    """The columns that say what the engine's ``model`` is."""
    long_rates = model.long_rates
    names = ("input", "output", "write_5m", "write_1h", "read")
    return {
        "api_id": model.id,
        "name": model.name,
        "best_for": model.best_for,
        "line": model.line,
        "window": model.window,
        "prompt_cap": model.prompt_cap,
        "max_output": model.max_output,
        "thinking": sorted(model.thinking),
        "thinking_default_on": model.thinking_default_on,
        "efforts": in_order(model.efforts),
        "default_effort": model.default_effort or "",
        "cache_minimum": model.cache_minimum,
        "forced_tools": model.forced_tools,
        "us_only": model.us_only,
        "released_on": model.released_on,
        "retires_on": model.retires_on,
        "priced_on": model.rates_on or catalogue.RATES_DATE,
        "long_threshold": model.long_threshold,
        **{f"price_{name}": getattr(model.rates, name) for name in names},
        **{f"long_{name}": getattr(long_rates, name, None) for name in names},
    }


def in_order(efforts: Any) -> list[str]:
    return [level for level in catalogue.EFFORTS if level in efforts]
