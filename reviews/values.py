"""A cell's typed value, read from the last line of its answer; nothing is guessed.

The line is JSON: ``{"found": true, "value": …, "verdict": "meets", "reason": "…"}``. What it says
is kept when it is what the column asked for; else it is kept as the text it is, and flagged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

SHOWN = 400
"""Letters of a value as a table shows it."""
MOST_ITEMS = 100
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
ATS BEF DEM ESP FIM FRF GRD IEP ITL LUF NLG PTE SKK HRK EEK LTL LVL
"""
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217, with those that the euro took the place of: contracts are old."""


class Kind(StrEnum):
    """What kind of answer a column asks for."""

    TEXT = "text"
    YES_NO = "yes_no"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    CHOICE = "choice"
    LIST = "list"


NEEDS_CHOICES = {Kind.CHOICE}


class Outcome(StrEnum):
    """What came of a cell: a value, the word that the document has none, or what nobody could
    read as either."""

    VALUE = "value"
    ABSENT = "absent"
    UNPARSED = "unparsed"


class Verdict(StrEnum):
    """How a value stands to the position that is expected."""

    MEETS = "meets"
    DEVIATES = "deviates"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Value:
    """``value`` is JSON of the kind's own form, ``text`` what people read, ``order`` what it sorts
    by where that is a number. ``doubt`` says in a word why it is to be looked at."""

    value: Any
    text: str
    order: float | None = None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the last line of an answer says. ``value`` is None unless there is one."""

    outcome: Outcome
    value: Value | None = None
    text: str = ""
    verdict: str = ""
    reason: str = ""

    @property
    def doubt(self) -> str:
        if self.outcome is Outcome.UNPARSED:
            return "unparsed"
        return self.value.doubt if self.value else ""


class NotThat(ValueError):
    """It is no value of the kind."""


def read(
    line: str,
    kind: Kind,
    choices: Sequence[str] = (),
    *,
    fallback: str = "",
    measured: bool = False,
) -> Reading:
    """What a last line says; ``fallback`` is shown where it says nothing that can be read.

    ``measured``: the column has an expected position, so that a verdict belongs to it.
    """
    said = _json(line)
    if said is None:
        return Reading(
            Outcome.UNPARSED,
            text=shortened(line or fallback),
            verdict=Verdict.UNCLEAR if measured else "",
        )
    verdict, reason = _verdict(said) if measured else ("", "")
    if said.get("found") is False and said.get("value") in (None, "", [], {}):
        return Reading(Outcome.ABSENT, verdict=verdict or "", reason=reason)
    if said.get("found") is not True:
        return Reading(
            Outcome.UNPARSED, text=_shown(said.get("value")), verdict=verdict, reason=reason
        )
    try:
        value = parse(said.get("value"), kind, choices)
    except NotThat:
        text = _shown(said.get("value")) or shortened(fallback)
        return Reading(Outcome.UNPARSED, text=text, verdict=verdict, reason=reason)
    return Reading(Outcome.VALUE, value, value.text, verdict, reason)


def parse(said: Any, kind: Kind, choices: Sequence[str] = ()) -> Value:
    """What somebody gave as a value of the kind. Raises NotThat."""
    return _choice(said, choices) if kind is Kind.CHOICE else _PARSERS[kind](said)


_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


def typed(text: str, kind: Kind, choices: Sequence[str] = ()) -> Value:
    """What a person wrote as a value of the kind. Raises NotThat.

    Commas group thousands and the point is decimal, as the table itself shows numbers.
    """
    text = text.strip()
    match kind:
        case Kind.DATE:
            value = parse({"iso": text, "written": ""}, kind)
            if not _WHOLE.fullmatch(text):
                raise NotThat
            return value
        case Kind.LIST:
            return parse([line.strip() for line in text.splitlines() if line.strip()], kind)
        case Kind.MONEY:
            found = re.fullmatch(r"(?:([A-Za-z]{3})\s+)?(\S+)(?:\s+([A-Za-z]{3}))?", text)
            if found is None or bool(found[1]) == bool(found[3]):
                raise NotThat
            return parse({"amount": _ungrouped(found[2]), "currency": found[1] or found[3]}, kind)
        case Kind.NUMBER:
            number, _space, unit = text.partition(" ")
            return parse({"number": _ungrouped(number), "unit": unit.strip()}, kind)
    return parse(text, kind, choices)


def _ungrouped(number: str) -> str:
    return number.replace(",", "") if _GROUPED.fullmatch(number) else number


def storable(text: str) -> str:
    """Without what no database takes: JSON can say NUL, and half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def shortened(text: str) -> str:
    """One line of at most ``SHOWN`` letters."""
    line = " ".join(storable(text).split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


def _json(line: str) -> dict[str, Any] | None:
    start, end = line.find("{"), line.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        said = json.loads(line[start : end + 1], parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _no_number(_name: str) -> Any:
    raise ValueError("no number")


def _verdict(said: dict[str, Any]) -> tuple[str, str]:
    word = said.get("verdict")
    reason = said.get("reason")
    known = isinstance(word, str) and word.strip().lower() in list(Verdict)
    # a verdict that cannot be read is none that anybody may rely on
    verdict = str(word).strip().lower() if known else str(Verdict.UNCLEAR)
    return verdict, shortened(reason) if isinstance(reason, str) else ""


def _shown(value: Any) -> str:
    """A value of unknown form as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return shortened(value)
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


# one parser for each kind -------------------------------------------------------------------------


def _text(said: Any) -> Value:
    if isinstance(said, bool) or not isinstance(said, str | int | Decimal):
        raise NotThat
    text = shortened(str(said))
    if not text:
        raise NotThat
    return Value(text, text)


_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def _yes_no(said: Any) -> Value:
    word = str(said).strip().lower().rstrip(".") if isinstance(said, str | bool) else ""
    if word not in _YES_NO:
        raise NotThat
    found = _YES_NO[word]
    return Value(found, found, float(found == "yes"))


_WHOLE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PART = re.compile(r"(\d{4})(?:-(\d{2}))?")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(?:\d{4}|\d{2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def _date(said: Any) -> Value:
    """``{"iso": "2020-05-01", "written": "May 1, 2020"}``, or the ISO date alone.

    It is in doubt where the day is not certain: only a month or a year, 03/04/2020, or a year
    that is not the one that is written.
    """
    if isinstance(said, str):
        said = {"iso": said}
    if not isinstance(said, dict):
        raise NotThat
    iso, written = said.get("iso"), said.get("written") or ""
    if not isinstance(written, str) or not (iso is None or isinstance(iso, str)):
        raise NotThat
    iso, written = (iso or "").strip(), shortened(written)
    if whole := _WHOLE.fullmatch(iso):
        try:
            day = date(*map(int, whole.groups()))
        except ValueError as error:
            raise NotThat from error
        doubt = "ambiguous" if _uncertain(written, day) else ""
        return Value({"iso": iso, "written": written}, iso, float(day.toordinal()), doubt)
    if part := _PART.fullmatch(iso):
        year, month = int(part[1]), int(part[2] or 1)
        if year < 1 or not 1 <= month <= 12:
            raise NotThat
        value = {"iso": iso, "written": written}
        return Value(value, iso, float(date(year, month, 1).toordinal()), "ambiguous")
    if iso or not written:
        raise NotThat
    return Value({"iso": None, "written": written}, written, None, "ambiguous")


def _uncertain(written: str, day: date) -> bool:
    for first, second in _NUMERIC.findall(written):
        if int(first) != int(second) and int(first) <= 12 and int(second) <= 12:
            return True
    years = {int(year) for year in _YEAR.findall(written)}
    return bool(years) and day.year not in years


def _decimal(said: Any) -> Decimal:
    if isinstance(said, bool) or not isinstance(said, str | int | Decimal):
        raise NotThat
    written = str(said).strip()
    # 1,000 and 1.000 are the same to nobody: only what a program writes is read
    if not re.fullmatch(r"[+-]?\d{1,30}(\.\d{1,12})?([eE]\+?\d{1,2})?", written):
        raise NotThat
    try:
        number = Decimal(written)
    except InvalidOperation as error:  # pragma: no cover  the pattern lets none of these through
        raise NotThat from error
    if abs(number) >= Decimal(10) ** 30:
        raise NotThat
    return number


def plain(number: Decimal) -> str:
    """Digits and a point, without an exponent."""
    return f"{number:f}"


def grouped(number: Decimal) -> str:
    """The same, in groups of three."""
    return f"{number:,f}"


def _money(said: Any) -> Value:
    """``{"amount": "1250000.00", "currency": "USD"}``; in doubt without a currency."""
    if not isinstance(said, dict):
        raise NotThat
    amount, currency = _decimal(said.get("amount")), said.get("currency")
    if currency is None or currency == "":
        return Value(
            {"amount": plain(amount), "currency": None}, grouped(amount), float(amount), "ambiguous"
        )
    code = currency.strip().upper() if isinstance(currency, str) else ""
    if code not in CURRENCIES:
        raise NotThat
    return Value(
        {"amount": plain(amount), "currency": code}, f"{grouped(amount)} {code}", float(amount)
    )


def _number(said: Any) -> Value:
    """``{"number": "12.5", "unit": "months"}``, or the number alone."""
    if not isinstance(said, dict):
        said = {"number": said}
    number, unit = _decimal(said.get("number")), said.get("unit") or ""
    if not isinstance(unit, str) or len(unit) > 40:
        raise NotThat
    unit = shortened(unit)
    text = f"{grouped(number)} {unit}".strip()
    return Value({"number": plain(number), "unit": unit}, text, float(number))


def _choice(said: Any, choices: Sequence[str]) -> Value:
    if not isinstance(said, str):
        raise NotThat
    given = {" ".join(one.split()).casefold(): (at, one) for at, one in enumerate(choices)}
    found = given.get(" ".join(said.split()).casefold())
    if found is None:
        raise NotThat
    at, choice = found
    return Value(choice, choice, float(at))


def _list(said: Any) -> Value:
    if not isinstance(said, list) or not said or len(said) > MOST_ITEMS:
        raise NotThat
    items = [_text(one).text for one in said]
    return Value(items, shortened("; ".join(items)), float(len(items)))


_PARSERS: dict[Kind, Callable[[Any], Value]] = {
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.DATE: _date,
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.LIST: _list,
}
