"""Every oddity of a page's geometry that has been met, with a quote on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.papers import Paper, Piece

WORDS = "one tgo three"
QUOTE = "tgo"


@dataclass(frozen=True)
class Oddity:
    """``quote`` as the canonical text has it; ``letters`` as they were set, where that differs.

    ``foreign`` is how much ink of others may lie in its boxes: they are upright, and some lines
    are not.
    """

    papers: Sequence[Paper]
    quote: str = QUOTE
    letters: str = ""
    foreign: float = 0.05
    marked: Sequence[tuple[int, int]] = field(default=())

    @property
    def ink(self) -> list[tuple[int, int]]:
        """(page from 0, character from 0) of what the quote was set with."""
        if self.marked:
            return list(self.marked)
        wanted = self.letters or self.quote
        for number, paper in enumerate(self.papers):
            at = paper.text.find(wanted)
            if at >= 0:
                return [(number, index) for index in range(at, at + len(wanted))]
        raise LookupError(wanted)


def _page(text: str = WORDS, x: float = 60, y: float = 640, **given: object) -> Oddity:
    names = ("media", "crop", "rotation", "user_unit")
    paper = {name: given.pop(name) for name in names if name in given}
    other = {name: given.pop(name) for name in ("quote", "letters", "foreign") if name in given}
    return Oddity([Paper([Piece(text, x, y, **given)], **paper)], **other)  # type: ignore[arg-type]


def _lines(*pieces: Piece, **given: object) -> Oddity:
    return Oddity([Paper(pieces)], **given)  # type: ignore[arg-type]


_SLANTED = {"x": 200, "y": 300, "foreign": 0.5}

ODDITIES: dict[str, Oddity] = {
    "upright": _page(),
    **{f"page turned by {turn}": _page(rotation=turn) for turn in (90, 180, 270)},
    "turned backwards": _page(rotation=-90),
    "cropped": _page(crop=(40, 300, 400, 700)),
    **{
        f"cropped and turned by {turn}": _page(crop=(40, 300, 400, 700), rotation=turn)
        for turn in (90, 180, 270)
    },
    "cropped through the quote": _page(crop=(60 + 5.5 * 7.2, 600, 400, 700)),
    "crop box larger than the media box": _page(crop=(-100, -100, 900, 900)),
    "crop box with its corners swapped": _page(crop=(400, 700, 40, 300)),
    "media box with its corners swapped": _page(media=(612, 792, 0, 0)),
    "media box far from the origin": _page(media=(-500, -700, 112, 92), x=-440, y=-60),
    "far from the origin, cropped and turned": _page(
        media=(1000, 2000, 1612, 2792), crop=(1040, 2300, 1400, 2700), rotation=90, x=1060, y=2640
    ),
    "user unit of 2": _page(user_unit=2),
    "user unit of 2.5, turned": _page(user_unit=2.5, rotation=270),
    "fractional size": _page(media=(0, 0, 419.53, 595.28), y=500),
    "a page like a stamp": _page(media=(0, 0, 60, 20), x=3, y=8, size=4),
    "a page like a wall": _page(media=(0, 0, 5000, 7000), size=80),
    **{f"text turned by {turn}": _page(x=300, y=300, angle=turn) for turn in (90, 180, 270)},
    "text and page turned": _page(x=300, y=300, angle=90, rotation=90),
    "text and page turned apart": _page(x=300, y=300, angle=90, rotation=270),
    "text slanted by 30": _page(angle=30, **_SLANTED),  # type: ignore[arg-type]
    "text slanted by 45 on a turned page": _page(angle=45, rotation=90, **_SLANTED),  # type: ignore[arg-type]
    "text slanted by 2": _page(angle=2, foreign=0.2),
    "mirrored": _page(x=300, y=300, mirrored=True),
    "stretched": _page(stretched=3),
    "spaced out": _page(kerning=-60),
    "pushed together": _page(kerning=80, foreign=0.15),
    "letters of a real font": _page("Fjord Qffice AWAY", font="Helvetica", quote="Qffice"),
    "tiny letters": _page(size=2),
    "huge letters": _page(size=100, x=20, y=400, text="a tgo"),
    "sizes mixed on a line": _lines(
        Piece("one ", 60, 640), Piece("tg", 60 + 4 * 7.2, 640, 20), Piece("o", 113, 646, 8)
    ),
    "lines set solid": _lines(
        Piece("onegone", 60, 640), Piece("tgo", 60, 629), Piece("agbge", 60, 618), foreign=0.15
    ),
    "two columns, one after the other": _lines(
        *(Piece(text, 60, 640 - 16 * n) for n, text in enumerate(("left a", "left b"))),
        *(Piece(text, 330, 640 - 16 * n) for n, text in enumerate(("tgo right", "by right"))),
    ),
    "two columns, row by row": _lines(
        *(Piece("left a", 60, 640), Piece("tgo right", 330, 640)),
        *(Piece("left b", 60, 624), Piece("by right", 330, 624)),
    ),
    "a row of a table": _lines(
        Piece("name", 60, 640), Piece("tgo", 250, 640), Piece("12", 500, 640), quote="name"
    ),
    "two quotes' lines": _lines(
        Piece("alpha beta", 60, 640), Piece("gamma delta", 60, 620), quote="beta\ngamma",
        letters="betagamma",
    ),
    "a hyphen at the line's end": _lines(
        Piece("we amend-", 60, 640, font="Helvetica"),
        Piece("ment tgo", 60, 624, font="Helvetica"),
        quote="amend-ment",
        letters="amend-ment",
    ),
    "one glyph for two letters": _page("o\ufb03ce \ufb01ne", quote="ffi", letters="\ufb03"),
    "Hebrew": _page("\u05d0\u05d1\u05d2 \u05d3\u05d4\u05d5", quote="\u05d2\u05d1\u05d0",
                    letters="\u05d0\u05d1\u05d2"),
    "Arabic": _page("\u0628\u062a \u062b\u062c", quote="\u062a\u0628", letters="\u0628\u062a"),
    "an accent of its own": _page("cafe\u0301 noir", quote="cafe\u0301"),
    "beyond the first plane": _page("a \U00010348\U0001f600 b", quote="\U00010348\U0001f600"),
    "behind one beyond the first plane": _page("a \U0001f600 tgo"),
    "behind a character that is no text": _page("a\x03\x04 tgo"),
    "with a no-break space": _page("one\u00a0tgo three"),
    "an ideographic line": _page("\u4e2d\u6587\u5408\u540c", quote="\u5408\u540c"),
    "invisible, as under a scan": _page(hidden=True),
    "over the end of a page": Oddity(
        [Paper([Piece("first tg", 60, 640)]), Paper([Piece("o last", 60, 640)])],
        quote="tg\n\no",
        marked=((0, 6), (0, 7), (1, 0)),
    ),
}  # fmt: skip
