import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Workspace
from documents import search
from documents.models import Version
from documents.models.version import MAX_ATTEMPTS

BAR = 30  # characters


class Command(BaseCommand):
    help = (
        "Builds the search index anew. Searching goes on meanwhile; what is left when it is "
        "interrupted is done by --due, or by a running Pincite."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", metavar="NAME", help="of that name or address; else all")
        parser.add_argument(
            "--due", action="store_true", help="only what is not in the index, or failed before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        versions = Version.objects.ready().order_by("pk")
        if name := options["workspace"]:
            found = Workspace.objects.filter(name=name) or Workspace.objects.filter(slug=name)
            if not found:
                raise CommandError("There is no such workspace.")
            versions = versions.filter(document__workspace__in=found)
        again = versions.filter(index_failures__gte=MAX_ATTEMPTS) if options["due"] else versions
        again.update(indexed_at=None, index_failures=0)
        keys = list(versions.to_index().values_list("pk", flat=True))
        failed = 0
        for done, pk in enumerate(keys):
            self._show(done, len(keys))
            version = Version.objects.filter(pk=pk).to_index().first()
            # none when a worker of a running installation was quicker
            failed += version is not None and not search.index(version)
        self._show(len(keys), len(keys))
        self.stdout.write(f"{len(keys) - failed} of {len(keys)} versions were indexed.")
        if failed:
            raise SystemExit(1)

    def _show(self, done: int, total: int) -> None:
        if not sys.stderr.isatty() or not total:
            return
        filled = BAR * done // total
        end = "\n" if done == total else ""
        bar = "█" * filled + "·" * (BAR - filled)
        self.stderr.write(f"\r{bar} {done} of {total}{end}", ending="")
        self.stderr.flush()
