"""The rules that make characters canonical.

Canonical text is valid Unicode with LF as its only line end. Gone are NUL and every other control
character but tab and line feed (C0, DEL, C1), U+FEFF (byte order mark), surrogates and
noncharacters. CR LF and a CR alone become LF. Everything else stays as the file has it: nothing is
composed, folded, trimmed or collapsed, so spaces at line ends stay too.
"""

import re

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)
)

#: A character class (the inside of its brackets): what never stands in canonical text. CR is in
#: it: the rule for line ends must run first.
DROPPED = "\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff" + _NONCHARACTERS

_DROPPED = re.compile(f"[{DROPPED}]+")


def clean(text: str) -> str:
    """The canonical form of any str; cleaning twice changes nothing."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _DROPPED.sub("", text)


def title(text: str, limit: int = 200) -> str:
    """A document's own title as one line of at most ``limit`` characters; "" when it has none."""
    return " ".join(clean(text).split())[:limit].rstrip()
