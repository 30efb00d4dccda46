"""Writes small PDFs for tests: any characters, placed by line, with nothing but this module.

`write("First page", Page(["a line", "another"], rotation=90))` gives the file's bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FONT_SIZE = 12
LINE_HEIGHT = 16
UTF_16 = ("utf-16-be", "surrogatepass")


@dataclass(frozen=True)
class Page:
    """Lines from the top left, in points; ``rotation`` clockwise in degrees.

    A character is whatever its font says it means, so that lone surrogates, control characters
    and noncharacters can stand in a line too.
    """

    lines: Sequence[str] = ()
    width: float = 612
    height: float = 792
    rotation: int = 0
    crop: tuple[float, float, float, float] | None = None
    #: the page's whole content stream, flate-compressed, in place of lines
    compressed: bytes | None = None


def write(*pages: Page | str, title: str = "") -> bytes:
    """A PDF of these pages; a str is a page of its lines. No pages at all make an empty tree."""
    pages = tuple(Page(page.split("\n")) if isinstance(page, str) else page for page in pages)
    letters = sorted({letter for page in pages for line in page.lines for letter in line})
    codes = {letter: code for code, letter in enumerate(letters, start=1)}
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",  # the page tree, when its pages are numbered
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Test /Encoding /Identity-H"
        b" /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Test /DW 600"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /FontDescriptor 6 0 R >>",
        _stream(_to_unicode(codes)),
        b"<< /Type /FontDescriptor /FontName /Test /Flags 4 /FontBBox [0 -200 600 800]"
        b" /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
        b"<< /Title <" + f"\ufeff{title}".encode(*UTF_16).hex().encode() + b"> >>",
    ]
    kids = []
    for page in pages:
        kids.append(len(objects) + 1)
        objects.append(_page(page, contents=len(objects) + 2))
        if page.compressed is None:
            objects.append(_stream(_contents(page, codes)))
        else:
            objects.append(_stream(page.compressed, "/Filter /FlateDecode"))
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    return _file(objects)


def _page(page: Page, contents: int) -> bytes:
    crop = f"/CropBox [{' '.join(map(str, page.crop))}]" if page.crop else ""
    return (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.width} {page.height}] {crop}"
        f" /Rotate {page.rotation} /Resources << /Font << /F 3 0 R >> >>"
        f" /Contents {contents} 0 R >>"
    ).encode()


def _contents(page: Page, codes: dict[str, int]) -> bytes:
    lines = []
    for number, line in enumerate(page.lines, start=1):
        shown = "".join(f"{codes[letter]:04x}" for letter in line)
        lines.append(f"1 0 0 1 36 {page.height - 36 - number * LINE_HEIGHT} Tm <{shown}> Tj")
    return "\n".join([f"BT /F {FONT_SIZE} Tf", *lines, "ET"]).encode()


def _to_unicode(codes: dict[str, int]) -> bytes:
    entries = [f"<{code:04x}> <{letter.encode(*UTF_16).hex()}>" for letter, code in codes.items()]
    blocks = [entries[start : start + 100] for start in range(0, len(entries), 100)]
    mapped = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Test def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{mapped}\nendcmap end end"
    ).encode()


def _stream(data: bytes, entries: str = "") -> bytes:
    return f"<< /Length {len(data)} {entries} >>\nstream\n".encode() + data + b"\nendstream"


def _file(objects: list[bytes], info: int = 7) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info {info} 0 R >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def drawn(
    content: bytes,
    *objects: bytes,
    resources: str = "",
    page: str = "",
    catalog: str = "",
    size: tuple[float, float] = (612, 792),
    inherited: bool = False,
) -> bytes:
    """A PDF of one page of Helvetica (/F), its content stream and whatever else given as written.

    ``objects`` are numbered from 7; ``resources``, ``page`` and ``catalog`` are further entries of
    those dictionaries. ``inherited``: the page tree has the size and resources, and not the page.
    """
    of_all = (
        f"/MediaBox [0 0 {size[0]} {size[1]}] /Resources << /Font << /F 5 0 R >> {resources} >>"
    )
    tree, own = (of_all, "") if inherited else ("", of_all)
    head = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        f"<< /Type /Pages /Kids [3 0 R] /Count 1 {tree} >>".encode(),
        f"<< /Type /Page /Parent 2 0 R {own} {page} /Contents 4 0 R >>".encode(),
        _stream(content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< >>",
    ]
    return _file([*head, *objects], info=6)


def stream(data: bytes, entries: str = "") -> bytes:
    """A stream object for `drawn`."""
    return _stream(data, entries)
