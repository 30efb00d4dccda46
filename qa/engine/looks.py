"""What the model is to look at: pages as they look, and pictures that come with a question.

A page's picture is not read as text is: a PDF's pages are cited by their numbers, counted in the
part that was sent, and a picture cannot be cited at all. So the canonical text goes beside them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import catalogue, prompts

Block = dict[str, Any]

PDF = "application/pdf"
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PART_PAGES = 100
"""Pages of one PDF: what the smallest window takes in a request."""
PART_BYTES = 30_000_000
"""Of one PDF; a request takes 32 MB."""
SIDE = 2_000
"""Pixels of a picture's longer side. With more than 20 pictures in a request the API takes no more:
none is ever larger, so that what was sent and cached need not change when more are added."""
PICTURE_BYTES = 7_000_000
"""Of one picture: a little less than 10 MB when it is written in base64."""
INLINE_BYTES = 20_000_000
"""Of all that is sent in base64 in one request, which takes 32 MB."""
SMALL_WINDOW, LARGE_WINDOW = 100, 600
"""Pages of PDFs, and pictures, in a request to a model of a window below a million tokens, or not.
"""
PATCH = 28  # pixels of a side of what one token of a picture stands for
PAGE_TEXT = 1_500
"""Tokens of the text that goes with a PDF's page, at least, where it has any."""


@dataclass(frozen=True, slots=True)
class Look:
    """Pages of a version as they look: a PDF of them, or a picture of one of them.

    ``pages[i]`` is the version's number of what is page ``i + 1`` here. By `file_id` at the API, or
    with its `data` in base64.
    """

    pages: tuple[int, ...]
    media_type: str
    file_id: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that comes with a question."""

    media_type: str
    file_id: str | None = None
    data: str | None = None


def pages_block(look: Look, title: str, handle: str = "") -> Block:
    """A PDF of some pages as a document that can be cited: after the text of their document, or
    after passages of that with this handle."""
    named = runs(look.pages)
    told = {"pages": named, "first": look.pages[0], "handle": handle}
    context = (prompts.FOUND_PAGES if handle else prompts.PAGES) % told
    return {
        "type": "document",
        "source": _origin(look),
        "title": f"{title} (as it looks: p. {named})",
        "context": context,
        "citations": {"enabled": True},
    }


def page_picture_blocks(look: Look, title: str) -> list[Block]:
    """A picture of a page, named in words before it: it has no title of its own."""
    told = json.dumps({"document": title, "page": look.pages[0]}, ensure_ascii=False)
    label = {"type": "text", "text": f"{prompts.PAGE_PICTURE}\n{told}"}
    return [label, {"type": "image", "source": _origin(look)}]


def picture_blocks(pictures: Iterable[Picture]) -> list[Block]:
    """The pictures of one question, numbered from 1."""
    blocks: list[Block] = []
    for number, picture in enumerate(pictures, start=1):
        blocks.append({"type": "text", "text": f"Image {number}:"})
        blocks.append({"type": "image", "source": _origin(picture)})
    return blocks


def _origin(one: Look | Picture) -> Block:
    if one.file_id:
        return {"type": "file", "file_id": one.file_id}
    if one.data:
        return {"type": "base64", "media_type": one.media_type, "data": one.data}
    raise ValueError("What is to be looked at has neither a file nor data.")


def runs(numbers: Iterable[int]) -> str:
    """Numbers in order, neighbours together: ``1–3, 7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("–".join(map(str, part)) for part in parts)


def most(model: catalogue.Model | str) -> int:
    """How many pages of PDFs, and how many pictures, one request may have."""
    return LARGE_WINDOW if catalogue.get(model).window >= 1_000_000 else SMALL_WINDOW


def picture_tokens(width: float, height: float, model: catalogue.Model | str) -> int:
    """What a picture of so many pixels costs: a token for each patch, after it was scaled down."""
    side, cap = catalogue.sight(model)
    scale = min(1.0, side / max(width, height, 1))
    across = math.ceil(max(width, 1) * scale / PATCH)
    return min(across * math.ceil(max(height, 1) * scale / PATCH), cap)


def page_tokens(width: float, height: float, text_tokens: int, model: catalogue.Model | str) -> int:
    """What a PDF's page of this size (in any unit) costs: its picture, drawn as large as the model
    takes it, and its text, of which nobody knows how much it is until it was sent."""
    longer = max(width, height)
    scale = catalogue.sight(model)[0] / longer if longer > 0 else 0.0
    across, down = (width * scale, height * scale) if scale else (SIDE, SIDE)
    text = max(text_tokens, PAGE_TEXT) if text_tokens else 0
    return picture_tokens(across, down, model) + text
