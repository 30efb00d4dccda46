"""What the child can be asked to do with a file, by name.

Each job gives bytes and JSON-able fields. It may raise `Unreadable`; it may be killed at any point.
A new one is a function here, a line in `JOBS` and a function in `sandbox` that asks for it. The
libraries behind jobs are imported when a job needs them: a child that shows pages loads no reader
of workbooks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .readers import reader_of
from .reading import Kind, Limits, Part, Reading

#: (bytes, fields)
Outcome = tuple[bytes, dict[str, Any]]


class Teller(Protocol):
    """Takes what a job says before it has ended."""

    def progress(self, done: int, total: int) -> None: ...

    def part(self, part: Part) -> None: ...


@dataclass(frozen=True)
class Job:
    """One request: a regular file, not empty and not larger than ``limits.bytes``."""

    path: Path
    kind: Kind
    limits: Limits
    arguments: Mapping[str, Any]
    tell: Teller


def read(job: Job) -> Outcome:
    """The text as bytes, the other fields of its `Reading` as they are."""
    reader = reader_of(job.kind)
    if hasattr(reader, "unpack"):
        reading = reader.unpack(job.path, job.limits, job.tell.progress, job.tell.part)
    else:
        reading = reader.read(job.path, job.limits, job.tell.progress)
    return reading.text.encode(), _fields(reading)


def _fields(reading: Reading) -> dict[str, Any]:
    pages = [vars(page) for page in reading.pages]
    findings = [vars(finding) for finding in reading.findings]
    return vars(reading) | {"text": "", "pages": pages, "findings": findings}


def picture(job: Job) -> Outcome:
    """A page as an image file. Arguments as `pictures.draw` has them."""
    from .pictures import draw

    return draw(job.path, job.kind, job.limits, **job.arguments), {}


def fitted(job: Job) -> Outcome:
    """A page as an image file no larger than a square. Arguments as `pictures.fit` has them."""
    from .pictures import fit

    data, width, height = fit(job.path, job.kind, **job.arguments)
    return data, {"width": width, "height": height}


def excerpt(job: Job) -> Outcome:
    """Pages of a PDF as a PDF. Arguments as `excerpts.excerpt` has them."""
    from .excerpts import excerpt as taken

    return taken(job.path, **job.arguments), {}


def boxes(job: Job) -> Outcome:
    """Where characters of a PDF's pages stand. Arguments as `locate.find` has them."""
    from .locate import find

    return b"", {"pages": [vars(page) for page in find(job.path, **job.arguments)]}


def lines(job: Job) -> Outcome:
    """The lines of a PDF's page. Arguments as `locate.lines` has them."""
    from .locate import lines as lines_of

    return b"", vars(lines_of(job.path, **job.arguments))


def unlock(job: Job) -> Outcome:
    """A PDF without its password. Arguments as `unlocking.unlock` has them."""
    from .unlocking import unlock as unlocked

    return unlocked(job.path, job.limits, **job.arguments), {}


def get_ready(job: Job) -> Outcome:
    """What the first look at a file costs, before anybody looks."""
    from .opened import opened

    if job.kind is Kind.PDF:
        opened(job.path)
    return b"", {}


def load() -> None:
    """Import what looking takes."""
    from . import locate, pictures  # noqa: F401


def rest() -> None:
    """There has been nothing to do for a while."""
    from .opened import let_go

    let_go()


def vet(job: Job) -> Outcome:
    """What is to be said of a page's hidden text. Arguments as `vetting.vet` has them."""
    from .vetting import vet as vetted

    found = vetted(job.path, job.limits, **job.arguments)
    return b"", {"findings": [vars(finding) for finding in found]}


JOBS: Mapping[str, Callable[[Job], Outcome]] = {
    "read": read,
    "picture": picture,
    "fitted": fitted,
    "excerpt": excerpt,
    "boxes": boxes,
    "lines": lines,
    "unlock": unlock,
    "vet": vet,
    "get_ready": get_ready,
}
