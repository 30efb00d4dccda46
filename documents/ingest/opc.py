"""An Office document as what it is: parts of XML in a ZIP that point at one another.

Parts are read when they are asked for, pictures and fonts never. Files that a macro, a template
or the strict variant of the format makes other than usual open like any, and so does one that
points at a part which is not there.
"""

import posixpath
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from lxml import etree

from .canonical import title
from .packages import look_at_office
from .reading import Limits, Unreadable

#: An element of lxml's, which has no types.
Element = Any

#: The attribute that names a relation.
REFERENCE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
#: Content in several variants, for programs that know more and less.
ALTERNATIVES = _MC + "AlternateContent"

# An element takes up to twenty times its text as a tree in memory.
_TREE = 24
_PARTS = 4
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
# The strict variant differs in its namespaces alone.
_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = (
    (_STRICT + b"wordprocessingml/main", b"wordprocessingml/2006/main"),
    (_STRICT + b"officeDocument/math", b"officeDocument/2006/math"),
    (_STRICT + b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    (_STRICT + b"presentationml/main", b"presentationml/2006/main"),
    (_STRICT + b"drawingml/main", b"drawingml/2006/main"),
    (_STRICT + b"drawingml/chart", b"drawingml/2006/chart"),
    (_STRICT + b"drawingml/diagram", b"drawingml/2006/diagram"),
)
_SCHEMAS = b"http://schemas.openxmlformats.org/"


class Relation(NamedTuple):
    """From one part to another: ``kind`` is the last word of its type, ``target`` a part's name,
    or an address when it is ``external``."""

    id: str
    kind: str
    target: str
    external: bool


class Package:
    """The parts of the Office document at ``path``, which has been looked at. Raises
    `Unreadable`. To be closed."""

    def __init__(self, path: Path, limits: Limits) -> None:
        memory = limits.memory_mb * 1_000_000
        members = look_at_office(path, unpacked=memory // _PARTS, largest=memory // _TREE)
        self._members = {
            member.filename.replace("\\", "/").lstrip("/").casefold(): member for member in members
        }
        self._archive = zipfile.ZipFile(path)

    def close(self) -> None:
        self._archive.close()

    def main(self) -> str:
        """The name of the part everything begins with."""
        for relation in self.relations(""):
            if relation.kind == "officeDocument":
                return relation.target
        raise Unreadable("damaged_file", "no main part")

    def title(self) -> str:
        """The document's own, "" without one."""
        for relation in self.relations(""):
            if relation.kind == "core-properties":
                root = self.xml(relation.target)
                found = None if root is None else root.find(_TITLE)
                return title("" if found is None else found.text or "")
        return ""

    def relations(self, name: str) -> list[Relation]:
        """Where a part points to, or with "" the package itself."""
        folder, base = posixpath.split(name)
        root = self.xml(posixpath.join(folder, "_rels", base + ".rels"))
        if root is None:
            return []
        found = []
        for element in root.iterchildren(f"{{{_RELATIONSHIPS}}}Relationship"):
            target, external = element.get("Target", ""), element.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target)))[1:]
            kind = element.get("Type", "").rpartition("/")[2]
            found.append(Relation(element.get("Id", ""), kind, target, external))
        return found

    def xml(self, name: str) -> Element | None:
        """The root of a part's tree; None when there is no such part."""
        member = self._members.get(name.casefold())
        if member is None:
            return None
        try:
            data = self._archive.read(member)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error) as error:
            raise Unreadable("damaged_file", repr(error)) from error
        if _STRICT in data:
            for strict, usual in _TRANSITIONAL:
                data = data.replace(strict, _SCHEMAS + usual)
        return parsed(data)


def chosen(alternatives: Element, *texts: str) -> Element:
    """The branch of alternative content that has an element of ``texts``; the first if none."""
    branches = [*alternatives.iterchildren(_MC + "Choice", _MC + "Fallback")]
    full = (branch for branch in branches if next(branch.iter(*texts), None) is not None)
    return next(full, branches[0] if branches else ())


def parsed(data: bytes) -> Element:
    """The root of some XML. Entities are left as they stand; raises `Unreadable`."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        deep = "depth" in str(error)
        raise Unreadable("too_deep" if deep else "damaged_file", repr(error)[:500]) from error
