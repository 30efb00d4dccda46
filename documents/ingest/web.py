"""Reads web pages as the text that a reader of them sees.

The page is taken in as it comes, without a tree of it, so that neither its size nor its depth
matters. Nothing it points at is fetched and no script is run. Hidden text is left out and
reported; so-called ARIA attributes hide nothing, as they speak to screen readers alone.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

from .canonical import title
from .kinds import encoding_of
from .reading import Limits, Progress, Reading, Unreadable
from .running import Running, struck, to_pages
from .web_text import PageText

# Raise it when a rule that makes text changes: a reading is known by its reader's version.
_RULES = 2
_CHUNK = 1 << 18
_META_WITHIN = 4096
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_OF_PAGES = re.compile(
    r"(cp(125\d|866|874|932|949|950)|iso8859-\d+|koi8-[ru]|gb\w+|big5\w*|euc_\w+"
    r"|shift_jis\w*|mac-\w+|tis-620|ascii)\Z"
)
# What pages call these is more, and the same for every letter they share.
_WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


class WebReader:
    """Text by block, lists with their numbers, rows of tables as lines."""

    name = "web"
    version = f"lxml {etree.__version__}, libxml2 {etree.LIBXML_VERSION}, rules {_RULES}"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        encoding, guessed = _encoding(path)
        page = taken_in(_decoded(path, encoding), limits)
        running = Running(page.text(), page.hidden)
        pages, findings = to_pages(running, limits, progress)
        if page.struck:
            findings.insert(0, struck(title(page.struck_words), page.struck))
        warnings = [_GUESSED] if guessed else []
        return pages.reading(self, warnings, title(page.title), findings)


def taken_in(texts: Iterable[str], limits: Limits) -> PageText:
    """The text of a page that comes in pieces. Raise `Unreadable`."""
    page = PageText(limits)
    parser = etree.HTMLParser(
        target=page, encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        for text in texts:
            parser.feed(text.encode("utf-8", "replace"))
        parser.close()
    except etree.XMLSyntaxError as error:  # there was not one element
        if not page.begun:
            raise Unreadable("empty", repr(error)) from error
    return page


_GUESSED = (
    "This page is not Unicode and does not say what it is: it was read as Windows-1252, "
    "and some letters may be wrong."
)


def _encoding(path: Path) -> tuple[str, bool]:
    """By its byte order mark, else as the page says, else UTF-8 if it is, else cp1252, which is a
    guess."""
    with path.open("rb") as file:
        head = file.read(_META_WITHIN)
    marked = encoding_of(head)
    if marked not in ("utf-8", "cp1252"):
        return marked, False
    said = _DECLARED.search(head) or _META.search(head)
    try:
        name = codecs.lookup(said[1].decode()).name if said else ""
    except LookupError:
        name = ""
    # nothing else: Python knows codecs that are none of text, and none says UTF-16 in ASCII letters
    if name == "utf-8" or _OF_PAGES.match(name):
        return _WIDER.get(name, name), False
    utf8 = _is_utf8(path)
    return ("utf-8" if utf8 else "cp1252"), not utf8


def _is_utf8(path: Path) -> bool:
    try:
        for _ in _decoded(path, "utf-8", "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded(path: Path, encoding: str, errors: str = "replace") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
