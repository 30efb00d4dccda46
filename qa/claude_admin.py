"""A workspace's own account with Claude in Django's admin: a key goes in, and never comes out."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import ScopedAdmin
from accounts.models import Event, Workspace
from config import sealing
from qa import claude_models, engine
from qa.claude import connect
from qa.engine import files
from qa.ledger import recorded
from qa.models import ApiCall, ClaudeKey, ClaudeSettings


class ClaudeSettingsForm(forms.ModelForm):
    new_key = forms.CharField(
        label=_("new API key"),
        required=False,
        max_length=300,
        # never rendered with a value, and not filled in by the browser
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}),
        help_text=_("Replaces the key there is. It is sealed, and never shown again."),
    )
    remove_key = forms.BooleanField(
        label=_("remove the key"),
        required=False,
        help_text=_("The workspace goes back to the installation's key."),
    )

    class Meta:
        model = ClaudeSettings
        fields = ("workspace", "inline", "inference_geo", "prewarm", "default_model", "auto")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["default_model"] = forms.ChoiceField(
            label=self.fields["default_model"].label,
            help_text=self.fields["default_model"].help_text,
            required=False,
            choices=[
                ("", "---------"),
                (claude_models.AUTO, _("Auto")),
                *(
                    (one.key, one.name)
                    for one in claude_models.entries()
                    # one that is gone stands for its successor: saving something else keeps it
                    if one.offered or one.key == self.instance.default_model
                ),
            ],
        )

    def clean_new_key(self) -> str:
        key = self.cleaned_data["new_key"].strip()
        if not key:
            return ""
        if not re.fullmatch(r"[!-~]{12,}", key):
            raise forms.ValidationError(_("That does not look like an API key."))
        try:
            sealing.seal(key)
        except sealing.Sealed as error:
            raise forms.ValidationError(str(error)) from error
        return key

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new_key") and data.get("remove_key"):
            raise forms.ValidationError(_("Either set a new key or remove the one there is."))
        return data


@admin.register(ClaudeSettings)
class ClaudeSettingsAdmin(ScopedAdmin):
    form = ClaudeSettingsForm
    list_display = ("workspace", "key", "inline", "inference_geo")
    list_select_related = ("workspace",)
    readonly_fields = ("key",)
    fieldsets = (
        (None, {"fields": ("workspace",)}),
        (_("API key"), {"fields": ("key", "new_key", "remove_key")}),
        (_("What is stored where"), {"fields": ("inline", "inference_geo")}),
        (_("Cache"), {"fields": ("prewarm",)}),
        (_("Models"), {"fields": ("default_model", "auto")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ClaudeSettings]:
        keys = models.Prefetch(
            "workspace__claude_keys", ClaudeKey.objects.current(), to_attr="current_keys"
        )
        return super().get_queryset(request).prefetch_related(keys)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # whose settings they are does not change: the key would move to another workspace
        return ("key", "workspace") if obj else ("key",)

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "workspace":
            # only superusers are shown the names of all
            kwargs["queryset"] = Workspace.objects.administered_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=_("API key"))
    def key(self, chosen: ClaudeSettings) -> str:
        found = ClaudeKey.objects.of(chosen.workspace) if chosen.pk else None
        if chosen.pk and hasattr(chosen.workspace, "current_keys"):
            found = next(iter(chosen.workspace.current_keys), None)
        if found is None:
            return str(_("none of its own"))
        return _("set on %(when)s, ends in %(ending)s") % {
            "when": f"{found.set_at:%Y-%m-%d}",
            "ending": found.ending,
        }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._administers(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, removed = form.cleaned_data["new_key"], form.cleaned_data["remove_key"]
        by: Any = request.user
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if key:
                ClaudeKey.put(obj.workspace, key, by)
            elif removed:
                removed = bool(ClaudeKey.drop(obj.workspace))
            told = {
                name: getattr(obj, name)
                for name in ("inline", "inference_geo", "prewarm", "default_model", "auto")
            }
            told["key"] = "set" if key else "removed" if removed else "unchanged"
            Event.objects.record(
                Event.Verb.SETTINGS,
                by=by,
                object=obj.workspace,
                workspace=obj.workspace,
                request=request,
                **told,
            )
        if key:
            self._try(request, obj.workspace)

    def _try(self, request: HttpRequest, workspace: Workspace) -> None:
        """Says at once whether the key is accepted; it is kept all the same."""
        try:
            connection = connect(workspace)
            with recorded(ApiCall.Purpose.LIST, connection, workspace=workspace):
                files.check_key(connection.client)
        except engine.EngineError as error:
            self.message_user(request, _(error.sentence), messages.WARNING)
        else:
            self.message_user(request, _("Claude accepts the key."))
