"""An answer's text blocks become safe HTML, whole or half-finished.

The model's text is Markdown and hostile until sanitised: no raw HTML, no links, no pictures (a
picture's address could carry text outside). Footnote marks travel through the Markdown as two
private-use characters round their number, and become links after the sanitiser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nh3
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

OPEN, CLOSE = "\ue000", "\ue001"
PRIVATE = re.compile("[\ue000-\uf8ff]")
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
TAGS = {
    "p", "ul", "ol", "li", "strong", "em", "s", "code", "pre", "blockquote", "hr", "br",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip

_markdown = (
    MarkdownIt("commonmark", {"html": False, "linkify": False})
    .enable(["table", "strikethrough"])
    .disable(["link", "image", "autolink", "reference", "html_inline", "html_block"])
)
REDACTED = re.compile(r"\[ *\*[ *]*\]")


def _redaction(state: StateInline, silent: bool) -> bool:
    """What was left out of a contract, ``[***]``, is quoted as it stands: it is no emphasis."""
    found = REDACTED.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


_markdown.inline.ruler.before("emphasis", "redaction", _redaction)
# under the page's h1 and the question's h2, an answer's own headings start at h3
_LEVEL = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


@dataclass(frozen=True)
class Note:
    """A footnote as the page needs it: the same from the stream and from the database."""

    number: int
    title: str
    state: str
    href: str  # "" where there is nothing to open
    pages: str
    quote: str
    hidden: bool = False  # it rests on text that its page does not show
    seen: bool = False  # it was read from the page's picture
    web: bool = False  # it is not about a document; ``href`` leads away


def marked_source(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The blocks' Markdown in one string, each block's footnote marks before its last space."""
    parts = []
    for block in blocks:
        text = PRIVATE.sub("", block["text"])
        body = text.rstrip()
        marks = "".join(f"{OPEN}{number}{CLOSE}" for number in dict.fromkeys(block["citations"]))
        parts.append(body + marks + text[len(body) :])
    return "".join(parts)


def html(source: str, anchor: str, notes: Mapping[int, Note]) -> SafeString:
    """Marked Markdown as safe HTML. A mark that Markdown swallowed is set at the end."""
    tokens = _markdown.parse(source)
    for token in tokens:
        token.tag = _LEVEL.get(token.tag, token.tag)
    rendered = _markdown.renderer.render(tokens, _markdown.options, {})
    clean = nh3.clean(rendered, tags=TAGS, attributes={"ol": {"start"}}, link_rel=None)
    wanted = [int(n) for n in MARK.findall(source)]
    shown = {int(n) for n in MARK.findall(clean)}
    lost = dict.fromkeys(n for n in wanted if n not in shown)
    clean = MARK.sub(lambda match: mark(int(match[1]), anchor, notes), _without_strays(clean))
    tail = "".join(mark(number, anchor, notes) for number in lost)
    return mark_safe(clean + (f"<p>{tail}</p>" if tail else ""))


def _without_strays(clean: str) -> str:
    """Drops a lone half of a mark; whole marks stay."""
    return re.sub(f"{OPEN}(?!\\d+{CLOSE})|(?<!\\d){CLOSE}", "", clean)


def mark(number: int, anchor: str, notes: Mapping[int, Note]) -> SafeString:
    note = notes.get(number)
    # what leads away is opened from the footnote, where its address is seen
    href = note.href if note and note.href and not note.web else f"#{anchor}-note-{number}"
    label = _("Footnote %(number)d") % {"number": number}
    kind = " unverified" if note and note.state == "unverified" and not note.web else ""
    kind = " away" if note and note.web else kind
    return format_html('<a class="n{}" href="{}" aria-label="{}">{}</a>', kind, href, label, number)


def source_href(
    workspace: str,
    thread: str | None,
    document: str,
    version: str,
    start: int,
    end: int,
    answer: str = "",
) -> str:
    """The address of a range: beside its thread, or, without one, on the document's own page.

    Beside the thread, all that ``answer`` cites of the version is lit along with it.
    """
    query = f"?version={version}&start={start}&end={end}"
    if thread:
        named = f"?version={version}&answer={answer}&start={start}&end={end}" if answer else query
        return reverse("qa:thread", args=[workspace, thread]) + named + "#cited"
    return reverse("documents:document", args=[workspace, document]) + query + "#cited"


def page_href(
    workspace: str, thread: str | None, document: str, version: str, page: int, answer: str
) -> str:
    """The address of a page on which nothing is lit, opened as ``source_href`` opens a range."""
    query = f"?version={version}&page={page}"
    if thread:
        named = f"?version={version}&answer={answer}&page={page}"
        return reverse("qa:thread", args=[workspace, thread]) + f"{named}#page-{page}"
    return reverse("documents:document", args=[workspace, document]) + f"{query}#page-{page}"


def page_label(first: int | None, last: int | None) -> str:
    if first is None:
        return ""
    if last is None or last == first:
        return _("p. %(page)d") % {"page": first}
    return _("pp. %(first)d–%(last)d") % {"first": first, "last": last}


# events after which all that was said before is taken off the page
VOIDING = {"broke", "restart", "again", "lost", "aside"}


@dataclass
class Draft:
    """A running answer, built up from its stream events.

    ``update`` says what changed since it was last called: finished paragraphs once, and the
    unfinished tail anew each time, so a message that is shown twice does no harm.
    """

    anchor: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[int, Note] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    status: str = ""
    notice: str = ""
    thought: str = ""
    ended: bool = False
    _settled: int = 0  # characters of the marked source that are finished paragraphs
    _noted: int = 0
    _thought: int = 0
    _stepped: int = 0

    def apply(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "text":
                self._block(event["block"])["text"] += event["text"]
            case "cite":
                note = Note(**event["note"])
                self.notes.setdefault(note.number, note)
                self._block(event["block"])["citations"].append(note.number)
            case "thought":
                self.thought += event["text"]
            case "step":
                self.steps.append(event["step"])
            case "aside":
                # it was said while it looked for the answer, and is no part of that
                for block in self.blocks[event["block"] :]:
                    block["text"] = ""
                self._settled = 0
            case "status":
                self.status = event["sentence"]
            case "broke":
                self._void()
                self.status = event["sentence"]
                self.notice = _("The answer broke off; starting again.")
            case "restart":
                if self.blocks:
                    self.notice = _("The answer broke off; starting again.")
                self._void()
            case "again":
                self._void()
            case "lost":
                self._void()
                self.status = _("Part of this was lost. The answer appears when it is finished.")
            case "end":
                self.ended = True

    def _void(self) -> None:
        """What was said until now does not count."""
        self.blocks, self.notes, self.steps = [], {}, []
        self.status = self.thought = ""
        self._settled = self._noted = self._stepped = self._thought = 0

    def _block(self, index: int) -> dict[str, Any]:
        while len(self.blocks) <= index:
            self.blocks.append({"text": "", "citations": []})
        return self.blocks[index]

    def update(self, everything: bool) -> dict[str, Any]:
        """``settled`` and ``tail`` as HTML, ``notes`` that are new; all of it on ``everything``."""
        source = marked_source(self.blocks)
        begin = 0 if everything else self._settled
        self._settled = self._settled_end(source)
        fresh = list(self.notes.values())[0 if everything else self._noted :]
        self._noted = len(self.notes)
        thinks = everything or len(self.thought) > self._thought
        self._thought = len(self.thought)
        steps = self.steps[0 if everything else self._stepped :]
        self._stepped = len(self.steps)
        return {
            "thought": self.thought if thinks else "",
            "settled": html(source[begin : self._settled], self.anchor, self.notes),
            "tail": html(source[self._settled :], self.anchor, self.notes),
            "notes": fresh,
            "steps": steps,
            "status": self.status if not source else "",
            "notice": self.notice if everything else "",
        }

    def _settled_end(self, source: str) -> int:
        """Where the last top-level block begins: everything before it will not change."""
        rest = source[self._settled :]
        starts = [
            token.map[0]
            for token in _markdown.parse(rest)
            if token.level == 0 and token.map and token.nesting >= 0
        ]
        if len(starts) < 2:
            return self._settled
        lines = rest.split("\n")
        return self._settled + sum(len(line) + 1 for line in lines[: starts[-1]])
