"""A page's characters as pdfium has them: one for each of its character indexes."""

import ctypes
import re

import pypdfium2.raw as pdfium

from .positions import units_text

# FPDFText_GetText puts this where a character has no Unicode or is a hyphen at a line's end.
_STAND_IN = re.compile("\ufffe")


def raw_text_by_unit(text_page: "pdfium.FPDF_TEXTPAGE") -> str:
    """The page's characters, asked for one by one: one character a unit, index = char index."""
    count = pdfium.FPDFText_CountChars(text_page)
    return units_text(pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count))


def raw_text(text_page: "pdfium.FPDF_TEXTPAGE") -> str:
    """What `raw_text_by_unit` gives, several times as fast.

    pdfium keeps a list of characters, which the indexes count, and a text beside it. A character
    goes into the list alone when it is left out of the text, and in both alike when it is not,
    except that U+FFFE in the text stands for various things in the list. A text as long as the
    list therefore leaves nothing out, and only its U+FFFEs need asking.
    """
    count = max(0, pdfium.FPDFText_CountChars(text_page))
    # Twice the room: should pdfium ever write a unit as a pair, it is noticed, not overrun.
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1  # without the last NUL
    if written != count:
        return raw_text_by_unit(text_page)
    text = ctypes.string_at(buffer, 2 * count).decode("utf-16-le", "surrogatepass")
    if len(text) != count:  # pairs were joined
        text = units_text(buffer[:count])
    if "\ufffe" not in text:
        return text
    return _STAND_IN.sub(
        lambda match: units_text([pdfium.FPDFText_GetUnicode(text_page, match.start())]), text
    )
