"""Playbooks as files: YAML that people write, read with care and written back.

A file is data of somebody else's: it is read without tags and aliases, and may be neither large
nor deep. What is wrong with it is said in a sentence that names the place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from reviews.values import NEEDS_CHOICES, Kind, storable

FOLDER = Path(__file__).parent / "playbooks"
LARGEST = 256 * 1024  # bytes of a file
MOST_COLUMNS = 200
MOST_CHOICES = 50
DEEPEST = 8
TITLE, QUESTION, LONG = 120, 4_000, 4_000
CHOICE = 120
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
OF_BOOK = {"name", "title", "description", "source", "columns"}
OF_COLUMN = {"title", "question", "type", "choices", "guidance", "expected"}


class BadBook(ValueError):
    """The file is no playbook; str() says why and where, in a sentence. ``path`` leads to the
    place: names, and numbers of columns from 0."""

    def __init__(self, sentence: str, *path: str | int) -> None:
        super().__init__(sentence)
        self.path = path

    @property
    def field(self) -> str:
        """The part of a column, or of the playbook, that is wrong; "" for none alone."""
        return str(self.path[-1]) if self.path and isinstance(self.path[-1], str) else ""


@dataclass(frozen=True)
class Asked:
    """A column as a playbook has it. ``expected`` is the position to measure against; "" where
    there is none."""

    title: str
    question: str
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    guidance: str = ""
    expected: str = ""

    def as_dict(self) -> dict[str, Any]:
        """In the words of the file; what is empty is left out."""
        said: dict[str, Any] = {
            "title": self.title,
            "question": self.question,
            "type": str(self.kind),
        }
        if self.choices:
            said["choices"] = list(self.choices)
        for name in ("guidance", "expected"):
            if getattr(self, name):
                said[name] = getattr(self, name)
        return said


@dataclass(frozen=True)
class Book:
    """``source`` says where its questions come from, if they are not our own."""

    name: str
    title: str
    columns: tuple[Asked, ...] = field(default=())
    description: str = ""
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        said: dict[str, Any] = {"name": self.name, "title": self.title}
        for name in ("description", "source"):
            if getattr(self, name):
                said[name] = getattr(self, name)
        return said | {"columns": [column.as_dict() for column in self.columns]}


def read(raw: bytes | str) -> Book:
    """The playbook in a file. Raises BadBook."""
    data = raw.encode() if isinstance(raw, str) else raw
    if len(data) > LARGEST:
        raise BadBook(
            _("The file is larger than %(most)d KB: that is no playbook.")
            % {"most": LARGEST // 1024}
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBook(_("The file is not text in UTF-8.")) from error
    try:
        return from_dict(_load(text))
    except BadBook as error:
        told = {"line": _line_of(text, error.path), "why": error}
        raise BadBook(_("Line %(line)d: %(why)s") % told, *error.path) from error
    except yaml.MarkedYAMLError as error:
        raise BadBook(_sentence(error)) from error
    except yaml.reader.ReaderError as error:
        raise BadBook(
            _("Character %(at)d of the file is none that text may hold.")
            % {"at": error.position + 1}
        ) from error
    except RecursionError as error:
        raise BadBook(_("The file nests too deeply.")) from error


def write(book: Book) -> str:
    """The playbook as a file that ``read`` reads back."""
    return yaml.safe_dump(
        book.as_dict(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


@lru_cache(maxsize=1)
def built_in() -> dict[str, Book]:
    """The playbooks of this release by name."""
    found = [read(path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml"))]
    return {book.name: book for book in found}


def names() -> list[str]:
    """What a file may say of a column."""
    return ["title", "question", "type", "choices", "guidance", "expected"]


def from_dict(said: Any) -> Book:
    """The playbook in what a file says. Raises BadBook."""
    if not isinstance(said, Mapping):
        raise BadBook(_("A playbook begins with its name, its title and its columns."))
    _only(said, OF_BOOK, _("The playbook"))
    columns = said.get("columns")
    if not isinstance(columns, Sequence) or isinstance(columns, str) or not columns:
        raise BadBook(_("“columns” must be a list of at least one column."), "columns")
    if len(columns) > MOST_COLUMNS:
        raise BadBook(
            _("A playbook has at most %(most)d columns.") % {"most": MOST_COLUMNS}, "columns"
        )
    title = _text(said, "title", _("The playbook"), TITLE, needed=True)
    name = _text(said, "name", _("The playbook"), 60) or slug(title)
    if not NAME.fullmatch(name):
        raise BadBook(
            _("“name” is written in small letters, digits, - and _ only: “%(name)s” is not.")
            % {"name": name},
            "name",
        )
    asked = tuple(_column(column, number) for number, column in enumerate(columns, 1))
    titles = [one.title.casefold() for one in asked]
    for number, one in enumerate(asked, 1):
        if titles.index(one.title.casefold()) < number - 1:
            raise BadBook(
                _("Column %(number)d has the same title as another: “%(title)s”.")
                % {"number": number, "title": one.title},
                "columns",
                number - 1,
                "title",
            )
    return Book(
        name,
        title,
        asked,
        _text(said, "description", _("The playbook"), LONG),
        _text(said, "source", _("The playbook"), LONG),
    )


def slug(title: str) -> str:
    """A name made of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "playbook"


def _column(said: Any, number: int) -> Asked:
    try:
        return _read_column(said, number)
    except BadBook as error:
        raise BadBook(str(error), "columns", number - 1, *error.path) from error


def _read_column(said: Any, number: int) -> Asked:
    where = _("Column %(number)d") % {"number": number}
    if not isinstance(said, Mapping):
        raise BadBook(_("%(where)s must have a title and a question.") % {"where": where})
    title = _text(said, "title", where, TITLE, needed=True)
    where = _("Column %(number)d (“%(title)s”)") % {"number": number, "title": title}
    _only(said, OF_COLUMN, where)
    kinds = ", ".join(Kind)
    wanted = _text(said, "type", where, 20) or str(Kind.TEXT)
    if wanted not in list(Kind):
        raise BadBook(
            _("%(where)s: “%(type)s” is no type of answer. There are: %(kinds)s.")
            % {"where": where, "type": wanted, "kinds": kinds},
            "type",
        )
    kind = Kind(wanted)
    return Asked(
        title,
        _text(said, "question", where, QUESTION, needed=True),
        kind,
        _choices(said.get("choices"), kind, where),
        _text(said, "guidance", where, LONG),
        _text(said, "expected", where, LONG),
    )


def _choices(said: Any, kind: Kind, where: str) -> tuple[str, ...]:
    if said is None:
        said = []
    if not isinstance(said, Sequence) or isinstance(said, str):
        raise BadBook(_("%(where)s: “choices” must be a list.") % {"where": where}, "choices")
    found = tuple(_plain(one) for one in said)
    if any(not one or len(one) > CHOICE for one in found) or len(found) > MOST_CHOICES:
        raise BadBook(
            _("%(where)s: there may be %(most)d choices, each a text of at most %(long)d letters.")
            % {"where": where, "most": MOST_CHOICES, "long": CHOICE},
            "choices",
        )
    if len({one.casefold() for one in found}) < len(found):
        raise BadBook(_("%(where)s gives the same choice twice.") % {"where": where}, "choices")
    if (len(found) > 1) != (kind in NEEDS_CHOICES):
        raise BadBook(
            _("%(where)s: “choices” belong to the type “choice”, and that needs two at least.")
            % {"where": where},
            "choices",
        )
    return found


def _only(said: Mapping[Any, Any], known: set[str], where: str) -> None:
    strange = sorted(str(name) for name in said if name not in known)
    if strange:
        raise BadBook(
            _("%(where)s says “%(name)s”, which is not known. Known are: %(known)s.")
            % {"where": where, "name": strange[0], "known": ", ".join(sorted(known))},
            strange[0],
        )


def _text(
    said: Mapping[Any, Any], name: str, where: str, longest: int, *, needed: bool = False
) -> str:
    value = said.get(name)
    if value is None:
        value = ""
    text = _plain(value)
    if text is None or len(text) > longest:
        raise BadBook(
            _("%(where)s: “%(name)s” must be a text of at most %(most)d letters.")
            % {"where": where, "name": name, "most": longest},
            name,
        )
    if needed and not text:
        raise BadBook(_("%(where)s has no “%(name)s”.") % {"where": where, "name": name}, name)
    return text


def _plain(value: Any) -> Any:
    """A text trimmed, without control characters; a number as it is written; None for others."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        return None
    return "".join(char for char in storable(value) if char >= " " or char in "\n\t").strip()


# reading YAML without surprises ------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Texts, numbers, lists and mappings only: an alias can make ten lines into gigabytes."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None, None, _("references (“*”) are not read here"), event.start_mark
            )
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                mark = self.peek_event().start_mark
                raise yaml.composer.ComposerError(None, None, _("it nests too deeply"), mark)
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _value in node.value]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                raise yaml.constructor.ConstructorError(
                    None, None, _("it says “%(key)s” twice") % {"key": key}, node.start_mark
                )
        return super().construct_mapping(node, deep)


# what looks like a date stays what was written
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _load(text: str) -> Any:
    return yaml.load(text, _Loader)


def _line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line, from 1, of the place that a path leads to, or of what is there nearest to it."""
    node = yaml.compose(text, _Loader)
    line = node.start_mark.line if node else 0
    for step in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = (node.value[step], node.value[step]) if step < len(node.value) else None
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return int(line) + 1


def _sentence(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    why = error.problem or error.context or _("it cannot be read")
    if "mapping values are not allowed" in why:
        why = _("a text with a colon and a space in it must stand in quotes")
    told: dict[str, Any] = {"why": why}
    if mark is None:
        return _("The file is not a playbook: %(why)s.") % told
    told |= {"line": mark.line + 1, "column": mark.column + 1}
    return _("Line %(line)d, character %(column)d: %(why)s.") % told
