from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import SignInLink, User, Workspace

LOCAL_EMAIL = "you@localhost"


class Command(BaseCommand):
    help = "Prints a path that signs in once, on this machine only. Makes the first user."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("Sign-in links work only without PINCITE_URL.")
        with transaction.atomic():
            user = local_user()
            token = SignInLink.make(user)
        self.stdout.write(f"/signin/link/{token}/")


def local_user() -> User:
    """The user of a local installation, an admin with a workspace; made if there is none."""
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if user is None:
        user = User.objects.create_superuser(LOCAL_EMAIL, name="You")
    if not Workspace.objects.exists():
        Workspace.found("My workspace", user)
    return user
