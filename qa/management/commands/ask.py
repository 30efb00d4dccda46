import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.local import local_workspace
from documents import ingest
from documents.foreground import NotThere, chosen
from qa import askable, asking, foreground
from qa.models import Answer, Scope


class Command(BaseCommand):
    help = "Asks a question and prints the cited answer. Exits 1 if it failed."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("question")
        parser.add_argument("--document", action="append", metavar="ID", help="can be repeated")
        parser.add_argument("--file", action="append", metavar="PATH", type=Path)
        parser.add_argument("--workspace", metavar="NAME", help="alone: all its documents")
        parser.add_argument("--search", action="store_true", help="even if all can be read whole")
        parser.add_argument("--model", default=settings.DEFAULT_MODEL)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, user = local_workspace(options["workspace"])
        whole = not (options["document"] or options["file"])
        try:
            documents = (
                [] if whole else chosen(options["document"], options["file"], workspace, user)
            )
        except NotThere as error:
            raise CommandError(str(error)) from error
        finally:
            ingest.close()
        try:
            answer, _created = asking.ask(
                question=options["question"],
                documents=documents,
                model=options["model"],
                workspace=documents[0].workspace if documents else workspace,
                by=user,
                scope=Scope.objects.whole(workspace) if whole else None,
                search=options["search"],
            )
        except askable.NotAskable as refusal:
            if not options["json"]:
                raise CommandError(str(refusal)) from refusal
            self.stdout.write(
                json.dumps(foreground.refused(str(refusal), options["model"], options["search"]))
            )
            raise SystemExit(1) from refusal
        with foreground.claude_at_hand():
            answer = foreground.write_here(answer)
        self._print(answer, options["json"])
        if answer.status != Answer.Status.DONE:
            raise SystemExit(1)

    def _print(self, answer: Answer, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(foreground.as_dict(answer), ensure_ascii=False))
            return
        self.stdout.write(answer.error or answer.text)
        for citation in answer.citations.order_by("number"):
            page = f", p. {citation.page_start}" if citation.page_start else ""
            quote = " ".join(citation.cited_text.split())
            self.stdout.write(
                f"[{citation.number}] {citation.title}{page}, {citation.state}: {quote}"
            )
