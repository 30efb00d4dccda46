"""Writes PDFs of any geometry whose every character leaves ink that is known.

The characters are those of a Type 3 font: blocks that stand for any Unicode there is, some with
a part below the line. `Paper.bytes` gives the file, or, for `marked` characters, the same file with
these in red: nothing else differs, so that a picture of both shows where they are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests.pdfs import _file, _stream, _to_unicode

ADVANCE = 600  # of 1000, for each character
DEEP = frozenset("gjpqy,;")


@dataclass(frozen=True)
class Piece:
    """Characters set from ``(x, y)`` on, in points, ``angle`` degrees counterclockwise.

    ``font`` is "ink" for blocks or "Helvetica" for letters; ``kerning`` stands between characters,
    in thousandths to the left; ``mirrored`` and ``stretched`` change the matrix; ``hidden`` is the
    text render mode 3.
    """

    text: str
    x: float
    y: float
    size: float = 12
    angle: float = 0
    font: str = "ink"
    kerning: float = 0
    mirrored: bool = False
    stretched: float = 1
    hidden: bool = False


@dataclass(frozen=True)
class Paper:
    """One page."""

    pieces: Sequence[Piece]
    media: tuple[float, float, float, float] = (0, 0, 612, 792)
    crop: tuple[float, float, float, float] | None = None
    rotation: int = 0
    user_unit: float = 1

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def write(papers: Sequence[Paper], marked: Collection[tuple[int, int]] = ()) -> bytes:
    """A PDF of these pages. ``marked`` are (page from 0, character from 0 on its page)."""
    letters = sorted({letter for paper in papers for letter in paper.text})
    codes = {letter: code for code, letter in enumerate(letters, start=1)}
    assert len(codes) < 256
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",  # the page tree, when its pages are numbered
        b"",  # the font, when its glyphs are
        _stream(_to_unicode(codes).replace(b"<0000> <ffff>", b"<00> <ff>")),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< >>",
        b"<< >>",
    ]
    glyphs = []
    for letter, code in codes.items():
        glyphs.append(f"/g{code} {len(objects) + 1} 0 R")
        low = -200 if letter in DEEP else 0
        ink = "" if letter.isspace() else f"50 {low} 500 {700 - low} re f"
        objects.append(_stream(f"{ADVANCE} 0 0 -200 600 700 d1 {ink}".encode()))
    last = len(codes)
    names = " ".join(f"/g{code}" for code in codes.values())
    widths = " ".join([str(ADVANCE)] * last)
    objects[2] = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 -200 600 800] /FontMatrix [.001 0 0 .001 0 0]"
        f" /CharProcs << {' '.join(glyphs)} >> /FirstChar 1 /LastChar {last} /Widths [{widths}]"
        f" /Encoding << /Type /Encoding /Differences [1 {names}] >> /ToUnicode 4 0 R"
        " /Resources << >> >>"
    ).encode()
    kids = []
    for number, paper in enumerate(papers):
        kids.append(len(objects) + 1)
        chosen = {index for page, index in marked if page == number}
        objects.append(_page(paper, contents=len(objects) + 2))
        objects.append(_stream(_contents(paper, codes, chosen)))
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    return _file(objects)


def _page(paper: Paper, contents: int) -> bytes:
    crop = f"/CropBox [{' '.join(map(str, paper.crop))}]" if paper.crop else ""
    unit = f"/UserUnit {paper.user_unit}" if paper.user_unit != 1 else ""
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{' '.join(map(str, paper.media))}] {crop} {unit}"
        f" /Rotate {paper.rotation} /Resources << /Font << /ink 3 0 R /Helvetica 5 0 R >> >>"
        f" /Contents {contents} 0 R >>"
    ).encode()


def _contents(paper: Paper, codes: dict[str, int], chosen: Collection[int]) -> bytes:
    lines = ["BT"]
    start = 0
    for piece in paper.pieces:
        lines += [f"/{piece.font} {piece.size} Tf {3 if piece.hidden else 0} Tr", _matrix(piece)]
        for index, red in _stretches(start, start + len(piece.text), chosen):
            part = piece.text[index.start - start : index.stop - start]
            lines += ["1 0 0 rg" if red else "0 g", _shown(piece, part, codes)]
        start += len(piece.text)
    return "\n".join([*lines, "ET"]).encode()


def _matrix(piece: Piece) -> str:
    turn = math.radians(piece.angle)
    across = piece.stretched * (-1 if piece.mirrored else 1)
    a, b = across * math.cos(turn), across * math.sin(turn)
    c, d = -math.sin(turn), math.cos(turn)
    return f"{a:.5f} {b:.5f} {c:.5f} {d:.5f} {piece.x} {piece.y} Tm"


def _stretches(start: int, end: int, chosen: Collection[int]) -> list[tuple[range, bool]]:
    """Cut where red begins and ends."""
    found: list[tuple[range, bool]] = []
    for index in range(start, end):
        red = index in chosen
        if found and found[-1][1] is red:
            found[-1] = (range(found[-1][0].start, index + 1), red)
        else:
            found.append((range(index, index + 1), red))
    return found


def _shown(piece: Piece, part: str, codes: dict[str, int]) -> str:
    data = part.encode("cp1252") if piece.font == "Helvetica" else bytes(codes[c] for c in part)
    if not piece.kerning:
        return f"<{data.hex()}> Tj"
    # the same after the last one: the rest of a piece goes on where it would have
    return f"[{' '.join(f'<{byte:02x}> {piece.kerning:g}' for byte in data)}] TJ"
