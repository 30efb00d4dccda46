"""Text into sentence chunks the way the API cites them: contiguous, each with its trailing white
space."""

import re

LONGEST = 600  # characters; a longer run without an end of sentence is cut at a weaker boundary
_WEAK_FROM = 300

_END = re.compile(
    r"""
    [.!?]["”’)\]]*\s+(?=["“‘(\[•]?[A-Z0-9])  # a full stop, then what can start a sentence
    | [。！？]["”’）】」』]*\s*
    | [;:]\s*\n\s*                               # an item of a list
    | \n[ \t]*(?:\n\s*)+ | \s*\f\s*              # a blank line, a new page
    | \n[ \t]*(?=(?:\(?(?:[a-z]|[ivx]{1,5}|\d{1,2})\)|\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2}\.)[ \t]+\S)
    | \n[ \t]*(?=(?:ARTICLE|Article|SECTION|Section)[ ]+[\dIVX]+)
    """,
    re.VERBOSE,
)
# What may stand before a full stop without ending a sentence.
_ABBREVIATION = re.compile(
    r"""(?:^|[\s("“'])(?:[A-Za-z]|Inc|Corp|Ltd|Co|LLC|L\.L\.C|L\.P|N\.A|S\.A|U\.S|U\.K|U\.S\.A|e\.g|i\.e|No|Nos|Sec
    |Art|Mr|Mrs|Ms|Dr|Jr|Sr|St|vs|v|cf|al|approx|Esq|Dept|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec
    |\d{1,2}(?:\.\d{1,2})*)\.$""",
    re.VERBOSE,
)
_WEAK = re.compile(r"[;,]\s+|\s+")


def split(text: str) -> list[tuple[int, int]]:
    """Half-open code point ranges that cover `text` without a gap. Empty for an empty text."""
    ends = [m.end() for m in _END.finditer(text) if not _is_abbreviation(text, m)]
    chunks: list[tuple[int, int]] = []
    start = 0
    for end in [*ends, len(text)]:
        if end <= start or (not text[start:end].strip() and end < len(text)):
            continue
        chunks += _cut(text, start, end)
        start = end
    if len(chunks) > 1 and not text[slice(*chunks[-1])].strip():
        chunks[-2:] = [(chunks[-2][0], chunks[-1][1])]
    return chunks


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    if text[match.start()] != ".":
        return False
    return bool(_ABBREVIATION.search(text[max(0, match.start() - 12) : match.start() + 1]))


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    while end - start > LONGEST:
        weak = [m.end() for m in _WEAK.finditer(text, start + _WEAK_FROM, start + LONGEST)]
        strong = [at for at in weak if text[at - 2 : at - 1] in ";,"]
        at = (strong or weak or [start + LONGEST])[-1]
        pieces.append((start, at))
        start = at
    return [*pieces, (start, end)]
