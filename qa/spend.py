"""What was spent, added up from the ledger: by day, member, model, conversation, purpose and kind
of token. Always of given workspaces and one backend: what extracts would have cost is no money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    QuerySet,
    Sum,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Round, TruncDate
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Workspace
from qa import claude_models
from qa.engine import UnknownModel, catalogue
from qa.models import ApiCall, Backend, Thread

LONGEST = 366
PARTS = 10**12
SHOWN = 20
"""Lines of a table; the rest is added up in one more. The file has them all."""
KINDS = {
    "input": "input_tokens",
    "write_5m": "cache_write_5m_tokens",
    "write_1h": "cache_write_1h_tokens",
    "read": "cache_read_tokens",
    "output": "output_tokens",
}
TOKENS = {name: Sum(name) for name in (*KINDS.values(), "thinking_tokens")}


def added(column: str) -> Sum:
    """The sum of a column of money in whole millionths of a millionth of a dollar: SQLite adds
    fractions up as floating-point numbers, and many of them would not come out exactly."""
    whole = ExpressionWrapper(F(column) * PARTS, output_field=DecimalField())
    return Sum(Cast(Round(whole), BigIntegerField()))


def dollars(parts: Any) -> Decimal:
    return Decimal(int(parts or 0)).scaleb(-12)


@dataclass(frozen=True)
class Line:
    """What one day, member, … came to; ``share`` is of the largest line, 0 to 1."""

    label: str
    usd: Decimal
    requests: int
    share: float = 0.0
    tokens: int | None = None


@dataclass(frozen=True)
class Bar:
    """A day in the chart, in fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Table:
    title: str
    first: str
    lines: list[Line]
    of_tokens: bool = False


@dataclass(frozen=True)
class Span:
    """From the first day to the last, both whole, in a time zone."""

    first: date
    last: date
    zone: str

    @classmethod
    def read(cls, first: str | None, last: str | None, zone: str) -> Span:
        """What an address says; where it says nothing sensible, this month until today."""
        today = timezone.now().astimezone(ZoneInfo(zone)).date()
        end = min(_day(last) or today, today)
        begin = min(_day(first) or end.replace(day=1), end)
        return cls(max(begin, end - timedelta(days=LONGEST - 1)), end, zone)

    @property
    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=n) for n in range(count)]

    def calls(self, workspaces: QuerySet[Workspace], backend: str) -> QuerySet[ApiCall]:
        zone = ZoneInfo(self.zone)
        after = self.last + timedelta(days=1)
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=zone)
        end = datetime(after.year, after.month, after.day, tzinfo=zone)
        rows = ApiCall.objects.filter(workspace__in=workspaces, backend=backend)
        return rows.filter(at__gte=begin, at__lt=end).order_by()


def _day(told: str | None) -> date | None:
    try:
        return date.fromisoformat(told or "")
    except ValueError:
        return None


class Spend:
    """The books of some workspaces in a span of days, as ``viewer`` may see them."""

    def __init__(
        self, workspaces: QuerySet[Workspace], span: Span, viewer: Any, backend: str
    ) -> None:
        self.span = span
        self.viewer = viewer
        self.backend = backend
        self.calls = span.calls(workspaces, backend)
        found = self.calls.aggregate(usd=added("cost_usd"), saved=added("saved_usd"), n=Count("pk"))
        self.usd = dollars(found["usd"])
        self.saved = dollars(found["saved"])
        self.requests: int = found["n"]

    @property
    def supposed(self) -> bool:
        """Nothing of it was paid: it is what Claude would have cost."""
        return self.backend == Backend.EMULATOR

    def tables(self, *, by_workspace: bool) -> list[Table]:
        found = [
            Table(
                _("By member"),
                _("Member"),
                self.by("user__name", "user__email", of_none=_("Pincite itself")),
            ),
            Table(_("By model"), _("Model"), self.by("model", named=claude_models.name_of)),
            Table(_("By conversation"), _("Conversation"), self._threads()),
            Table(_("By purpose"), _("Purpose"), self.by("purpose", named=_purpose)),
            Table(_("By kind of token"), _("Kind"), self.kinds(), of_tokens=True),
        ]
        if by_workspace:
            found.insert(0, Table(_("By workspace"), _("Workspace"), self.by("workspace__name")))
        return found

    def by(self, *names: str, named: Any = None, of_none: str = "") -> list[Line]:
        """A line for each value of the first name; of another where that one is empty."""
        rows = self.calls.values(*names).annotate(usd=added("cost_usd"), n=Count("pk"))
        lines = []
        for row in rows.order_by("-usd"):
            value = next((row[name] for name in names if row[name]), "")
            label = str(named(value) if named and value else value) or of_none or _("none")
            lines.append(Line(label, dollars(row["usd"]), row["n"]))
        return _shared([line for line in lines if line.usd or line.requests])

    def _threads(self) -> list[Line]:
        rows = self.calls.values("thread").annotate(usd=added("cost_usd"), n=Count("pk"))
        found = list(rows.order_by("-usd"))
        titles = titles_of([row["thread"] for row in found], self.viewer)
        return _shared(
            [Line(titled(row["thread"], titles), dollars(row["usd"]), row["n"]) for row in found]
        )

    def kinds(self) -> list[Line]:
        """What each kind of token came to, at the rates of each request; the rest are searches."""
        calls = self.calls.annotate(geo=KT("usage__inference_geo"), tier=KT("usage__service_tier"))
        rows = calls.values("rates", "model", "geo", "tier")
        tokens = dict.fromkeys(KINDS, 0)
        usd = dict.fromkeys(KINDS, Decimal(0))
        for row in rows.annotate(**TOKENS):
            factor = _factor(row["model"], row["geo"], row["tier"])
            for kind, column in KINDS.items():
                count = row[column] or 0
                tokens[kind] += count
                rate = Decimal((row["rates"] or {}).get(kind, 0))
                usd[kind] += count * rate / catalogue.MILLION * factor
        labels = {
            **{"input": _("read, not from the cache"), "write_5m": _("written, 5 minutes")},
            **{"write_1h": _("written, 1 hour"), "read": _("read from the cache")},
            **{"output": _("written by Claude")},
        }
        lines = [Line(labels[kind], usd[kind], 0, tokens=tokens[kind]) for kind in KINDS]
        rest = self.usd - sum(usd.values())
        if rest >= Decimal("0.005"):
            lines.append(Line(_("searches of the web"), rest, 0, tokens=0))
        return _shared([line for line in lines if line.tokens or line.usd], limit=0)

    def by_day(self) -> list[Line]:
        """A line for each day, those without a request too."""
        day = TruncDate("at", tzinfo=ZoneInfo(self.span.zone))
        rows = self.calls.annotate(day=day).values("day")
        found = {
            row["day"]: (dollars(row["usd"]), row["n"])
            for row in rows.annotate(usd=added("cost_usd"), n=Count("pk"))
        }
        return _shared(
            [
                Line(date_format(one, "j M Y"), *found.get(one, (Decimal(0), 0)))
                for one in self.span.days
            ],
            limit=0,
        )

    @staticmethod
    def bars(days: list[Line]) -> list[Bar]:
        """The chart of what ``by_day`` gives."""
        width = 1 / len(days)
        labels = [f"{line.label}: ${line.usd:.2f}" for line in days]
        return [
            Bar(n * width, 1 - line.share, width * 0.8, line.share, labels[n])
            for n, line in enumerate(days)
        ]

    # the file ------------------------------------------------------------------------------------

    def rows(self) -> Iterator[list[str]]:
        """The heads, and a row for each day, workspace, member, model, conversation, purpose."""
        day = TruncDate("at", tzinfo=ZoneInfo(self.span.zone))
        groups = ("day", "workspace__name", "user__email", "model", "thread", "purpose")
        yield [
            *("day", "workspace", "member", "model", "conversation", "purpose", "backend"),
            *("requests", *TOKENS, "cost_usd", "saved_usd"),
        ]
        found = list(
            self.calls.annotate(day=day)
            .values(*groups)
            .annotate(n=Count("pk"), usd=added("cost_usd"), saved=added("saved_usd"), **TOKENS)
            .order_by(*groups)
        )
        titles = titles_of([row["thread"] for row in found], self.viewer)
        for row in found:
            texts = [row["workspace__name"], row["user__email"], row["model"],
                     titled(row["thread"], titles), row["purpose"]]  # fmt: skip
            yield [
                row["day"].isoformat(),
                *(harmless(str(text or "")) for text in texts),
                self.backend,
                str(row["n"]),
                *(str(row[name] or 0) for name in TOKENS),
                f"{dollars(row['usd']):.12f}",
                f"{dollars(row['saved']):.12f}",
            ]


def titles_of(threads: Iterable[int | None], viewer: Any) -> dict[int, str]:
    """Of those that the viewer may see: a private one is its author's alone."""
    visible = Thread.objects.visible_to(viewer).filter(pk__in=[t for t in threads if t])
    return dict(visible.values_list("pk", "title"))


def titled(thread: int | None, titles: dict[int, str]) -> str:
    """What a conversation is called where only those of ``titles`` may be named."""
    if thread is None:
        return _("no conversation")
    return titles.get(thread, _("a private or deleted conversation"))


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _purpose(value: str) -> str:
    return str(dict(ApiCall.Purpose.choices).get(value, value))


def _factor(model: str, place: str | None, tier: str | None) -> Decimal:
    factor = catalogue.BATCH if tier == "batch" else Decimal(1)
    try:
        dearer = claude_models.get(model).us_only
    except UnknownModel:
        dearer = False
    return factor * catalogue.US_ONLY if dearer and place == "us" else factor


def _shared(lines: list[Line], limit: int = SHOWN) -> list[Line]:
    """With the share of the largest; what is beyond the limit in one line."""
    if limit and len(lines) > limit:
        rest = lines[limit:]
        total = sum((line.usd for line in rest), Decimal(0))
        others = Line(_("%(n)d others") % {"n": len(rest)}, total, sum(r.requests for r in rest))
        lines = [*lines[:limit], others]
    most = max((line.usd for line in lines), default=Decimal(0))
    return [
        Line(one.label, one.usd, one.requests, float(one.usd / most) if most else 0.0, one.tokens)
        for one in lines
    ]
