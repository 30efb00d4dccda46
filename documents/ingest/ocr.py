"""Text recognised on a picture of a page, by Tesseract.

`recognise` takes a picture and gives text, words with their places, and how sure it is. Tesseract
comes with the package tesserocr, its languages with the system; `unavailable` says what is missing.
A recogniser is made once for each set of languages and kept: only the limited child makes any.
"""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from .canonical import clean
from .upright import Upright, is_blank, level
from .words import SCALE, Word

_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_SURE_TURN = 5.0  # of Tesseract's confidence: false turns have 1.5 at most, true ones 6.7 and more
_PAGE_SECONDS = 40

# Of wrong words two in three are below this, of right words one in a hundred.
_DOUBTFUL = 60
_DOUBTFUL_SHARE = 0.25  # of the characters of a page that counts as read
_NOISE = 0.4  # a page this uncertain is no text at all
_LEVEL_WORD = "5"
_UNSPACED = (("\u0e00", "\u0eff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"))


@dataclass(frozen=True)
class Recognised:
    """What stands on a page: ``text`` is canonical, ``words`` are places in it and on the page as
    it was given. ``confidence`` is 0 to 1, None without words. A page with something on it that
    did not become text, or only doubtful text, is not ``legible``; an empty one is."""

    text: str
    words: tuple[Word, ...]
    confidence: float | None
    legible: bool


NOTHING = Recognised("", (), None, legible=True)
UNREAD = Recognised("", (), None, legible=False)


def tessdata() -> Path | None:
    """The folder with Tesseract's languages; None when there is none."""
    given = os.environ.get("TESSDATA_PREFIX", "")
    candidates = [given, os.path.join(given, "tessdata")] if given else []
    for pattern in _FOLDERS:
        candidates += sorted(glob.glob(pattern), reverse=True)
    for candidate in candidates:
        if glob.glob(os.path.join(glob.escape(candidate), "*.traineddata")):
            return Path(candidate)
    return None


def known(languages: Sequence[str]) -> list[str]:
    """Those of the languages that can be recognised here."""
    folder = tessdata()
    if folder is None or find_spec("tesserocr") is None:
        return []
    return [name for name in languages if (folder / f"{name}.traineddata").is_file()]


def unavailable(languages: Sequence[str]) -> str:
    """A sentence that says what is missing, and how to get it; "" when nothing is."""
    there = known(languages)
    missing = [name for name in languages if name not in there]
    if not missing:
        return ""
    packages = [f"tesseract-ocr-{name.replace('_', '-').lower()}" for name in missing]
    if not there:
        packages.append("tesseract-ocr-osd")
    wanted = f"apt install {' '.join(packages)}"
    if there:
        return f"Text in {', '.join(missing)} was not recognised; this installs it: {wanted}"
    return f"Text in pictures cannot be recognised here; this installs what is needed: {wanted}"


def version() -> str:
    """Tesseract's."""
    import tesserocr

    return str(tesserocr.tesseract_version().split()[1])


def recognise(page: Image.Image, languages: Sequence[str]) -> Recognised:
    """Read a page, given as a picture the right way round or not. At least one of the languages
    must be `known`."""
    page = page if page.mode == "L" else page.convert("L")
    if is_blank(page):
        return NOTHING
    lying = level(page)
    turn, sure = _turn(lying.picture)
    found = _read(lying.further(turn if sure else 0), languages)
    if not sure and not found.legible:
        # few letters tell which way is up, and so they make no sense: perhaps the other way round
        other = _read(lying.further(turn or 180), languages)
        if (other.confidence or 0.0) > (found.confidence or 0.0):
            return other
    return found


def _turn(page: Image.Image) -> tuple[int, bool]:
    """Degrees to turn the page counter-clockwise, and whether that is certain."""
    recogniser = _orientation()
    if recogniser is None:
        return 0, False
    _show(recogniser, page)
    told = recogniser.DetectOrientationScript()
    recogniser.Clear()
    if not told:
        return 0, False
    return int(told["orient_deg"]) % 360, told["orient_conf"] > _SURE_TURN


def _read(page: Upright, languages: Sequence[str]) -> Recognised:
    recogniser = _recogniser("+".join(known(languages)))
    _show(recogniser, page.picture)
    try:
        if not recogniser.Recognize(_PAGE_SECONDS * 1000):
            return UNREAD
        # not by the words' iterator: it gives what is written right to left in reverse
        table = recogniser.GetTSVText(0)
    finally:
        recogniser.Clear()
    rows = list(_rows(table))
    text, words = _text(rows, page)
    weight = sum(word.end - word.start for word in words)
    if not weight:
        return UNREAD
    confidence = sum((word.end - word.start) * word.confidence for word in words) / weight / 100
    if confidence < _NOISE:
        return Recognised("", (), confidence, legible=False)
    doubtful = sum(word.end - word.start for word in words if word.confidence < _DOUBTFUL)
    legible = doubtful <= _DOUBTFUL_SHARE * weight
    return Recognised(text, tuple(words), round(confidence, 4), legible)


@dataclass(frozen=True)
class _Row:
    """A word as Tesseract gives it; ``line`` and ``paragraph`` are alike for words in the same."""

    paragraph: tuple[str, ...]
    line: tuple[str, ...]
    box: tuple[int, int, int, int]  # left, top, right, bottom
    confidence: int
    word: str


def _rows(table: str) -> Iterator[_Row]:
    for line in table.splitlines():
        fields = line.split("\t", 11)
        if len(fields) < 12 or fields[0] != _LEVEL_WORD:
            continue
        word = clean(fields[11]).strip()
        if not word:
            continue
        left, top, width, height = map(int, fields[6:10])
        yield _Row(
            paragraph=tuple(fields[1:4]),
            line=tuple(fields[1:5]),
            box=(left, top, left + width, top + height),
            confidence=min(max(round(float(fields[10])), 0), 100),
            word=word,
        )


def _text(rows: Sequence[_Row], page: Upright) -> tuple[str, list[Word]]:
    """The page's text, and its words with their places."""
    parts: list[str] = []
    words: list[Word] = []
    length = 0
    before: _Row | None = None
    for row in rows:
        between = _between(before, row) if before else ""
        parts += [between, row.word]
        start = length + len(between)
        length = start + len(row.word)
        left, top, right, bottom = (round(part * SCALE) for part in page.back(*row.box))
        words.append(Word(start, length, left, top, right, bottom, row.confidence))
        before = row
    return "".join(parts), words


def _between(before: _Row, row: _Row) -> str:
    if before.paragraph != row.paragraph:
        return "\n\n"
    if before.line != row.line:
        return "\n"
    return "" if _unspaced(before.word[-1]) and _unspaced(row.word[0]) else " "


def _unspaced(letter: str) -> bool:
    """Whether it is of a script that puts no spaces between words."""
    return any(first <= letter <= last for first, last in _UNSPACED)


@cache
def _recogniser(languages: str) -> Any:
    import tesserocr

    return _made(languages, tesserocr.PSM.AUTO)


@cache
def _orientation() -> Any:
    """The recogniser that tells how a page is turned; None where its data are missing."""
    import tesserocr

    return _made("osd", tesserocr.PSM.OSD_ONLY) if known(["osd"]) else None


def _made(languages: str, mode: Any) -> Any:
    import tesserocr

    return tesserocr.PyTessBaseAPI(path=str(tessdata()), lang=languages, psm=mode)


def _show(recogniser: Any, picture: Image.Image) -> None:
    recogniser.SetImageBytes(picture.tobytes(), *picture.size, 1, picture.width)
    recogniser.SetSourceResolution(300)
