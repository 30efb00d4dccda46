"""Users, workspaces, members, one-time sign-in links and the event log."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import uuid
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.roles import ALLOWED, Act, Role


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("%(value)s is not a time zone."), params={"value": value})


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A saved user; without a password only a sign-in link or a reset lets them in."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address. Deactivated, never deleted: the log points here."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    is_staff = models.BooleanField(_("may use the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Users are deactivated, not deleted.")


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: Any) -> WorkspaceQuerySet:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self.all()
        return self.filter(pk__in=Member.objects.filter(user=user).values("workspace"))

    def administered_by(self, user: Any) -> WorkspaceQuerySet:
        if user.is_active and user.is_superuser:
            return self.all()
        # one filter: in two, the role might be another member's
        return self.visible_to(user).filter(members__user=user, members__role=Role.ADMIN)


class Workspace(models.Model):
    """A matter, and the wall round it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def found(cls, name: str, by: User) -> Workspace:
        """A new workspace with a free address, and ``by`` as its admin."""
        base = slugify(name)[:50] or "workspace"
        slug = base
        while cls.objects.filter(slug=slug).exists():
            slug = f"{base}-{secrets.token_hex(2)}"
        workspace = cls.objects.create(name=name, slug=slug, time_zone=by.time_zone)
        Member.objects.create(workspace=workspace, user=by, role=Role.ADMIN)
        return workspace

    def role_of(self, user: User) -> Role | None:
        """The user's role here; superusers are admins everywhere; None for a stranger."""
        if not user.is_active:
            return None
        if user.is_superuser:
            return Role.ADMIN
        if user.pk not in self._roles:
            member = self.members.filter(user=user).first()
            self._roles[user.pk] = Role(member.role) if member else None
        return self._roles[user.pk]

    @cached_property
    def _roles(self) -> dict[int, Role | None]:
        """Asked once per object: a page asks for many permissions, and lives for one request."""
        return {}

    def allows(self, user: User, act: Act) -> bool:
        role = self.role_of(user)
        return role is not None and act in ALLOWED[role]


class Member(models.Model):
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="member_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class SignInLink(models.Model):
    """A link that signs its user in once. Only its hash is kept; local mode only."""

    user = models.ForeignKey(User, models.PROTECT)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user}, {self.created_at:%Y-%m-%d %H:%M}"

    @classmethod
    def make(cls, user: User) -> str:
        """The secret part of a new link. Earlier unused links of the user stop working."""
        token = secrets.token_urlsafe(24)
        cls.objects.filter(user=user, used_at=None).delete()
        cls.objects.create(user=user, token_hash=cls._hash(token))
        return token

    @classmethod
    def use(cls, token: str) -> User | None:
        """The user a link belongs to, the first time; None ever after."""
        link = cls.objects.filter(token_hash=cls._hash(token), used_at=None)
        found = link.select_related("user").first()
        won = link.update(used_at=timezone.now())
        return found.user if found and won and found.user.is_active else None

    @staticmethod
    def _hash(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


def _address(request: HttpRequest | None) -> str | None:
    """Where the request came from; None where a proxy says something that is no address."""
    try:
        return str(ipaddress.ip_address(request.META["REMOTE_ADDR"])) if request else None
    except (KeyError, ValueError):
        return None


class EventQuerySet(models.QuerySet["Event"]):
    def record(
        self,
        verb: Event.Verb,
        *,
        by: User | None,
        object: models.Model | None = None,
        workspace: Workspace | None = None,
        request: HttpRequest | None = None,
        **detail: Any,
    ) -> Event:
        """Write down one deed. Call it inside the transaction that does the deed."""
        return self.create(
            verb=verb,
            actor=by,
            workspace=workspace,
            object_type=object._meta.label_lower if object else "",
            object_id=getattr(object, "public_id", None),
            address=_address(request),
            detail=detail,
        )

    def record_each(
        self,
        verb: Event.Verb,
        objects: Sequence[Any],
        *,
        by: User | None,
        request: HttpRequest | None = None,
        **detail: Any,
    ) -> None:
        """Write down one deed done to many objects of workspaces, a row for each."""
        self.bulk_create(
            [
                Event(
                    verb=verb,
                    actor=by,
                    workspace_id=object.workspace_id,
                    object_type=object._meta.label_lower,
                    object_id=object.public_id,
                    address=_address(request),
                    detail=detail,
                )
                for object in objects
            ],
            batch_size=500,
        )

    def update(self, **kwargs: Any) -> int:
        raise TypeError("Events are append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only.")


class Event(models.Model):
    """Who did what to which object, where, when, from which address. Append-only."""

    class Verb(models.TextChoices):
        SIGN_IN = "sign-in", _("signed in")
        SIGN_OUT = "sign-out", _("signed out")
        UPLOAD = "upload", _("uploaded")
        ASK = "ask", _("asked")
        OPEN_SOURCE = "open-source", _("opened a source")
        CREATE = "create", _("made")
        RENAME = "rename", _("renamed")
        MOVE = "move", _("moved")
        TAG = "tag", _("tagged")
        VERSION = "version", _("added a version of")
        READ_AGAIN = "read-again", _("had read again")
        UNLOCK = "unlock", _("opened with a password")
        MAKE_CURRENT = "make-current", _("made current")
        DOWNLOAD = "download", _("downloaded")
        SEARCH = "search", _("searched")
        DELETE = "delete", _("deleted")
        RESTORE = "restore", _("restored")
        ERASE = "erase", _("erased")
        HOLD = "hold", _("put a legal hold on")
        RELEASE = "release", _("lifted the legal hold from")
        EXPORT = "export", _("exported")
        ROLE = "role", _("changed a role")
        SETTINGS = "settings", _("changed the settings of")
        BUDGET = "budget", _("changed a budget of")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    verb = models.CharField(max_length=20, choices=Verb.choices)
    actor = models.ForeignKey(User, models.PROTECT, null=True)
    workspace = models.ForeignKey(Workspace, models.PROTECT, null=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-id"]
        indexes = [
            # the log of one workspace, newest first
            models.Index(fields=["workspace", "-at"], name="event_of_workspace"),
            # what happened to one object
            models.Index(fields=["object_id"], name="event_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.object_type}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("Events are append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Events are append-only.")
