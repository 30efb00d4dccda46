import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.local import local_workspace
from accounts.models import Workspace
from documents import foreground as files
from documents import ingest
from qa.foreground import claude_at_hand
from reviews import books, export, foreground, running, tables
from reviews.models import Playbook, PlaybookVersion, Run, Table


class Command(BaseCommand):
    help = (
        "Puts the questions of a playbook to documents and prints every cell. Exits 1 if any "
        "failed. The table is kept, and can be looked at in the browser."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--playbook", required=True, metavar="NAME", help="its name, or a YAML file"
        )
        parser.add_argument("--document", action="append", metavar="ID", help="can be repeated")
        parser.add_argument("--file", action="append", metavar="PATH", type=Path)
        parser.add_argument("--workspace", metavar="NAME")
        parser.add_argument("--model", default=settings.DEFAULT_MODEL)
        parser.add_argument("--batch", action="store_true", help="at half price, not at once")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one line a cell")
        form.add_argument("--out", metavar="FILE.xlsx", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["document"] or options["file"]):
            raise CommandError("Name documents, with --document or --file.")
        workspace, user = local_workspace(options["workspace"])
        try:
            documents = files.chosen(options["document"], options["file"], workspace, user)
        except files.NotThere as error:
            raise CommandError(str(error)) from error
        finally:
            ingest.close()
        workspace = documents[0].workspace
        playbook = self._playbook(options["playbook"], workspace, user)
        try:
            table = tables.make(
                workspace,
                user,
                title=playbook.playbook.title,
                model=options["model"],
                documents=documents,
                playbook=playbook,
            )
            run = running.start(
                table, user, mode=str(Run.Mode.BATCH if options["batch"] else Run.Mode.LIVE)
            )
        except tables.NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        with claude_at_hand():
            foreground.finish(run)
        self._print(table, run, options)
        if table.counts()["failed"]:
            raise SystemExit(1)

    def _playbook(self, named: str, workspace: Workspace, user: Any) -> PlaybookVersion:
        path = Path(named)
        if path.suffix in (".yaml", ".yml"):
            try:
                return Playbook.put(workspace, books.read(path.read_bytes()), user)
            except books.BadBook as error:
                raise CommandError(f"{path}: {error}") from error
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}.") from error
        offered = {one.name: one for one in Playbook.objects.offered_in(workspace)}
        if named not in offered:
            raise CommandError(
                f"There is no playbook “{named}”. There are: {', '.join(sorted(offered))}."
            )
        return offered[named].newest

    def _print(self, table: Table, run: Run, options: dict[str, Any]) -> None:
        if options["out"]:
            options["out"].write_bytes(export.xlsx(table))
            self.stderr.write(f"{options['out']}: {table.counts()['all']} cells")
            return
        for cell in foreground.lines(table):
            if options["json"]:
                self.stdout.write(json.dumps(cell, ensure_ascii=False))
                continue
            said = cell["shown"] or cell["error"] or "not in this document"
            flag = f" ({cell['doubt']})" if cell["doubt"] else ""
            verdict = f" [{cell['verdict']}]" if cell["verdict"] else ""
            self.stdout.write(f"{cell['document']}  {cell['column']}: {said}{flag}{verdict}")
        if not options["json"]:
            self.stdout.write(f"${run.cost_usd:.4f}, ${run.estimate_usd:.4f} expected.")
