import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.local import local_workspace
from documents import search
from documents.models import Document, DocumentQuerySet


class Command(BaseCommand):
    help = "Finds passages in the documents of a workspace, the best first."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("query")
        parser.add_argument("--document", action="append", metavar="ID", help="can be repeated")
        parser.add_argument("--workspace", metavar="NAME", help="without documents: all of its")
        parser.add_argument("--limit", type=int, default=10, metavar="N")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, user = local_workspace(options["workspace"])
        documents = Document.objects.visible_to(user)
        if options["document"]:
            documents = self._named(documents, options["document"])
            workspace = documents[0].workspace
        hits = search.search(
            workspace,
            [options["query"]],
            documents,
            max(options["limit"], 0),
            named=bool(options["document"]),
        )
        if options["json"]:
            found = [_as_dict(hit) for hit in hits]
            self.stdout.write(json.dumps({"query": options["query"], "hits": found}))
            return
        for hit in hits:
            self.stdout.write(f"{hit.document.title}, p. {hit.page}: {' '.join(hit.text.split())}")

    def _named(self, documents: DocumentQuerySet, ids: list[str]) -> DocumentQuerySet:
        try:
            found = documents.filter(public_id__in=ids)
            if found.count() < len(set(ids)):
                raise CommandError("There is no such document.")
        except ValidationError as error:
            raise CommandError("That is not a document's id.") from error
        if found.values("workspace").distinct().count() > 1:
            raise CommandError("The documents are not all of one workspace.")
        return found


def _as_dict(hit: search.Hit) -> dict[str, Any]:
    """The shape that `search --json` prints for a passage."""
    return {
        "document": str(hit.document.public_id),
        "version": str(hit.version.public_id),
        "start": hit.start,
        "end": hit.end,
        "page": hit.page,
        "score": hit.score,
        "text": hit.text,
    }
