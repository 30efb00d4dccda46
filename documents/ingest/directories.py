"""What ZIP and OLE files say is in them: names only, nothing is unpacked.

Runs where uploads are received, so it reads a bounded part of the file however large the file says
it is. What cannot be made out gives no names.
"""

import struct
from typing import IO

_END = struct.Struct("<4s4H2LH")  # the end of a ZIP's directory, 22 bytes and a comment
_ENTRY = struct.Struct("<4s6H3L5H2L")  # one member in it, 46 bytes before its name
_LONGEST_COMMENT = 65_535
_ZIP_DIRECTORY = 4_000_000

_OLE_SHIFT, _OLE_FIRST = 30, 48  # where an OLE header says sector size and first directory sector
_OLE_ENTRY = 128
_OLE_DIRECTORY = 64 * _OLE_ENTRY


def zip_names(file: IO[bytes]) -> list[str]:
    """Names of a ZIP's members as its directory lists them, with "/" between folders.

    The directory stands at the end; only so much of it is read as any document needs.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return []
    length = _END.unpack_from(tail, at)[5]
    # counted back from the end: something may stand before the archive
    begin = size - len(tail) + at - length
    if begin < 0:
        return []
    file.seek(begin)
    return _zip_names(file.read(min(length, _ZIP_DIRECTORY)))


def _zip_names(directory: bytes) -> list[str]:
    names, at = [], 0
    while directory.startswith(b"PK\x01\x02", at) and at + _ENTRY.size <= len(directory):
        fields = _ENTRY.unpack_from(directory, at)
        name_length, extra, comment = fields[10:13]
        begin = at + _ENTRY.size
        name = directory[begin : begin + name_length].decode("utf-8", "replace")
        names.append(name.replace("\\", "/"))
        at = begin + name_length + extra + comment
    return names


def ole_names(file: IO[bytes]) -> list[str]:
    """Names of the first streams of an OLE file; what decides its kind is among them."""
    file.seek(0)
    header = file.read(512)
    if len(header) < 512:
        return []
    (shift,) = struct.unpack_from("<H", header, _OLE_SHIFT)
    (first,) = struct.unpack_from("<L", header, _OLE_FIRST)
    if shift not in (9, 12):
        return []
    file.seek((first + 1) << shift)
    directory = file.read(_OLE_DIRECTORY)
    names = []
    for at in range(0, len(directory) - _OLE_ENTRY + 1, _OLE_ENTRY):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        if 2 <= length <= 64:
            names.append(directory[at : at + length - 2].decode("utf-16-le", "replace"))
    return names
