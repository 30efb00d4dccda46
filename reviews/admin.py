"""Review tables, their runs and batches, and playbooks in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import RecordAdmin, WorkspaceFilter
from qa.admin import RecordInline
from reviews.models import Batch, Column, Playbook, PlaybookVersion, Run, Table


class ColumnInline(RecordInline):
    model = Column
    fields = ("position", "title", "kind", "question", "expected", "version", "removed_at")


class VersionInline(RecordInline):
    model = PlaybookVersion
    fields = ("number", "created_by", "created_at")


@admin.register(Table)
class TableAdmin(RecordAdmin):
    list_display = ("title", "workspace", "model", "mode", "created_by", "created_at", "deleted_at")
    list_select_related = ("workspace", "created_by")
    list_filter = (WorkspaceFilter, "mode", "model")
    search_fields = ("title", "public_id")
    inlines = (ColumnInline,)


@admin.register(Playbook)
class PlaybookAdmin(RecordAdmin):
    list_display = ("title", "name", "workspace", "created_by", "created_at", "deleted_at")
    list_select_related = ("workspace", "created_by")
    list_filter = (WorkspaceFilter,)
    search_fields = ("title", "name", "public_id")
    inlines = (VersionInline,)


@admin.register(Run)
class RunAdmin(RecordAdmin):
    workspace_path = "table__workspace"
    list_display = (
        *("table", "mode", "state", "cells_sent", "estimate_usd", "notice"),
        *("started_by", "started_at", "ended_at"),
    )
    list_select_related = ("table", "started_by")
    list_filter = ("mode", "state")
    search_fields = ("public_id", "table__title")
    # every answer of it would be named
    exclude = ("answers",)


@admin.register(Batch)
class BatchAdmin(RecordAdmin):
    workspace_path = "run__table__workspace"
    list_display = (
        *("__str__", "state", "requests", "model", "backend", "looks"),
        *("sent_at", "look_at", "ended_at", "error"),
    )
    list_filter = ("state", "backend", "model")
    search_fields = ("public_id", "api_id")
