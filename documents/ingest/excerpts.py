"""Some pages of a PDF as a PDF of their own: pypdf takes them out, and nothing else of the file."""

import io
from collections.abc import Sequence
from pathlib import Path

import pypdf

from .reading import Limits, Unreadable


def excerpt(path: Path, limits: Limits, pages: Sequence[int]) -> bytes:
    """The pages (from 1) of the PDF at ``path``, in this order and without encryption. Raise
    `Unreadable` when pypdf cannot take them out, or they are larger than ``limits.bytes``."""
    try:
        with path.open("rb") as file:
            reader = pypdf.PdfReader(file)
            if reader.is_encrypted and not reader.decrypt(""):
                raise Unreadable("encrypted")
            writer = pypdf.PdfWriter()
            for page in pages:
                writer.add_page(reader.pages[page - 1])
            out = io.BytesIO()
            writer.write(out)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # pypdf lets through whatever a broken file makes it meet
        raise Unreadable("damaged", repr(error)) from error
    data = out.getvalue()
    if len(data) > limits.bytes:
        megabytes = f"{len(data) / 1_000_000:.0f}"
        limit = f"{limits.bytes / 1_000_000:.0f}"
        raise Unreadable("too_large", megabytes=megabytes, limit=limit)
    return data
