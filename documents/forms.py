"""What a person may say about a document, and where in one they want to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.models import Document


class MultipleFileInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or many files; cleans to a list."""

    widget = MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        one = super().clean
        if not isinstance(data, list | tuple):
            data = [data]
        return [one(item, initial) for item in data] if data else [one(None, initial)]


class UploadForm(forms.Form):
    # an empty file is refused with its name, further on
    files = FilesField(label=_("Files"), allow_empty_file=True)  # type: ignore[assignment]


class RenameForm(forms.ModelForm):
    class Meta:
        model = Document
        fields = ("title",)


@dataclass(frozen=True)
class Place:
    """A range of a version, as an address asks for it."""

    version: str
    start: int
    end: int


class VersionForm(forms.Form):
    version = forms.UUIDField()

    @classmethod
    def asked(cls, query: Any) -> str | None:
        """The version that an address asks for, None when it asks for none."""
        form = VersionForm(query)
        return str(form.cleaned_data["version"]) if form.is_valid() else None


class RangeForm(forms.Form):
    """A range of a text that has at least one character."""

    start = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    end = forms.IntegerField(min_value=1, max_value=2**31 - 1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("start", 0) >= cleaned.get("end", 0):
            raise forms.ValidationError(_("The range is empty."))
        return cleaned


class PlaceForm(VersionForm, RangeForm):
    """The query of an address that opens a source at a range. Anything wrong: no mark."""

    @classmethod
    def place(cls, query: Any) -> Place | None:
        form = cls(query)
        if not form.is_valid():
            return None
        data = form.cleaned_data
        return Place(str(data["version"]), data["start"], data["end"])
