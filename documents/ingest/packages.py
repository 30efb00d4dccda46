"""Looks at a ZIP before anything opens it: Word, Excel and PowerPoint files are ZIPs too.

Its directory says what is in it and how large; the rest is checked against that. Nothing is
unpacked but to count, in pieces. An archive within the archive is not looked into: whoever takes
it out looks again, and counts how deep it is.
"""

import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from .reading import Unreadable

#: Files in an Office document; a long presentation has a few thousand.
OFFICE_PARTS = 10_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What old files have in them by name, and what to save them as. In this order: a protected file of
# today has only the first, and any of the others may be embedded in another.
_PROTECTED = "EncryptedPackage"
_OLD = {"WordDocument": "DOCX", "PowerPoint Document": "PPTX", "Workbook": "XLSX", "Book": "XLSX"}

_LOCAL = struct.Struct("<4s22xHH")
_END = struct.Struct("<4s4xHHIIH")
_END_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x03\x04"
_END_WITHIN = 65_557
_ENTRY_BYTES = 1_000  # of the directory: more than a long name and all that goes with it
# Deflate packs a thousand to one at most, text of a document thirty to one.
_RATIO, _RATIO_FROM = 200, 10_000_000
#: How members may be packed.
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1 << 16
_OUTSIDE = re.compile(r"\A(/|[A-Za-z]:)|(\A|/)\.\.(/|\Z)|\0")


def look_at_office(path: Path, *, unpacked: int, largest: int) -> list[zipfile.ZipInfo]:
    """The members of an Office document, in their order. ``unpacked`` is how many bytes all may
    have, ``largest`` how many any one.

    Raise `Unreadable`, also for one that a password protects or an old version of Office made.
    """
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise _of_old(path)
    members = look(path, parts=OFFICE_PARTS, unpacked=unpacked)
    for member in members:
        if member.file_size > largest:
            raise Unreadable(
                "unpacks_too_large",
                f"{member.filename}: {member.file_size} bytes",
                megabytes=_mb(member.file_size),
                limit=_mb(largest),
            )
    if len({member.filename.casefold() for member in members}) < len(members):
        raise Unreadable("ambiguous", "names that differ in case alone")
    return members


def look(path: Path, *, parts: int, unpacked: int, strict: bool = True) -> list[zipfile.ZipInfo]:
    """The members of the ZIP at ``path``, folders too, in the order of its directory.

    Raise `Unreadable` when there are more than ``parts``, when together they have more than
    ``unpacked`` bytes, and when anything about them is as in no archive made in good faith. What
    comes back can be read by `zipfile`: no member gives more than its ``file_size``. Unless
    ``strict``, members that need a password, are packed in another way than `PACKED`, have the name
    of another or one that `leads_out`, or are `far_too_large` come back with the others, for the
    caller to pass over.
    """
    with path.open("rb") as file:
        _check_directory(file, parts)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise Unreadable("damaged_file", repr(error)) from error
        if len(members) > parts:
            raise Unreadable("too_many_parts", limit=parts)
        if strict:
            _check_names(members)
        _check_sizes(members, unpacked, strict)
        _check_places(file, members)
    return members


def _of_old(path: Path) -> Unreadable:
    """Why a file of the format before 2007 is not read."""
    data = path.read_bytes()
    if _PROTECTED.encode("utf-16-le") in data:
        return Unreadable("office_protected")
    saved_as = (kind for name, kind in _OLD.items() if name.encode("utf-16-le") in data)
    return Unreadable("office_old", wanted=next(saved_as, "PDF"))


def _check_directory(file: BinaryIO, parts: int) -> None:
    """zipfile takes in the whole directory, however long: see that it is not."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_WITHIN))
    tail = file.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or at + _END.size > len(tail):
        raise Unreadable("damaged_file", "no directory")
    _, _, _, length, start, _ = _END.unpack_from(tail, at)
    if length == 0xFFFFFFFF or start == 0xFFFFFFFF:
        # of files that are over 4 GB, and then this one is none that we take
        raise Unreadable("damaged_file", "zip64 directory")
    if length > max(parts, 100) * _ENTRY_BYTES:
        raise Unreadable("too_many_parts", f"a directory of {length} bytes", limit=parts)


def leads_out(member: zipfile.ZipInfo) -> bool:
    """Whether the name would leave the folder it is unpacked into."""
    return _OUTSIDE.search(member.filename.replace("\\", "/")) is not None


def far_too_large(member: zipfile.ZipInfo) -> bool:
    """Whether it unpacks to more than any document of its size does."""
    return member.file_size > max(_RATIO_FROM, _RATIO * member.compress_size)


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    names = set()
    for member in members:
        name = member.filename.replace("\\", "/")
        if leads_out(member):
            raise Unreadable("unsafe_names", ascii(name)[:200])
        if name in names:
            raise Unreadable("ambiguous", ascii(name)[:200])
        names.add(name)


def _check_sizes(members: list[zipfile.ZipInfo], unpacked: int, strict: bool) -> None:
    total = 0
    for member in members:
        if strict and member.flag_bits & 1:
            raise Unreadable("zip_protected", ascii(member.filename)[:200])
        if strict and member.compress_type not in PACKED:
            raise Unreadable("strange_packing", f"method {member.compress_type}")
        if strict and far_too_large(member):
            raise Unreadable("bomb", f"{member.file_size} bytes in {member.compress_size}")
        total += 0 if far_too_large(member) else member.file_size
    if total > unpacked:
        raise Unreadable(
            "unpacks_too_large", f"{total} bytes", megabytes=_mb(total), limit=_mb(unpacked)
        )


def _check_places(file: BinaryIO, members: list[zipfile.ZipInfo]) -> None:
    """Members must not share bytes, and none may hold more than it says."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < 0:
            raise Unreadable("damaged_file", "the beginning is missing")
        if member.header_offset < end:
            raise Unreadable("ambiguous", f"{ascii(member.filename)[:200]} overlaps another")
        start = _data_start(file, member)
        end = start + member.compress_size
        if member.compress_type == zipfile.ZIP_STORED:
            if member.file_size > member.compress_size:
                raise Unreadable("damaged_file", "a stored member is cut short")
        elif _holds_more(file, start, member):
            raise Unreadable("bomb", f"{ascii(member.filename)[:200]} is larger than it says")


def _data_start(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    file.seek(member.header_offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
        raise Unreadable("damaged_file", "no local header")
    _, name, extra = _LOCAL.unpack(header)
    return member.header_offset + _LOCAL.size + int(name) + int(extra)


def _holds_more(file: BinaryIO, start: int, member: zipfile.ZipInfo) -> bool:
    """Whether the member unpacks to more than it says. A broken one does not: it may be one that
    nobody reads."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    left, room = member.compress_size, member.file_size
    file.seek(start)
    try:
        while room >= 0 and not unpacker.eof:
            packed = unpacker.unconsumed_tail
            if not packed:
                packed = file.read(min(_CHUNK, left))
                left -= len(packed)
            if not packed:
                break
            room -= len(unpacker.decompress(packed, min(1 << 20, room + 1)))
    except zlib.error:
        return False
    return room < 0


def _mb(size: int) -> float:
    return round(size / 1_000_000, 1)
