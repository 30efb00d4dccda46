"""The text of a page as it lies over the page's picture, so that it can be selected and copied."""

from __future__ import annotations

from dataclasses import dataclass

from documents.geometry import Line, lines
from documents.models import Page, Version

WIDTH = 1000.0
# of a line's height: above the baseline, and a letter's size
ASCENT, SIZE = 0.8, 0.87


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` of the version, and the attributes of their ``<text>``."""

    start: int
    end: int
    text: str
    x: str
    y: str
    size: str
    length: str
    transform: str


@dataclass(frozen=True)
class Layer:
    """``height`` is the page's when it is `WIDTH` wide."""

    version: Version
    number: int
    height: str
    spans: list[Span]


def layer(version: Version, number: int) -> Layer | None:
    """The layer of page ``number``; None for no such page, and for one without a shape.

    Raises `ingest.Unreadable` when the file cannot be opened any more.
    """
    page = Page.objects.filter(version=version, number=number).first()
    if page is None or not page.width or not page.height:
        return None
    height = WIDTH * page.height / page.width
    spans = [_span(line, height) for line in lines(version, number)]
    return Layer(version, number, f"{height:.2f}", spans)


def _span(line: Line, page_height: float) -> Span:
    left, top = line.rect[0] * WIDTH, line.rect[1] * page_height
    width, height = line.rect[2] * WIDTH, line.rect[3] * page_height
    length, thick = (height, width) if line.turns % 2 else (width, height)
    x, y = (
        (left, top + ASCENT * height),
        (left + (1 - ASCENT) * width, top),
        (left + width, top + (1 - ASCENT) * height),
        (left + ASCENT * width, top + height),
    )[line.turns]
    transform = f"rotate({90 * line.turns} {x:.2f} {y:.2f})" if line.turns else ""
    return Span(
        line.start,
        line.end,
        line.text,
        f"{x:.2f}",
        f"{y:.2f}",
        f"{SIZE * thick:.2f}",
        f"{length:.2f}",
        transform,
    )
