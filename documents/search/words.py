"""Words as they are compared: folded, stemmed by language, without those that say nothing.

What the index holds are *keys*: a word's stem without accents, in ASCII, so that every database
takes it for the same one word. Chinese, Japanese, Korean and Thai are cut into pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from .stops import STOPS

#: Language of a text that votes for none.
DEFAULT = "en"
_STEMMERS = {
    "en": "english", "de": "german", "fr": "french", "es": "spanish", "it": "italian",
    "pt": "portuguese", "nl": "dutch", "ru": "russian", "ar": "arabic", "el": "greek",
    "hi": "hindi",
}  # fmt: skip
#: Every language a text can be found to be in; "zh" stands for all that is cut into pairs.
LANGUAGES = (*_STEMMERS, "zh")

_LONGEST = 40  # characters of a word; the rest of a longer one is not looked at
_VOTERS = 20_000  # characters of a text that tell its language
_PAIRED = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"  # Han, kana
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Hangul
    "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
)
# marks that belong to a word: accents, Hebrew and Arabic points, the vowels of Indian scripts; and
# what may stand in one unseen
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
)
_UNSEEN = "\u00ad\u200b-\u200f\u2060"
_LETTER = rf"(?:[^\W_{_PAIRED}]|[{_MARKS}{_UNSEEN}])"
#: A number with its separators, a run that is cut into pairs, or a word with what an apostrophe
#: or a hyphen joins to it.
_WORD = re.compile(
    rf"\d+(?:[.,]\d+)+|[{_PAIRED}]+|{_LETTER}+(?:(?:['’]|[-‐‑]\n?[^\S\n]*){_LETTER}+)*"
)
_PAIRED_RUN = re.compile(rf"[{_PAIRED}]")
_DROPPED = re.compile(
    rf"[{_UNSEEN}\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
_HIDDEN = re.compile(f"[{_UNSEEN}]")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?:\D|$))")
_HYPHEN = re.compile(r"[-‐‑]\s*")


def language(text: str) -> str:
    """The language most of a text is in, one of `LANGUAGES`."""
    sample = text[:_VOTERS]
    scripts = Counter(_script(letter) for letter in sample[::7] if letter.isalpha())
    script = scripts.most_common(1)[0][0] if scripts else "latin"
    if script != "latin":
        return script
    words = Counter(word.casefold() for word in re.findall(r"[^\W\d_]+", sample))
    votes = {
        code: sum(words[stop] for stop in stops)
        for code, stops in STOPS.items()
        if code not in ("ru", "ar")
    }
    best = max(votes, key=lambda code: votes[code])
    return best if votes[best] > votes[DEFAULT] else DEFAULT


def _script(letter: str) -> str:
    if letter.isascii():
        return "latin"
    for code, first, last in (
        ("ru", 0x400, 0x52F), ("el", 0x370, 0x3FF), ("ar", 0x600, 0x6FF), ("hi", 0x900, 0x97F),
    ):  # fmt: skip
        if first <= ord(letter) <= last:
            return code
    return "zh" if _PAIRED_RUN.match(letter) else "latin"


def keys(text: str, language: str) -> list[str]:
    """The keys of a text's words in their order, each as often as it occurs."""
    found: list[str] = []
    for word in _WORD.findall(text):
        found += _keys(word, language)
    return found


def places(text: str, language: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where each word of a text stands, half-open, with its keys."""
    for match in _WORD.finditer(text):
        yield match.start(), match.end(), _keys(match[0], language)


@lru_cache(maxsize=100_000)
def _keys(word: str, language: str) -> tuple[str, ...]:
    """A word's keys: none for one that says nothing, several for one joined by hyphens."""
    if _PAIRED_RUN.match(word):
        run = unicodedata.normalize("NFKC", word)
        pairs = [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        return tuple(_ascii(pair) for pair in pairs)
    if word[0].isdigit() and not word.isalnum() and ("." in word or "," in word):
        return (_ascii(_THOUSANDS.sub("", unicodedata.normalize("NFKC", word))[:_LONGEST]),)
    parts = _HYPHEN.split(word)
    if len(parts) == 1:
        return tuple(_simple(word, language))
    found = [key for part in parts for key in _simple(part, language)]
    # a hyphen at a line's end may be the printer's, and some write "nondisclosure" without one
    if len(parts) == 2 and all(part.isalpha() for part in parts):
        found += _simple("".join(parts), language)
    return tuple(found)


def _simple(word: str, language: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    for part in _elided(folded.split("'")):
        # accents tell French stems apart; Arabic points only get in the stemmer's way
        part = (_DROPPED if language == "ar" else _HIDDEN).sub("", part)
        if not part or part in STOPS.get(language, ()):
            continue
        stem = _stem(part[:_LONGEST], language)
        plain = _DROPPED.sub("", unicodedata.normalize("NFD", stem))
        if plain:
            yield _ascii(plain)


def _elided(parts: list[str]) -> list[str]:
    """What an apostrophe joins, without "l'" and "qu'" before a word and "'s" behind it."""
    if len(parts) == 1:
        return parts
    return [part for part in parts if len(part) > 2] or ["".join(parts)]


_stemmers: dict[str, Stemmer.Stemmer] = {}


def _stem(word: str, language: str) -> str:
    name = _STEMMERS.get(language)
    if name is None or not word.isalpha():
        return word
    # one for each thread would be cleaner; `_keys` keeps its results, and the stemmer's own cache
    # is switched off, which leaves no state in it
    if language not in _stemmers:
        _stemmers[language] = Stemmer.Stemmer(name, 0)
    return str(_stemmers[language].stemWord(word))


def _ascii(word: str) -> str:
    return word if word.isascii() else "u" + word.encode("utf-8", "surrogatepass").hex()
