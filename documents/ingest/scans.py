"""The pages of a file that are pictures of text: recognised within limits, and spoken of."""

import time
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from . import ocr
from .numbers import named
from .reading import Limits, Reading, Unreadable

_DOUBTED = 0.85  # a page less sure than this has a wrong character in thirty
_RECOGNISING = 0.9  # of all the time there is


class Scans:
    """Recognises pages, and remembers those of which there is something to say."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ends = time.monotonic() + _RECOGNISING * limits.total_seconds
        self._possible = bool(ocr.known(limits.languages))
        self._asked = False
        self._recognised = False
        self._unread: list[int] = []
        self._doubted: list[int] = []
        self._late: list[int] = []

    def read(
        self, number: int, picture: Callable[[], Image.Image], *, beside: bool = False
    ) -> ocr.Recognised:
        """What stands on a page's ``picture``, which is made when it is needed. What it says
        ``beside`` a page full of text may be nothing: then nobody is told that it was not read.

        Raise `Unreadable` with the code "needs_ocr" where it could be recognised but must not.
        """
        self._asked = True
        if not self._possible:
            self._unread += [] if beside else [number]
            return ocr.UNREAD
        if not self._limits.ocr:
            raise Unreadable("needs_ocr", f"page {number}")
        if self._limits.total_seconds and time.monotonic() > self._ends:
            self._late.append(number)
            return ocr.UNREAD
        self._recognised = True
        found = ocr.recognise(picture(), self._limits.languages)
        if not found.legible:
            self._unread += [] if beside else [number]
        elif found.confidence is not None and found.confidence < _DOUBTED:
            self._doubted.append(number)
        return found

    def lost(self, number: int) -> None:
        """A page that could not even be drawn."""
        self._unread.append(number)

    def signed(self, reading: Reading) -> Reading:
        """With what recognised its pages, if anything did, named beside its reader."""
        if not self._recognised:
            return reading
        version = f"{reading.reader_version}, {ocr.version()}"
        return replace(reading, reader=f"{reading.reader}, tesseract", reader_version=version)

    def warnings(self) -> list[str]:
        """English sentences for the reading."""
        warnings = []
        if self._unread:
            warnings.append(f"{named(self._unread).capitalize()} could not be read.")
        if self._late:
            warnings.append(
                f"{named(self._late).capitalize()} could not be read: "
                "recognising the pages before took too long."
            )
        if self._doubted:
            warnings.append(
                f"The text of {named(self._doubted)} was hard to recognise: "
                "compare what is cited with the page."
            )
        if self._asked and (missing := ocr.unavailable(self._limits.languages)):
            warnings.append(missing)
        return warnings
