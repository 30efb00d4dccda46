"""Users, workspaces with their members, and the event log in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Event, Member, User, Workspace

admin.site.unregister(Group)


class ScopedAdmin(admin.ModelAdmin):
    """A superuser sees every row; other staff the rows of workspaces they administer.

    ``workspace_path`` is the look-up from the model to its workspace.
    """

    workspace_path = "workspace"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        mine = Workspace.objects.administered_by(request.user)
        return rows.filter(**{f"{self.workspace_path}__in": mine})

    def _administers(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(
            user.is_active
            and user.is_staff
            and (user.is_superuser or Workspace.objects.administered_by(user).exists())
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._administers(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # an object of another workspace is never found: get_queryset decides
        return self._administers(request)


class WorkspaceFilter(admin.SimpleListFilter):
    """The workspaces one administers; Django's own filter would list the names of all."""

    title = _("workspace")
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        mine = Workspace.objects.administered_by(request.user)
        return [(str(workspace.public_id), workspace.name) for workspace in mine]

    def queryset(self, request: HttpRequest, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        chosen = self.value()
        if not chosen:
            return rows
        mine = [
            w for w in Workspace.objects.administered_by(request.user) if str(w.public_id) == chosen
        ]
        return rows.filter(workspace__in=mine)


class RecordAdmin(ScopedAdmin):
    """Rows that are records: they can be read, and nothing else."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UserCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Only superusers manage users; deactivating takes the place of deleting."""

    add_form = UserCreationForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("public_id", "last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "time_zone", "public_id")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changed = {"is_active", "is_staff", "is_superuser"} & set(form.changed_data)
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if changed:
                Event.objects.record(
                    Event.Verb.ROLE,
                    by=request.user,  # type: ignore[arg-type]
                    object=obj,
                    request=request,
                    **{name: getattr(obj, name) for name in sorted(changed)},
                )


class MemberForm(forms.ModelForm):
    """Members are added by e-mail address, so that no list of all users is shown."""

    email = forms.EmailField(label=_("e-mail address"))

    class Meta:
        model = Member
        fields = ("email", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["email"].initial = self.instance.user.email
            self.fields["email"].disabled = True

    def clean_email(self) -> str:
        if self.instance.pk:
            return str(self.instance.user.email)
        user = User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("No active user has this address."))
        self.instance.user = user
        return user.email


class MemberInline(admin.TabularInline):
    model = Member
    form = MemberForm
    extra = 1

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Member]:
        return super().get_queryset(request).select_related("user")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(Workspace)
class WorkspaceAdmin(ScopedAdmin):
    list_display = ("name", "slug", "time_zone", "member_count", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("public_id", "created_at")
    prepopulated_fields = {"slug": ("name",)}
    inlines = [MemberInline]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Workspace]:
        rows = admin.ModelAdmin.get_queryset(self, request)
        if not request.user.is_superuser:
            # a subquery, so that the count below is of all members and not of the one matched
            mine = Workspace.objects.administered_by(request.user).values("pk")
            rows = rows.filter(pk__in=mine)
        return rows.annotate(member_count=models.Count("members"))

    @admin.display(description=_("members"), ordering="member_count")
    def member_count(self, workspace: Any) -> int:
        return workspace.member_count

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_formset(request, form, formset, change)
            if formset.model is not Member:
                return
            changed = [
                *formset.new_objects,
                *(member for member, _fields in formset.changed_objects),
            ]
            for member in changed:
                self._log(request, form.instance, member, member.role)
            for member in formset.deleted_objects:
                self._log(request, form.instance, member, None)

    @staticmethod
    def _log(request: HttpRequest, workspace: Workspace, member: Member, role: str | None) -> None:
        Event.objects.record(
            Event.Verb.ROLE,
            by=request.user,  # type: ignore[arg-type]
            object=member.user,
            workspace=workspace,
            request=request,
            role=role,
        )


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("at", "verb", "actor", "workspace", "object_type", "object_id", "address")
    list_filter = ("verb", "object_type")
    list_select_related = ("actor", "workspace")
    search_fields = ("object_id", "actor__email")
    date_hierarchy = "at"
