"""What a person says when asking, and about a thread."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from qa import scopes
from qa.models import Thread
from qa.picker import Picker


class AskForm(forms.Form):
    """A question in a thread. ``submission`` makes pressing the button twice ask once."""

    question = forms.CharField(
        label=_("Question"),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Ask about these documents")}),
        error_messages={"required": _("Write a question first.")},
    )
    model = forms.CharField(
        label=_("Model"), max_length=80, error_messages={"required": _("Choose a model.")}
    )
    # this question may look at the web sites that an admin has allowed
    web = forms.BooleanField(required=False)
    # it searches, even if all of it could be read
    search = forms.BooleanField(required=False)
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, picker: Picker | None = None, **kwargs: Any) -> None:
        self.picker = picker
        kwargs["initial"] = {"submission": uuid.uuid4()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    @property
    def effort(self) -> str:
        """The level that is chosen for the chosen model: each has a field of its own."""
        return str(self.data.get(f"effort:{self.data.get('model', '')}", ""))


def check_chosen(form: forms.BaseForm, data: dict[str, Any]) -> None:
    """Documents must be chosen, unless everything in some place is asked about."""
    chosen = "documents" in form.errors or data.get("documents")
    if data.get("scope", "") in ("", scopes.CHOSEN) and not chosen:
        form.add_error("documents", _("Choose at least one document."))


class NewThreadForm(AskForm):
    """A first question, with what it is about: documents, or a scope (`qa.scopes`) instead."""

    scope = forms.CharField(max_length=120, required=False)
    documents = forms.ModelMultipleChoiceField(
        Document.objects.none(), to_field_name="public_id", required=False
    )

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        check_chosen(self, data)
        return data


class ThreadForm(forms.ModelForm):
    scope = forms.CharField(max_length=120, required=False)
    documents = forms.ModelMultipleChoiceField(
        Document.objects.none(), to_field_name="public_id", label=_("Documents"), required=False
    )

    class Meta:
        model = Thread
        fields = ("title", "is_private", "documents")

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        check_chosen(self, data)
        return data
