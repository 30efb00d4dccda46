"""Some pages of a PDF as a PDF of their own: pypdf takes them out, and nothing else of the file."""

import io
from collections.abc import Sequence
from pathlib import Path

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from .reading import Unreadable


def excerpt(path: Path, pages: Sequence[int], most: int) -> bytes:
    """The pages (from 1) of the PDF at ``path``, in this order and without encryption. Raise
    `Unreadable` when pypdf cannot take them out, or they have more than ``most`` bytes."""
    try:
        with path.open("rb") as file:
            reader = pypdf.PdfReader(file)
            if reader.is_encrypted and not reader.decrypt(""):
                raise Unreadable("encrypted")
            writer = pypdf.PdfWriter()
            for page in pages:
                writer.add_page(reader.pages[page - 1])
            _add_form(writer)
            out = io.BytesIO()
            writer.write(out)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # pypdf lets through whatever a broken file makes it meet
        raise Unreadable("damaged", repr(error)) from error
    data = out.getvalue()
    if len(data) > most:
        megabytes = f"{len(data) / 1_000_000:.0f}"
        limit = f"{most / 1_000_000:.0f}"
        raise Unreadable("too_large", megabytes=megabytes, limit=limit)
    return data


def _add_form(writer: pypdf.PdfWriter) -> None:
    """Fields are drawn where the file has a form that they belong to."""
    fields = [
        note
        for page in writer.pages
        for note in page.annotations or ()
        if isinstance(found := note.get_object(), DictionaryObject)
        and found.get("/Subtype") == "/Widget"
    ]
    if fields:
        form = DictionaryObject({NameObject("/Fields"): ArrayObject(fields)})
        writer.root_object[NameObject("/AcroForm")] = form
