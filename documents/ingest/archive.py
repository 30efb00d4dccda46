"""Reads a ZIP archive: its text is the list of what is in it, and the files are passed on.

Nothing is written anywhere, so no name can lead out of a folder; names become paths of words.
"""

import contextlib
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from .canonical import clean
from .packages import PACKED, far_too_large, leads_out, look
from .reading import Limits, Pages, Part, Progress, Reading, Unreadable
from .text import put

_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_LINK, _TYPE = 0o120000, 0o170000
# Left behind by systems and open programs: no document of anybody's.
_LITTER = re.compile(
    r"(?:\A|/)(?:__MACOSX/|\.DS_Store\Z|Thumbs\.db\Z|desktop\.ini\Z|\._[^/]*\Z|~\$[^/]*\Z)", re.I
)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


# What keeps a member from being unpacked is said of it alone, unless it is true of all.
_HOPELESS: dict[str, Callable[[zipfile.ZipInfo], object]] = {
    "zip_protected": lambda member: member.flag_bits & _ENCRYPTED,
    "unsafe_names": leads_out,
    "bomb": far_too_large,
}


class ArchiveReader:
    name = "zip"
    version = "1"

    def unpack(
        self, path: Path, limits: Limits, progress: Progress, part: Callable[[Part], None]
    ) -> Reading:
        # a Mac adds a file to each, which does not count
        members = look(path, parts=2 * limits.parts, unpacked=limits.parts_bytes, strict=False)
        files = [
            (member, name)
            for member in members
            if not member.is_dir() and not _LITTER.search(name := path_of(member))
        ]
        if not files:
            raise Unreadable("empty")
        if len(files) > limits.parts:
            raise Unreadable("too_many_parts", limit=limits.parts)
        for code, hopeless in _HOPELESS.items():
            if all(hopeless(member) for member, _name in files):
                raise Unreadable(code)
        warnings = []
        with zipfile.ZipFile(path) as archive:
            for number, (member, name) in enumerate(files):
                progress(number, len(files))
                found = _problem(member, limits) or _unpacked(archive, member)
                if isinstance(found, str):
                    warnings.append(f"{name}: not unpacked: {found}.")
                else:
                    part(Part(name, found))
        pages = Pages(limits)
        put(pages, [_listing(files)], limits)
        progress(len(files), len(files))
        return pages.reading(self, warnings, "")


def path_of(member: zipfile.ZipInfo) -> str:
    """The member's name with "/" between folders. What is not marked as UTF-8 often is all the
    same, and else in the code page that the format began with."""
    name = member.filename
    if not member.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return clean(name.replace("\\", "/")).replace("\n", " ")


def size_in_words(size: int) -> str:
    """ "0 bytes", "12 KB", "3.4 MB"."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _problem(member: zipfile.ZipInfo, limits: Limits) -> str:
    """Why a member cannot be unpacked, for the end of a sentence; "" when it can."""
    if leads_out(member):
        return "its name leads out of the archive"
    if far_too_large(member):
        return "it unpacks to far more than a document of its size has"
    if member.external_attr >> 16 & _TYPE == _LINK:
        return "it is a link to something else"
    if member.flag_bits & _ENCRYPTED:
        return "it needs a password"
    if member.compress_type not in PACKED:
        return "it is packed in an unusual way"
    if member.file_size > limits.bytes:
        return f"it has {size_in_words(member.file_size)}"
    return ""


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | str:
    """A member's bytes, or why there are none."""
    try:
        return archive.read(member)
    except _DAMAGED:
        return "it is damaged"


def _listing(files: list[tuple[zipfile.ZipInfo, str]]) -> str:
    head = f"{len(files)} {'file' if len(files) == 1 else 'files'} in this archive:"
    lines = [f"- {name} ({size_in_words(member.file_size)})" for member, name in files]
    return "\n".join([head, *lines])
