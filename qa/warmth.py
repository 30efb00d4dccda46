"""Whether Claude has a conversation's documents in its cache, read off the ledger: each request
tells how much it found there and how much it left."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from accounts.models import Workspace
from qa import engine
from qa.claude import Connection
from qa.engine import catalogue, lifetime
from qa.models import ApiCall, Thread, TokenCount

RECENT = timedelta(hours=24)
"""What happened to the same documents since then is expected to happen again."""
HABIT = timedelta(days=30)
"""Where nothing did, what is usual in the workspace is expected."""
LOOKED_AT = 200
RAN_OUT = "expired"
"""The one reason for a miss that is Pincite's own word."""
WITH_DOCUMENTS = (ApiCall.Purpose.ANSWER, ApiCall.Purpose.WARM)
"""The requests of a conversation that begin with its documents: a summary does not."""
CHARS_PER_TOKEN = 3
ALMOST = 0.9  # of the documents: counts are estimates


@dataclass(frozen=True)
class Warmth:
    """Until when the documents stay in the cache, and how long from each use on."""

    until: datetime
    ttl: lifetime.Ttl

    @property
    def seconds_left(self) -> float:
        return (self.until - timezone.now()).total_seconds()


def named(connection: Connection, request: engine.Request) -> str:
    """The name of what the request shares with others in its account; "" where it shares none."""
    if not request.prefix:
        return ""
    told = f"{connection.account}\0{request.prefix}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def of(name: str) -> Warmth | None:
    """How warm the documents behind a prefix are; None when they are cold."""
    last = _last(name) if name else None
    return last if last and last.until > timezone.now() else None


def _last(name: str) -> Warmth | None:
    rows = ApiCall.objects.filter(prefix=name, warm_until__isnull=False).order_by("-warm_until")
    row = rows.values_list("warm_until", "prefix_ttl").first()
    if row is None or row[0] is None:
        return None
    return Warmth(row[0], "1h" if row[1] == "1h" else "5m")


# what is expected ------------------------------------------------------------------------------


def lifetimes(
    workspace: Workspace,
    thread: Thread | None,
    name: str,
    rates: catalogue.Rates,
    usual: list[list[float]] | None = None,
) -> engine.Lifetimes:
    """How long a request should keep the documents, and the turns after them.

    What comes is expected to be like what was: the gaps between the questions about the same
    documents (anybody's, now included), or else those between the questions about any documents of
    the workspace, each as likely as the other: ``usual``, where that was looked up before.
    """
    now = timezone.now()
    uses = _uses(prefix=name, at__gte=now - RECENT) if name else []
    if not uses:
        documents = lifetime.choose(rates, habit(workspace) if usual is None else usual)
        return engine.Lifetimes(documents, documents)
    documents = lifetime.choose(rates, [lifetime.gaps([*(at for at, _ in uses), _seconds(now)])])
    own = [at for at, of_thread in uses if thread and of_thread == thread.pk]
    turns = lifetime.choose(rates, [lifetime.gaps([*own, _seconds(now)])]) if own else documents
    # the longer lifetime must come first
    return engine.Lifetimes(documents, turns if documents == "1h" else "5m")


def _uses(**only: Any) -> list[tuple[float, int | None]]:
    """When each question was put to Claude, and in which conversation."""
    rows = ApiCall.objects.filter(purpose=ApiCall.Purpose.ANSWER, **only).order_by("-at")
    return [
        (_seconds(at) - total_ms / 1000, thread)
        for at, total_ms, thread in rows.values_list("at", "total_ms", "thread")[:LOOKED_AT]
    ]


def habit(workspace: Workspace) -> list[list[float]]:
    """The gaps between the questions about the same documents that a workspace has asked of late,
    for each of its sittings."""
    rows = ApiCall.objects.filter(
        purpose=ApiCall.Purpose.ANSWER, workspace=workspace, at__gte=timezone.now() - HABIT
    ).exclude(prefix="")
    sittings: defaultdict[str, list[float]] = defaultdict(list)
    for prefix, at in rows.order_by("-at").values_list("prefix", "at")[:LOOKED_AT]:
        sittings[prefix].append(_seconds(at))
    return [lifetime.gaps(times) for times in sittings.values()]


def _seconds(at: datetime) -> float:
    return at.timestamp()


# what a request leaves behind ------------------------------------------------------------------


def previous(thread: Thread | None, model: catalogue.Model) -> str | None:
    """The message whose cached prefix the next request of a conversation should find again: the
    newest that the model wrote; where it wrote none, that of another, which is why it is missed."""
    if thread is None:
        return None
    rows = ApiCall.objects.filter(thread=thread, purpose__in=WITH_DOCUMENTS).exclude(message_id="")
    told = rows.order_by("-at", "-pk").values_list("message_id", flat=True)
    return told.filter(model=model.id).first() or told.first()


def kept(
    connection: Connection, request: engine.Request, usage: engine.Usage, began: datetime
) -> dict[str, Any]:
    """What the ledger's row of a request says of the prefix: its name, and until when it is warm.

    The lifetime counts from the beginning of the request. What was read lives as long as whoever
    wrote it chose; what was written, as this request says.
    """
    name = named(connection, request)
    if not name:
        return {}
    documents = _document_tokens(request)
    cached = usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    if not cached or cached < ALMOST * documents:
        # it failed, or is too short to be cached
        return {"prefix": name}
    before, ttl = _last(name), request.lifetimes.documents
    ran_out: dict[str, Any] = {}
    if usage.cache_read_input_tokens - _system_tokens(request) >= documents / 2:
        ttl = before.ttl if before else "5m"
    elif before and before.until <= began:
        # the API does not tell this from what it does not know
        ran_out = {"cache_miss_reason": RAN_OUT, "cache_missed_tokens": documents}
    until = began + timedelta(seconds=lifetime.SECONDS[ttl])
    return {"prefix": name, "prefix_ttl": ttl, "warm_until": until, **ran_out}


def _document_tokens(request: engine.Request) -> int:
    counts = TokenCount.objects.filter(
        version__public_id__in=request.texts, model=request.params["model"]
    )
    return counts.aggregate(tokens=Sum("tokens"))["tokens"] or 0


def _system_tokens(request: engine.Request) -> int:
    texts = [block["text"] for block in request.params["system"]]
    return sum(map(len, texts)) // CHARS_PER_TOKEN
