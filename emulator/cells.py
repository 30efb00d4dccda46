"""Answers that end with a line for a program: what was asked for, and what the cited words give.

The value is looked for in the passages that the answer cites, by its looks; where they hold none
of its kind, the passage itself is given, which is then for people to read.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

Json = dict[str, Any]

_ASKED = re.compile(r"^RESULT: \{", re.M)
_KINDS = {
    "text": "text",
    "yes or no": "yes_no",
    "a date": "date",
    "an amount of money": "money",
    "a number": "number",
    "one of these": "choice",
    "a list": "list",
}
_KIND = re.compile(rf'^- "value" is ({"|".join(_KINDS)})\b', re.M)
_CHOICES = re.compile(r"in quotes: (.*)\.$", re.M)
_EXPECTED = re.compile(r"position that is expected[^\n]*\n(.*?)\n\n", re.S)
SHORT = 200


@dataclass(frozen=True)
class Form:
    """What the last line must hold. `expected` is the position to compare with, if any."""

    kind: str
    choices: tuple[str, ...] = ()
    expected: str = ""
    measured: bool = False


def asked(text: str) -> Form | None:
    """The form that a text asks for; None where it asks for none."""
    kind = _KIND.search(text)
    if kind is None or not _ASKED.search(text):
        return None
    choices = _CHOICES.search(text) if kind[1] == "one of these" else None
    expected = _EXPECTED.search(text)
    return Form(
        _KINDS[kind[1]],
        tuple(one.strip("“” ") for one in choices[1].split(";")) if choices else (),
        expected[1].strip() if expected else "",
        '"verdict"' in text,
    )


def passages(blocks: Iterable[Json]) -> list[str]:
    """The cited passages of an answer: sentences that are cited one after another are one."""
    found: list[str] = []
    goes_on = False
    for block in blocks:
        if not block["citations"]:
            goes_on = False
        elif goes_on:
            found[-1] += block["text"]
        else:
            found.append(block["text"])
            goes_on = True
    return found


def line(form: Form, passages: Iterable[str]) -> str:
    """The last line of an answer that cites these passages."""
    cited = [" ".join(text.split()) for text in passages]
    said: Json = {"found": bool(cited), "value": _value(form, cited) if cited else None}
    if form.measured:
        said["verdict"], said["reason"] = _verdict(form, cited)
    return f"RESULT: {json.dumps(said, ensure_ascii=False)}"


def _value(form: Form, cited: list[str]) -> Any:
    if form.kind == "yes_no":
        return "yes"
    if form.kind == "list":
        return [_short(text) for text in cited]
    if form.kind == "choice":
        found = [c for c in form.choices if any(c.lower() in text.lower() for text in cited)]
        return found[0] if len(found) == 1 else _short(cited[0])
    look = _LOOKS.get(form.kind)
    values = (look(text) for text in cited) if look else iter(())
    return next((value for value in values if value is not None), _short(cited[0]))


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1].rstrip() + "…"


def _verdict(form: Form, cited: list[str]) -> tuple[str, str]:
    if not cited:
        return "missing", "Nothing in the document was found on it."
    names = re.findall(r"(?<!^)\b(?:[A-Z][a-z]+|\d[\d,.]*\d|\d)\b", form.expected)
    if not names:
        return "unclear", "This local server compares names and numbers only."
    there = [name for name in names if any(name in text for text in cited)]
    if there:
        return "meets", f"“{there[0]}” stands in the passage that is cited."
    return "deviates", f"“{names[0]}” does not stand in the passages that are cited."


# what a value of each kind looks like ------------------------------------------------------------

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_NAMED = "|".join(_MONTHS)
_DATES = re.compile(
    rf"\b(?:(?P<m>{_NAMED})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:day\s+of\s+)?(?P<m2>{_NAMED}),?\s+(?P<y2>\d{{4}})"
    r"|(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2})"
    r"|(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<y4>\d{4}))\b",
    re.I,
)
_MONEY = re.compile(
    r"(?P<sign>US\$|[$€£]|\b(?:USD|EUR|GBP)\b)\s?(?P<n>\d[\d,]*(?:\.\d+)?)"
    r"|(?P<n2>\d[\d,]*(?:\.\d+)?)\s+(?P<word>euros?|USD|EUR|GBP|U\.S\. dollars|dollars)\b"
)
_CURRENCY = {
    **{"US$": "USD", "USD": "USD", "U.S. dollars": "USD", "€": "EUR", "EUR": "EUR"},
    **{"euro": "EUR", "euros": "EUR", "£": "GBP", "GBP": "GBP"},
}
_ONE_TO_TWELVE = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_WORDS = {word: n for n, word in enumerate(_ONE_TO_TWELVE, 1)}
_WORDS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90}
_NUMBER = re.compile(
    rf"\b(?P<n>\d[\d,]*(?:\.\d+)?|{'|'.join(_WORDS)})\b(?:\s*\(\d+\))?\)?\s*"
    r"(?P<unit>(?:business |calendar )?(?:hours?|days?|weeks?|months?|years?|per ?cent|%))?",
    re.I,
)


def _date(text: str) -> Json | None:
    found = _DATES.search(text)
    if found is None:
        return None
    written = found[0]
    if found["y4"]:
        first, second, year = int(found["a"]), int(found["b"]), int(found["y4"])
        if first <= 12 and second <= 12 and first != second:
            return {"iso": None, "written": written}
        day, month = (first, second) if first > 12 or first == second else (second, first)
    else:
        year = int(found["y"] or found["y2"] or found["y3"])
        named = (found["m"] or found["m2"] or "").lower()
        month = _MONTHS.index(named) + 1 if named else int(found["m3"])
        day = int(found["d"] or found["d2"] or found["d3"])
    try:
        return {"iso": date(year, month, day).isoformat(), "written": written}
    except ValueError:
        return None


def _money(text: str) -> Json | None:
    found = _MONEY.search(text)
    if found is None:
        return None
    amount = (found["n"] or found["n2"]).replace(",", "")
    return {"amount": amount, "currency": _CURRENCY.get(found["sign"] or found["word"])}


def _number(text: str) -> Json | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    best = next((one for one in found if one["unit"]), found[0])
    number = best["n"].lower().replace(",", "")
    return {"number": str(_WORDS.get(number, number)), "unit": (best["unit"] or "").lower()}


_LOOKS: dict[str, Callable[[str], Json | None]] = {
    "date": _date,
    "money": _money,
    "number": _number,
}
