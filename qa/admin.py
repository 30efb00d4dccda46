"""Threads, answers, citations and the usage ledger in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin import RecordAdmin, ScopedAdmin, WorkspaceFilter
from accounts.models import Workspace
from qa import admin_models, askable, asking, claude_admin, money_admin
from qa.misses import by_reason
from qa.models import (
    Answer,
    ApiCall,
    Citation,
    Scope,
    Source,
    Suggestion,
    Summary,
    Thread,
    TokenCount,
    WebAccess,
)

__all__ = ["admin_models", "claude_admin", "money_admin"]  # register themselves


PERIODS = (1, 7, 30, 365)
"""Days back that the page of cache misses looks."""


class RecordInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_add_permission

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # some are not editable at all, which a form would refuse
        return self.fields or ()


class SourceInline(RecordInline):
    model = Source
    fields = ("index", "version")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Source]:
        return super().get_queryset(request).select_related("version__document")


class CitationInline(RecordInline):
    model = Citation
    fields = ("number", "state", "title", "page_start", "page_end", "start", "end", "cited_text")


class ApiCallInline(RecordInline):
    model = ApiCall
    fields = ("at", "model", "stop_reason", "error_type", "input_tokens", "cache_read_tokens",
              "output_tokens", "cost_usd", "total_ms")  # fmt: skip


class ConversationAdmin(RecordAdmin):
    """Parts of conversations: of those that are private, their author and a superuser see them.

    ``thread_path`` is the look-up from the model to the conversation.
    """

    thread_path = "thread"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        seen = models.Q(**{f"{self.thread_path}__in": Thread.objects.open_to(request.user)})
        # some belong to none
        return rows.filter(seen | models.Q(**{self.thread_path: None}))


@admin.register(Thread)
class ThreadAdmin(ConversationAdmin):
    thread_path = "pk"
    list_display = ("title", "workspace", "author", "is_private", "active_at", "deleted_at")
    list_select_related = ("workspace", "author")
    list_filter = (WorkspaceFilter, "is_private")
    search_fields = ("title", "public_id")


@admin.register(Scope)
class ScopeAdmin(RecordAdmin):
    list_display = ("__str__", "kind", "workspace")
    list_select_related = ("workspace", "folder", "tag")
    list_filter = (WorkspaceFilter, "kind")
    search_fields = ("name",)


@admin.register(WebAccess)
class WebAccessAdmin(ScopedAdmin):
    """Which web sites a workspace's questions may look at: for those who administer it."""

    list_display = ("workspace", "domains")
    list_select_related = ("workspace",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._administers(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # another workspace's would be changed without a word there
        return ("workspace",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs["queryset"] = Workspace.objects.administered_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Answer)
class AnswerAdmin(ConversationAdmin):
    list_display = ("short", "status", "backend", "model", "workspace", "author", "created_at")
    list_select_related = ("workspace", "author")
    list_filter = ("status", "backend", "model", "error_code")
    search_fields = ("question", "public_id")
    inlines = (SourceInline, CitationInline, ApiCallInline)
    actions = ("retry_answer",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Answer]:
        # a list shows none of these, and they may be long
        return super().get_queryset(request).defer("text", "blocks", "parameters")

    @admin.display(description=_("question"), ordering="question")
    def short(self, answer: Answer) -> str:
        return Truncator(answer.question).chars(80)

    @admin.action(description=_("Retry answer (failed and stopped ones)"), permissions=["view"])
    def retry_answer(self, request: HttpRequest, answers: models.QuerySet[Answer]) -> None:
        again = 0
        for answer in answers.select_related("workspace", "thread", "follows"):
            try:
                made = asking.ask_again(answer, request.user, request)  # type: ignore[arg-type]
            except askable.NotAskable as refusal:
                self.message_user(request, f"{answer}: {refusal}", messages.WARNING)
            else:
                again += made.status == Answer.Status.QUEUED
        self.message_user(
            request,
            ngettext("%(n)d question is asked again.", "%(n)d questions are asked again.", again)
            % {"n": again},
        )


@admin.register(Citation)
class CitationAdmin(ConversationAdmin):
    workspace_path = "answer__workspace"
    thread_path = "answer__thread"
    list_display = ("number", "title", "state", "kind", "page_start", "start", "end", "answer")
    list_select_related = ("answer",)
    list_filter = ("state", "kind")
    search_fields = ("public_id", "title", "cited_text")


@admin.register(TokenCount)
class TokenCountAdmin(RecordAdmin):
    workspace_path = "version__document__workspace"
    list_display = ("version", "model", "tokens")
    list_select_related = ("version",)
    list_filter = ("model",)


@admin.register(Suggestion)
class SuggestionAdmin(RecordAdmin):
    workspace_path = "version__document__workspace"
    list_display = ("version", "prompt_version", "begun_at", "found_at", "failed")
    list_select_related = ("version__document",)
    list_filter = ("failed",)


@admin.register(Summary)
class SummaryAdmin(ConversationAdmin):
    workspace_path = "upto__workspace"
    thread_path = "upto__thread"
    list_display = ("upto", "turns", "model", "prompt_version", "made_at")
    list_select_related = ("upto",)


@admin.register(ApiCall)
class ApiCallAdmin(RecordAdmin):
    list_display = (
        *("at", "purpose", "backend", "model", "user", "workspace"),
        *("input_tokens", "cache_read_tokens", "output_tokens"),
        *("cost_usd", "saved_usd", "cache_miss_reason", "error_type", "total_ms"),
    )
    list_select_related = ("user", "workspace")
    list_filter = ("purpose", "backend", "model", "error_type", "cache_miss_reason")
    search_fields = ("request_id", "public_id")
    date_hierarchy = "at"

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        # what it cost is to be seen by those who pay, and not what was asked in private
        threads = Thread.objects.open_to(request.user)
        hidden = obj is not None and obj.thread_id and not threads.contains(obj.thread)
        return ("thread", "answer") if hidden else super().get_exclude(request, obj)

    def get_urls(self) -> list[URLPattern]:
        mine = path("misses/", self.admin_site.admin_view(self.misses), name="qa_apicall_misses")
        return [mine, *super().get_urls()]

    def misses(self, request: HttpRequest) -> HttpResponse:
        """Why what was in the cache had to be sent again, by reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.GET.get("days", "")
        days = int(asked) if asked in map(str, PERIODS) else PERIODS[1]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Why the cache was missed"),
            "opts": self.opts,
            "reasons": by_reason(self.get_queryset(request), days, request.user),
            "days": days,
            "periods": PERIODS,
        }
        return render(request, "admin/qa/apicall/misses.html", context)
