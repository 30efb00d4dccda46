"""A citation as the API sent it becomes a verified range of a version's canonical text.

``text[start:end]`` is the only truth about a quote. White space at the ends of a quote is trimmed
from range and quote alike: a chunk of the API ends with the blank before the next sentence, and
nobody wants that marked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .alignment import SourceText, Span, align
from .events import WebPage
from .seen import align_seen
from .tools import Found

Page = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A citation after verification.

    `kind` is text, page or web; `state` is exact, realigned or unverified. Where `start` is given,
    ``text[start:end] == cited_text`` holds; without, `cited_text` is what the API said. Pages are
    1-based and inclusive. `seen`: it was read from the page's picture. `raw` is the citation as it
    came.
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
    seen: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


def resolve(
    raw: Mapping[str, Any],
    document_map: Sequence[str],
    load: Callable[[str], SourceText],
    found: Sequence[Found] = (),
    fetched: Sequence[WebPage] = (),
    looks: Mapping[int, Sequence[int]] | None = None,
) -> Resolved:
    """Verify one citation. What cannot be found, or makes no sense, comes back unverified.

    `load` gives the text of a version; a ``LookupError`` from it means that it is gone. `found`
    are the search results of the request, `fetched` the pages that web tools have opened: they are
    numbered on from the documents. `looks` are the pages that a part of a version consists of, by
    document_index.
    """
    plain = _unverified(raw)
    if raw.get("type") == "search_result_location":
        raw = _in_text(raw, found)
        document_map = [one.version for one in found]
    number = _integer(raw, "document_index")
    if plain.kind == "web" or number is None:
        return plain
    if number >= len(document_map):
        page = number - len(document_map)
        return _on_web(plain, raw, fetched[page]) if page < len(fetched) else plain
    try:
        source = load(document_map[number])
    except LookupError:
        return replace(plain, version=document_map[number])
    plain = replace(plain, version=source.version, title=source.title or plain.title)
    if plain.kind == "page":
        plain = _in_version(plain, (looks or {}).get(number))
        if _range_of(source.pages, plain.page_start, plain.page_end) is None:
            plain = replace(plain, page_start=None, page_end=None)
        state, span = _in_pages(source, plain)
    else:
        state, span = _at_offsets(source, raw, plain.cited_text)
    if span is None:
        return plain
    first, last = pages_of(source.pages, *span)
    return replace(
        plain,
        kind="text",
        state=state,
        cited_text=source.text[span[0] : span[1]],
        start=span[0],
        end=span[1],
        page_start=first,
        page_end=last,
    )


def _in_text(raw: Mapping[str, Any], found: Sequence[Found]) -> Mapping[str, Any]:
    """A citation of a search result as one of its version's text; without offsets if there is no
    such result, or not from that source."""
    number = _integer(raw, "search_result_index")
    if number is None or number >= len(found) or raw.get("source") != found[number].source:
        return {"cited_text": _string(raw, "cited_text")}
    first, after = _integer(raw, "start_block_index"), _integer(raw, "end_block_index")
    place: dict[str, Any] = {"document_index": number, "cited_text": _string(raw, "cited_text")}
    if first is not None and after is not None:
        try:
            start, end = found[number].range(first, after)
        except LookupError:
            return place
        place |= {"start_char_index": start, "end_char_index": end}
    return place


def _in_version(plain: Resolved, pages: Sequence[int] | None) -> Resolved:
    """With the version's own pages in place of those counted in the part that was sent."""
    if pages is None:
        return plain
    first, last = plain.page_start, plain.page_end
    if first is None or last is None or not 1 <= first <= last <= len(pages):
        return replace(plain, page_start=None, page_end=None, seen=True)
    return replace(plain, page_start=pages[first - 1], page_end=pages[last - 1], seen=True)


def _on_web(plain: Resolved, raw: Mapping[str, Any], page: WebPage) -> Resolved:
    """A citation of a fetched page: exact if the page that came has the quote at its place."""
    start, end = _integer(raw, "start_char_index"), _integer(raw, "end_char_index")
    there = (page.text or "")[start:end] if start is not None and end is not None else ""
    exact = bool(plain.cited_text.strip()) and there == plain.cited_text
    return replace(
        plain,
        kind="web",
        state="exact" if exact else "unverified",
        cited_text=plain.cited_text.strip(),
        title=page.title or plain.title,
        url=page.url,
        page_start=None,
        page_end=None,
    )


def pages_of(pages: Sequence[Page], start: int, end: int) -> tuple[int | None, int | None]:
    """First and last page number that ``[start, end)`` touches; (None, None) if none."""
    first = bisect_right(pages, start, key=lambda page: page[2])
    last = bisect_left(pages, max(end, start + 1), key=lambda page: page[1]) - 1
    if not first <= last:
        return None, None
    return pages[first][0], pages[last][0]


class Numbering:
    """Footnote numbers in reading order, from 1; the same passage keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}

    def number(self, citation: Resolved) -> int:
        passage: tuple[object, ...]
        if citation.start is not None:
            passage = (citation.version, citation.start, citation.end)
        else:
            passage = (citation.version, citation.url, citation.cited_text)
        return self._numbers.setdefault(passage, len(self._numbers) + 1)


def _unverified(raw: Mapping[str, Any]) -> Resolved:
    """All that can be taken from a citation as it came."""
    first, after = _integer(raw, "start_page_number"), _integer(raw, "end_page_number")
    kind = {"page_location": "page", "web_search_result_location": "web"}.get(
        str(raw.get("type")), "text"
    )
    return Resolved(
        kind=kind,
        state="unverified",
        cited_text=_string(raw, "cited_text"),
        title=_string(raw, "document_title") or _string(raw, "title"),
        page_start=first,
        # the API's last page is exclusive, and must not come before the first
        page_end=None if first is None else max(first, (after or 0) - 1),
        url=_string(raw, "url") or None,
        raw=raw,
    )


def _at_offsets(source: SourceText, raw: Mapping[str, Any], quote: str) -> tuple[str, Span | None]:
    start, end = _integer(raw, "start_char_index"), _integer(raw, "end_char_index")
    if start is None or end is None:
        return "realigned", align(source, quote, [], None)
    if quote.strip() and source.text[start:end] == quote:
        return "exact", _trimmed(quote, start)
    return "realigned", align(source, quote, source.readings(start, end), None)


def _in_pages(source: SourceText, plain: Resolved) -> tuple[str, Span | None]:
    """On the stated pages first: exact if the quote stands there as it is written."""
    quote = plain.cited_text.strip()
    within = _range_of(source.pages, plain.page_start, plain.page_end)
    if within is None:
        return "realigned", align(source, quote, [], None)
    start = source.text.find(quote, *within) if quote else -1
    if start >= 0:
        return "exact", (start, start + len(quote))
    return "realigned", align_seen(source, quote, within) or align(source, quote, [], None)


def _range_of(pages: Sequence[Page], first: int | None, last: int | None) -> Span | None:
    if first is None or last is None:
        return None
    stated = [(start, end) for number, start, end in pages if first <= number <= last]
    return (stated[0][0], stated[-1][1]) if stated else None


def _trimmed(quote: str, start: int) -> Span:
    start += len(quote) - len(quote.lstrip())
    return start, start + len(quote.strip())


def _integer(raw: Mapping[str, Any], key: str) -> int | None:
    value = raw.get(key)
    return value if type(value) is int and value >= 0 else None


def _string(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""
