"""Words as they are compared: lower case, without stop words, lightly stemmed."""

import re
from functools import lru_cache

# Chinese and Japanese have no spaces: each ideograph counts as a word, katakana in runs;
# hiragana is mostly grammar and left out.
_WORD = re.compile(
    r"[\u3400-\u9fff]|[\u30a0-\u30ff]+"
    r"|[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:['’][^\W_]+)?"
)
_STOP = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being
    between both but by can could did do does doing down during each either few for from further
    had has have having he her here hers him his how i if in into is it its itself just like me
    more most my no nor not of off on once only or other our out over own please same shall she
    should so some such tell than that the their them then there therefore these they this those
    through to too under until up very was we were what when where which while who whom whose
    why will with would you your etc upon within without whether give given say says said show
    me find list describe explain document documents clause clauses contract contracts agreement
    agreements party parties include includes including included one two whatsoever category may
    must hereof herein hereto hereby hereunder thereof therein thereto following certain
    applicable another set forth
    """.split()  # noqa: SIM905 -- a list of 200 quoted words is not easier to read
)


def words(text: str) -> list[str]:
    """Stemmed words of a text in order, without stop words."""
    lowered = (word.lower() for word in _WORD.findall(text))
    return [stem(word) for word in lowered if word not in _STOP]


def plain(text: str) -> list[str]:
    """The words of a text as it writes them, in order, without stop words."""
    return [word for word in _WORD.findall(text) if word.lower() not in _STOP]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A light stem: plurals, -ing, -ed, -er, -tion and the like fall together; never under 4
    letters."""
    word = word.replace("’", "'").removesuffix("'s").removesuffix("'")
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) + len(replacement) >= 4:
            word = word[: len(word) - len(suffix)] + replacement
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


_SUFFIXES = (
    ("ations", "at"),
    ("ation", "at"),
    ("ities", "it"),
    ("ity", "it"),
    ("ments", ""),
    ("ment", ""),
    ("ances", ""),
    ("ance", ""),
    ("ences", ""),
    ("ence", ""),
    ("iveness", "iv"),
    ("ively", "iv"),
    ("sions", "s"),
    ("sion", "s"),
    ("tions", "t"),
    ("tion", "t"),
    ("ssing", "ss"),
    ("ssed", "ss"),
    ("izing", "iz"),
    ("ized", "iz"),
    ("ating", "at"),
    ("ated", "at"),
    ("ates", "at"),
    ("ably", ""),
    ("able", ""),
    ("ing", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("sses", "ss"),
    ("ers", ""),
    ("ors", ""),
    ("ed", ""),
    ("er", ""),
    ("or", ""),
    ("es", ""),
    ("ss", "ss"),
    ("us", "us"),
    ("ly", ""),
    ("s", ""),
)
