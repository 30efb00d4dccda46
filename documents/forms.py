"""What a person may say about a document, and where in one they want to look."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from documents.models import Document, Folder, Version


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


class PlacedForm(forms.Form):
    """Where something new goes: into a folder of the workspace, or to the top."""

    folder = forms.ModelChoiceField(
        Folder.objects.none(),
        to_field_name="public_id",
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("The folder is not there any more.")},
    )

    def __init__(self, workspace: Workspace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["folder"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = Folder.objects.filter(workspace=workspace)

    @property
    def problem(self) -> str:
        """The first sentence that says what is wrong."""
        return next((str(sentences[0]) for sentences in self.errors.values()), "")


class UploadForm(PlacedForm):
    # an empty file is refused with its name, further on
    files = FilesField(  # type: ignore[assignment]
        allow_empty_file=True, error_messages={"required": _("Choose at least one file.")}
    )
    path = forms.CharField(max_length=1000, required=False)  # of folders below it


class BeginForm(PlacedForm):
    """What a browser says of a file before it sends it in pieces."""

    name = forms.CharField(max_length=255)
    size = forms.IntegerField(min_value=0, max_value=2**53)
    fingerprint = forms.CharField(max_length=64)
    path = forms.CharField(max_length=1000, required=False)


class PieceForm(forms.Form):
    offset = forms.IntegerField(min_value=0, max_value=2**53)


class FinishForm(forms.Form):
    sha256 = forms.RegexField(r"\A[0-9a-f]{64}\Z", required=False)


class PasteForm(PlacedForm):
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    text = forms.CharField(
        label=_("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"})
    )

    @property
    def name(self) -> str:
        """The title as a file's name: Markdown when it says so, else plain text."""
        # a slash is a word's here, not a folder's
        title = str(self.cleaned_data["title"]).replace("/", "-").replace("\\", "-")
        return title if title.lower().endswith((".md", ".txt", ".eml")) else f"{title}.txt"


class RenameForm(forms.ModelForm):
    class Meta:
        model = Document
        fields = ("title",)
        widgets = {"title": forms.TextInput(attrs={"dir": "auto"})}

    def clean_title(self) -> str:
        """As an uploaded file's name: nothing in it turns the direction of what stands after it."""
        kept = (c for c in self.cleaned_data["title"] if unicodedata.category(c)[0] != "C")
        if not (title := " ".join(unicodedata.normalize("NFC", "".join(kept)).split())):
            raise forms.ValidationError(_("Write a name first."))
        return title


class VisuallyForm(forms.ModelForm):
    """Whether Claude looks at a document's pages."""

    class Meta:
        model = Document
        fields = ("visually",)


class PasswordForm(forms.Form):
    """The password of a file. Never bound to anything that is kept."""

    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class NextVersionForm(forms.Form):
    # an empty file is refused with a sentence of its own, further on
    file = forms.FileField(label=_("File"), allow_empty_file=True)


class CompareForm(forms.Form):
    """Two versions of a document."""

    old: forms.ModelChoiceField[Version] = forms.ModelChoiceField(
        None, to_field_name="public_id", label=_("Earlier"), empty_label=None
    )
    new: forms.ModelChoiceField[Version] = forms.ModelChoiceField(
        None, to_field_name="public_id", label=_("Later"), empty_label=None
    )

    def __init__(self, query: Any, versions: Any) -> None:
        super().__init__(query)
        for name in ("old", "new"):
            self.fields[name].queryset = versions  # type: ignore[attr-defined]


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
