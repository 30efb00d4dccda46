"""PDFs that this process looked at lately stay open, so that the next look costs less."""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2

_KEPT = 4

_open: "OrderedDict[tuple[str, int, int, int], pypdfium2.PdfDocument]" = OrderedDict()


def opened(path: Path) -> "pypdfium2.PdfDocument":
    """The document, which the caller does not close. Raise `Unreadable`."""
    from .pdf import open_pdf

    status = path.stat()
    key = (str(path), status.st_ino, status.st_mtime_ns, status.st_size)
    _open[key] = _open.pop(key, None) or open_pdf(path)
    while len(_open) > _KEPT:
        _open.popitem(last=False)[1].close()
    return _open[key]


def let_go() -> None:
    """Close them all: a file that is open takes room even when it was deleted."""
    while _open:
        _open.popitem()[1].close()
