"""What a person says when asking, and about a thread."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from qa import claude_models
from qa.models import Thread


def model_choices() -> list[tuple[str, str]]:
    models = [one for one in claude_models.entries() if one.offered]
    default = claude_models.entry(settings.DEFAULT_MODEL)
    if default not in models:
        models.insert(0, default)
    return [(one.key, one.name) for one in models]


class AskForm(forms.Form):
    """A question in a thread. ``submission`` makes pressing the button twice ask once."""

    question = forms.CharField(
        label=_("Question"),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Ask about these documents")}),
        error_messages={"required": _("Write a question first.")},
    )
    model = forms.ChoiceField(label=_("Model"), choices=model_choices)
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, model: str = "", **kwargs: Any) -> None:
        initial = {
            "submission": uuid.uuid4(),
            "model": claude_models.get(model or settings.DEFAULT_MODEL).key,
        }
        kwargs["initial"] = initial | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)


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
