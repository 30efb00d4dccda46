"""Documents: what people uploaded, named, and see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from accounts.roles import Act
from documents.ingest import CONTAINERS
from documents.labels import label
from documents.models.folder import Folder, FormerFolder, Tag

if TYPE_CHECKING:
    from documents.models.version import Version

BATCH = 2000  # documents changed in one transaction


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Any) -> DocumentQuerySet:
        """Live documents of the user's workspaces; none for a stranger."""
        return self.filter(
            workspace__in=Workspace.objects.visible_to(user).values("pk"), deleted_at=None
        )

    def in_trash_for(self, user: Any) -> DocumentQuerySet:
        """Deleted ones of the user's workspaces that can still be restored."""
        return self.filter(
            workspace__in=Workspace.objects.visible_to(user).values("pk"),
            deleted_at__isnull=False,
            erased_at=None,
            purge_at__gt=timezone.now(),
        )

    def deletable_by(self, user: User, workspace: Workspace) -> DocumentQuerySet:
        """Those of the workspace that the user's role lets them delete, and restore."""
        rows = self.filter(workspace=workspace)
        if workspace.allows(user, Act.DELETE_ANY):
            return rows
        return (
            rows.filter(uploaded_by=user) if workspace.allows(user, Act.DELETE_OWN) else rows.none()
        )

    def ready(self) -> DocumentQuerySet:
        return self.filter(current__status="ready")

    def files_within(self) -> dict[int, int]:
        """How many live documents were unpacked from each of these, of those with any."""
        inner = Document.objects.filter(container__in=self, deleted_at=None).order_by()
        return dict(inner.values_list("container").annotate(Count("pk")))

    def past_keeping(self) -> DocumentQuerySet:
        """Deleted ones that cannot be restored any more, erased or about to be."""
        return self.filter(deleted_at__isnull=False, purge_at__lte=timezone.now())

    def to_erase(self) -> DocumentQuerySet:
        return self.past_keeping().filter(erased_at=None)

    def batches(self) -> Iterator[list[int]]:
        """The keys, some at a time, so that others can write between changes to many.

        They are taken at once: what is changed on the way does not matter.
        """
        keys = list(self.order_by("pk").values_list("pk", flat=True))
        for at in range(0, len(keys), BATCH):
            yield keys[at : at + BATCH]

    def follow_current(self) -> int:
        """Copies what lists sort by from each one's current version; how many there were."""
        version = Document._meta.get_field("current").related_model
        current = version._default_manager.filter(pk=OuterRef("current"))  # type: ignore[union-attr]
        return self.filter(current__isnull=False).update(
            status=Subquery(current.values("status")),
            page_count=Subquery(current.values("page_count")),
            kind=Subquery(current.values("blob__kind")),
        )


def _of_live(name: str, *columns: str | Lower, also: tuple[str, ...] = ()) -> models.Index:
    """An index of live documents; ``also`` are columns to be read off it, not ordered by."""
    # deleted_at: SQLite looks at every row for a condition whose column is not in the index
    read = ("id", "deleted_at", *also)
    return models.Index("workspace", *columns, *read, condition=Q(deleted_at=None), name=name)


class Document(models.Model):
    """What a person uploaded and named.

    live ──mark_deleted──▶ in the trash ── erased when ``purge_at`` has come
      ▲                        │
      └──────── restore ───────┘

    ``kind``, ``status`` and ``page_count`` are those of the current version, kept here so that a
    list of a hundred thousand is filtered and sorted without a look at any other table.
    ``container`` is the e-mail or archive it was unpacked from.
    """

    class Visually(models.TextChoices):
        """Whether Claude looks at its pages, beside reading its text."""

        AUTO = "auto", _("Where the text does not say all")
        YES = "yes", _("All pages")
        NO = "no", _("Never: by its text alone")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="documents")
    folder = models.ForeignKey(Folder, models.PROTECT, null=True, related_name="documents")
    # of a deleted one, the folder it lay in, when that was deleted too
    former_folder = models.ForeignKey(
        FormerFolder, models.SET_NULL, null=True, related_name="documents"
    )
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=10, default="queued", editable=False)
    page_count = models.PositiveIntegerField(default=0, editable=False)
    tags = models.ManyToManyField(Tag, related_name="documents")
    container = models.ForeignKey("self", models.SET_NULL, null=True, related_name="contents")
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="documents")
    current = models.OneToOneField("Version", models.SET_NULL, null=True, related_name="+")
    # a newer version that becomes the current one when it has been read
    upcoming = models.OneToOneField("Version", models.SET_NULL, null=True, related_name="+")
    visually = models.CharField(
        _("read visually"), max_length=4, choices=Visually.choices, default=Visually.AUTO
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # when a deleted one is to be erased; until then it can be restored
    purge_at = models.DateTimeField(null=True, editable=False)
    # a legal hold: nothing of it may be deleted
    on_hold = models.BooleanField(_("legal hold"), default=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(visually__in=["auto", "yes", "no"]), name="document_visually_known"
            ),
            models.CheckConstraint(
                condition=Q(on_hold=False) | Q(deleted_at=None), name="document_on_hold_is_kept"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None, purge_at=None)
                | Q(deleted_at__isnull=False, purge_at__isnull=False),
                name="document_deleted_until",
            ),
        ]
        # one for each order of the library, the commonest also within a folder: a page of a
        # hundred thousand is then read off an index, and not sorted first
        indexes = [
            # names that contain something are looked for here, newest first, and counted
            _of_live("document_date", "created_at", also=("title", "page_count")),
            _of_live("document_title", Lower("title")),
            _of_live("document_kind", "kind"),
            _of_live("document_status", "status"),
            _of_live("document_pages", "page_count"),
            _of_live("document_uploader", "uploaded_by"),
            _of_live("document_folder_date", "folder", "created_at"),
            _of_live("document_folder_title", "folder", Lower("title")),
            # also how many there are, and with how many pages, without a look at their rows
            _of_live("document_folder_pages", "folder", "page_count"),
            # the trash, newest first, and what the sweep asks for every few seconds
            models.Index(
                fields=["workspace", "deleted_at"],
                condition=Q(deleted_at__isnull=False, erased_at=None),
                name="document_trash",
            ),
            models.Index(
                fields=["purge_at"],
                condition=Q(deleted_at__isnull=False, erased_at=None),
                name="document_to_erase",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def newest(self) -> Version | None:
        """The version that is shown to be on its way, else the current one."""
        return self.upcoming or self.current

    @property
    def kind_label(self) -> str:
        """What people call its kind; "" for none."""
        return label(self.kind)

    @property
    def live_contents(self) -> DocumentQuerySet:
        """The documents unpacked from it that are not deleted, in their order there."""
        if self.kind not in CONTAINERS:
            return Document.objects.none()
        rows = Document.objects.filter(container=self, deleted_at=None)
        return rows.select_related("current", "folder").order_by("pk")

    @cached_property
    def files_within(self) -> int:
        """How many those are; a list of many documents counts them for all its lines at once."""
        return self.live_contents.count()

    @property
    def origin(self) -> Document | None:
        """The e-mail or archive it was unpacked from, unless that is deleted."""
        above = self.container
        return above if above is not None and above.deleted_at is None else None

    def mark_deleted(self, by: User) -> bool:
        """Puts it into the trash; False when it is on hold or somebody else was first."""
        now = timezone.now()
        won = Document.objects.filter(pk=self.pk, deleted_at=None, on_hold=False).update(
            deleted_at=now, deleted_by=by, purge_at=now + timedelta(days=settings.TRASH_DAYS)
        )
        return bool(won)
