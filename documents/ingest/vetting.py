"""Does the text hidden under a page's picture say what the picture says?

A scanner adds such text; somebody else may have changed it. The picture is recognised anew, and
each hidden word is looked for where it stands. Recognisers take letters for each other, so letters
that look alike count as one, and a single word is believed to be changed only where the picture is
plain and the words are far apart; digits must be the same. Runs of words that are nowhere to be
seen are believed sooner.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from . import ocr
from .glyphs import Glyphs, glyphs_of
from .hidden import look_at
from .joining import Box
from .pdf import open_pdf
from .pdf_scans import picture_of
from .reading import Finding, Limits, Unreadable
from .words import SCALE, Word

ALL = "The text hidden under the picture of this page says something else than the picture."
DIFFERS = "Hidden under the picture stands “%(text)s”; the picture says “%(picture)s”."
NOWHERE = "Hidden under the picture stands “%(text)s”, which the picture does not say."
LACKS = (
    "The picture of this page says more than the text hidden under it, which is all that was read "
    "of the page."
)

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("il1|!jtfr", "i"),
        **dict.fromkeys("o0qd", "o"),
        **dict.fromkeys("ceg", "c"),
        **dict.fromkeys("nuhm", "n"),
        **dict.fromkeys("s5z2", "s"),
        **dict.fromkeys("b8", "b"),
        **dict.fromkeys("vyw", "v"),
    }
)
_DIGITS = str.maketrans("oqilsbz", "0011582")
_LIKE = 0.7  # of two words' letters: the same word, recognised twice
_PLAIN = 85  # of 100: a word of the picture that is recognised without doubt
_BENEATH = 0.6  # of a word's width: the word that stands in another's place
_UNLIKE = 0.4  # so far apart that no slip explains it, in words of some length
_LONG = 4  # letters
_FAIR = 50  # of 100: sure enough to tell such words apart
_RUN = 3  # words on end that the picture does not say
_MOSTLY = 0.5  # of a page's hidden words must be in the picture, or all of them lie
_FEW = 8  # words that are too few to say so of a page
_LACKING = 0.4  # of the picture's words that have no hidden word beneath
_TOLD = 50
_QUOTED = 120


@dataclass(frozen=True)
class _Word:
    """A word with its box in fractions of the page, y down; ``first`` and ``last`` are pdfium's
    indexes of a hidden one, ``sure`` (0 to 100) is about a recognised one."""

    text: str
    box: Box
    first: int = 0
    last: int = 0
    sure: int = 100


def vet(path: Path, limits: Limits, page: int) -> list[Finding]:
    """What is to be said of a page (1-based), with ranges of its own canonical text. Raise
    `Unreadable`: "needs_ocr" where nothing can be recognised."""
    if not ocr.known(limits.languages):
        raise Unreadable("needs_ocr", ocr.unavailable(limits.languages))
    document = open_pdf(path)
    try:
        with glyphs_of(document, page) as glyphs:
            if glyphs is None:
                return []
            hidden = list(_hidden(glyphs))
            picture = picture_of(document, page)
            seen = ocr.recognise(picture, limits.languages)
            shown = [
                _Word(seen.text[word.start : word.end], _box(word), sure=word.confidence)
                for word in seen.words
            ]
            return list(_findings(glyphs, hidden, shown))
    finally:
        document.close()


def _box(word: Word) -> Box:
    return word.left / SCALE, word.top / SCALE, word.right / SCALE, word.bottom / SCALE


def _hidden(glyphs: Glyphs) -> Iterator[_Word]:
    """The words of the page's layer, in its order."""
    for run in look_at(glyphs).layer:
        first = run.first
        for last in range(run.first, run.last + 1):
            if last < run.last and not glyphs.raw[last].isspace():
                continue
            boxes = [box for index in range(first, last) if (box := glyphs.box(index))]
            if boxes:
                lefts, tops, rights, bottoms = zip(*boxes, strict=True)
                whole = (min(lefts), min(tops), max(rights), max(bottoms))
                yield _Word(glyphs.raw[first:last], whole, first, last)
            first = last + 1


def _findings(glyphs: Glyphs, hidden: Sequence[_Word], shown: Sequence[_Word]) -> Iterator[Finding]:
    words = [word for word in hidden if _letters(word.text)]
    answers = [_answer(word, _there(word, shown)) for word in words]
    agreeing = sum(answer.agrees for answer in answers)
    if len(words) >= _FEW and agreeing < _MOSTLY * len(words):
        yield _finding(glyphs, words[0].first, words[-1].last, ALL)
        return
    told = 0
    for run in _runs(answers):
        if told < _TOLD and (len(run) >= _RUN or any(answers[at].plainly for at in run)):
            told += 1
            yield _said(glyphs, [words[at] for at in run], [answers[at] for at in run])
    plain = [word for word in shown if word.sure >= _PLAIN and _letters(word.text)]
    bare = sum(not _there(word, hidden) for word in plain)
    if len(plain) >= _FEW and bare > _LACKING * len(plain):
        yield Finding("layer_lacks", LACKS)


@dataclass(frozen=True)
class _Answer:
    """What the picture says in a hidden word's place. ``plainly``: another word, beyond doubt."""

    agrees: bool
    plainly: bool
    picture: str


def _there(word: _Word, others: Sequence[_Word]) -> list[_Word]:
    """The words that stand in the same place, give or take half a line."""
    left, top, right, bottom = word.box
    slack = (bottom - top) / 2
    return [
        other
        for other in others
        if other.box[0] < right
        and other.box[2] > left
        and top - slack < (other.box[1] + other.box[3]) / 2 < bottom + slack
    ]


def _answer(word: _Word, there: Sequence[_Word]) -> _Answer:
    picture = " ".join(other.text for other in there)
    if not there:
        return _Answer(False, False, "")
    beneath = max(there, key=lambda other: _beside(word.box, other.box))
    sure = beneath.sure >= _PLAIN and _beside(word.box, beneath.box) >= _BENEATH
    mine, theirs = _digits(word.text), _digits(picture)
    if mine and any(letter.isdigit() for letter in word.text) and mine not in theirs:
        return _Answer(False, sure, beneath.text)
    one, other = _folded(word.text), _folded(picture)
    likeness = 1.0 if one in other else SequenceMatcher(None, one, other, autojunk=False).ratio()
    if likeness < _UNLIKE and min(len(one), len(other)) >= _LONG:
        sure = sure or beneath.sure >= _FAIR
    return _Answer(likeness >= _LIKE, likeness < _LIKE and sure, beneath.text)


def _beside(one: Box, other: Box) -> float:
    """How much of the narrower of two boxes lies above or below the other, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    return max(width, 0.0) / max(min(one[2] - one[0], other[2] - other[0]), 1e-9)


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold().replace("rn", "m")
    return "".join(letter for letter in plain.translate(_ALIKE) if letter.isalnum())


def _digits(text: str) -> str:
    """The digits, with letters that are taken for digits counted as such."""
    plain = text.casefold().translate(_DIGITS)
    return "".join(letter for letter in plain if letter.isdigit())


def _runs(answers: Sequence[_Answer]) -> Iterator[list[int]]:
    run: list[int] = []
    for at, answer in enumerate(answers):
        if not answer.agrees:
            run.append(at)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _said(glyphs: Glyphs, words: Sequence[_Word], answers: Sequence[_Answer]) -> Finding:
    text = _clipped(" ".join(word.text for word in words))
    picture = _clipped(" ".join(dict.fromkeys(one.picture for one in answers if one.picture)))
    sentence = (DIFFERS if picture else NOWHERE) % {"text": text, "picture": picture}
    return _finding(glyphs, words[0].first, words[-1].last, sentence)


def _finding(glyphs: Glyphs, first: int, last: int, sentence: str) -> Finding:
    start, end = glyphs.positions.to_text(first, last)
    return Finding("layer_differs", sentence, start=start, end=end)


def _clipped(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1].rstrip() + "…"
