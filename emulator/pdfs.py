"""PDFs as this server reads them: what pypdf finds on each page, and how large the pages are."""

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise

import pypdf

from .errors import ApiError, invalid, too_large

MAX_BYTES = 32 * 1024 * 1024
KEPT = 64  # PDFs that were read lately
PAGE_END = "\f"  # between two pages: no sentence goes over it
LETTER = (612.0, 792.0)


@dataclass(frozen=True)
class Pdf:
    """`text` holds the pages' texts with `PAGE_END` between them; `sizes` are in points."""

    text: str
    pages: tuple[tuple[int, int], ...]
    sizes: tuple[tuple[float, float], ...]


_lock = threading.Lock()
_known: OrderedDict[bytes, Pdf] = OrderedDict()


def read(path: str, data: bytes) -> Pdf:
    """A PDF's pages. Raises `ApiError` for one that the API would not take; `path` names its
    place in the request."""
    if len(data) > MAX_BYTES:
        raise too_large("Request exceeds the maximum size")
    key = hashlib.sha256(data).digest()
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = _read(path, data)
    with _lock:
        _known[key] = found
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return found


def _read(path: str, data: bytes) -> Pdf:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise invalid(f"{path}: The PDF specified is password protected.")
        texts = [_clean(page.extract_text()) for page in reader.pages]
        sizes = tuple(_size(page) for page in reader.pages)
    except ApiError:
        raise
    except Exception as error:  # pypdf lets through whatever a broken file makes it meet
        raise invalid(f"{path}: The PDF specified was not valid.") from error
    if not texts:
        raise invalid(f"{path}: The PDF specified was not valid.")
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + len(PAGE_END))
    pages = tuple((start, after - len(PAGE_END)) for start, after in pairwise(starts))
    return Pdf(PAGE_END.join(texts), pages, sizes)


def _clean(text: str) -> str:
    return text.replace(PAGE_END, " ").encode("utf-8", "replace").decode()


def _size(page: pypdf.PageObject) -> tuple[float, float]:
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    return (width, height) if width > 0 and height > 0 else LETTER
