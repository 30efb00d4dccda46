"""From queries to passages: the documents first, then the passages in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Substr

from accounts.models import Workspace
from documents.models import Document, DocumentQuerySet, KeyCount, Stretch, Text, Version

from . import packing, ranking, words
from .candidates import Pool
from .indexing import HEAD, IN_DOCUMENT, IN_LANGUAGE, IN_WORKSPACE, LENGTH, OF_HEAD, PASSAGES
from .passages import Passage, Range
from .ranking import Collection, Slot

QUERIES = 8  # fused at most
QUERY_CHARS = 1_000  # looked at of one query
QUERY_WORDS = 32
LOOKED_AT = 96  # stretches, for one query; are there no more, then all
ROUTED, ROUTED_AT = 5, 64  # documents that a query may be about, and stretches of theirs
HEADS = 60  # of documents, looked at for that
DOCUMENT_WEIGHT = 3.0
SPENT = 0.9  # of a word's weight in passages, when it named the document
SHORT_TEXT = 200_000  # characters; reading it whole is quicker than cutting it in the database
DEPTH = 50  # passages of a query that are fused
COMPLETIONS = 6  # words that an unfinished one may become


@dataclass(frozen=True)
class Hit:
    """A passage that was found: ``text`` is the version's characters ``start`` to ``end``.

    ``sentences`` are the ranges of its sentences in the version's text, ``marks`` those of words
    that were looked for; ``heading`` is the line above it or "". Scores compare within one search.
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
    marks: tuple[Range, ...]
    heading: str

    @property
    def outdated(self) -> bool:
        """Whether its version is found in place of the current one, which is not indexed yet."""
        return self.version.pk != self.document.current_id


@dataclass(frozen=True)
class Place:
    """A passage by its stretch and its number there."""

    stretch: int
    number: int


@dataclass(frozen=True)
class Seen:
    """A stretch that was looked at: the keys of its row and of its version."""

    pk: int
    version: int
    stretch: packing.Stretch


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

    Of a document whose current version cannot be found yet, what the last one that can says is
    found: such hits are `outdated`.
    """
    current = documents.filter(workspace=workspace, deleted_at=None, current__status="ready")
    first = list(current.order_by().values_list("current", flat=True)[: LOOKED_AT + 1])
    few = first if len(first) <= LOOKED_AT else None
    rows = Stretch.objects.filter(_findable(current, few))
    asked = [query[:QUERY_CHARS] for query in queries[:QUERIES] if query.strip()]
    slots = [_slots(workspace, query, typing) for query in asked]
    keys = {key for query in slots for slot in query for key in slot}
    counts = _counts(workspace, keys)
    scope = _Scope(rows, f"{IN_WORKSPACE}{workspace.pk}", counts, named, few is not None)
    rankings = [scope.ranked(query) for query in slots]
    if len(rankings) == 1:
        best = rankings[0]
    else:
        best = ranking.fused([[place for place, _score in one] for one in rankings])
    return _hits(scope.seen, best[: max(limit, 0)], keys)


def _findable(documents: DocumentQuerySet, few: list[int] | None) -> Q:
    """Stretches of the documents' current versions, and of the last ones that were indexed where
    the current ones are not. ``few``: the current ones, where they are few."""
    if few is not None:
        found = Q(version__in=few)
    else:
        # asked of each row that has the words: of all documents no list is made
        found = Q(Exists(documents.order_by().filter(current=OuterRef("version"))))
    # from the few that are not indexed: a hundred thousand documents are not gone through
    unindexed = Version.objects.filter(indexed_at=None).values("document")
    former = Version.objects.filter(document__in=unindexed, indexed_at__isnull=False)
    former = former.exclude(pk=F("document__current"))
    # hardly ever are there any, and to look for both takes longer
    if not former.exists():
        return found
    mine = former.filter(document__in=documents.order_by().values("pk"))
    return found | Q(version__in=mine.values("pk"))


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
        key__in=[of + key for key in wanted for of in ("", OF_HEAD, IN_DOCUMENT)]
    )
    known = dict(rows.values_list("key", "passages"))

    def collection(of: str) -> Collection:
        size = known.get(of + PASSAGES, 0)
        mean = known.get(of + LENGTH, 0) / size if size else 1.0
        return Collection(size, mean or 1.0, known)

    return Counts(collection(""), collection(OF_HEAD))


class _Scope:
    """The rows that may be found, looked at for one query after another."""

    def __init__(
        self, rows: QuerySet[Stretch], mark: str, counts: Counts, named: bool, few: bool
    ) -> None:
        passages, heads = rows.exclude(number=HEAD), rows.filter(number=HEAD)
        of_passages = None if few else Stretch.objects.exclude(number=HEAD)
        of_heads = None if few else Stretch.objects.filter(number=HEAD)
        self._passages = Pool(passages, mark, counts.passages.size, packing.LENGTH, of_passages)
        self._heads = Pool(heads, mark, counts.heads.size, 1, of_heads)
        self._counts, self._named = counts, named
        self.seen: dict[int, Seen] = {}
        whole = list(passages.values_list("pk", flat=True)[: LOOKED_AT + 1]) if few else []
        self._whole = whole if few and len(whole) <= LOOKED_AT else None

    def ranked(self, slots: Sequence[Slot]) -> list[tuple[Place, float]]:
        """The `DEPTH` best passages that have a word of a query, best first."""
        known = _rarest_first(slots, self._counts.passages)
        if not known:
            return []
        naming = {} if self._named else {slot: self._naming(slot) for slot in slots}
        about = self._about(naming)
        # what names a document has had its say when that was found, and is on every page of it
        weights = {slot: 1 - SPENT * self._naming(slot) if about else 1.0 for slot, _count in known}
        # thousands of passages, of which a few are wanted: nothing is made of the others
        found: list[tuple[float, int, int, float]] = []
        for seen in self._look_at(self._candidates(known, about)):
            scored = ranking.scores(seen.stretch, weights, self._counts.passages)
            of_document = about.get(seen.version, 0.0)
            found += [(score, seen.pk, number, of_document) for number, score in scored.items()]
        best = max((score for score, *_where in found), default=1.0)
        first = nsmallest(
            DEPTH,
            ((-(score / best + of), stretch, number) for score, stretch, number, of in found),
        )
        return [(Place(stretch, number), -score) for score, stretch, number in first]

    def _naming(self, slot: Slot) -> float:
        """How far a word names documents, 0 to 1: whether it is in the heads of all that have it.

        A party's name is, while "territory" may stand in one head by chance and in the text of
        twenty other documents.
        """
        counts = self._counts.heads.counts
        heads = sum(counts.get(OF_HEAD + key, 0) for key in slot)
        anywhere = sum(counts.get(IN_DOCUMENT + key, 0) for key in slot)
        return heads / anywhere if anywhere else 0.0

    def _candidates(self, slots: Sequence[tuple[Slot, int]], about: dict[int, float]) -> list[int]:
        """Keys of the stretches to look at: of all documents, and of those it seems to be about."""
        if self._whole is not None:
            return self._whole
        found = self._passages.candidates(slots, LOOKED_AT)
        likely = sorted(about, key=lambda version: -about[version])[:ROUTED]
        if likely:
            inside = self._passages.within(likely)
            some = list(inside.rows.values_list("pk", flat=True)[: ROUTED_AT + 1])
            if len(some) > ROUTED_AT:
                some = inside.candidates(slots, ROUTED_AT)
            found = list(dict.fromkeys([*found, *some]))
        return found

    def _about(self, naming: Mapping[Slot, float]) -> dict[int, float]:
        """How much a query seems to be about each version, 0 to `DOCUMENT_WEIGHT`, by the words in
        its head and how far each of them names documents."""
        heads = {tuple(OF_HEAD + key for key in slot): far for slot, far in naming.items()}
        rarest = _rarest_first(list(heads), self._counts.heads)
        found: dict[int, float] = {}
        most = 0.0
        for seen in self._look_at(self._heads.candidates(rarest, HEADS)):
            scored = [
                (heads[slot], best.get(0, 0.0))
                for slot, best in ranking.by_slot(
                    seen.stretch, heads, self._counts.heads, ranking.TITLE_WEIGHT
                )
            ]
            found.setdefault(seen.version, sum(far * score for far, score in scored))
            most = max(most, sum(score for _far, score in scored))
        return {version: DOCUMENT_WEIGHT * score / most for version, score in found.items() if most}

    def _look_at(self, keys: Sequence[int]) -> list[Seen]:
        fresh = [pk for pk in keys if pk not in self.seen]
        columns = ("pk", "version_id", "words", "packed")
        for pk, version, words_, packed in Stretch.objects.filter(pk__in=fresh).values_list(
            *columns
        ):
            self.seen[pk] = Seen(pk, version, packing.Stretch(words_, packed))
        return [self.seen[pk] for pk in keys if pk in self.seen]


def _rarest_first(slots: Sequence[Slot], of: Collection) -> list[tuple[Slot, int]]:
    """The words that occur at all, with their keys that do, and in how many passages."""
    known = (tuple(key for key in slot if of.counts.get(key)) for slot in slots)
    counted = [(slot, sum(of.counts[key] for key in slot)) for slot in dict.fromkeys(known) if slot]
    return sorted(counted, key=lambda pair: pair[1])


def _hits(seen: dict[int, Seen], best: Sequence[tuple[Place, float]], keys: set[str]) -> list[Hit]:
    """The passages at some places, with their texts."""
    found = [
        (seen[place.stretch], seen[place.stretch].stretch.passage(place.number), score)
        for place, score in best
    ]
    wanted: defaultdict[int, set[Range]] = defaultdict(set)
    for row, passage, _score in found:
        wanted[row.version] |= {(passage.start, passage.end), passage.heading or (0, 0)}
    texts = _texts(wanted)
    versions = Version.objects.select_related("document").in_bulk(list(wanted))
    return [
        _hit(versions[row.version], row.stretch.language, passage, score, texts, keys)
        for row, passage, score in found
        if row.version in versions and row.version in texts
    ]


def _hit(
    version: Version,
    language: str,
    passage: Passage,
    score: float,
    texts: dict[int, dict[Range, str]],
    keys: set[str],
) -> Hit:
    start, text = passage.start, texts[version.pk][passage.start, passage.end]
    marks = [
        (start + begin, start + end)
        for begin, end, of in words.places(text, language)
        if keys.intersection(of)
    ]
    return Hit(
        document=version.document,
        version=version,
        start=start,
        end=passage.end,
        page=passage.page,
        page_end=passage.page_end,
        score=round(score, 4),
        text=text,
        sentences=passage.sentences,
        marks=tuple(marks),
        heading=" ".join(texts[version.pk][passage.heading or (0, 0)].split()),
    )


def _texts(wanted: dict[int, set[Range]]) -> dict[int, dict[Range, str]]:
    """Some ranges of some versions' texts. Short texts come whole, of long ones only these."""
    found = {}
    short = Text.objects.filter(version__in=list(wanted), version__chars__lte=SHORT_TEXT)
    for version, content in short.values_list("version", "content"):
        found[version] = {(start, end): content[start:end] for start, end in wanted[version]}
    for version in wanted.keys() - found.keys():
        ordered = sorted(wanted[version])
        parts = {
            f"part_{at}": Substr("content", start + 1, max(end - start, 1))
            for at, (start, end) in enumerate(ordered)
        }
        row = Text.objects.filter(version=version).annotate(**parts).values_list(*parts).first()
        if row is not None:
            pairs = zip(ordered, row, strict=True)
            found[version] = {(start, end): part[: end - start] for (start, end), part in pairs}
    return found
