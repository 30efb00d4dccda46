"""Pictures that come with questions: taken, made small enough, shown, sent and cleared away."""

from __future__ import annotations

import base64
import logging
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User, Workspace
from documents import ingest, reading, uploads
from qa import engine
from qa.claude import Connection, installation
from qa.engine import catalogue, files, looks
from qa.ledger import heard, recorded
from qa.models import Answer, ApiCall, Enclosure, Picture, RemotePicture

logger = logging.getLogger(__name__)

MOST = 5
"""Pictures of one question."""
KEPT = 0.75
MEGABYTES = 20
"""Of one, as it is uploaded; what is kept is smaller."""
SECONDS = 20.0
UNASKED = timedelta(days=1)
HEAD = 4096  # bytes that tell what a file is


class Refused(Exception):
    """A picture cannot be taken; str() says why, in a sentence."""


def take(file: UploadedFile, workspace: Workspace, by: User) -> Picture:
    """Keep a picture for a question that will be asked. Raises Refused.

    It is drawn anew: nothing of the file but what is seen is kept, and no side is longer than
    what the API takes, however many pictures there are.
    """
    name = uploads.clean_title(file.name or "")
    if not file.size:
        raise Refused(_("%(name)s is empty.") % {"name": name})
    if file.size > MEGABYTES * 1_000_000:
        raise Refused(
            _("%(name)s is larger than %(count)d MB.") % {"name": name, "count": MEGABYTES}
        )
    shown = _drawn(file, name)
    picture = Picture(
        workspace=workspace,
        uploaded_by=by,
        name=name[:200],
        media_type=shown.media_type,
        width=shown.width,
        height=shown.height,
        size=len(shown.data),
    )
    picture.file.save("picture", ContentFile(shown.data), save=False)
    picture.save()
    return picture


def _drawn(file: UploadedFile, name: str) -> ingest.Fitted:
    head = file.read(HEAD)
    file.seek(0)
    if ingest.sniff(head, name) is not ingest.Kind.IMAGE:
        raise Refused(
            _("%(name)s is not a picture that can be read: use PNG, JPEG, GIF, WebP or TIFF.")
            % {"name": name}
        )
    with tempfile.NamedTemporaryFile(prefix="picture-") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        limits = reading.limits(SECONDS)
        try:
            return ingest.fitted(Path(copy.name), ingest.Kind.IMAGE, limits, 1, looks.SIDE)
        except ingest.Unreadable as error:
            logger.info("picture refused: %s", error.detail)
            raise Refused(f"{name}: {reading.sentence(error)}") from error


def drafts(ids: Iterable[str], workspace: Workspace, by: User) -> list[Picture]:
    """The pictures that a form names, in its order: those of theirs that were not asked about."""
    asked = list(dict.fromkeys(ids))
    if not asked:
        return []
    known = {
        str(picture.public_id): picture
        for picture in Picture.objects.unasked().filter(workspace=workspace, uploaded_by=by)
    }
    return [known[id_] for id_ in asked if id_ in known]


def check_count(count: int) -> None:
    """Raises Refused for more than a question may have."""
    if count > MOST:
        raise Refused(
            ngettext(
                "A question may have at most %(count)d picture.",
                "A question may have at most %(count)d pictures.",
                MOST,
            )
            % {"count": MOST}
        )


def enclose(answer: Answer, pictures: Sequence[Picture]) -> None:
    Enclosure.objects.bulk_create(
        Enclosure(answer=answer, picture=picture, number=number)
        for number, picture in enumerate(pictures, start=1)
    )


def of(answer: Answer) -> list[Picture]:
    """The pictures of a question, in order."""
    prefetch_related_objects([answer], "enclosures__picture")  # unless that was done for many
    return [row.picture for row in answer.enclosures.all()]


@dataclass(frozen=True)
class Room:
    """For how many pictures a request has room, and for how many characters of them in base64;
    None where they do not count."""

    count: int
    size: int | None = None

    def holds(self, shown: Sequence[Picture], share: float = 1.0) -> bool:
        size = sum(4 * math.ceil(picture.size / 3) for picture in shown)
        fits = self.size is None or size <= share * self.size
        return fits and len(shown) <= share * self.count


def unsent(turns: Sequence[Sequence[Picture]], room: Room) -> int:
    """How many of the first turns go without their pictures, so that the others' have room.

    When it is full a quarter of it is cleared at once: a prompt that changed at its beginning with
    every question would never be found in the cache. The last turn always keeps its own.
    """
    first = 0
    for end in range(1, len(turns) + 1):
        if room.holds([one for turn in turns[first:end] for one in turn]):
            continue
        while first < end - 1 and not room.holds(
            [one for turn in turns[first:end] for one in turn], KEPT
        ):
            first += 1
    return first


def check_room(shown: Sequence[Picture], room: Room) -> None:
    """Raises EngineError where a question's own pictures are more than a request takes."""
    if not room.holds(shown):
        raise engine.EngineError("too_large", detail="pictures of the question")


def tokens(last: Answer | None, model: catalogue.Model, new: Sequence[Picture] = ()) -> int:
    """What the pictures of a conversation up to this answer cost, and a new question's."""
    return cost([*_turns(last), [*new]], model)


def cost(turns: Sequence[Sequence[Picture]], model: catalogue.Model) -> int:
    """The same of the pictures of each turn, as far as they are sent."""
    return sum(
        looks.picture_tokens(picture.width, picture.height, model)
        for turn in turns[unsent(turns, Room(looks.most(model))) :]
        for picture in turn
    )


def _shown(last: Answer | None) -> list[Picture]:
    """The pictures of a conversation up to this answer; one that was sent twice is there twice."""
    return [picture for turn in _turns(last) for picture in turn]


def _turns(last: Answer | None) -> list[list[Picture]]:
    """The same by question, oldest first; what is asked later has a higher key."""
    if last is None:
        return []
    of_thread = Q(answer__thread=last.thread_id) if last.thread_id else Q(answer=last)
    turns: dict[int, list[Picture]] = {}
    rows = Enclosure.objects.filter(of_thread).order_by("answer", "number")
    for row in rows.select_related("picture"):
        turns.setdefault(row.answer_id, []).append(row.picture)
    # few conversations have any: only then it is asked which of them stand on the way here
    here = set(last.keys_to_here()) if turns else set()
    return [shown for key, shown in turns.items() if key in here]


def sent(answer: Answer, connection: Connection) -> tuple[engine.Picture, ...]:
    """As they are sent, uploading what the API does not have yet. Raises EngineError."""
    return tuple(_sent(picture, connection) for picture in of(answer))


def _sent(picture: Picture, connection: Connection) -> engine.Picture:
    if connection.inline:
        with picture.file.open("rb") as file:
            data = base64.b64encode(file.read()).decode()
        return engine.Picture(picture.media_type, data=data)
    soon = timezone.now() + timedelta(hours=1)
    row = picture.remote.filter(account=connection.account).first()
    if row is not None and (row.expires_at is None or row.expires_at > soon):
        return engine.Picture(picture.media_type, file_id=row.file_id)
    ending = "png" if picture.media_type == "image/png" else "jpg"
    name = f"pincite-{installation()}-{picture.public_id}.{ending}"
    with picture.file.open("rb") as file:
        data = file.read()
    with recorded(ApiCall.Purpose.UPLOAD, connection, workspace=picture.workspace) as call:
        made = files.upload(connection.client, name, data, picture.media_type, settings.FILE_DAYS)
        call.request_id = made.request_id or ""
        heard(call, connection, made.limits)
    try:
        with transaction.atomic():
            picture.remote.filter(account=connection.account).delete()
            RemotePicture.objects.create(
                picture=picture,
                account=connection.account,
                file_id=made.file_id,
                expires_at=made.expires_at,
            )
    except IntegrityError:
        # another worker was quicker; the daily tidying removes this copy, which no row owns
        logger.info("picture=%s uploaded twice", picture.public_id)
    return engine.Picture(picture.media_type, file_id=made.file_id)


def forget(last: Answer, connection: Connection) -> None:
    """The API does not have these any more: the next try uploads them again."""
    shown = _shown(last)
    RemotePicture.objects.filter(picture__in=shown, account=connection.account).delete()


def drop_unasked() -> int:
    """Removes the pictures of questions that were never asked; how many."""
    old = Picture.objects.unasked().filter(created_at__lt=timezone.now() - UNASKED)
    dropped = 0
    for picture in old:
        with transaction.atomic():
            # locked: its question may be asked at this moment
            row = Picture.objects.select_for_update().unasked().filter(pk=picture.pk).first()
            if row is not None:
                row.delete()
                row.file.delete(save=False)
                dropped += 1
    return dropped
