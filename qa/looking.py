"""Documents' pages as Claude looks at them: which, what they cost, and their copies at the API.

A PDF's pages go as PDFs, which can be cited by page; pictures, and pages that cannot be taken out
of their PDF, go as pictures.
"""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from documents import ingest, visual
from documents.models import Document, RemoteFile, Version
from documents.reading import limits
from documents.visual import Shown
from qa import engine, pictures
from qa.claude import Connection, installation
from qa.engine import Look, catalogue, files, looks
from qa.ledger import heard, recorded
from qa.models import Answer, ApiCall, Source, TokenCount

logger = logging.getLogger(__name__)
PREFIX = "pincite-"
SECONDS = 60.0  # for taking pages out of one file, or drawing one of them
CHARS_PER_TOKEN = 2.5
"""Of the text that goes with a page; a low guess, so that it is rather thought to be longer."""
ENDINGS = {looks.PDF: "pdf", "image/png": "png", "image/jpeg": "jpg"}


@dataclass(frozen=True)
class Plan:
    """The pages to be looked at, by version, and about what they cost in tokens. ``left_out``:
    some that would have been looked at of themselves, but do not fit beside the rest."""

    pages: Mapping[int, tuple[Shown, ...]] = field(default_factory=dict)
    tokens: int = 0
    left_out: bool = False

    def of(self, version: Version) -> tuple[Shown, ...]:
        return self.pages.get(version.pk, ())


def plan(versions: Sequence[Version], model: catalogue.Model) -> Plan:
    """What is looked at of these versions. Where all of it does not fit, only what people have
    chosen to be looked at: that is sent or refused, never left out."""
    wanted = {version.pk: visual.pages(version) for version in versions}
    wanted = {pk: pages for pk, pages in wanted.items() if pages}
    if not wanted:
        return Plan()
    costs = {version.pk: cost(version, wanted.get(version.pk, ()), model) for version in versions}
    text = text_tokens(versions, model)
    if fits(versions, wanted, model) and engine.fits(text + sum(costs.values()), model):
        return Plan(wanted, sum(costs.values()))
    chosen = [v.pk for v in versions if v.document.visually == Document.Visually.YES]
    kept = {pk: pages for pk, pages in wanted.items() if pk in chosen}
    return Plan(kept, sum(costs[pk] for pk in kept), left_out=len(kept) < len(wanted))


def fits(
    versions: Sequence[Version],
    pages: Mapping[int, tuple[Shown, ...]],
    model: catalogue.Model,
) -> bool:
    """Whether a request takes as many pages, and as many pictures."""
    pictures = {v.pk for v in versions if v.blob.kind == ingest.Kind.IMAGE}
    counts = [0, 0]
    for pk, some in pages.items():
        counts[pk in pictures] += len(some)
    return max(counts) <= looks.most(model)


def cost(version: Version, pages: Sequence[Shown], model: catalogue.Model) -> int:
    """About how many tokens these pages cost. The API does not count what is stored there."""
    if version.blob.kind == ingest.Kind.IMAGE:
        return sum(_picture(page, model) for page in pages)
    return sum(
        looks.page_tokens(page.width, page.height, math.ceil(page.chars / CHARS_PER_TOKEN), model)
        for page in pages
    )


def _picture(page: Shown, model: catalogue.Model) -> int:
    longer = max(page.width, page.height)
    scale = looks.SIDE / longer if longer > 0 else 0.0
    across, down = (page.width * scale, page.height * scale) if scale else (looks.SIDE, looks.SIDE)
    return looks.picture_tokens(across, down, model)


def text_tokens(versions: Sequence[Version], model: catalogue.Model) -> int:
    """Of the versions' texts, as far as they were counted; else a low guess."""
    counted = TokenCount.objects.filter(version__in=versions, model=model.id)
    counts = dict(counted.values_list("version", "tokens"))
    return sum(counts.get(version.pk, version.chars // 5) for version in versions)


def keep(answer: Answer, versions: Sequence[Version], shown: Plan, model: catalogue.Model) -> None:
    """With the answer: which pages it looks at, and about what that costs."""
    kept = dict(Source.objects.filter(answer=answer).values_list("version", "looked"))
    for version in versions:
        pages = shown.of(version)
        unshown = _unshowable(version)
        looked = [page.number for page in pages if page.number not in unshown]
        if looked != kept.get(version.pk, looked):
            rows = Source.objects.filter(answer=answer, version=version)
            rows.update(looked=looked, looked_tokens=cost(version, pages, model))


# copies ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Some pages of a version as a file: a PDF of them, or a picture of one."""

    pages: tuple[int, ...]
    media_type: str
    data: bytes


def looks_of(version: Version, pages: Sequence[Shown], connection: Connection) -> tuple[Look, ...]:
    """The pages as they are sent, uploading what the API does not have yet.

    A page that cannot be shown is left out. Raises EngineError.
    """
    numbers = [page.number for page in pages]
    if not numbers:
        return ()
    if connection.inline:
        return tuple(_inline(part) for part in parts(version, numbers))
    kept = at_hand(version, pages, connection)
    return kept if kept is not None else _upload(version, numbers, connection)


def at_hand(
    version: Version, pages: Sequence[Shown], connection: Connection
) -> tuple[Look, ...] | None:
    """The same without asking the API: None while it does not have all of them."""
    if not pages:
        return ()
    rows = _rows(version, connection)
    found = {number for row in rows for number in row.pages}
    wanted = {page.number for page in pages}
    if found | _unshowable(version) >= wanted and found <= wanted and rows:
        return tuple(Look(tuple(row.pages), _media_type(row), row.file_id) for row in rows)
    return None


def _rows(version: Version, connection: Connection) -> list[RemoteFile]:
    rows = RemoteFile.objects.usable(connection.account).filter(version=version)
    return list(rows.exclude(kind=RemoteFile.Kind.TEXT).order_by("kind", "part"))


def _media_type(row: RemoteFile) -> str:
    # which kind of picture it is, the API knows from the file
    return looks.PDF if row.kind == RemoteFile.Kind.PDF else "image/png"


def _upload(version: Version, numbers: Sequence[int], connection: Connection) -> tuple[Look, ...]:
    made: list[RemoteFile] = []
    workspace = version.document.workspace
    for part in parts(version, numbers):
        kind = RemoteFile.Kind.PDF if part.media_type == looks.PDF else RemoteFile.Kind.PICTURE
        of_kind = sum(row.kind == kind for row in made)
        number = of_kind if kind == RemoteFile.Kind.PDF else part.pages[0]
        name = f"{PREFIX}{installation()}-{version.public_id}-{kind}-{number}"
        name += f".{ENDINGS[part.media_type]}"
        with recorded(ApiCall.Purpose.UPLOAD, connection, workspace=workspace) as call:
            remote = files.upload(
                connection.client, name, part.data, part.media_type, settings.FILE_DAYS
            )
            call.request_id = remote.request_id or ""
            heard(call, connection, remote.limits)
        made.append(
            RemoteFile(
                version=version,
                kind=kind,
                part=number,
                pages=list(part.pages),
                account=connection.account,
                file_id=remote.file_id,
                expires_at=remote.expires_at,
            )
        )
    old = RemoteFile.objects.filter(version=version, account=connection.account)
    try:
        with transaction.atomic():
            old.exclude(kind=RemoteFile.Kind.TEXT).delete()
            RemoteFile.objects.bulk_create(made)
    except IntegrityError:
        # another worker was quicker; the daily tidying removes these copies, which no row owns
        made = _rows(version, connection)
    logger.info("version=%s pages uploaded parts=%d", version.public_id, len(made))
    return tuple(Look(tuple(row.pages), _media_type(row), row.file_id) for row in made)


def _inline(part: Part) -> Look:
    return Look(part.pages, part.media_type, data=base64.b64encode(part.data).decode())


def room_beside(
    of: Iterable[engine.Source], model: catalogue.Model, connection: Connection
) -> pictures.Room:
    """What is left in a request beside the documents' pages for the pictures of questions."""
    sent = [look for source in of for look in source.looks]
    count = looks.most(model) - sum(look.media_type != looks.PDF for look in sent)
    if not connection.inline:
        return pictures.Room(count)
    return pictures.Room(count, looks.INLINE_BYTES - sum(len(look.data or "") for look in sent))


def check_size(shown: Iterable[Look]) -> None:
    """Raises EngineError where what is sent in base64 is more than a request takes."""
    if sum(len(look.data or "") for look in shown) > looks.INLINE_BYTES:
        raise engine.EngineError("too_large", detail="pages in base64")


# files -------------------------------------------------------------------------------------------

_unshown: dict[str, set[int]] = {}
"""Pages of which this process found that they can neither be taken out nor drawn."""


def _unshowable(version: Version) -> set[int]:
    return _unshown.get(str(version.public_id), set())


def parts(version: Version, numbers: Sequence[int]) -> Iterator[Part]:
    """The pages as files: PDFs no larger than the limits of `looks`, or pictures."""
    if version.blob.kind == ingest.Kind.IMAGE:
        yield from _pictures(version, numbers)
        return
    left: list[int] = []
    for at in range(0, len(numbers), looks.PART_PAGES):
        for part in _excerpts(version, numbers[at : at + looks.PART_PAGES]):
            if isinstance(part, int):
                left.append(part)
            else:
                yield part
    yield from _pictures(version, left)


def _excerpts(version: Version, numbers: Sequence[int]) -> Iterator[Part | int]:
    """PDFs of the pages, or the numbers of pages that cannot be taken out."""
    take = partial(ingest.excerpt, Path(version.blob.file.path), limits(SECONDS))
    try:
        data = take(numbers, looks.PART_BYTES)
    except ingest.Unreadable as error:
        logger.info("version=%s pages not taken out: %s", version.public_id, error.detail)
        if error.code != "too_large":
            yield from numbers
        elif len(numbers) == 1:
            yield numbers[0]
        else:
            middle = len(numbers) // 2
            yield from _excerpts(version, numbers[:middle])
            yield from _excerpts(version, numbers[middle:])
    else:
        yield Part(tuple(numbers), looks.PDF, data)


def _pictures(version: Version, numbers: Sequence[int]) -> Iterator[Part]:
    draw = partial(
        ingest.fitted,
        Path(version.blob.file.path),
        ingest.Kind(version.blob.kind),
        limits(SECONDS),
    )
    for number in numbers:
        try:
            found = draw(number, looks.SIDE)
        except ingest.Unreadable as error:
            logger.info("version=%s page=%d not drawn: %s", version.public_id, number, error.detail)
            _unshown.setdefault(str(version.public_id), set()).add(number)
        else:
            yield Part((number,), found.media_type, found.data)
