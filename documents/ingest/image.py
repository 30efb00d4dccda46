"""Reads pictures: each frame is a page, and what stands on it is recognised."""

from pathlib import Path

from PIL import Image
from PIL import __version__ as pillow

from .images import density, frame, frames, image
from .reading import Limits, Pages, PageText, Progress, Reading, Unreadable
from .scans import Scans
from .upright import PIXELS


class ImageReader:
    """One page a frame; Pillow decodes them."""

    name = "pillow"
    version = pillow

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        pages, scans = Pages(limits), Scans(limits)
        with image(path) as opened:
            count = frames(opened)
            if count > limits.pages:
                raise Unreadable("too_many_pages", pages=count, limit=limits.pages)
            if limits.ocr:
                progress(0, count)  # the first page may take its time
            for number in range(1, count + 1):
                pages.add(_page(opened, number, scans))
                progress(number, count)
        if pages.blank:
            raise Unreadable("no_text")
        return scans.signed(pages.reading(self, scans.warnings(), ""))


def _page(opened: Image.Image, number: int, scans: Scans) -> PageText:
    picture, width, height = frame(opened, number, PIXELS)
    found = scans.read(number, lambda: picture)
    points = 72 / density(opened)
    return PageText(
        text=found.text,
        raw=found.text,
        width=width * points,
        height=height * points,
        recognised=True,
        confidence=found.confidence,
        legible=found.legible,
        words=found.words,
    )
