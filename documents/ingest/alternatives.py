"""An e-mail that is written twice, as plain text and as a web page: do the two say the same?

Mail programs show the page, machines read the plain text, and whoever wrote both may have meant
that. A plain text that only says that there is a page is no lie.
"""

import re
from collections import Counter

from .reading import Finding

DIFFERS = (
    "This e-mail says something else as plain text than as the formatted text that mail programs "
    "show. The %(read)s was read."
)
ONLY = " Only the %(which)s says: “%(text)s”."
_NAMES = {True: "formatted text", False: "plain text"}

_FULLER = 1.2  # times as many words make a text the fuller one
_LEAST, _SHARE = 5, 0.2  # words, and of all, that only one of them says, at least
_STUB, _STUB_SHARE = 40, 0.25  # words of a plain text that stands for the page, at most
_QUOTED = 20  # words
# Addresses, and what makers of plain text put in for links, pictures, lists and quotes.
_ADDED = re.compile(
    r"\S*(?:://|www\.|mailto:|cid:|@)\S*|\[(?:image|cid)?[^\]\n]{0,80}\]|^[ \t>]*\d+[.)][ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"\w+(?:[.,:/]\d+)*")


def compared(plain: str, rich: str) -> tuple[bool, Finding | None]:
    """Whether the page (``rich``) is to be read and not the plain text, and what is to be said of
    the other."""
    texts = {False: _words(plain), True: _words(rich)}
    if not texts[False] or not texts[True]:
        return bool(texts[True]), None
    lengths = {which: len(words) for which, words in texts.items()}
    fuller = lengths[True] > _FULLER * lengths[False]
    thinner = lengths[False] > _FULLER * lengths[True]
    differ = {which: _unsaid(texts[which], texts[not which]) for which in texts}
    stub = lengths[False] <= min(_STUB, _STUB_SHARE * lengths[True])
    if stub and not any(_has_digit(word) for word in differ[False]):
        return True, None
    telling = [which for which in texts if _matters(differ[which], lengths[which])]
    # what people see counts, unless it leaves something out
    read = fuller or (bool(telling) and not thinner)
    if False not in telling and (read or not telling):
        return read, None
    sentence = DIFFERS % {"read": _NAMES[read]}
    for which in telling:
        quoted = " ".join(differ[which][:_QUOTED])
        more = "…" if len(differ[which]) > _QUOTED else ""
        sentence += ONLY % {"which": _NAMES[which], "text": quoted + more}
    return read, Finding("mail_differs", sentence)


def _words(text: str) -> list[str]:
    return _WORD.findall(_ADDED.sub(" ", text))


def _unsaid(words: list[str], others: list[str]) -> list[str]:
    """Words, in their order, that stand in the other text less often."""
    left = Counter(word.casefold() for word in others)
    unsaid = []
    for word in words:
        left[word.casefold()] -= 1
        if left[word.casefold()] < 0:
            unsaid.append(word)
    return unsaid


def _matters(unsaid: list[str], length: int) -> bool:
    many = len(unsaid) >= max(_LEAST, _SHARE * length)
    return many or any(_has_digit(word) for word in unsaid)


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
