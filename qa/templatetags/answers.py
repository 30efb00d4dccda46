"""An answer's text, footnotes and figures, ready for its template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Workspace
from documents import ingest, visual
from documents.labels import isolated
from documents.models import Document, Version
from qa import claude_models, steps
from qa.claude import extracted
from qa.engine import prompts
from qa.models import Answer, Thread, WebAccess
from qa.notes import note
from qa.passages import kept
from qa.render import Note, html, marked_source, source_href

register = template.Library()


@dataclass(frozen=True)
class Footnote:
    note: Note
    deleted_at: datetime | None


def _notes(answer: Answer) -> dict[int, Note]:
    made = {number: note(answer, citation) for number, citation in answer.numbered.items()}
    for number, citation in answer.numbered.items():
        if citation.version and citation.version.document.deleted_at:
            # nothing is left to open: the mark leads to the footnote, which keeps the quote
            made[number] = replace(made[number], href="")
    return made


@register.filter
def body(answer: Answer) -> SafeString:
    return html(marked_source(answer.blocks), answer.anchor, _notes(answer))


@register.filter
def footnotes(answer: Answer) -> list[Footnote]:
    found = []
    for number, made in sorted(_notes(answer).items()):
        version = answer.numbered[number].version
        found.append(Footnote(made, version.document.deleted_at if version else None))
    return found


@register.filter
def has_pages(document: Document) -> bool:
    """Whether there is anything to look at beside its text."""
    return visual.outlook(document) is not None


@register.filter
def looked(version: Version, pages: list[int]) -> str:
    """The sentence that says which pages of a version were looked at."""
    named = {"title": isolated(version.document.title)}
    if len(pages) == version.page_count:
        return _("All pages of %(title)s were looked at as pictures.") % named
    named["pages"] = get_text_list(ingest.runs(pages), _("and"))
    sentence = ngettext(
        "Page %(pages)s of %(title)s was looked at as a picture.",
        "Pages %(pages)s of %(title)s were looked at as pictures.",
        len(pages),
    )
    return sentence % named


@register.filter
def were_read(versions: list[Version]) -> str:
    """The sentence that says what was read, with its pages as far as they could be."""
    named = []
    for version in versions:
        title, count = isolated(version.document.title), version.page_count
        read = count - len(version.unread)
        if read < count:
            pages = _("%(read)d of %(count)d pages") % {"read": read, "count": count}
        else:
            pages = ngettext("%(count)d page", "%(count)d pages", count) % {"count": count}
        named.append(f"{title} ({pages})" if count else title)
    return _("Read for this answer, which cites no passage: %(documents)s.") % {
        "documents": get_text_list(named, _("and"))
    }


@register.filter
def unread(version: Version, pages: list[int]) -> str:
    """The sentence that says which pages of a version could not be read."""
    named = {"title": isolated(version.document.title)}
    if len(pages) == version.page_count:
        return _("Nothing of %(title)s could be read.") % named
    named["pages"] = get_text_list(ingest.runs(pages), _("and"))
    sentence = ngettext(
        "Page %(pages)s of %(title)s could not be read.",
        "Pages %(pages)s of %(title)s could not be read.",
        len(pages),
    )
    return sentence % named


register.filter(extracted)


@register.filter
def asked(answer: Answer) -> str:
    """What was asked, as a heading: that a cut answer is to go on, nobody wrote."""
    return _("Continued") if continues(answer) else answer.question


@register.filter
def continues(answer: Answer) -> bool:
    """Whether it goes on where the one before it was cut off."""
    return answer.question == prompts.GO_ON


@register.filter
def about_href(answer: Answer) -> str:
    """Where the passage that was asked about is; "" when its document is gone."""
    passage = kept(answer)
    if passage is None or passage.version.document.deleted_at is not None:
        return ""
    return source_href(
        answer.workspace.slug,
        str(answer.thread.public_id) if answer.thread else None,
        str(passage.version.document.public_id),
        str(passage.version.public_id),
        passage.start,
        passage.end,
    )


@register.filter
def model_name(model: str) -> str:
    return claude_models.name_of(model)


@register.filter
def writer(answer: Answer) -> str:
    """Who wrote it, by the name it was picked under; else what the API says, or what was picked."""
    requested = answer.model_requested
    if not answer.model or claude_models.is_entry_of(requested, answer.model):
        return claude_models.name_of(requested)
    return claude_models.name_of(answer.model)


@register.filter
def route_cost(answer: Answer) -> str:
    """What choosing the model cost; "" where that is not in the ledger."""
    costs = [call.cost_usd for call in answer.calls.all() if call.purpose == "route"]
    return usd(sum(costs, Decimal(0))) if costs else ""


@register.filter
def in_place(answer: Answer) -> str:
    """Why something else answers than what was picked, which is gone."""
    return claude_models.in_place(
        answer.route.asked, answer.model_requested, missing=answer.route.kind == "missing"
    )


register.filter("step_sentence", steps.sentence)


@register.filter
def web_sites(workspace: Workspace) -> tuple[str, ...]:
    """The sites that questions in the workspace may look at; none unless an admin listed some."""
    return WebAccess.domains_of(workspace)


@register.filter
def usd(amount: Decimal) -> str:
    """Dollars with as many places as it takes to show two figures of a small sum."""
    if amount == 0:
        return "$0"
    if abs(amount) >= 1:
        return f"${amount:.2f}"
    if abs(amount) >= Decimal("0.001"):
        return f"${amount:.4f}"
    return f"${amount:.6f}"


@register.filter
def about_usd(amount: Decimal) -> str:
    """An estimate in dollars: two figures of it, for more would promise too much."""
    if amount >= 1:
        return f"${amount:.2f}"
    return f"${Decimal(f'{amount:.2g}'):f}"


@register.filter
def thousands(number: int) -> str:
    """With its thousands set apart."""
    return f"{number:,}"


@register.filter
def as_seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else _("%(s).1f s") % {"s": milliseconds / 1000}


@register.simple_tag(takes_context=True)
def recent_threads(context: Context, count: int = 12) -> list[Thread]:
    rows = Thread.objects.visible_to(context["request"].user)
    return list(rows.filter(workspace=context["workspace"])[:count])
