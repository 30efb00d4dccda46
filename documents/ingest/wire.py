"""What the parent and its child say to each other: frames of a tag, a length and a payload.

JSON and plain text only: a child that read a hostile file is not trusted with anything that runs.
The parent sends REQUEST; the child answers STARTED, then PROGRESS now and then, and at the end
either TEXT and READING, or FAILED.
"""

import json
import struct
from typing import Any

REQUEST, STARTED, PROGRESS, TEXT, READING, FAILED = b"Q", b"S", b"P", b"T", b"R", b"F"

HEADER = struct.Struct(">cI")


def frame(tag: bytes, payload: bytes = b"") -> bytes:
    return HEADER.pack(tag, len(payload)) + payload


def message(tag: bytes, fields: dict[str, Any]) -> bytes:
    """A frame whose payload is JSON."""
    return frame(tag, json.dumps(fields).encode())


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
