"""The user and workspace of this machine: who the command line and the sign-in link act for."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User, Workspace
from config.prepare import prepare_database

EMAIL = "you@localhost"


def local_user() -> User:
    """The first active superuser, with at least one workspace; both made if there are none."""
    prepare_database()
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    with transaction.atomic():
        if user is None:
            user = User.objects.create_superuser(EMAIL, name="You")
        if not Workspace.objects.exists():
            Workspace.found("My workspace", user)
    return user


def local_workspace(name: str | None) -> tuple[Workspace, User]:
    """The workspace of that name or address, made if there is none; without one, the first."""
    user = local_user()
    if not name:
        return Workspace.objects.order_by("pk")[0], user
    found = (
        Workspace.objects.filter(name=name).first() or Workspace.objects.filter(slug=name).first()
    )
    return found or Workspace.found(name, user), user
