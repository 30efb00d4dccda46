"""What the parent and its child say to each other: frames of a tag, a length and a payload.

JSON and plain bytes only: a child that read a hostile file is not trusted with anything that runs.
The parent sends REQUEST; the child answers STARTED, then PROGRESS and PART as they come, and at the
end either DATA (which may be missing) and RESULT, or FAILED.
"""

import json
import struct
from typing import Any

REQUEST, STARTED, PROGRESS, PART = b"Q", b"S", b"P", b"A"
DATA, RESULT, FAILED = b"D", b"R", b"F"

HEADER = struct.Struct(">cI")
_LENGTH = struct.Struct(">I")


def frame(tag: bytes, payload: bytes = b"") -> bytes:
    return HEADER.pack(tag, len(payload)) + payload


def message(tag: bytes, fields: dict[str, Any]) -> bytes:
    """A frame whose payload is JSON."""
    return frame(tag, json.dumps(fields).encode())


def named(tag: bytes, name: str, data: bytes) -> bytes:
    """A frame whose payload is bytes with a name."""
    encoded = name.encode("utf-8", "replace")
    return frame(tag, _LENGTH.pack(len(encoded)) + encoded + data)


def unnamed(payload: bytes) -> tuple[str, bytes]:
    """The name and the bytes of a payload made by `named`. Raise ValueError for another."""
    try:
        (length,) = _LENGTH.unpack_from(payload)
    except struct.error as error:
        raise ValueError("no name") from error
    start = _LENGTH.size + length
    return payload[_LENGTH.size : start].decode(), payload[start:]


class Frames:
    """Takes bytes as they come and gives the frames that are complete."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """(tag, payload) of each frame that ``data`` completes. Raise ValueError for a frame of
        more than ``limit`` bytes."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= HEADER.size:
            tag, length = HEADER.unpack_from(self._buffer)
            if length > self._limit:
                raise ValueError(f"a frame of {length} bytes")
            end = HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append((tag, bytes(self._buffer[HEADER.size : end])))
            del self._buffer[:end]
        return frames
