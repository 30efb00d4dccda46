"""The table of models in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import RecordAdmin, ScopedAdmin
from qa import engine, model_list
from qa.claude import connect
from qa.models import ClaudeModel, Route
from qa.models.claude_model import LONG_PRICES, PRICES, TOLD, forget


@admin.register(ClaudeModel)
class ClaudeModelAdmin(admin.ModelAdmin):
    """Superusers change it. Other staff see what there is, but not who else may use it."""

    change_list_template = "admin/qa/claudemodel/change_list.html"
    list_display = (
        *("name", "key", "state", "enabled", "order", "minimum_role"),
        *("price_input", "price_output", "price_read", "window", "prompt_cap"),
    )
    list_filter = ("enabled", "line", "lifecycle")
    search_fields = ("name", "key", "api_id")
    filter_horizontal = ("workspaces",)
    readonly_fields = (*TOLD, "listed_at", "missing_since", "by_hand")
    fieldsets = (
        (None, {"fields": ("name", "best_for", "key", "api_id", "prompt_cap")}),
        (_("Who may use it"), {"fields": ("enabled", "order", "minimum_role", "workspaces")}),
        (
            _("Prices, in US dollars for a million tokens"),
            {"fields": (*PRICES, "long_threshold", *LONG_PRICES, "priced_on")},
        ),
        (
            _("What the list of models does not tell"),
            {
                "fields": (
                    *("default_effort", "thinking_default_on", "cache_minimum", "forced_tools"),
                    *("us_only", "refuses_prewarm"),
                )
            },
        ),
        (
            _("What it tells"),
            {"fields": (*TOLD, "listed_at", "missing_since", "by_hand")},
        ),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return ScopedAdmin._administers(self, request)  # type: ignore[arg-type]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ScopedAdmin._administers(self, request)  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    has_add_permission = has_change_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # answers and the ledger name it for ever: it is switched off instead
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # the key is what answers are kept under
        return (*self.readonly_fields, "key", "api_id") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if request.user.is_superuser:
            return self.fieldsets
        return [
            (title, {"fields": tuple(f for f in options["fields"] if f != "workspaces")})
            for title, options in self.fieldsets
        ]

    @admin.display(description=_("state"))
    def state(self, row: ClaudeModel) -> str:
        if row.retired:
            return gettext("retired")
        if row.missing_since:
            return gettext("not in the list since %(day)s") % {
                "day": f"{row.missing_since:%Y-%m-%d}"
            }
        if not row.priced:
            return gettext("new: its prices are missing")
        if row.ends_on:
            return gettext("ends on %(day)s") % {"day": row.ends_on}
        return "" if row.listed_at else gettext("not seen in the list yet")

    @admin.display(description=_("changed by hand"))
    def by_hand(self, row: ClaudeModel) -> str:
        return ", ".join(row.edited)

    def save_model(self, request: HttpRequest, obj: ClaudeModel, form: Any, change: bool) -> None:
        if change:
            obj.edited = sorted({*obj.edited, *form.changed_data} - {"workspaces"})
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        forget()

    def get_urls(self) -> list[Any]:
        here = path("sync/", self.admin_site.admin_view(self.sync), name="qa_claudemodel_sync")
        return [here, *super().get_urls()]

    def sync(self, request: HttpRequest) -> HttpResponse:
        """The button above the list: asks the API now, and says what came of it."""
        back = redirect(reverse("admin:qa_claudemodel_changelist"))
        if request.method != "POST" or not self.has_change_permission(request):
            return back
        try:
            report = model_list.sync(connect())
        except engine.EngineError as error:
            self.message_user(request, str(_(error.sentence)), messages.ERROR)
            return back
        self.message_user(
            request,
            ngettext(
                "%(new)d new model, %(changed)d changed, %(missing)d not in the list any more.",
                "%(new)d new models, %(changed)d changed, %(missing)d not in the list any more.",
                len(report.new),
            )
            % {name: len(keys) for name, keys in vars(report).items()},
        )
        return back


@admin.register(Route)
class RouteAdmin(RecordAdmin):
    workspace_path = "answer__workspace"
    list_display = ("answer", "kind", "asked", "tier", "failed", "reason")
    list_select_related = ("answer",)
    list_filter = ("kind", "tier", "failed")
