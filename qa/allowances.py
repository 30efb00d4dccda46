"""An account's rate limits, shared by all workers: a request that would be refused is not sent."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qa import engine
from qa.claude import Connection
from qa.models import AccountLimits
from qa.waiting import Postponed

PLENTY = 0.5
"""While so much of each limit is left, nothing is written down: most requests pass here."""
NEWS = timedelta(seconds=30)
LEAST_OUTPUT = 1_000
COUNTING, UPLOADS = "count_tokens", "files"
"""Lines of their own: what is counted or uploaded takes nothing from what models may read."""
BLOCKS = {"rate_limit", "ramp_limit"}


def admit(connection: Connection, line: str, tokens: int) -> bool:
    """Lets a request with so many input tokens pass, and notes it; whether it noted anything.

    Raises Postponed until the account has room for it, or wants to be asked again.
    """
    account = AccountLimits.objects.filter(account=connection.account, line=line)
    seen = account.first()
    if seen is None or _plenty(seen, tokens):
        return False
    with transaction.atomic():
        row = account.select_for_update().get()
        now = timezone.now()
        _look(row, tokens, now)
        row.on_way = row.still_on_way(now) + tokens
        row.on_way_at = now
        row.save(update_fields=["on_way", "on_way_at"])
    return True


def hold(connection: Connection, line: str) -> None:
    """Raises EngineError, as the account itself would, while it takes no request of this line."""
    seen = AccountLimits.objects.filter(account=connection.account, line=line).first()
    if seen is None:
        return
    now, requests, wait = timezone.now(), seen.limits.requests, 0.0
    if seen.blocked_until is not None:
        wait = (seen.blocked_until - now).total_seconds()
    if requests is not None:
        wait = max(wait, requests.wait(1, seen.limits.seen_at, now))
    if wait > 0:
        raise engine.EngineError("rate_limit", temporary=True, retry_after=wait, detail="not sent")


def _plenty(row: AccountLimits, tokens: int) -> bool:
    if row.blocked_until is not None or row.on_way:
        return False
    limits, now = row.limits, timezone.now()
    found = (limits.requests, limits.input_tokens, limits.output_tokens)
    levels = [one.left(limits.seen_at, now) > PLENTY * one.limit for one in found if one]
    small = limits.input_tokens is None or tokens * 10 < limits.input_tokens.limit
    return all(levels) and small


def _look(row: AccountLimits, tokens: int, now: datetime) -> None:
    if row.blocked_until is not None and row.blocked_until > now:
        raise _postponed((row.blocked_until - now).total_seconds(), blocked(row.blocked_by))
    limits = row.limits
    on_way = row.still_on_way(now)
    if limits.input_tokens is not None:
        # one that is larger than the whole limit goes when all is there: the cache may have it
        wanted = min(tokens, limits.input_tokens.limit) + on_way
        wait = limits.input_tokens.wait(wanted, limits.seen_at, now) if wanted else 0.0
        wait = max(wait, _excess(wanted, limits.input_tokens))
        if wait > 0:
            raise _postponed(wait, _("Claude takes %(n)s tokens a minute from this account")
                             % {"n": f"{limits.input_tokens.limit:,}"})  # fmt: skip
    if limits.requests is not None and (wait := limits.requests.wait(1, limits.seen_at, now)) > 0:
        raise _postponed(wait, _("Claude takes %(n)s requests a minute from this account")
                         % {"n": f"{limits.requests.limit:,}"})  # fmt: skip
    output = limits.output_tokens
    if output is not None and (wait := output.wait(LEAST_OUTPUT, limits.seen_at, now)) > 0:
        raise _postponed(wait, _("Claude writes %(n)s tokens a minute for this account")
                         % {"n": f"{output.limit:,}"})  # fmt: skip


def _excess(wanted: int, allowance: engine.Allowance) -> float:
    """Seconds until what is on its way and more than the whole limit has drained."""
    return max(0.0, (wanted - allowance.limit) * 60.0 / max(1, allowance.limit))


def _postponed(seconds: float, reason: str) -> Postponed:
    # not all at the same moment
    wait = seconds + random.uniform(0.1, 1.0)
    told = {"reason": reason, "seconds": max(1, round(wait))}
    return Postponed(wait, _("%(reason)s, going on in %(seconds)d s…") % told)


def blocked(code: str) -> str:
    if code == "ramp_limit":
        return _("Claude lets the number of requests grow only slowly")
    return _("Claude is busy with too many requests")


def heard(
    connection: Connection,
    line: str,
    limits: engine.Limits | None,
    noted: int = 0,
    error: engine.EngineError | None = None,
) -> None:
    """Keeps what a response said of the limits; ``noted`` are the tokens that ``admit`` noted."""
    until = _blocked_until(error)
    if limits is None and until is None and not noted:
        return
    account = AccountLimits.objects.filter(account=connection.account, line=line)
    seen = account.first()
    if seen is not None and limits and not noted and until is None and _no_news(seen, limits):
        return
    if seen is None:
        now = timezone.now()
        AccountLimits.objects.get_or_create(
            account=connection.account, line=line, defaults={"seen_at": now}
        )
    with transaction.atomic():
        row = account.select_for_update().get()
        now = timezone.now()
        row.on_way, row.on_way_at = max(0, row.still_on_way(now) - noted), now
        if limits is not None:
            row.hear(limits)
        if until is not None:
            row.blocked_until, row.blocked_by = until, error.code if error else ""
        elif row.blocked_until is not None and row.blocked_until <= now:
            row.blocked_until, row.blocked_by = None, ""
        row.save()


def _blocked_until(error: engine.EngineError | None) -> datetime | None:
    if error is None or error.code not in BLOCKS or error.retry_after is None:
        return None
    return timezone.now() + timedelta(seconds=error.retry_after)


def _no_news(row: AccountLimits, limits: engine.Limits) -> bool:
    if row.blocked_until is not None or row.on_way or limits.seen_at - row.seen_at > NEWS:
        return False
    pairs = [
        (limits.requests, row.limits.requests),
        (limits.input_tokens, row.limits.input_tokens),
        (limits.output_tokens, row.limits.output_tokens),
    ]
    return all(new is None or (_ample(new) and _ample(old)) for new, old in pairs)


def _ample(allowance: engine.Allowance | None) -> bool:
    return allowance is not None and allowance.remaining > PLENTY * allowance.limit
