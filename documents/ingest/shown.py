"""Numbers of a workbook as it shows them.

Dates are the exception: they become ISO dates, since 3/4/2025 is another day in another country.
"""

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel

_SECTION = re.compile(r'((?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[]|["\\\[])*?)(?:;|\Z)', re.DOTALL)
# What a section of a number's format is made of; currencies stand as [$€-407].
_PIECE = re.compile(
    r'"([^"]*)"|\\(.)|[_*].|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]'
    r"|(General)|([#0?][#0?,.]*(?:E[+-][#0?]+)?)|(.)",
    re.DOTALL | re.IGNORECASE,
)
_CONDITION = re.compile(r"\[[<>=]")
_PRECISE = 15  # digits that a workbook keeps
_EXPONENT = 300
_LARGEST = Decimal(10) ** 15


def number(value: str, code: str, epoch: datetime) -> str:
    """The number written as ``value`` in the format ``code``; "" when the format shows nothing.

    ``epoch`` is the day that days are counted from. What is no number comes back as it is.
    """
    try:
        exact = Decimal(value)
    except ArithmeticError:
        return value
    if not exact.is_finite() or abs(exact.adjusted()) > _EXPONENT:
        return value
    sections = _sections(code)
    if sections is None:
        return _date(exact, code, epoch)
    signed, section = exact, sections[0]
    if exact < 0 and len(sections) > 1:
        signed, section = -exact, sections[1]
    elif exact == 0 and len(sections) > 2:
        section = sections[2]
    return _in_section(signed, section)


def hides_text(code: str) -> bool:
    """Whether a cell with a format shows nothing of text."""
    sections = _sections(code) or []
    return len(sections) > 3 and not sections[3]


@lru_cache(maxsize=1000)
def _sections(code: str) -> list[str] | None:
    """The formats of positive and negative numbers and of zero; None when the code is a date's."""
    if is_date_format(code):
        return None
    if not code or _CONDITION.search(code):
        return ["General"]
    sections = [match[1] for match in _SECTION.finditer(code)]
    # the last match is the empty end, which is a section only after a semicolon
    return sections if code.endswith(";") else sections[:-1]


def general(value: Decimal) -> str:
    """The number without any format."""
    if abs(value) < _LARGEST and value == value.to_integral_value():
        return str(int(value))
    return format(float(value), f".{_PRECISE}g")


def _date(value: Decimal, code: str, epoch: datetime) -> str:
    try:
        found = from_excel(float(value), epoch, timedelta=is_timedelta_format(code))
    except (OverflowError, ValueError):
        return general(value)
    if isinstance(found, timedelta):
        minutes, seconds = divmod(round(found.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(found).removesuffix(" 00:00:00")


def _in_section(value: Decimal, section: str) -> str:
    before, after, pattern = "", "", ""
    percent = 0
    for quoted, escaped, currency, plain, digits, other in _PIECE.findall(section):
        literal = quoted or escaped or currency
        if plain or (digits and pattern) or other in ("/", "@"):
            return general(value)  # a fraction, a telephone number: too seldom to be imitated
        if digits:
            pattern = digits
            continue
        percent += other == "%"
        if pattern:
            after += literal or other
        else:
            before += literal or other
    if not pattern:
        return (before + after).strip()
    shown = _digits(abs(value) * 100**percent, pattern)
    return f"{'-' if value < 0 else ''}{before}{shown}{after}".strip()


def _digits(value: Decimal, pattern: str) -> str:
    mantissa, exponent, _ = pattern.upper().partition("E")
    whole, _, decimals = mantissa.partition(".")
    value /= Decimal(1000) ** (len(mantissa) - len(mantissa.rstrip(",")))
    places = sum(sign in "0#?" for sign in decimals)
    if exponent:
        return format(value, f".{places}E")
    if value >= _LARGEST:
        return general(value)
    with localcontext() as context:
        context.prec = 60
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    thousands = "," if "," in whole.rstrip(",") else ""
    text = format(rounded, f"{thousands}.{places}f")
    whole_text, _, decimal_text = text.partition(".")
    while decimal_text and decimals.rstrip(",")[len(decimal_text) - 1] != "0":
        if decimal_text[-1] != "0":
            break
        decimal_text = decimal_text[:-1]
    least = whole.count("0")
    whole_text = whole_text.zfill(least) if least or whole_text != "0" else ""
    return f"{whole_text}.{decimal_text}" if decimal_text else whole_text
