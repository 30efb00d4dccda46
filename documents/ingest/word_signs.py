"""Signs that Word keeps in fonts of their own, as characters everybody has."""

_WINGDINGS = {
    0x6C: "●",
    0x6E: "■",
    0x6F: "□",
    0x71: "❑",
    0x76: "❖",
    0x9F: "•",
    0xA7: "▪",
    0xA8: "☐",
    0xD8: "➢",
    0xE0: "→",
    0xFB: "✗",
    0xFC: "✓",
    0xFD: "☒",
    0xFE: "☑",
}
_SYMBOL = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    0xA2: "′",
    0xA3: "≤",
    0xA5: "∞",
    0xAB: "↔",
    0xAC: "←",
    0xAE: "→",
    0xB0: "°",
    0xB1: "±",
    0xB2: "″",
    0xB3: "≥",
    0xB4: "×",
    0xB7: "•",
    0xB9: "≠",
    0xBB: "≈",
    0xD2: "®",
    0xD3: "©",
    0xD4: "™",
    0xE2: "®",
    0xE3: "©",
    0xE4: "™",
}


_UNKNOWN = "\ufffd"


def sign(font: str, code: str) -> str:
    """The character of a sign given by its font and its code in hexadecimal; "" for none."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    return _of(font, number) if 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE else ""


def plain(text: str, font: str) -> str:
    """Text that is set in a font, as characters that mean in any font what they show in it."""
    if font != "Symbol" and not font.startswith("Wingdings"):
        return text
    return "".join(letter if letter.isspace() else _of(font, ord(letter)) for letter in text)


def _of(font: str, number: int) -> str:
    number = number & 0xFF if number & 0xFF00 == 0xF000 else number
    if font.startswith("Wingdings"):
        return _WINGDINGS.get(number, _UNKNOWN if number < 0x100 else chr(number))
    if font == "Symbol" and number in _SYMBOL:
        return _SYMBOL[number]
    if font == "Symbol" and 0x80 <= number < 0x100:
        return _UNKNOWN
    return chr(number)
