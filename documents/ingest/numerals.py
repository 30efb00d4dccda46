"""Numbers as Word writes them: iv, AA, Second, 十二."""

from collections.abc import Callable

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def written(number: int, format: str, digits: int = 0) -> str:
    """A number in one of Word's formats; in figures when the format is not known or has no way to
    write it. ``digits`` are the least it has in figures."""
    write = _FORMATS.get(format)
    made = write(number) if write and number >= 0 else None
    return f"{number:0{min(digits, 20)}d}" if made is None else made


def _letters(number: int) -> str | None:
    """a, b, … z, aa, bb, …"""
    if not 0 < number < 1000:
        return None
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _roman(number: int) -> str | None:
    if not 0 < number < 5000:
        return None
    made = ""
    for worth, letters in _ROMAN:
        made += letters * (number // worth)
        number %= worth
    return made


def _upper(write: Callable[[int], str | None]) -> Callable[[int], str | None]:
    def upper(number: int) -> str | None:
        made = write(number)
        return made and made.upper()

    return upper


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _words(number: int) -> str | None:
    """Up to ninety-nine, as no list that counts in words goes further."""
    if not 0 < number < 100:
        return None
    tens, ones = divmod(number, 10)
    if number < 20:
        return _ONES[number].capitalize()
    return (_TENS[tens] + (f"-{_ONES[ones]}" if ones else "")).capitalize()


def _ordinal_words(number: int) -> str | None:
    words = _words(number)
    if words is None:
        return None
    before, dash, last = words.lower().rpartition("-")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return (before + dash + last).capitalize()


def _signs(number: int) -> str | None:
    return "*†‡§"[(number - 1) % 4] * ((number - 1) // 4 + 1) if 0 < number < 100 else None


def _circled(number: int) -> str | None:
    return chr(0x245F + number) if 0 < number <= 20 else None


def _chinese(number: int) -> str | None:
    if not 0 < number < 100:
        return None
    tens, ones = divmod(number, 10)
    figures = "〇一二三四五六七八九"
    before = figures[tens] if tens > 1 else ""
    return before + ("十" if tens else "") + (figures[ones] if ones else "")


_FORMATS: dict[str, Callable[[int], str | None]] = {
    "lowerLetter": _letters,
    "upperLetter": _upper(_letters),
    "lowerRoman": _roman,
    "upperRoman": _upper(_roman),
    "decimalZero": lambda number: f"{number:02d}",
    "ordinal": _ordinal,
    "cardinalText": _words,
    "ordinalText": _ordinal_words,
    "none": lambda number: "",
    "bullet": lambda number: "•",
    "chicago": _signs,
    "numberInDash": lambda number: f"- {number} -",
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedParen": lambda number: f"({number})",
    "decimalEnclosedFullstop": lambda number: f"{number}.",
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "taiwaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
    "japaneseCounting": _chinese,
}
