"""A very small web of its own: server tools answer from these pages, and nothing is fetched."""

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from . import extract, sentences, tooling
from .library import Library
from .prompt import Document
from .turn import Turn, WebPage

Json = dict[str, Any]

QUOTE = 150  # characters of a hit that a citation quotes


@dataclass(frozen=True)
class Page:
    url: str
    title: str
    text: str


PAGES = (
    Page(
        "https://law.example.org/notice-periods",
        "Notice periods in commercial contracts",
        "A contract for an indefinite time may be terminated on reasonable notice. What is "
        "reasonable depends on how long the parties have dealt with each other. "
        "Courts have found three months' notice reasonable after ten years.",
    ),
    Page(
        "https://law.example.org/governing-law",
        "Choosing the governing law of a contract",
        "Parties to an international contract may choose the law that governs it. Without a choice "
        "the law of the country where the seller or the service provider lives applies.",
    ),
    Page(
        "https://registry.example.com/interest",
        "Statutory interest on late payment",
        "Statutory interest on late commercial payments is eight percentage points above the base "
        "rate. It runs from the day after the payment was due.",
    ),
    Page(
        "https://elsewhere.example.net/collect?what=everything",
        "A page nobody allowed",
        "Termination, notice, governing law, interest, fees and payment are all described here.",
    ),
)


def blocks(
    library: Library, turn: Turn, questions: tuple[str, ...], again: bool = False
) -> list[Json]:
    """What the server's tools do for a question: a search, then a look at its first hit. Once,
    unless it is to be done ``again``."""
    done = any(use["type"] == "server_tool_use" for use in turn.uses)
    if not turn.web or (done and not again):
        return []
    made: list[Json] = []
    allowed = _allowed(turn.web)
    query = " ".join(tooling.keywords(questions[-1])[: tooling.QUERY_WORDS]) if questions else ""
    hits = _ranked(library, query, [page for page in PAGES if _may(page.url, allowed)])
    by_name = {tool["name"]: tool for tool in turn.web}
    if "web_search" in by_name:
        use = _use("web_search", {"query": query})
        result = {"type": "web_search_tool_result", "tool_use_id": use["id"]}
        made += [use, {**result, "content": [_hit(page) for page in hits]}]
    if "web_fetch" in by_name and hits:
        use = _use("web_fetch", {"url": hits[0].url})
        citing = bool((by_name["web_fetch"].get("citations") or {}).get("enabled"))
        result = {"type": "web_fetch_tool_result", "tool_use_id": use["id"]}
        made += [use, {**result, "content": _fetched(hits[0], citing)}]
    return made


def text_blocks(library: Library, turn: Turn, questions: tuple[str, ...]) -> Iterator[Json]:
    """What the pages that came back say on the question, each cited in its own way."""
    told: set[str] = set()
    for returned in sorted(turn.pages, key=lambda page: page.fetched is None):
        page = next((page for page in PAGES if page.url == returned.url), None)
        if page is None or page.url in told:
            continue
        told.add(page.url)
        start, end = _best(library, page, questions)
        yield {"type": "text", "text": f"\n- {page.title}: ", "citations": None}
        quote = page.text[start:end]
        citation = _of_page(returned, quote, start) if quote else None
        yield {"type": "text", "text": quote.strip(), "citations": [citation]}


def _of_page(returned: WebPage, quote: str, start: int) -> Json:
    if returned.fetched is None:
        return {
            "type": "web_search_result_location",
            "cited_text": quote[:QUOTE],
            "url": returned.url,
            "title": returned.title,
            "encrypted_index": _secret(returned.url, start),
        }
    return {
        "type": "char_location",
        "cited_text": quote,
        "document_index": returned.fetched,
        "document_title": returned.title,
        "start_char_index": start,
        "end_char_index": start + len(quote),
        "file_id": None,
    }


def _allowed(tools: tuple[Json, ...]) -> list[str]:
    return [domain for tool in tools for domain in tool.get("allowed_domains") or []]


def _may(url: str, allowed: list[str]) -> bool:
    host = urlsplit(url).hostname or ""
    return not allowed or any(host == d or host.endswith("." + d) for d in allowed)


def _ranked(library: Library, query: str, pages: list[Page]) -> list[Page]:
    documents = [Document(n, page.title, page.text, None, True) for n, page in enumerate(pages)]
    found = extract.find(library, documents, (query,)) if query else []
    return list(dict.fromkeys(pages[one.document.index] for one in found))


def _best(library: Library, page: Page, questions: tuple[str, ...]) -> tuple[int, int]:
    found = extract.find(library, [Document(0, page.title, page.text, None, True)], questions)
    return found[0].ranges[0] if found else sentences.split(page.text)[0]


def _hit(page: Page) -> Json:
    return {
        "type": "web_search_result",
        "url": page.url,
        "title": page.title,
        "encrypted_content": _secret(page.url, 0),
        "page_age": "3 days ago",
    }


def _fetched(page: Page, citing: bool) -> Json:
    source = {"type": "text", "media_type": "text/plain", "data": page.text}
    return {
        "type": "web_fetch_result",
        "url": page.url,
        "retrieved_at": "2026-11-25T12:00:00Z",
        "content": {
            "type": "document",
            "source": source,
            "title": page.title,
            "citations": {"enabled": citing},
        },
    }


def _use(name: str, input_: Json) -> Json:
    id_ = "srvtoolu_01" + secrets.token_hex(11)
    caller = {"type": "direct"}
    return {"type": "server_tool_use", "id": id_, "name": name, "input": input_, "caller": caller}


def _secret(url: str, at: int) -> str:
    return base64.b64encode(json.dumps([url, at]).encode()).decode()
