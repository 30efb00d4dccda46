"""The index kept in step with the documents: what comes in, what goes, what is counted."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from documents.models import Document, DocumentQuerySet, KeyCount, Page, Stretch, Text, Version

from . import packing, words
from .packing import Counted
from .passages import PageSpan, Passage, passages

logger = logging.getLogger(__name__)

# where the words of a file's name meet: "NDA-BirchLtd-2024final"
_JOINED = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)|_")

HEAD = 0  # the number of the stretch by which a document is found
HEAD_CHARS = 1_500
# Keys that stand for no word. Of the index as a whole, in `KeyCount`:
PASSAGES, LENGTH = "", "#"
# before the keys of heads, which are counted apart:
OF_HEAD = "="
# and before a key, how many documents have it anywhere
IN_DOCUMENT = "%"
# before a language's code, how many passages are in it; before a workspace's number, in ``words``
IN_LANGUAGE, IN_WORKSPACE = "@", "~"


def index(version: Version) -> bool:
    """Make a version findable, in place of its document's others.

    False when it is not due any more; a failure is counted and logged, and tried again later.
    """
    try:
        found = _read(version)
        with transaction.atomic():
            # locked: of two that index it, the second finds it done
            Document.objects.select_for_update().get(pk=version.document_id)
            if not Version.objects.to_index().filter(pk=version.pk).exists():
                return False
            forget(Version.objects.filter(document=version.document_id))
            _keep(version, found)
            Version.objects.filter(pk=version.pk).update(
                indexed_at=timezone.now(), index_failures=0
            )
    except Exception:
        logger.exception("version=%s not indexed", version.public_id)
        Version.objects.filter(pk=version.pk).update(index_failures=F("index_failures") + 1)
        return False
    return True


def catch_up(documents: DocumentQuerySet, limit: int) -> None:
    """Index at most so many of the documents' current versions that wait for it, at once."""
    due = Version.objects.to_index().filter(document__in=documents.order_by().values("pk"))
    for version in due.order_by("pk")[:limit]:
        index(version)


def forget(versions: Iterable[Version]) -> None:
    """Take versions out of the index: nothing of them is found or counted any more."""
    for version in versions:
        with transaction.atomic():
            rows = list(Stretch.objects.select_for_update().filter(version=version))
            if rows:
                less = Counter({key: -number for key, number in counts(rows).items()})
                Stretch.objects.filter(version=version).delete()
                _count(version.document.workspace_id, less)
            Version.objects.filter(pk=version.pk).update(indexed_at=None)


def retitle(document: Document) -> None:
    """Let a document that was renamed be found by its new name."""
    version = document.current
    if version is not None and Stretch.objects.filter(version=version).exists():
        forget([version])
        index(version)


def _read(version: Version) -> list[tuple[int, packing.Packed]]:
    """A version's stretches by number, its head first."""
    text = Text.objects.get(version=version).content
    rows = Page.objects.filter(version=version).order_by("number")
    spans = [PageSpan(*row) for row in rows.values_list("number", "start", "end")]
    language = words.language(text)
    title = Document.objects.values_list("title", flat=True).get(pk=version.document_id)
    found = [(HEAD, packing.pack([head(title, text[:HEAD_CHARS], language)], language))]
    counted = (count(text, passage, language) for passage in passages(text, spans))
    while some := list(islice(counted, packing.LENGTH)):
        found.append((len(found), packing.pack(some, language)))
    return found


def head(title: str, text: str, language: str) -> Counted:
    """A document's title and first lines as one passage, the title in the heading's place."""

    def marked(text: str) -> Counter[str]:
        return Counter(OF_HEAD + key for key in words.keys(text, language))

    nowhere = Passage(0, len(text), (), None, 1, 1)
    name = title.rsplit(".", 1)[0]
    return Counted(nowhere, marked(text), marked(f"{name} {_JOINED.sub(' ', name)}"))


def count(text: str, passage: Passage, language: str) -> Counted:
    heading = text[slice(*passage.heading)] if passage.heading else ""
    body = words.keys(text[passage.start : passage.end], language)
    return Counted(passage, Counter(body), Counter(words.keys(heading, language)))


def _keep(version: Version, found: Iterable[tuple[int, packing.Packed]]) -> None:
    workspace = version.document.workspace_id
    here = f"{IN_WORKSPACE}{workspace}"
    rows = [
        Stretch(
            version=version,
            number=number,
            words=" ".join([*stretch.keys, here]),
            packed=stretch.packed,
        )
        for number, stretch in found
    ]
    Stretch.objects.bulk_create(rows, batch_size=100)
    _count(workspace, counts(rows))


def counts(rows: Iterable[Stretch]) -> Counter[str]:
    """What the stretches of a version add to the counts of its workspace."""
    found: Counter[str] = Counter()
    anywhere: set[str] = set()
    for row in rows:
        stretch = packing.Stretch(row.words, bytes(row.packed))
        of = OF_HEAD if row.number == HEAD else ""
        found.update(dict(stretch.counts()))
        found[of + PASSAGES] += stretch.size
        found[of + LENGTH] += sum(stretch.lengths)
        found[of + IN_LANGUAGE + stretch.language] += stretch.size
        anywhere |= {key.removeprefix(OF_HEAD) for key in stretch.keys}
    found.update(IN_DOCUMENT + key for key in anywhere)
    return found


def _count(workspace_id: int, counts: Counter[str]) -> None:
    """Add to what a workspace has of each key. In their order: two that add must not embrace."""
    table = KeyCount._meta.db_table
    rows = [(workspace_id, key, number) for key, number in sorted(counts.items()) if number]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (workspace_id, key, passages) VALUES (%s, %s, %s) "
            "ON CONFLICT (workspace_id, key) "
            f"DO UPDATE SET passages = {table}.passages + excluded.passages",
            rows,
        )
    if any(number < 0 for number in counts.values()):
        KeyCount.objects.filter(workspace=workspace_id, passages__lte=0).delete()
