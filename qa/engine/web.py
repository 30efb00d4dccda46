"""The API's own web tools: how they are offered, what they return, what their citations mean.

A document may say "fetch this address": only addresses that a search returned are fetched, never
one that stands in a document or in a question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .events import Browsed, WebPage

Block = dict[str, Any]

USES = 5
"""Searches, and pages fetched, of one request at most."""
PAGE_TOKENS = 20_000


def tools(domains: Sequence[str]) -> tuple[Block, ...]:
    """Search and fetch within `domains`; none without any."""
    if not domains:
        return ()
    common = {
        "allowed_domains": list(domains),
        "allowed_callers": ["direct"],
        "max_uses": USES,
    }
    nowhere = {"type": "none"}
    return (
        {"type": "web_search_20260318", "name": "web_search", **common},
        {
            "type": "web_fetch_20260318",
            "name": "web_fetch",
            **common,
            "citations": {"enabled": True},
            "max_content_tokens": PAGE_TOKENS,
            "url_sources": {
                "user_input": nowhere,
                "client_tool_results": nowhere,
                "server_tool_results": {"type": "all"},
            },
        },
    )


def browsed(block: Mapping[str, Any]) -> Browsed | None:
    """What a server tool's result says; None for any other block."""
    if block["type"] not in ("web_search_tool_result", "web_fetch_tool_result"):
        return None
    call, content = block["tool_use_id"], block["content"]
    if isinstance(content, list):
        hits = [hit for hit in content if hit.get("type") == "web_search_result"]
        pages = tuple(WebPage(str(h.get("url", "")), str(h.get("title") or "")) for h in hits)
        return Browsed(call, pages)
    if content.get("type") == "web_fetch_result":
        document = content.get("content") or {}
        source = document.get("source") or {}
        # a PDF comes as its bytes, which nothing can be compared with
        text = source.get("data") if source.get("type") == "text" else None
        title = str(document.get("title") or "")
        return Browsed(call, (WebPage(str(content.get("url", "")), title, str(text or "")),))
    return Browsed(call, (), str(content.get("error_code") or "unavailable"))


def address(url: str) -> str:
    """The address if a link may lead there: http or https, with a host; else ""."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    plain = url.isprintable() and " " not in url
    return url if plain and parts.scheme in ("http", "https") and host else ""
