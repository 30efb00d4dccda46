"""What the library lists: which documents, in which order, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Sum, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from documents.ingest import CONTAINERS
from documents.labels import LABELS
from documents.models import Document, DocumentQuerySet, Folder, Tag, Tree, Version

PER_PAGE = 50
FOLDERS = 50  # shown in one before all of them are asked for
NEWEST = "-date"
ORDERS: dict[str, Any] = {
    "title": Lower("title"),
    "kind": F("kind"),
    "pages": F("page_count"),
    "state": F("status"),
    "by": Lower(Coalesce(NullIf("uploaded_by__name", Value("")), "uploaded_by__email")),
    "date": F("created_at"),
}


class _DayField(forms.DateField):
    """A day that also exists in every other time zone, and has one before and after it."""

    def __init__(self, label: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"})
        super().__init__(label=label, required=False, widget=widget)

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not date.min.year < day.year < date.max.year:
            raise forms.ValidationError(_("There is no such day here."))
        return day


class NarrowForm(forms.Form):
    """What a list is narrowed to; everything may be left out, and what is wrong narrows nothing."""

    q = forms.CharField(
        label=_("Name contains"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Any")), *LABELS.items()]
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any")), *Version.Status.choices]
    )
    tag = forms.ModelChoiceField(
        Tag.objects.none(),
        label=_("Tag"),
        required=False,
        to_field_name="name",
        empty_label=_("Any"),
    )
    by = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Added by"),
        required=False,
        to_field_name="public_id",
        empty_label=_("Anybody"),
    )
    since = _DayField(label=_("Added from"))
    until = _DayField(label=_("Added until"))

    def __init__(self, data: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(data)
        theirs = Document.objects.filter(
            workspace=workspace, deleted_at=None, uploaded_by=OuterRef("pk")
        )
        self.fields["tag"].queryset = Tag.objects.filter(workspace=workspace)  # type: ignore[attr-defined]
        self.fields["by"].queryset = User.objects.filter(Exists(theirs)).order_by("name", "email")  # type: ignore[attr-defined]
        self.full_clean()

    @property
    def more(self) -> list[str]:
        """Those of them that stand behind the button."""
        return [name for name in self.active if name != "q"]

    @property
    def active(self) -> list[str]:
        """The names of the fields that narrow the list."""
        return [name for name, value in self.cleaned_data.items() if value]

    def narrow(self, rows: DocumentQuerySet) -> DocumentQuerySet:
        given = {name: self.cleaned_data[name] for name in self.active}
        if "tag" in given:
            on = Document.tags.through.objects.filter(tag=given["tag"])
            rows = rows.filter(pk__in=on.values("document"))
        if "since" in given:
            rows = rows.filter(created_at__gte=_midnight(given["since"]))
        if "until" in given:
            rows = rows.filter(created_at__lt=_midnight(given["until"] + timedelta(days=1)))
        plain = {"q": "title__says", "kind": "kind", "state": "status", "by": "uploaded_by"}
        return rows.filter(**{plain[name]: given[name] for name in given if name in plain})


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class Pages(Paginator):
    """Pages of documents. Only keys are ordered, from whichever end of the list is nearer."""

    def __init__(self, rows: DocumentQuerySet, sort: str, count: int) -> None:
        key = ORDERS[sort.removeprefix("-")]
        order = [key.desc(), "-pk"] if sort.startswith("-") else [key.asc(), "pk"]
        self.keys = rows.order_by(*order).values_list("pk", flat=True)
        self.count = count
        super().__init__(self.keys, PER_PAGE)

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = min(first + self.per_page, self.count)
        if first > self.count // 2:
            keys = list(self.keys.reverse()[self.count - last : self.count - first])[::-1]
        else:
            keys = list(self.keys[first:last])
        return Page(keys, number, self)


@dataclass(frozen=True)
class Listing:
    """A folder's own documents; or, when it is ``flat``, all that lie in it or below.

    It is when narrowed, and, at the top, when ``all`` are asked for.
    """

    workspace: Workspace
    folder: Folder | None
    form: NarrowForm
    all: bool
    sort: str

    @classmethod
    def asked(
        cls, query: Mapping[str, Any], workspace: Workspace, folder: Folder | None
    ) -> Listing:
        form = NarrowForm(query, workspace)
        sort = query.get("sort", "")
        known = sort.removeprefix("-") in ORDERS
        everything = query.get("view") == "all" and folder is None
        return cls(workspace, folder, form, everything, sort if known else NEWEST)

    @property
    def flat(self) -> bool:
        return self.all or bool(self.form.active)

    @property
    def everywhere(self) -> bool:
        """All documents of the workspace are listed, wherever they lie."""
        return self.flat and self.folder is None

    @property
    def section(self) -> str:
        """The part of the library that it belongs to."""
        return "all" if self.all else "folders"

    @property
    def rows(self) -> DocumentQuerySet:
        """The documents, on all pages together, in no order."""
        live = Document.objects.filter(workspace=self.workspace, deleted_at=None).order_by()
        if not self.everywhere:
            live = (
                live.filter(folder__in=self._below)
                if self.flat
                else live.filter(folder=self.folder)
            )
        return self.form.narrow(live)

    @cached_property
    def _below(self) -> set[int]:
        assert self.folder is not None
        return Folder.objects.tree(self.workspace.pk).below(self.folder.pk)

    @cached_property
    def totals(self) -> dict[str, int]:
        """``count`` and ``pages`` of the documents on all pages together."""
        found = self.rows.aggregate(count=Count("pk"), pages=Sum("page_count"))
        return {name: number or 0 for name, number in found.items()}

    def page(self, number: Any) -> Page[Any]:
        """The nearest page there is, with its documents and all that their lines show."""
        page = Pages(self.rows, self.sort, self.totals["count"]).get_page(number)
        rows = Document.objects.filter(pk__in=page.object_list)
        rows = rows.select_related("current", "upcoming", "uploaded_by", "workspace", "folder")
        found = {document.pk: document for document in rows.prefetch_related("tags")}
        # one that went meanwhile is left out
        page.object_list = [found[key] for key in page.object_list if key in found]
        containers = [key for key, document in found.items() if document.kind in CONTAINERS]
        within = Document.objects.filter(pk__in=containers).files_within()
        for document in page.object_list:
            document.files_within = within.get(document.pk, 0)
        return page


@dataclass(frozen=True)
class Inner:
    """A folder in the one that is shown, with how many documents lie in it or below."""

    folder: Folder
    documents: int
    folders: int


@dataclass(frozen=True)
class InnerFolders:
    """The first of the folders in one, or all; ``total`` is how many there are."""

    shown: list[Inner]
    total: int

    @property
    def cut(self) -> bool:
        return len(self.shown) < self.total


NO_FOLDERS = InnerFolders([], 0)


def inner_folders(workspace: Workspace, folder: Folder | None, *, all: bool) -> InnerFolders:
    """The folders in the folder (None: at the top) by name. Three questions at most."""
    rows = Folder.objects.filter(workspace=workspace, parent=folder)
    rows = rows.select_related("workspace").order_by(Lower("name"), "pk")
    shown = list(rows if all else rows[:FOLDERS])
    if not shown:
        return NO_FOLDERS
    tree = Folder.objects.tree(workspace.pk)
    live = Document.objects.filter(workspace=workspace, deleted_at=None, folder__isnull=False)
    counts = dict(live.order_by().values_list("folder").annotate(Count("pk")))
    found = []
    for one in shown:
        below = tree.below(one.pk)
        found.append(Inner(one, sum(counts.get(key, 0) for key in below), len(below) - 1))
    return InnerFolders(found, len(tree.children[folder.pk if folder else None]))


@dataclass(frozen=True)
class Place:
    """A folder as something to choose: its path in words."""

    folder: Folder
    path: str


def places(workspace: Workspace) -> list[Place]:
    """All folders of the workspace, each below the one it lies in."""
    by_key = {folder.pk: folder for folder in Folder.objects.filter(workspace=workspace)}
    tree = Tree({key: folder.parent_id for key, folder in by_key.items()})
    paths = {key: [by_key[step].name for step in tree.path(key)] for key in by_key}
    keys = sorted(by_key, key=lambda key: [name.casefold() for name in paths[key]])
    return [Place(by_key[key], " / ".join(paths[key])) for key in keys]
