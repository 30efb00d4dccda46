"""Documents, their versions and remote copies in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin import RecordAdmin, WorkspaceFilter
from documents import holds, tasks
from documents.models import (
    Blob,
    Document,
    DocumentQuerySet,
    Folder,
    FormerFolder,
    Page,
    RemoteFile,
    Tag,
    Upload,
    Version,
)


@admin.register(Document)
class DocumentAdmin(RecordAdmin):
    list_display = (
        "title", "workspace", "state", "page_count", "on_hold", "uploaded_by", "created_at"
    )  # fmt: skip
    list_select_related = ("workspace", "uploaded_by", "deleted_by")
    list_filter = ("status", "on_hold", WorkspaceFilter)
    search_fields = ("title", "public_id")
    actions = ("ingest_again", "index_again", "put_on_hold", "lift_hold")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        if not request.user.is_superuser:
            for name in ("put_on_hold", "lift_hold"):
                found.pop(name, None)
        return found

    @admin.display(description=_("state"), ordering="status")
    def state(self, document: Document) -> str:
        if document.erased_at:
            return str(_("erased"))
        if document.purge_at:
            day = date_format(document.purge_at, "j M Y")
            return _("in the trash until %(day)s") % {"day": day}
        return str(Version.Status(document.status).label)

    @admin.action(description=_("Put a legal hold on them"), permissions=["view"])
    def put_on_hold(self, request: HttpRequest, documents: DocumentQuerySet) -> None:
        count = holds.put(documents, request.user, request)  # type: ignore[arg-type]
        said = ngettext(
            "%(n)d document is on legal hold now.", "%(n)d documents are on legal hold now.", count
        )
        self.message_user(request, said % {"n": count})
        if left := documents.filter(deleted_at__isnull=False, erased_at=None).count():
            said = ngettext(
                "%(n)d document is in the trash, with no hold on it. Restore it first.",
                "%(n)d documents are in the trash, with no hold on them. Restore them first.",
                left,
            )
            self.message_user(request, said % {"n": left}, messages.ERROR)

    @admin.action(description=_("Lift the legal hold"), permissions=["view"])
    def lift_hold(self, request: HttpRequest, documents: DocumentQuerySet) -> None:
        count = holds.lift(documents, request.user, request)  # type: ignore[arg-type]
        said = ngettext(
            "%(n)d document can be deleted again.", "%(n)d documents can be deleted again.", count
        )
        self.message_user(request, said % {"n": count})

    @admin.action(description=_("Ingest again (failed ones)"), permissions=["view"])
    def ingest_again(self, request: HttpRequest, documents: models.QuerySet[Document]) -> None:
        again = 0
        for document in documents.filter(deleted_at=None).select_related("current"):
            if document.current and document.current.retry():
                tasks.ingest.delay_on_commit(document.current.pk)
                again += 1
        self.message_user(
            request,
            ngettext("%(n)d document is read again.", "%(n)d documents are read again.", again)
            % {"n": again},
        )

    @admin.action(description=_("Index again (where it was given up)"), permissions=["view"])
    def index_again(self, request: HttpRequest, documents: models.QuerySet[Document]) -> None:
        again = 0
        for document in documents.filter(deleted_at=None).select_related("current"):
            if document.current and document.current.index_again():
                tasks.index.delay_on_commit(document.current.pk)
                again += 1
        said = ngettext(
            "%(n)d document is indexed again.", "%(n)d documents are indexed again.", again
        )
        self.message_user(request, said % {"n": again})


@admin.register(Version)
class VersionAdmin(RecordAdmin):
    workspace_path = "document__workspace"
    list_display = (
        "document", "number", "status", "page_count", "chars", "reader", "created_at",
        "indexed_at", "index_failures",
    )  # fmt: skip
    list_select_related = ("document",)
    list_filter = ("status", "reader", "index_failures")
    search_fields = ("public_id", "document__title")


@admin.register(Blob)
class BlobAdmin(RecordAdmin):
    list_display = ("sha256", "kind", "size", "workspace", "created_at", "erased_at")
    list_select_related = ("workspace",)
    search_fields = ("sha256",)
    list_filter = ("kind",)


@admin.register(Page)
class PageAdmin(RecordAdmin):
    workspace_path = "version__document__workspace"
    list_display = ("version", "number", "start", "end", "source", "confidence")
    list_select_related = ("version",)
    list_filter = ("source",)
    show_full_result_count = False


@admin.register(Folder)
class FolderAdmin(RecordAdmin):
    list_display = ("name", "parent", "workspace", "created_by", "created_at")
    list_select_related = ("parent", "workspace", "created_by")
    list_filter = (WorkspaceFilter,)
    search_fields = ("name", "public_id")


@admin.register(FormerFolder)
class FormerFolderAdmin(RecordAdmin):
    list_display = ("path", "workspace", "deleted_by", "deleted_at", "purge_at")
    list_select_related = ("workspace", "deleted_by")
    list_filter = (WorkspaceFilter,)


@admin.register(Tag)
class TagAdmin(RecordAdmin):
    list_display = ("name", "workspace")
    list_select_related = ("workspace",)
    list_filter = (WorkspaceFilter,)
    search_fields = ("name",)


@admin.register(Upload)
class UploadAdmin(RecordAdmin):
    list_display = ("name", "workspace", "by", "received", "size", "created_at", "expires_at")
    list_select_related = ("workspace", "by")
    list_filter = (WorkspaceFilter,)
    search_fields = ("name", "public_id")


@admin.register(RemoteFile)
class RemoteFileAdmin(RecordAdmin):
    workspace_path = "version__document__workspace"
    list_display = ("version_title", "kind", "account", "file_id", "created_at", "expires_at")
    list_select_related = ("version__document",)
    search_fields = ("file_id", "version__document__title")

    @admin.display(description=_("document"))
    def version_title(self, remote: Any) -> str:
        return remote.version.document.title
