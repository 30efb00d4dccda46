"""A citation as the API sent it becomes a verified range of a version's canonical text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Page = tuple[int, int, int]
"""(number, start, end): number from 1, half-open range of code points."""


@dataclass(frozen=True)
class SourceText:
    """A version's canonical text with its pages. Keep one per version: it caches its indexes."""

    version: str
    title: str
    text: str
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A citation after verification.

    `kind` is text, page or web; `state` is exact, realigned or unverified. Where `start` is given,
    ``text[start:end] == cited_text`` holds. Pages are 1-based and inclusive.
    """

    kind: str
    state: str
    cited_text: str
    version: str | None = None
    title: str = ""
    start: int | None = None
    end: int | None = None
    page_start: int | None = None
    page_end: int | None = None
    url: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)


def resolve(
    raw: Mapping[str, Any], document_map: Sequence[str], load: Callable[[str], SourceText]
) -> Resolved:
    """Verify one citation. Never raises on what the API sends: what cannot be found is unverified.

    `load` gives the text of a version; a ``LookupError`` from it means the source is gone.
    """
    raise NotImplementedError


def pages_of(pages: Sequence[Page], start: int, end: int) -> tuple[int | None, int | None]:
    """First and last page number that ``[start, end)`` touches; (None, None) without pages."""
    raise NotImplementedError


class Numbering:
    """Footnote numbers in reading order, from 1; the same passage keeps its number."""

    def number(self, citation: Resolved) -> int:
        raise NotImplementedError
