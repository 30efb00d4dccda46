"""What an answer did on its way: kept as data with it, told in words when it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents import ingest
from documents.labels import isolated
from qa import engine

Step = dict[str, Any]
LONGEST = 300  # characters of a query or a title that are kept


def of_web(call: engine.Called, browsed: engine.Browsed) -> Step:
    """The step of a call that the API ran itself."""
    if call.name == "web_search":
        query = str(call.input.get("query", ""))[:LONGEST]
        step = {"kind": "web_search", "query": query, "pages": len(browsed.pages)}
    else:
        page = browsed.pages[0] if browsed.pages else None
        asked = str(call.input.get("url", "")) if page is None else page.url
        title = page.title if page else ""
        step = {"kind": "web_fetch", "url": asked[:LONGEST], "title": title[:LONGEST]}
    return step | ({"error": browsed.error[:80]} if browsed.error else {})


def sentence(step: Mapping[str, Any]) -> SafeString:
    """A step in words, as safe HTML: what was looked for stands out."""
    tell = _TELL.get(step.get("kind", ""))
    return tell(step) if tell else SafeString("")


def _searched(step: Mapping[str, Any]) -> SafeString:
    queries = format_html_join(", ", "<em>{}</em>", ((query,) for query in step["queries"]))
    count = step["passages"]
    passages = (
        ngettext("%(count)s passage", "%(count)s passages", count) % {"count": f"{count:,}"}
        if count
        else _("nothing found")
    )
    if title := step.get("title"):
        return format_html(
            _("Searched {queries} in {title} – {passages}"),
            queries=queries,
            title=isolated(title),
            passages=passages,
        )
    documents = ngettext("%(count)s document", "%(count)s documents", step["documents"]) % {
        "count": f"{step['documents']:,}"
    }
    return format_html(
        _("Searched {queries} in {documents} – {passages}"),
        queries=queries,
        documents=documents,
        passages=passages,
    )


def _listed(step: Mapping[str, Any]) -> SafeString:
    count = step["documents"]
    documents = ngettext("%(count)s document", "%(count)s documents", count)
    documents %= {"count": f"{count:,}"}
    if title := step.get("title"):
        said = _("Looked for titles with {title} – {documents}")
        return format_html(
            said, title=format_html("<em>{}</em>", isolated(title)), documents=documents
        )
    return format_html(_("Looked at the list of {documents}"), documents=documents)


def _read(step: Mapping[str, Any]) -> SafeString:
    first, last = step.get("pages") or (None, None)
    title = isolated(step["title"])
    if first is None:
        said = format_html(_("Looked into {title} – nothing at that place"), title=title)
    elif first == last:
        said = format_html(_("Read page {page} of {title}"), page=first, title=title)
    else:
        many = _("Read pages {first}–{last} of {title}")
        said = format_html(many, first=first, last=last, title=title)
    if looked := step.get("looked"):
        seen = ngettext(
            "{said} – looked at page {pages}", "{said} – looked at pages {pages}", len(looked)
        )
        said = format_html(seen, said=said, pages=", ".join(ingest.runs(looked)))
    if not (unread := step.get("unread")):
        return said
    missing = ngettext(
        "{said} – page {pages} could not be read as text",
        "{said} – pages {pages} could not be read as text",
        len(unread),
    )
    return format_html(missing, said=said, pages=", ".join(map(str, unread)))


def _refused(step: Mapping[str, Any]) -> SafeString:
    return format_html("{}", _("Asked for something that is not there"))


def _searched_web(step: Mapping[str, Any]) -> SafeString:
    query = format_html("<em>{}</em>", step["query"])
    if step.get("error"):
        return format_html(_("Searched the web for {query} – failed"), query=query)
    pages = ngettext("%(count)d page", "%(count)d pages", step["pages"]) % {"count": step["pages"]}
    return format_html(_("Searched the web for {query} – {pages}"), query=query, pages=pages)


def _opened(step: Mapping[str, Any]) -> SafeString:
    what = step["title"] or step["url"]
    said = (
        _("Could not open {what} on the web") if step.get("error") else _("Opened {what} ({url})")
    )
    return format_html(said, what=what, url=step["url"])


_TELL = {
    "search": _searched,
    "list": _listed,
    "read": _read,
    "refused": _refused,
    "web_search": _searched_web,
    "web_fetch": _opened,
}
