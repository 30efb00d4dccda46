"""Ingest without a worker: what the command line does with a path."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import File

from accounts.models import User, Workspace
from documents import uploads
from documents.models import Document, Version
from documents.reading import ingest_version
from documents.unpacking import Unpacked

POLL = 0.1


@dataclass(frozen=True)
class Ingested:
    """``version`` is None when the file was refused; then ``error`` says why."""

    path: str
    version: Version | None
    error: str
    seconds: float

    @property
    def ready(self) -> bool:
        return self.version is not None and self.version.status == Version.Status.READY

    def as_dict(self) -> dict[str, object]:
        """The shape that `ingest --json` prints, one line a file."""
        version = self.version
        return {
            "path": self.path,
            "document": str(version.document.public_id) if version else None,
            "version": str(version.public_id) if version else None,
            "status": "ready" if self.ready else "failed",
            "pages": version.page_count if version else 0,
            "chars": version.chars if version else 0,
            "error": self.error or None,
            "seconds": round(self.seconds, 3),
        }


class NotThere(Exception):
    """A document that was named cannot be had; str() says why, in a sentence."""


def chosen(
    ids: Sequence[str] | None, paths: Sequence[Path] | None, workspace: Workspace, user: User
) -> list[Document]:
    """The documents of the ids that the user sees, or else those in the files, read here and now
    into the workspace. Raises NotThere."""
    if not ids:
        return [document for path in paths or () for document in _read(path, workspace, user)]
    rows = Document.objects.visible_to(user).select_related("current", "workspace")
    try:
        found = list(rows.filter(public_id__in=ids))
    except ValidationError as error:
        raise NotThere("That is not a document's id.") from error
    if len(found) < len(set(ids)):
        raise NotThere("There is no such document.")
    return found


def _read(path: Path, workspace: Workspace, user: User) -> list[Document]:
    """The file as a document, with those that are in it and could be read."""
    file, *within = ingest_path(path, workspace, user)
    if file.version is None or not file.ready:
        raise NotThere(f"{path}: {file.error}")
    if file.version.pk != file.version.document.current_id:
        said = "This is the file of version {} of {}, which is not the current one."
        raise NotThere(f"{path}: {said.format(file.version.number, file.version.document)}")
    ready = [inner.version for inner in within if inner.version and inner.ready]
    return [version.document for version in (file.version, *ready)]


def ingest_path(path: Path, workspace: Workspace, by: User) -> Iterator[Ingested]:
    """Upload and read one file in this process, then each that is within it, at any depth.

    Refusals and failures come back as sentences.
    """
    began = time.monotonic()
    try:
        with path.open("rb") as file:
            found = uploads.accept(File(file, name=path.name), path.name, workspace, by)
    except uploads.Refused as refusal:
        yield Ingested(str(path), None, str(refusal), time.monotonic() - began)
    except OSError as error:
        sentence = f"The file could not be opened: {error.strerror}."
        yield Ingested(str(path), None, sentence, time.monotonic() - began)
    else:
        yield from _ingest(str(path), found.document, found.version, began)


def _ingest(
    path: str, document: Document, version: Version | None, began: float
) -> Iterator[Ingested]:
    within: list[Unpacked] = []
    assert version is not None
    if version.status == Version.Status.FAILED:
        version.retry()
        version.refresh_from_db()
    ingest_version(version, within.append, recognise=True)
    while version.working and not Document.objects.filter(
        pk=version.document_id, deleted_at__isnull=False
    ):
        # a worker of a running installation was quicker: wait for its outcome
        time.sleep(POLL)
        version.refresh_from_db()
        ingest_version(version, within.append, recognise=True)
    yield Ingested(path, version, version.error, time.monotonic() - began)
    for found in within:
        inner = f"{path}/{found.path}"
        if found.document is None:
            yield Ingested(inner, None, found.refusal, 0.0)
        elif found.document.deleted_at is None:
            yield from _ingest(inner, found.document, found.document.current, time.monotonic())
    # the rest came out of it before, or in another process
    told = [found.document.pk for found in within if found.document]
    for content in document.live_contents.exclude(pk__in=told):
        inner = f"{path}/{content.title}"
        yield from _ingest(inner, content, content.current, time.monotonic())
