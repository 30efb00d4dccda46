"""What is searched for, and in which documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from documents.listing import NarrowForm, places
from documents.models import DocumentQuerySet, Folder


class SearchForm(NarrowForm):
    """A query and what the documents are narrowed to; what is wrong narrows nothing."""

    query = forms.CharField(
        label=_("Search"),
        max_length=1000,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    folder = forms.ChoiceField(label=_("Folder"), required=False)
    # a name is searched for as well, and only what was read can be found
    q = None  # type: ignore[assignment]
    state = None  # type: ignore[assignment]
    field_order = ("query", "folder")

    def __init__(self, data: Mapping[str, Any], workspace: Workspace) -> None:
        super().__init__(data, workspace)
        self._workspace = workspace
        paths = [(str(place.folder.public_id), place.path) for place in places(workspace)]
        self.fields["folder"].choices = [("", _("Any")), *paths]  # type: ignore[attr-defined]
        self.full_clean()

    def narrow(self, rows: DocumentQuerySet) -> DocumentQuerySet:
        rows = super().narrow(rows)
        if chosen := self.cleaned_data.get("folder"):
            top = Folder.objects.get(workspace=self._workspace, public_id=chosen)
            below = Folder.objects.tree(self._workspace.pk).below(top.pk)
            rows = rows.filter(folder__in=below)
        return rows

    @property
    def more(self) -> list[str]:
        return [name for name in self.active if name != "query"]
