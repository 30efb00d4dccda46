"""What a person says when asking, and about a thread."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from qa.models import Thread
from qa.picker import Picker


class AskForm(forms.Form):
    """A question in a thread. ``submission`` makes pressing the button twice ask once."""

    question = forms.CharField(
        label=_("Question"),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Ask about these documents")}),
        error_messages={"required": _("Write a question first.")},
    )
    model = forms.CharField(label=_("Model"), max_length=80)
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, picker: Picker | None = None, **kwargs: Any) -> None:
        self.picker = picker
        kwargs["initial"] = {"submission": uuid.uuid4()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    @property
    def effort(self) -> str:
        """The level that is chosen for the chosen model: each has a field of its own."""
        return str(self.data.get(f"effort:{self.data.get('model', '')}", ""))


class NewThreadForm(AskForm):
    """A first question, with the documents it is about."""

    documents = forms.ModelMultipleChoiceField(
        Document.objects.none(),
        to_field_name="public_id",
        error_messages={"required": _("Choose at least one document.")},
    )

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents  # type: ignore[attr-defined]


class ThreadForm(forms.ModelForm):
    documents = forms.ModelMultipleChoiceField(
        Document.objects.none(), to_field_name="public_id", label=_("Documents")
    )

    class Meta:
        model = Thread
        fields = ("title", "is_private", "documents")

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = documents  # type: ignore[attr-defined]
