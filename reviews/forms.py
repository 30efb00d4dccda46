"""What people say of a table: what it is made of, which rows they look for, a new column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, Workspace
from documents.models import Document
from qa import claude_models, picker, scopes, tiers
from qa.models import Scope
from reviews import books, cells, tables
from reviews.models import Cell, Column, Mark, Playbook, Table
from reviews.values import Kind

MODES = [
    (Table.Mode.AUTO, gettext_lazy("As a batch where that is worth it, or else at once")),
    (Table.Mode.BATCH, gettext_lazy("As a batch, at half price")),
    (Table.Mode.LIVE, gettext_lazy("At once")),
]


class AnsweredBy(forms.Form):
    """Which model answers a table, and how hard it thinks: each model has levels of its own."""

    model = forms.ChoiceField(label=gettext_lazy("Model"))

    def offer(self, workspace: Workspace, user: User, model: str = "", effort: str = "") -> None:
        """Those that the user may choose, with what is chosen: what was said, or else these."""
        said = self.data if self.is_bound else self.initial
        picked = str(said.get("model", model))
        level = str(said.get(f"effort:{picked}", effort if picked == model else ""))
        usual = claude_models.default_key(workspace)
        made = picker.make(workspace, user, [], picked=picked or usual, effort=level)
        # one model answers a whole table
        options = tuple(one for one in made.options if one.key != tiers.AUTO)
        if not any(one.chosen for one in options):
            free = next((one.key for one in options if not one.reason), "")
            options = tuple(replace(one, chosen=one.key == free) for one in options)
        self.picker = replace(made, options=options)
        fields: dict[str, Any] = self.fields
        fields["model"].choices = [(one.key, one.name) for one in options if not one.reason]

    @property
    def effort(self) -> str:
        return str(self.data.get(f"effort:{self.cleaned_data.get('model', '')}", ""))


class TableForm(AnsweredBy):
    """A table to be made. Its documents are picked, or those of a folder, a tag, the workspace."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    playbook = forms.ModelChoiceField(
        Playbook.objects.none(),
        label=gettext_lazy("Playbook"),
        to_field_name="public_id",
        required=False,
        empty_label=gettext_lazy("None: I write the columns myself"),
    )
    scope = forms.ChoiceField(label=gettext_lazy("Documents"), required=False)
    follows = forms.BooleanField(
        label=gettext_lazy("Take in new documents as they come"), required=False
    )
    mode = forms.ChoiceField(label=gettext_lazy("Run"), choices=MODES, initial=Table.Mode.AUTO)

    def __init__(
        self, *args: Any, workspace: Workspace, user: User, picked: list[Document], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.workspace, self.user, self.picked = workspace, user, picked
        fields: dict[str, Any] = self.fields
        fields["playbook"].queryset = Playbook.objects.offered_in(workspace)
        fields["scope"].choices = [("", _("Those picked below")), *places(workspace)]
        self.offer(workspace, user)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("scope") and not self.picked:
            self.add_error("scope", _("Pick at least one document, or a folder or tag."))
        if given.get("follows") and not given.get("scope"):
            self.add_error("follows", _("Picked documents do not grow: choose a folder or tag."))
        return given

    @property
    def made_of(self) -> dict[str, Any]:
        """What ``tables.make`` takes. Raises LookupError when the folder or tag is gone."""
        given, playbook = self.cleaned_data, self.cleaned_data["playbook"]
        scope = scopes.find(self.user, self.workspace, given["scope"])
        return {
            "title": given["title"],
            "model": given["model"],
            "effort": self.effort,
            "mode": given["mode"],
            "scope": scope,
            "follows": given["follows"],
            "documents": [] if scope else self.picked,
            "playbook": playbook.newest if playbook else None,
        }


def places(workspace: Workspace) -> list[Any]:
    """All documents, the folders and the tags, as the choices of a field."""
    whole = (str(Scope.Kind.WORKSPACE), _("All documents of this workspace"))
    return [whole, *((group.label, group.choices) for group in scopes.choices(workspace))]


class AddForm(forms.Form):
    """Documents for a table that is there: picked ones, or those of a folder, a tag, all."""

    scope = forms.ChoiceField(label=gettext_lazy("Documents"), required=False)

    def __init__(
        self, *args: Any, workspace: Workspace, picked: list[Document], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.picked = picked
        fields: dict[str, Any] = self.fields
        fields["scope"].choices = [("", _("Those picked below")), *places(workspace)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("scope") and not self.picked:
            self.add_error("scope", _("Pick at least one document, or a folder or tag."))
        return given


class FollowForm(forms.Form):
    """What comes into a table by itself, and whether that is answered by itself."""

    scope = forms.ChoiceField(label=gettext_lazy("Take in what comes into"), required=False)
    runs_new = forms.BooleanField(
        label=gettext_lazy("Have what comes in answered, as batches, within the budgets"),
        required=False,
    )

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        followed = table.scope.value if table.follows and table.scope else ""
        self.initial = {"scope": followed, "runs_new": table.new_asked_by_id is not None}
        fields: dict[str, Any] = self.fields
        nothing = ("", _("Nothing: documents are added by hand"))
        fields["scope"].choices = [nothing, *places(table.workspace)]


class ColumnForm(forms.ModelForm):
    """A question to every document; the given values are written one a line."""

    choices = forms.CharField(
        label=gettext_lazy("Given values, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["choices"] = "\n".join(self.instance.choices)

    class Meta:
        model = Column
        fields = ("title", "question", "kind", "choices", "guidance", "expected")
        widgets = {
            name: forms.Textarea(attrs={"rows": 3}) for name in ("question", "guidance", "expected")
        }

    @property
    def asked(self) -> books.Asked:
        given = self.cleaned_data
        lines = [line.strip() for line in given["choices"].splitlines()]
        return books.Asked(
            given["title"],
            given["question"],
            Kind(given["kind"]),
            choices=tuple(line for line in lines if line),
            guidance=given["guidance"],
            expected=given["expected"],
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        lines = [line for line in given.get("choices", "").splitlines() if line.strip()]
        if given.get("kind") == Kind.CHOICE and len(lines) < 2:
            self.add_error("choices", _("Write at least two values to choose from, one a line."))
        elif given.get("kind") != Kind.CHOICE and lines:
            self.add_error(
                "choices", _("Values belong to the type “One of given values”: choose that one.")
            )
        return given

    def refuse(self, refusal: tables.NotPossible) -> None:
        """Says it beside the field that it is about."""
        field = {"type": "kind"}.get(refusal.field, refusal.field)
        self.add_error(field if field in self.fields else None, str(refusal))

    def _post_clean(self) -> None:
        """Nothing: the column is checked and made by ``tables``, not from the form."""


class BookForm(forms.Form):
    """A playbook as text: a file, or what was pasted or changed."""

    yaml = forms.CharField(
        label=gettext_lazy("Text of the playbook"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
        strip=False,
    )
    file = forms.FileField(label=gettext_lazy("Or a file"), required=False, allow_empty_file=True)

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        given = files.get("file") if files else None
        if data is None or given is None:
            self.raw = self["yaml"].value() or ""
            return
        self.raw = given.read(books.LARGEST + 1)
        # what is wrong with a file is put right where it is shown
        shown = data.copy()
        shown["yaml"] = self.raw.decode("utf-8-sig", "replace")[: books.LARGEST]
        self.data = shown

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.raw.strip():
            self.add_error("yaml", _("Paste a playbook, or choose a file."))
            return given
        try:
            self.book = books.read(self.raw)
        except books.BadBook as error:
            self.add_error("yaml", str(error))
        return given


class SettingsForm(AnsweredBy):
    """What a table is called, and what answers it."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    mode = forms.ChoiceField(label=gettext_lazy("Run"), choices=MODES)

    def __init__(self, *args: Any, table: Table, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"title": table.title, "model": table.model, "mode": table.mode}
        self.offer(table.workspace, user, table.model, table.effort)

    def refuse(self, refusal: tables.NotPossible) -> None:
        """Says it beside the field that it is about."""
        self.add_error(refusal.field or None, str(refusal))


class FilterForm(forms.Form):
    """Which rows a page shows; what it does not know, it does not look for."""

    text = forms.CharField(label=gettext_lazy("Find"), required=False, max_length=200)
    column = forms.ModelChoiceField(
        Column.objects.none(),
        label=gettext_lazy("Column"),
        to_field_name="public_id",
        required=False,
        empty_label=gettext_lazy("Any column"),
    )
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    mark = forms.ChoiceField(label=gettext_lazy("Mark"), required=False)
    verdict = forms.ChoiceField(label=gettext_lazy("Verdict"), required=False)

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["column"].queryset = table.columns.live()
        more = [
            ("unreviewed", _("Not reviewed yet")),
            ("doubted", _("Doubtful")),
            ("stale", _("Out of date")),
        ]
        fields["state"].choices = [("", _("Any state")), *more, *Cell.State.choices]
        marks = [one for one in Mark.Kind.choices if one[0] != Mark.Kind.NONE]
        fields["mark"].choices = [("", _("Any mark")), *marks]
        fields["verdict"].choices = [("", _("Any verdict")), *Cell.Verdict.choices]

    @property
    def wanted(self) -> cells.Filter:
        self.is_valid()
        names = ("text", "column", "state", "mark", "verdict")
        given = {name: self.cleaned_data.get(name) for name in names}
        return cells.Filter(**{name: value for name, value in given.items() if value})


class MarkForm(forms.Form):
    """What a reviewer says of a cell whose revision was ``seen``."""

    KINDS = ("verified", "corrected", "flagged", "absent", "none")

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS])
    seen = forms.IntegerField(min_value=0)
    value = forms.CharField(label=gettext_lazy("Correct value"), required=False, max_length=5000)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=5000)
