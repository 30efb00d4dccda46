"""From queries to passages: the documents first, then the passages in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Substr

from accounts.models import Workspace
from documents.models import Document, DocumentQuerySet, KeyCount, Stretch, Text, Version

from . import packing, ranking, words
from .candidates import candidates
from .indexing import HEAD, IN_LANGUAGE, IN_WORKSPACE, LENGTH, OF_HEAD, PASSAGES
from .passages import Passage, Range
from .ranking import Collection, Slot

QUERIES = 8  # fused at most
QUERY_CHARS = 1_000  # looked at of one query
QUERY_WORDS = 32
FEW = 60  # versions that are read whole rather than asked for
LOOKED_AT = 96  # stretches of a query
ROUTED = 5  # documents that a query may be about
HEADS = 200  # of documents, looked at for that
DOCUMENT_WEIGHT = 3.0
DEPTH = 50  # passages of a query that are fused
COMPLETIONS = 6  # words that an unfinished one may become


@dataclass(frozen=True)
class Hit:
    """A passage that was found: ``text`` is the version's characters ``start`` to ``end``.

    ``sentences`` are the ranges of its sentences in the version's text; ``heading`` is the line
    above it or "". Scores compare within one search only.
    """

    document: Document
    version: Version
    start: int
    end: int
    page: int
    page_end: int
    score: float
    text: str
    sentences: tuple[Range, ...]
    heading: str


@dataclass(frozen=True)
class Place:
    """A passage by its stretch and its number there."""

    stretch: int
    number: int


@dataclass(frozen=True)
class Counts:
    """What a workspace has of the keys of all queries, in passages and in heads."""

    passages: Collection
    heads: Collection


def search(
    workspace: Workspace,
    queries: Sequence[str],
    documents: DocumentQuerySet,
    limit: int = 20,
    *,
    named: bool = False,
    typing: bool = False,
) -> list[Hit]:
    """The best passages of the workspace's documents for some queries, best first.

    ``documents`` are those that may be found: none, nothing. ``named``: they were chosen one by
    one, so that it does not matter which of them a query seems to be about. ``typing``: the last
    word may be unfinished. Nothing is raised for any query.
    """
    current = documents.filter(workspace=workspace, deleted_at=None, current__status="ready")
    rows = Stretch.objects.filter(version__in=current.order_by().values("current"))
    asked = [query[:QUERY_CHARS] for query in queries[:QUERIES] if query.strip()]
    slots = [_slots(workspace, query, typing) for query in asked]
    counts = _counts(workspace, {key for query in slots for slot in query for key in slot})
    scope = _Scope(rows, f"{IN_WORKSPACE}{workspace.pk}", counts, named)
    rankings = [scope.ranked(query)[:DEPTH] for query in slots]
    if len(rankings) == 1:
        best = rankings[0]
    else:
        best = ranking.fused([[place for place, _score in one] for one in rankings])
    return _hits(scope.seen, best[:limit])


def _slots(workspace: Workspace, query: str, typing: bool) -> list[Slot]:
    """The words of a query, each with its keys in the languages of the workspace."""
    codes = [IN_LANGUAGE + code for code in words.LANGUAGES]
    rows = KeyCount.objects.filter(workspace=workspace, key__in=codes, passages__gt=0)
    languages = sorted(key[1:] for key in rows.values_list("key", flat=True)) or [words.DEFAULT]
    found: dict[tuple[int, int], list[tuple[str, ...]]] = {}
    for language in languages:
        for start, end, keys in words.places(query, language):
            found.setdefault((start, end), []).append(keys)
    slots: dict[Slot, None] = {}
    for (_start, end), several in found.items():
        # the pairs of a Chinese run, the parts of a hyphened word: each counts by itself
        for at in range(max(map(len, several))):
            slot = tuple(dict.fromkeys(keys[at] for keys in several if at < len(keys)))
            if typing and end == len(query):
                slot = _completed(workspace, slot)
            slots[slot] = None
    return list(slots)[:QUERY_WORDS]


def _completed(workspace: Workspace, slot: Slot) -> Slot:
    """With what an unfinished word may become: the commonest keys that begin like it."""
    begun = Q()
    for key in slot:
        begun |= Q(key__gte=key, key__lt=key + "\x7f", key__startswith=key)
        # "terminati" is longer than the stem of what it will be
        begun |= Q(key__in=[key[:size] for size in range(4, len(key))])
    rows = KeyCount.objects.filter(begun, workspace=workspace).order_by("-passages")
    return tuple(dict.fromkeys([*slot, *rows.values_list("key", flat=True)[:COMPLETIONS]]))


def _counts(workspace: Workspace, keys: set[str]) -> Counts:
    wanted = {PASSAGES, LENGTH} | keys
    rows = KeyCount.objects.filter(workspace=workspace).filter(
        key__in=[of + key for key in wanted for of in ("", OF_HEAD)]
    )
    known = dict(rows.values_list("key", "passages"))

    def collection(of: str) -> Collection:
        size = known.get(of + PASSAGES, 0)
        mean = known.get(of + LENGTH, 0) / size if size else 1.0
        return Collection(size, mean or 1.0, known)

    return Counts(collection(""), collection(OF_HEAD))


class _Scope:
    """The rows that may be found, looked at for one query after another."""

    def __init__(self, rows: QuerySet[Stretch], mark: str, counts: Counts, named: bool) -> None:
        self._rows, self._mark, self._counts, self._named = rows, mark, counts, named
        self.seen: dict[int, tuple[Stretch, packing.Stretch]] = {}
        few = list(rows.filter(number=HEAD).values_list("version", flat=True)[: FEW + 1])
        whole = rows.filter(version__in=few).exclude(number=HEAD)
        self._few = None
        if len(few) <= FEW:
            some = list(whole.order_by("-pk")[: LOOKED_AT + 1])
            self._few = some if len(some) <= LOOKED_AT else None

    def ranked(self, slots: Sequence[Slot]) -> list[tuple[Place, float]]:
        """The passages that have a word of a query, best first."""
        known = _rarest_first(slots, self._counts.passages)
        documents = {} if self._named else self._documents(slots)
        found: dict[Place, float] = {}
        version_of: dict[int, int] = {}
        for row in self._looked_at(known, documents):
            version_of[row.pk] = row.version_id
            stretch = self._opened(row)
            for number, score in ranking.scores(stretch, known, self._counts.passages).items():
                found[Place(row.pk, number)] = score
        best = max(found.values(), default=1.0)
        return sorted(
            (
                (place, score / best + documents.get(version_of[place.stretch], 0.0))
                for place, score in found.items()
            ),
            key=lambda pair: (-pair[1], pair[0].stretch, pair[0].number),
        )

    def _looked_at(self, slots: Sequence[Slot], documents: dict[int, float]) -> list[Stretch]:
        if not slots or self._few is not None:
            return (self._few or []) if slots else []
        rows = self._rows.exclude(number=HEAD)
        found = {row.pk: row for row in candidates(rows, self._mark, slots, LOOKED_AT)}
        about = sorted(documents, key=lambda version: -documents[version])[:ROUTED]
        if about:
            inside = rows.filter(version__in=about)
            found |= {row.pk: row for row in candidates(inside, self._mark, slots, LOOKED_AT // 2)}
        return list(found.values())

    def _documents(self, slots: Sequence[Slot]) -> dict[int, float]:
        """How much a query seems to be about each version, 0 to `DOCUMENT_WEIGHT`."""
        heads = [tuple(OF_HEAD + key for key in slot) for slot in slots]
        known = _rarest_first(heads, self._counts.heads)
        rows = self._rows.filter(number=HEAD)
        found: dict[int, float] = {}
        for row in candidates(rows, self._mark, known, HEADS):
            score = ranking.scores(
                packing.Stretch.of(row), known, self._counts.heads, ranking.TITLE_WEIGHT
            )
            found[row.version_id] = score.get(0, 0.0)
        best = max(found.values(), default=0.0) or 1.0
        return {version: DOCUMENT_WEIGHT * score / best for version, score in found.items()}

    def _opened(self, row: Stretch) -> packing.Stretch:
        if row.pk not in self.seen:
            self.seen[row.pk] = (row, packing.Stretch.of(row))
        return self.seen[row.pk][1]


def _rarest_first(slots: Sequence[Slot], of: Collection) -> list[Slot]:
    """The words that occur at all, with their keys that do."""
    known = (tuple(key for key in slot if of.counts.get(key)) for slot in slots)
    return sorted(
        (slot for slot in dict.fromkeys(known) if slot),
        key=lambda slot: sum(of.counts[key] for key in slot),
    )


def _hits(
    seen: dict[int, tuple[Stretch, packing.Stretch]], best: Sequence[tuple[Place, float]]
) -> list[Hit]:
    """The passages at some places, with their texts."""
    found: list[tuple[int, Passage, float]] = [
        (seen[place.stretch][0].version_id, seen[place.stretch][1].passage(place.number), score)
        for place, score in best
    ]
    wanted: defaultdict[int, set[Range]] = defaultdict(set)
    for version, passage, _score in found:
        wanted[version] |= {(passage.start, passage.end)} | {passage.heading or (0, 0)}
    texts = _texts(wanted)
    versions = Version.objects.select_related("document__folder", "blob").in_bulk(list(wanted))
    return [
        Hit(
            document=versions[version].document,
            version=versions[version],
            start=passage.start,
            end=passage.end,
            page=passage.page,
            page_end=passage.page_end,
            score=round(score, 4),
            text=texts[version, (passage.start, passage.end)],
            sentences=passage.sentences,
            heading=" ".join(texts[version, passage.heading or (0, 0)].split()),
        )
        for version, passage, score in found
        if version in versions and (version, (passage.start, passage.end)) in texts
    ]


def _texts(wanted: dict[int, set[Range]]) -> dict[tuple[int, Range], str]:
    """Some ranges of some versions' texts; only these characters leave the database."""
    found = {}
    for version, ranges in wanted.items():
        ordered = sorted(ranges)
        parts = {
            f"part_{at}": Substr("content", start + 1, max(end - start, 1))
            for at, (start, end) in enumerate(ordered)
        }
        row = Text.objects.filter(version=version).annotate(**parts).values(*parts).first()
        for (start, end), part in zip(ordered, (row or {}).values(), strict=bool(row)):
            found[version, (start, end)] = part[: end - start]
    return found
