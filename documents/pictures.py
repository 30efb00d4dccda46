"""Pictures of a version's pages, drawn when somebody looks and kept for the next who does."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from documents import ingest
from documents.geometry import LOOK_SECONDS
from documents.models import Version
from documents.reading import limits

#: Pixels across: the thumbnail, then what screens of various densities show.
WIDTHS = (160, 600, 900, 1200, 1800, 2400)
KINDS = (ingest.Kind.PDF, ingest.Kind.IMAGE)


def picture(version: Version, page: int, width: int) -> bytes | None:
    """Page ``page`` (from 1) of a ready version as an image file, about ``width`` pixels across.

    None for a page that does not exist and for kinds without pages. Raises `ingest.Unreadable`
    when it cannot be drawn.
    """
    kind = ingest.Kind(version.blob.kind)
    if kind not in KINDS or not 1 <= page <= version.page_count:
        return None
    kept = _folder(version) / f"{page}-{width}"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    drawn = ingest.picture(version.blob.file.path, kind, limits(LOOK_SECONDS), page, width)
    _keep(kept, drawn)
    return drawn


def snapped(width: int) -> int:
    """The width of `WIDTHS` that serves: the next wider one, or the widest."""
    return next((wide for wide in WIDTHS if wide >= width), WIDTHS[-1])


def forget(version: Version) -> None:
    """Remove all pictures of a version."""
    shutil.rmtree(_folder(version), ignore_errors=True)


def _folder(version: Version) -> Path:
    return Path(settings.PICTURES) / str(version.public_id)


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
