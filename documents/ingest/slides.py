"""Reads presentations: a slide is a page, its text from the top left to the bottom right.

Notes of the speaker and comments stand after a slide's text, each under a heading. What nobody
sees - a hidden shape, or one beside the slide - is left out and reported; a slide that is not
shown is read and marked, since it is there for whoever opens the file.
"""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from .canonical import clean, title
from .opc import REFERENCE, Element, Package, Relation
from .reading import Finding, Limits, Pages, PageText, Progress, Reading, Unreadable
from .running import left_out, struck
from .slide_paper import A, Box, P, Paper, background_of, fill_of, names_of
from .slide_text import Shapes, box_of, placeholder

# Raise it when a rule that makes text changes: a reading is known by its reader's version.
_RULES = 2
_LEFT = {
    "pictures": "Text in pictures is not read; pictures in this presentation: %d.",
    "embedded": "Files embedded in this presentation are not read; of them there are %d.",
}


class SlideReader:
    """Text by slide."""

    name = "slides"
    version = f"lxml {etree.__version__}, rules {_RULES}"

    def read(self, path: Path, limits: Limits, progress: Progress) -> Reading:
        package = Package(path, limits)
        try:
            return _Presentation(package, limits).reading(self, progress)
        except RecursionError as error:
            raise Unreadable("too_deep", repr(error)) from error
        finally:
            package.close()


class _Presentation:
    """One presentation on its way into a `Reading`."""

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        main = package.main()
        root = package.xml(main)
        if root is None or root.tag != P + "presentation":
            raise Unreadable("damaged_file", "no presentation")
        self._size = _size(root.find(P + "sldSz"))
        relations = package.relations(main)
        self._authors = dict(self._named(relations))
        targets = {relation.id: relation.target for relation in relations}
        listed = root.iterfind(f"{P}sldIdLst/{P}sldId")
        self._slides = [targets.get(each.get(REFERENCE, ""), "") for each in listed]
        self._places: dict[str, dict[tuple[str, str], Box]] = {}
        self._above: dict[str, tuple[list[Element], Element | None]] = {}
        self._findings: list[Finding] = []
        self._comments = 0
        self._struck: list[str] = []
        self._left = dict.fromkeys(_LEFT, 0)

    def reading(self, reader: SlideReader, progress: Progress) -> Reading:
        count = len(self._slides)
        if count > self._limits.pages:
            raise Unreadable("too_many_pages", pages=count, limit=self._limits.pages)
        pages = Pages(self._limits)
        lost = 0
        for number, target in enumerate(self._slides, start=1):
            root = self._package.xml(target)
            lost += root is None
            pages.add(
                PageText("", "", legible=False)
                if root is None
                else self._slide(root, target, number)
            )
            progress(number, count)
        if lost == count:
            raise Unreadable("damaged_file" if count else "empty", "no slide is there")
        if len(pages.without_text()) == count:
            raise Unreadable("pictures_only" if self._left["pictures"] else "empty")
        warnings = [told % self._left[kind] for kind, told in _LEFT.items() if self._left[kind]]
        if lost:
            warnings.append(f"Slides that this presentation lists and does not have: {lost}.")
        return pages.reading(reader, warnings, self._package.title(), self._told())

    def _told(self) -> list[Finding]:
        findings = [*self._findings]
        if self._struck:
            words = " ".join(" ".join(self._struck).split())
            findings.insert(0, struck(title(words), len(words)))
        if not self._comments:
            return findings
        sentence = (
            f"This presentation has comments ({self._comments}). They are listed after the text of "
            "their slides and are no part of it."
        )
        return [Finding("comments", sentence), *findings]

    def _slide(self, root: Element, target: str, number: int) -> PageText:
        relations = self._package.relations(target)
        paper = self._paper(root, relations)
        shapes = Shapes(self._size, self._layout(relations), relations, self._package.xml, paper)
        tree = root.find(f"{P}cSld/{P}spTree")
        blocks = [] if tree is None else shapes.read(tree)
        seen = bool(blocks)
        notes = [*self._notes(relations, shapes.hidden)]
        comments = [*self._said(relations)]
        self._comments += len(comments)
        self._struck += shapes.struck
        blocks += ["Speaker notes", *notes] if notes else []
        blocks += ["Comments", *comments] if comments else []
        if root.get("show") in ("0", "false"):
            self._findings.append(
                Finding("hidden_slide", "This slide is hidden: it is not shown.", page=number)
            )
        if shapes.hidden:
            self._findings.append(left_out(shapes.hidden, number))
        for kind in _LEFT:
            self._left[kind] += shapes.left[kind]
        text = clean("\n\n".join(blocks))
        return PageText(text=text, raw=text, legible=seen or not shapes.left["pictures"])

    def _layout(self, relations: list[Relation]) -> dict[tuple[str, str], Box]:
        """Where the placeholders of a slide's layout stand, or else those of its master."""
        target = _target(relations, "slideLayout")
        if target not in self._places:
            places: dict[tuple[str, str], Box] = {}
            above = self._package.relations(target) if target else []
            for part in (_target(above, "slideMaster"), target):
                root = self._package.xml(part) if part else None
                for shape in () if root is None else root.iter(P + "sp"):
                    box = box_of(shape)
                    if box:
                        places[placeholder(shape)] = box
            self._places[target] = places
        return self._places[target]

    def _paper(self, root: Element, relations: list[Relation]) -> Paper:
        """What the texts of a slide stand on: its background, and what its layout draws there."""
        layout = _target(relations, "slideLayout")
        if layout not in self._above:
            self._above[layout] = self._above_slides(layout)
        above, theme = self._above[layout]
        roots = [root, *above]
        over = [shape for each in above for shape in each.iterfind(f"{P}cSld/{P}spTree/*")]
        filled = (placeholder(shape)[0] for shape in over if fill_of(shape) is not None)
        paper = Paper(names_of(roots, theme), filled=frozenset(filled) - {""})
        paper.background = background_of(roots, theme, paper)
        for shape in over:
            if not placeholder(shape)[0]:
                paper.draw(shape, "", box_of(shape))
        return paper

    def _above_slides(self, layout: str) -> tuple[list[Element], Element | None]:
        """A layout and its master, and the theme of that."""
        roots, target = [], layout
        for kind in ("slideMaster", "theme"):
            root = self._package.xml(target) if target else None
            roots += [] if root is None else [root]
            target = _target(self._package.relations(target), kind) if target else ""
        try:
            return roots, self._package.xml(target) if target else None
        except Unreadable:  # it has no text: nobody knows its colours then
            return roots, None

    def _notes(self, relations: list[Relation], hidden: list[str]) -> Iterator[str]:
        target = _target(relations, "notesSlide")
        root = self._package.xml(target) if target else None
        shapes = Shapes((0, 0), {}, self._package.relations(target), self._package.xml)
        for shape in () if root is None else root.iter(P + "sp"):
            if placeholder(shape)[0] == "body":
                text = shapes.paragraphs(shape.find(P + "txBody"))
                if text:
                    yield text
        hidden += shapes.hidden

    def _said(self, relations: list[Relation]) -> Iterator[str]:
        """The comments on a slide, of the older and of the newer kind."""
        for relation in relations:
            root = self._package.xml(relation.target) if relation.kind == "comments" else None
            for comment in () if root is None else root.iter("{*}cm", "{*}reply"):
                body = comment.find("{*}txBody")
                texts = comment.iterchildren("{*}text") if body is None else body.iter(A + "t")
                text = " ".join(" ".join(each.text or "" for each in texts).split())
                author = self._authors.get(comment.get("authorId", ""), "")
                if text:
                    yield f"{author or 'Nobody named'}: {text}"

    def _named(self, relations: list[Relation]) -> Iterator[tuple[str, str]]:
        for relation in relations:
            if relation.kind in ("commentAuthors", "authors"):
                root = self._package.xml(relation.target)
                for author in () if root is None else root:
                    yield author.get("id", ""), " ".join(author.get("name", "").split())[:60]


def _target(relations: list[Relation], kind: str) -> str:
    found = (each.target for each in relations if each.kind == kind and not each.external)
    return next(found, "")


def _size(element: Element | None) -> tuple[int, int]:
    """The width and the height of a slide, 0 when they are not told."""
    try:
        said = (0, 0) if element is None else (element.get("cx", ""), element.get("cy", ""))
        return int(said[0]), int(said[1])
    except ValueError:
        return 0, 0
