"""What is within an e-mail or an archive becomes documents of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.core.files.base import ContentFile
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents import folders, ingest, uploads
from documents.models import Document, Folder, Version
from documents.numbers import grouped

#: How deep files may lie in containers within containers.
MAX_LEVELS = 3
#: How many documents may come out of one upload, however they are packed.
MAX_DOCUMENTS = 2_000
#: How many bytes they may have together: archives in archives unpack to far more than they are.
MAX_BYTES = 2_000_000_000
WARNINGS = 50  # more sentences on one document nobody reads


@dataclass(frozen=True)
class Unpacked:
    """What became of a file within: ``document``, or None and the sentence that refuses it.

    ``path`` is its place in the container. ``created`` is False when the document was there.
    """

    path: str
    document: Document | None
    refusal: str = ""
    created: bool = False


class Unpacking:
    """Takes in the files of one container, in the order of the container.

    It may be done again, after a worker died or with a later reading: what has become a document
    once is passed over, also when it was moved, renamed or deleted since.
    """

    def __init__(self, version: Version, told: Callable[[Unpacked], None]) -> None:
        self._version = version
        self._container = version.document
        self._told = told
        self._folders: dict[tuple[str, ...], Folder | None] = {}
        self._seen: Counter[tuple[str, str]] = Counter()
        self._created = self._created_bytes = 0
        self._sentences: list[str] = []

    @cached_property
    def _above(self) -> list[Document]:
        """The containers this one lies in, the nearest first."""
        above: list[Document] = []
        step = self._container.container
        while step is not None and len(above) < MAX_LEVELS:
            above.append(step)
            step = step.container
        return above

    @cached_property
    def _before(self) -> tuple[int, int]:
        """How many documents came out of the same upload before, at any depth, and their bytes."""
        root = [self._container, *self._above][-1]
        within = Q(container=root)
        for depth in range(2, MAX_LEVELS + 1):
            within |= Q(**{"__".join(["container"] * depth): root})
        files = Version.objects.filter(document__in=Document.objects.filter(within), number=1)
        found = files.aggregate(count=Count("pk"), size=Sum("blob__size"))
        return found["count"], found["size"] or 0

    def _check_room(self, size: int) -> None:
        """Raises Refused when one more document of so many bytes is too much."""
        count, before = self._before
        if count + self._created >= MAX_DOCUMENTS:
            raise uploads.Refused(
                _("Not accepted: more than %(limit)s files came out of one upload.")
                % {"limit": grouped(MAX_DOCUMENTS)}
            )
        if before + self._created_bytes + size > MAX_BYTES:
            raise uploads.Refused(
                _("Not accepted: more than %(limit)s MB came out of one upload.")
                % {"limit": grouped(MAX_BYTES // 1_000_000)}
            )

    def take(self, part: ingest.Part) -> None:
        """Make a document of a file, or remember why not."""
        try:
            unpacked = self._take(part)
        except uploads.Refused as refusal:
            unpacked = Unpacked(part.path, None, str(refusal))
            self._sentences.append(f"{part.path}: {refusal.reason}")
        self._told(unpacked)

    def warnings(self) -> list[str]:
        """Sentences on the files that did not become documents of their own, the first of them."""
        more = len(self._sentences) - WARNINGS
        if more <= 0:
            return self._sentences
        last = ngettext(
            "One more file did not become a document of its own.",
            "%(more)s more files did not become documents of their own.",
            more,
        )
        return [*self._sentences[:WARNINGS], last % {"more": grouped(more)}]

    def _take(self, part: ingest.Part) -> Unpacked:
        if not Document.objects.filter(pk=self._container.pk, deleted_at=None).exists():
            raise uploads.Refused(_("Not accepted: what it lies in was deleted."))
        *above, name = part.path.split("/")
        file = ContentFile(part.data, name=name)
        title = uploads.clean_title(name)
        if uploads.kind_of(file, title) in ingest.CONTAINERS and len(self._above) + 1 >= MAX_LEVELS:
            raise uploads.Refused(_("Not accepted: it lies too deep, in archives within archives."))
        known = self._known(title, uploads.digest(file))
        if known is not None:
            return Unpacked(part.path, known)
        self._check_room(len(part.data))
        found = uploads.accept(
            file,
            name,
            self._container.workspace,
            self._container.uploaded_by,
            folder=self._folder(tuple(above)),
            container=self._container,
        )
        if found.created:
            self._created += 1
            self._created_bytes += len(part.data)
        if found.earlier is not None:
            self._sentences.append(
                _("%(path)s: the file of version %(number)d of %(title)s, not the current one.")
                % {
                    "path": part.path,
                    "number": found.earlier.number,
                    "title": found.document.title,
                }
            )
        elif found.document.title != title:
            self._sentences.append(
                _("%(path)s: the same file as %(title)s.")
                % {"path": part.path, "title": found.document.title}
            )
        return Unpacked(part.path, found.document, created=found.created)

    def _known(self, title: str, sha256: str) -> Document | None:
        """The document that this file became before. Of equal files under the same name, in
        different folders, each has its own."""
        same = Version.objects.filter(
            document__container=self._container, number=1, name=title, blob__sha256=sha256
        )
        place = self._seen[title, sha256]
        self._seen[title, sha256] += 1
        version = same.select_related("document").order_by("pk")[place : place + 1].first()
        return version.document if version else None

    def _folder(self, names: tuple[str, ...]) -> Folder | None:
        """Where a file goes: of an e-mail beside it, of an archive into a folder of its name."""
        if names not in self._folders:
            own: tuple[str, ...] = ()
            if self._container.kind == ingest.Kind.ZIP:
                own = (self._version.name.rpartition(".")[0] or self._version.name,)
            self._folders[names] = folders.ensure(
                self._container.workspace,
                (*own, *names),
                self._container.uploaded_by,
                under=self._container.folder,
            )
        return self._folders[names]
