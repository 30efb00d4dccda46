"""Files are opened in a process of its own: one function for each job that it can be given.

The children are those of `lanes`; what they say is checked here: a file may have taken one over.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .lanes import asked
from .places import Fitted, PageBoxes, PageLines, PageRange
from .reading import (
    Finding,
    Kind,
    Limits,
    PageReading,
    Part,
    Progress,
    Reading,
    Unreadable,
)
from .words import Word


def read(
    path: Path,
    kind: Kind,
    limits: Limits,
    progress: Progress | None = None,
    part: Callable[[Part], None] | None = None,
) -> Reading:
    """Read the file at ``path`` within ``limits``. Raise `Unreadable`, and nothing else but what
    ``progress`` and ``part`` raise; that stops the reading."""
    answer = asked("reading", "read", path, kind, limits, {}, progress, part)
    try:
        fields = answer.fields
        fields["text"] = answer.data.decode()
        fields["pages"] = tuple(_page(page) for page in fields["pages"])
        fields["warnings"] = tuple(fields["warnings"])
        fields["findings"] = tuple(Finding(**finding) for finding in fields["findings"])
        return Reading(**fields)
    except (ValueError, TypeError, KeyError) as error:  # a file may have taken the child over
        raise Unreadable("crashed", repr(error)) from error


def _page(fields: dict[str, Any]) -> PageReading:
    fields["words"] = tuple(Word(*word) for word in fields["words"])
    return PageReading(**fields)


def picture(path: Path, kind: Kind, limits: Limits, page: int, width: int) -> bytes:
    """The page (1-based) as a picture of ``width`` pixels, as `pictures.draw` makes it. Raise
    `Unreadable`."""
    arguments = {"page": page, "width": width}
    return asked("looking", "picture", path, kind, limits, arguments).data


def fitted(path: Path, kind: Kind, limits: Limits, page: int, side: int) -> Fitted:
    """The page (1-based) as a picture whose sides are ``side`` pixels at most, as `pictures.fit`
    makes it. Raise `Unreadable`."""
    answer = asked("looking", "fitted", path, kind, limits, {"page": page, "side": side})
    try:
        return Fitted.checked(answer.data, **answer.fields)
    except (ValueError, TypeError) as error:  # a file may have taken the child over
        raise Unreadable("crashed", repr(error)) from error


def excerpt(path: Path, limits: Limits, pages: Sequence[int], most: int) -> bytes:
    """Those pages of the PDF at ``path`` as a PDF, as `excerpts.excerpt` makes it. Raise
    `Unreadable`."""
    arguments = {"pages": list(pages), "most": most}
    return asked("reading", "excerpt", path, Kind.PDF, limits, arguments).data


def get_ready(path: Path, kind: Kind, limits: Limits) -> None:
    """Somebody is about to look at this file. Raise `Unreadable`."""
    asked("looking", "get_ready", path, kind, limits, {})


def boxes(
    path: Path,
    limits: Limits,
    ranges: Sequence[PageRange],
    texts: Mapping[int, str] | None = None,
) -> list[PageBoxes]:
    """Where the ranges stand on the pages of the PDF at ``path``, as `locate.find` tells. Raise
    `Unreadable`."""
    arguments = {"ranges": [tuple(wanted) for wanted in ranges], "texts": texts}
    answer = asked("looking", "boxes", path, Kind.PDF, limits, arguments)
    try:
        return [PageBoxes.checked(**page) for page in answer.fields["pages"]]
    except (ValueError, TypeError, KeyError) as error:
        raise Unreadable("crashed", repr(error)) from error


def lines(
    path: Path, limits: Limits, page: int, raw_sha256: str, text: str | None = None
) -> PageLines:
    """The lines of a page of the PDF at ``path``, as `locate.lines` tells. Raise `Unreadable`."""
    arguments = {"page": page, "raw_sha256": raw_sha256, "text": text}
    answer = asked("looking", "lines", path, Kind.PDF, limits, arguments)
    try:
        return PageLines.checked(**answer.fields)
    except (ValueError, TypeError, KeyError) as error:
        raise Unreadable("crashed", repr(error)) from error


def unlock(path: Path, limits: Limits, password: str) -> bytes:
    """The PDF at ``path`` decrypted, as `unlocking.unlock` does it. Raise `Unreadable`. The
    password goes through a pipe and is kept nowhere."""
    return asked("looking", "unlock", path, Kind.PDF, limits, {"password": password}).data


def vet(path: Path, limits: Limits, page: int) -> list[Finding]:
    """Whether the text hidden under a page's picture says what the picture says, as `vetting.vet`
    tells it. Raise `Unreadable`."""
    answer = asked("reading", "vet", path, Kind.PDF, limits, {"page": page})
    try:
        return [Finding(**finding) for finding in answer.fields["findings"]]
    except (ValueError, TypeError, KeyError) as error:
        raise Unreadable("crashed", repr(error)) from error
