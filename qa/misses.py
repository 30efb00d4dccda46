"""Why requests could not read from the prompt cache what was there before, added up by reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qa.engine import catalogue
from qa.models import ApiCall
from qa.spend import titled, titles_of
from qa.warmth import RAN_OUT

EXAMPLES = 5
REASONS = {
    RAN_OUT: _("Nobody asked in time: the documents had run out of the cache."),
    "model_changed": _("Another model was chosen. Each model has a cache of its own."),
    "system_changed": _("The instructions before the documents changed, as after an update."),
    "tools_changed": _("The tools offered changed, as when the web was switched on or off."),
    "messages_changed": _("The documents, their titles or what was said before changed."),
    "previous_message_not_found": _("Claude does not remember the request before."),
    "unavailable": _("Claude does not say. Thinking or effort may have been changed."),
}


@dataclass(frozen=True)
class Example:
    """A request, and what its conversation is called; "" where it belongs to none."""

    call: ApiCall
    conversation: str


@dataclass
class Reason:
    """One reason: how often, and what reading instead would have saved in US dollars."""

    name: str
    meaning: str
    count: int = 0
    tokens: int = 0
    usd: Decimal = Decimal(0)
    examples: list[Example] = field(default_factory=list)


def by_reason(calls: QuerySet[ApiCall], days: int, viewer: Any) -> list[Reason]:
    """The reasons of the last days, the dearest first; ``calls`` are those the viewer may see, to
    whom the conversations of others are not named where they are private."""
    since = timezone.now() - timedelta(days=days)
    rows = calls.filter(at__gte=since).exclude(cache_miss_reason="")
    found: dict[str, Reason] = {}
    examples: defaultdict[str, list[ApiCall]] = defaultdict(list)
    for call in rows.order_by("-at").iterator(500):
        name = call.cache_miss_reason
        meaning = str(REASONS.get(name, _("A reason that this release does not know.")))
        reason = found.setdefault(name, Reason(name, meaning))
        reason.count += 1
        reason.tokens += call.cache_missed_tokens
        reason.usd += lost(call)
        if len(examples[name]) < EXAMPLES:
            examples[name].append(call)
    shown = [call.thread_id for calls in examples.values() for call in calls]
    titles = titles_of(shown, viewer)
    for name, reason in found.items():
        reason.examples = [
            Example(call, titled(call.thread_id, titles) if call.thread_id else "")
            for call in examples[name]
        ]
    return sorted(found.values(), key=lambda reason: (-reason.usd, -reason.count, reason.name))


def lost(call: ApiCall) -> Decimal:
    """What the missed tokens cost more than reading them would have, in US dollars."""
    if not call.rates:
        return Decimal(0)
    kind = "input"
    if call.cache_write_1h_tokens:
        kind = "write_1h"
    elif call.cache_write_5m_tokens:
        kind = "write_5m"
    more = Decimal(call.rates[kind]) - Decimal(call.rates["read"])
    return call.cache_missed_tokens * more / catalogue.MILLION
