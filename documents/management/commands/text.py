from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from documents.models import Text


class Command(BaseCommand):
    help = "Writes the canonical text of a version to standard output, exactly."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("version", help="public id of the version")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = Text.objects.filter(version__public_id=options["version"]).first()
        except ValidationError as error:
            raise CommandError("That is not a version's id.") from error
        if text is None:
            raise CommandError("No version with this id has a text.")
        # as bytes: a print would add a newline, and the terminal's encoding would change characters
        self.stdout.buffer.write(text.content.encode())  # type: ignore[attr-defined]
        self.stdout.flush()
