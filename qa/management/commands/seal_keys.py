"""`manage.py seal_keys`: every API key of a workspace is sealed with the first encryption key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import sealing
from qa.models import ClaudeKey


class Command(BaseCommand):
    help = "Seal the API keys of workspaces anew, with the first of PINCITE_ENCRYPTION_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            anew = [(key.pk, sealing.sealed_anew(key.sealed)) for key in ClaudeKey.objects.all()]
        except sealing.Sealed as error:
            raise CommandError(str(error)) from error
        for pk, sealed in anew:
            ClaudeKey.objects.filter(pk=pk).update(sealed=sealed)
        self.stdout.write(f"{len(anew)} sealed anew")
