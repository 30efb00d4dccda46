"""An encrypted PDF becomes the same PDF without a password."""

import io
import unicodedata
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from .reading import Limits, Unreadable


def unlock(path: Path, limits: Limits, password: str) -> bytes:
    """The file decrypted. Raise `Unreadable`: "wrong_password", or what else is in the way."""
    data = path.read_bytes()
    document = _opened(data, password)
    try:
        out = io.BytesIO()
        document.save(out, flags=pdfium.FPDF_REMOVE_SECURITY | pdfium.FPDF_NO_INCREMENTAL)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("damaged", f"pdfium: {error}") from error
    finally:
        document.close()
    if out.tell() > limits.bytes:
        fields = {"megabytes": out.tell() // 1_000_000, "limit": limits.bytes // 1_000_000}
        raise Unreadable("too_large", f"{out.tell()} bytes", **fields)
    return out.getvalue()


def _opened(data: bytes, password: str) -> pypdfium2.PdfDocument:
    # The newest encryption wants the characters composed, which not every keyboard does.
    for written in dict.fromkeys((password, unicodedata.normalize("NFKC", password))):
        # not every failure sets pdfium's last error: an earlier one's may show
        pdfium.FPDF_LoadMemDocument(b"-", 1, None)
        try:
            return pypdfium2.PdfDocument(data, password=written)
        except pypdfium2.PdfiumError as error:
            if error.err_code != pdfium.FPDF_ERR_PASSWORD:
                raise Unreadable("damaged", f"pdfium: {error}") from error
    raise Unreadable("wrong_password")
