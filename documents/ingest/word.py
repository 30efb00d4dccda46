"""Reads Word documents: their text as it is shown, with the numbers of lists and notes.

Where the file says where its pages begin they do; otherwise they are cut like those of a plain
text. Notes, headers and footers, and comments come after the text, each under a heading.

The format's own library for Python is not used: it opens neither templates, nor files with macros,
nor the strict variant, nor one with a picture missing, loads every picture, and leaves numbers,
notes and changes to its caller.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from .canonical import clean
from .numbering import Numbering
from .opc import REFERENCE, Element, Package, Relation
from .reading import Finding, Limits, Progress, Reading, Unreadable
from .running import BREAK, BREAKS, Running, struck, to_pages
from .word_lines import Seen
from .word_styles import Styles, W, value
from .word_text import Stories, sections

# Raise it when a rule that makes text changes: a reading is known by its reader's version.
_RULES = 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_GAP = re.compile(" {2,}")
_NAMED, _NAME = 5, 60
_QUOTED = 200
_LEFT = {
    "pictures": "Text in pictures is not read; pictures in this document: %d.",
    "charts": "Text in charts and diagrams is not read; of them there are %d in this document.",
    "embedded": "Files embedded in this document are not read; of them there are %d.",
    "foreign": "Files shown within this document are not read; of them there are %d.",
    "numbers": "Numbers made by LISTNUM fields are not read; of them there are %d.",
}


class WordReader:
    """Text by paragraph, numbers as `numbering` counts them."""

    name = "word"
    version = f"lxml {etree.__version__}, rules {_RULES}"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        package = Package(path, limits)
        try:
            return _Document(package, limits).reading(self, progress)
        except RecursionError as error:
            raise Unreadable("too_deep", repr(error)) from error
        finally:
            package.close()


class _Document:
    """One document on its way into a `Reading`."""

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        main = package.main()
        self._relations = package.relations(main)
        root = package.xml(main)
        body = None if root is None else root.find(W + "body")
        if body is None:
            raise Unreadable("damaged_file", "no body")
        self._body = body
        self._sections = sections(body)
        self._settings, _ = self._part("settings")
        styles = Styles(self._part("styles")[0])
        numbering = Numbering(self._part("numbering")[0], styles)
        self._stories = Stories(styles, numbering, self._note_formats(), limits)

    def reading(self, reader: WordReader, progress: Progress) -> Reading:
        blocks = self._stories.read(self._body, self._relations)
        comments, relations = self._part("comments")
        listed = [] if comments is None else [*comments.iterchildren(W + "comment")]
        behind = [
            *self._notes("footnote", "Footnotes"),
            *self._notes("endnote", "Endnotes"),
            *self._margins("header", "Headers"),
            *self._margins("footer", "Footers"),
            *self._comments(listed, relations),
        ]
        if behind and any(BREAKS.search(block) for block in blocks):
            blocks.append(BREAK)
        seen = self._stories.seen
        running = Running("\n\n".join(blocks + behind), seen.hidden)
        try:
            pages, findings = to_pages(running, self._limits, progress)
        except Unreadable as error:
            if error.code == "empty" and seen.left["pictures"]:
                raise Unreadable("pictures_only") from error
            raise
        warnings = [told % seen.left[kind] for kind, told in _LEFT.items() if seen.left[kind]]
        findings = [*_tracked(seen), *_commented(listed), *_struck(seen), *findings]
        return pages.reading(reader, warnings, self._package.title(), findings)

    def _part(self, kind: str) -> tuple[Element | None, list[Relation]]:
        """The root of the part of a kind, and where it points to; None when there is none."""
        for relation in self._relations:
            if relation.kind == kind and not relation.external:
                root = self._package.xml(relation.target)
                return root, self._package.relations(relation.target)
        return None, []

    def _note_formats(self) -> dict[str, str]:
        """How notes are numbered, by kind."""
        formats = {"footnote": "decimal", "endnote": "lowerRoman"}
        for kind, usual in formats.items():
            places = (*self._sections[:1], self._settings)
            said = (None if place is None else place.find(f"{W}{kind}Pr") for place in places)
            formats[kind] = next(filter(None, (value(each, "numFmt") for each in said)), usual)
        return formats

    def _notes(self, kind: str, heading: str) -> Iterator[str]:
        """Notes in the order of their marks."""
        marks = [*self._stories.seen.notes.get(kind, [])]
        root, relations = self._part(f"{kind}s")
        notes = {} if root is None else {each.get(W + "id", ""): each for each in root}
        if any(name in notes for name, _ in marks):
            yield heading
        for name, mark in marks:
            if name in notes:
                yield from _led(f"[{mark}] ", self._behind(notes[name], relations))

    def _margins(self, kind: str, heading: str) -> Iterator[str]:
        """Headers or footers: each text once, though most pages show the same."""
        targets = dict.fromkeys(self._shown(kind))
        told: set[str] = set()
        for target in targets:
            root = self._package.xml(target)
            if root is None:
                continue
            text = "\n".join(self._behind(root, self._package.relations(target)))
            text = _GAP.sub(" ", text)  # where the number of the page was
            if not text or text in told:
                self._stories.seen.forget(text)
                continue
            if not told:
                yield heading
            told.add(text)
            yield text

    def _shown(self, kind: str) -> Iterator[str]:
        """The parts that are headers or footers of some page."""
        parts = {relation.id: relation.target for relation in self._relations}
        settings = self._settings
        even = settings is not None and Styles.on(settings.find(W + "evenAndOddHeaders"))
        for section in self._sections:
            shown = {"default": True, "even": even, "first": Styles.on(section.find(W + "titlePg"))}
            for reference in section.iterchildren(f"{W}{kind}Reference"):
                if shown.get(reference.get(W + "type", "default")):
                    yield parts.get(reference.get(REFERENCE, ""), "")

    def _comments(self, listed: list[Element], relations: list[Relation]) -> Iterator[str]:
        if listed:
            yield "Comments"
        for number, comment in enumerate(listed, start=1):
            on = self._stories.seen.commented.get(comment.get(W + "id", ""), "")
            head = f"[Comment {number}] {_by(comment)}"
            if on.strip():
                head += f", on “{_one_line(on, _QUOTED)}”"
            yield from _led(f"{head}: ", self._behind(comment, relations))

    def _behind(self, root: Element, relations: list[Relation]) -> list[str]:
        """The blocks of a story that has no pages of its own."""
        return [BREAKS.sub("", block) for block in self._stories.read(root, relations)]


def _led(head: str, blocks: list[str]) -> list[str]:
    return [head + "".join(blocks[:1]), *blocks[1:]]


def _by(comment: Element) -> str:
    """Whose comment it is, and of which day."""
    author = _one_line(comment.get(W + "author", ""), _NAME) or "Nobody named"
    day = comment.get(W + "date", "")[:10]
    return f"{author}, {day}" if _DAY.fullmatch(day) else author


def _tracked(seen: Seen) -> list[Finding]:
    # the end of a paragraph is changed with its text, mostly
    changes = seen.changes or seen.ends
    counts = [
        _counted(changes["ins"], "insertion"),
        _counted(changes["del"], "deletion"),
        _counted(max(changes["moveTo"], changes["moveFrom"]), "move"),
    ]
    told = [count for count in counts if count]
    if not told:
        return []
    return [
        Finding(
            "tracked_changes",
            f"This document has changes that were tracked and not accepted yet: {_listing(told)}"
            f"{_from([*seen.authors])}. It is read as if all of them were accepted.",
        )
    ]


def _commented(comments: list[Element]) -> list[Finding]:
    if not comments:
        return []
    authors = [_one_line(comment.get(W + "author", ""), _NAME) for comment in comments]
    return [
        Finding(
            "comments",
            f"This document has {_counted(len(comments), 'comment')}"
            f"{_from([*dict.fromkeys(filter(None, authors))])}. "
            "They are listed after its text and are no part of it.",
        )
    ]


def _listing(names: list[str]) -> str:
    """ "one", "one and two", "one, two and three"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _struck(seen: Seen) -> list[Finding]:
    if not seen.struck:
        return []
    return [struck(_one_line(seen.struck_words, _QUOTED), seen.struck)]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _from(names: list[str]) -> str:
    if len(names) > _NAMED:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    return f" by {_listing(names)}" if names else ""


def _one_line(text: str, most: int) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= most else line[:most].rstrip() + "…"
