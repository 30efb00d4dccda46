import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from accounts.local import local_workspace
from documents import ingest
from documents.foreground import ingest_path


class Command(BaseCommand):
    help = (
        "Reads files, and what is packed in them, into a workspace, in the foreground. "
        "Exits 1 if one failed."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
        parser.add_argument("--workspace", metavar="NAME", help="made if there is none")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, user = local_workspace(options["workspace"])
        failed = False
        try:
            for path in options["paths"]:
                for outcome in ingest_path(path, workspace, user):
                    failed = failed or not outcome.ready
                    self.stdout.write(
                        json.dumps(outcome.as_dict())
                        if options["json"]
                        else f"{outcome.path}: {outcome.error or 'ready'}"
                    )
                    self.stdout.flush()
        finally:
            ingest.close()
        if failed:
            raise SystemExit(1)
