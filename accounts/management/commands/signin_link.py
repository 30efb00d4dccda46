from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.local import local_user
from accounts.models import SignInLink


class Command(BaseCommand):
    help = "Prints a path that signs in once, on this machine only. Makes the first user."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("Sign-in links work only without PINCITE_URL.")
        self.stdout.write(f"/signin/link/{SignInLink.make(local_user())}/")
