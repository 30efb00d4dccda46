"""Reads plain text and Markdown. A form feed ends a page; without one there is one page."""

import re
from pathlib import Path

from .canonical import clean, title
from .kinds import encoding_of
from .reading import Limits, Pages, PageText, Progress, Reading, Unreadable

_HEADING = re.compile(r"^ {0,3}# +(\S[^\n]*?)[ #]*$", re.MULTILINE)
_HEADING_WITHIN = 10_000


class TextReader:
    """Decodes by byte order mark, else as UTF-8, else as cp1252 with a warning."""

    version = "1"

    def __init__(self, name: str, *, headings: bool) -> None:
        self.name = name
        self._headings = headings

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        data = path.read_bytes()
        encoding = encoding_of(data, whole=True)
        warnings = []
        if encoding == "cp1252":
            warnings.append(
                "This text is not Unicode: it was read as Windows-1252, "
                "and some letters may be wrong."
            )
        text = data.decode(encoding, "replace")
        del data
        parts = text.split("\f")
        if len(parts) > 1 and not parts[-1].strip():
            parts.pop()  # a form feed ends the last page: it begins no other
        if len(parts) > limits.pages:
            raise Unreadable("too_many_pages", pages=len(parts), limit=limits.pages)
        pages = Pages(limits)
        for number, part in enumerate(parts, start=1):
            pages.add(PageText(text=clean(part), raw=part))
            progress(number, len(parts))
        if len(pages.without_text()) == len(parts):
            raise Unreadable("empty")
        heading = _HEADING.search(clean(parts[0][:_HEADING_WITHIN])) if self._headings else None
        return pages.reading(self, warnings, title(heading[1]) if heading else "")
