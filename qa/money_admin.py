"""Budgets, what is set aside in them, and the accounts' rate limits, in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from accounts.admin import RecordAdmin, ScopedAdmin, WorkspaceFilter
from accounts.models import Event, User, Workspace
from qa.models import AccountLimits, Budget, Reservation
from qa.spend import Spend
from qa.views.budgets import record
from qa.views.spend import all_books, file_of, page_of


@admin.register(Budget)
class BudgetAdmin(ScopedAdmin):
    list_display = ("workspace", "scope", "user", "period", "limit_usd", "warn_percent")
    list_display_links = ("workspace", "scope")
    list_select_related = ("workspace", "user")
    list_filter = (WorkspaceFilter, "scope", "period")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("spend/", view(self.spend), name="qa_spend"),
            path("spend/file/", view(self.spend_file), name="qa_spend_file"),
            *super().get_urls(),
        ]

    def spend(self, request: HttpRequest) -> HttpResponse:
        """What was spent in the workspaces that one administers: a superuser, in all."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Spend"),
            "opts": self.opts,
            **page_of(self._books(request), by_workspace=True),
        }
        return render(request, "admin/qa/budget/spend.html", context)

    def spend_file(self, request: HttpRequest) -> HttpResponse:
        books, by = self._books(request), request.user
        Event.objects.record(Event.Verb.EXPORT, by=by, request=request, spend=True)  # type: ignore[arg-type]
        return file_of(books, "all")

    def _books(self, request: HttpRequest) -> Spend:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return all_books(request, Workspace.objects.administered_by(request.user))

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        mine = Workspace.objects.administered_by(request.user)
        if db_field.name == "workspace":
            kwargs["queryset"] = mine
        if db_field.name == "user":
            # not all users there are, but those of one's own workspaces
            members = User.objects.filter(memberships__workspace__in=mine, is_active=True)
            kwargs["queryset"] = members.distinct().order_by("email")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._administers(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    has_delete_permission = has_change_permission

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            record(request, obj, str(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            record(request, obj, "removed")
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for budget in queryset:
            self.delete_model(request, budget)


@admin.register(Reservation)
class ReservationAdmin(RecordAdmin):
    list_display = ("made_at", "workspace", "user", "usd", "answer", "expires_at")
    list_select_related = ("workspace", "user", "answer")
    list_filter = (WorkspaceFilter,)


@admin.register(AccountLimits)
class AccountLimitsAdmin(RecordAdmin):
    """Of the accounts, which are the installation's and not a workspace's: for superusers."""

    list_display = ("account", "line", "seen_at", "left", "blocked_until", "blocked_by")

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin.ModelAdmin.get_queryset(self, request)

    def _administers(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    @admin.display(description=_("left of the limits"))
    def left(self, row: AccountLimits) -> str:
        told = row.told.items()
        return ", ".join(f"{kind} {left:,}/{limit:,}" for kind, (limit, left, _full) in told)
