"""Small files of every kind with a few bytes changed: each ends in a reading or in a sentence.

Some thousand examples of each, by hand: `pytest tests/test_ingest_mutated.py
--hypothesis-profile=long`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from documents import ingest
from documents.ingest import Kind, Limits
from documents.ingest.canonical import clean
from tests.pdfs import write

LIMITS = Limits(
    bytes=1 << 20, pages=50, memory_mb=600, seconds=10, chars=200_000, parts=50, parts_bytes=1 << 22
)
TOKENS = [b"<", b">", b"</", b'"', b"&#0;", b"&x;", b"\0", b"\xff", b"\xed\xa0\x80", b"-1", b""]
TOKENS += [b"1e999", b"99999999999", b"0", b"\n", b"obj", b"stream", b"=", b"NaN", b"\xff" * 4]
TOKENS += [b"</w:p>", b"<w:p>", b'w:val="-9"', b"</a:p>", b"<a:p>", b' x="-9"']
# of the many parts that a new Office document has, those that say nothing
UNREAD = re.compile(r".*(theme|docProps|customXml|printerSettings|slideLayouts|fontTable)")


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def word() -> bytes:
    made = docx.Document()
    made.add_heading("Term", 1)
    made.add_paragraph("Two years.", style="List Number")
    made.add_table(2, 2).cell(0, 0).text = "Fees"
    made.sections[0].header.paragraphs[0].text = "Draft"
    return saved(made.save)


def sheets() -> bytes:
    book = openpyxl.Workbook()
    for row in (["Item", "Price"], ["nut", 2.5], [True, "=1+1"]):
        book.active.append(row)
    book.active["B2"].number_format = "#,##0.00 [$EUR]"
    book.active.merge_cells("A5:B6")
    book.create_sheet("Rates").sheet_state = "hidden"
    return saved(book.save)


def slides() -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Offer"
    slide.placeholders[1].text = "Valid for a month"
    slide.shapes.add_table(1, 2, 0, 0, 9, 9).table.cell(0, 0).text = "Fees"
    slide.notes_slide.notes_text_frame.text = "Say more"
    return saved(deck.save)


def letter() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Anné <a@example.com>", "b@example.com"
    message["Subject"] = "The leasé"
    message["Date"] = "Mon, 3 Mar 2025 10:00:00 +0100"
    message.set_content("See below. Grüße")
    message.add_alternative("<p>See <b>below</b>.</p>", subtype="html")
    message.add_attachment("A note.", filename="nöte.txt")
    return bytes(message)


def archive() -> bytes:
    def pack(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("Deal/lease.txt", "The lease. " * 9)
            made.writestr("Dëal/b.csv", "a;b\n1;2\n")

    return saved(pack)


def picture(format: str, mode: str = "RGB", **options: object) -> bytes:
    drawn = Image.linear_gradient("L").resize((40, 30)).convert(mode)
    return saved(lambda file: drawn.save(file, format, **options))


PAGE = b"""<!doctype html><html><head><title>Terms &amp; more</title><style>.x{display:none}</style>
</head><body><h1>Terms</h1><ol start=3><li>One<li value=9>Two</ol><p class=x>Unseen</p>
<table><tr><td rowspan=2>A</td><td>B</td></tr></table><pre>x  y</pre>&eacute;</body></html>"""
FILES: dict[str, tuple[Kind, bytes]] = {
    "pdf": (Kind.PDF, write("Agreement", "Second page", title="Terms")),
    "docx": (Kind.DOCX, word()),
    "xlsx": (Kind.XLSX, sheets()),
    "pptx": (Kind.PPTX, slides()),
    "eml": (Kind.EMAIL, letter()),
    "zip": (Kind.ZIP, archive()),
    "html": (Kind.HTML, PAGE),
    "csv": (Kind.CSV, 'name;amount\r\n"A ""B""";1,5\r\n=1+1;é\r\n'.encode()),
    "txt": (Kind.TEXT, "Term\f\r\nTwo years. é\u2028".encode()),
    "md": (Kind.MARKDOWN, b"# Term\n\n* two\n  * years\n\n| a | b |\n|---|---|\n"),
    "png": (Kind.IMAGE, picture("PNG")),
    "gif": (Kind.IMAGE, picture("GIF", "P")),
    "jpg": (Kind.IMAGE, picture("JPEG")),
    "webp": (Kind.IMAGE, picture("WEBP")),
    "tif": (Kind.IMAGE, picture("TIFF", compression="tiff_lzw")),
}
PACKED = ("docx", "xlsx", "pptx", "zip")


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    ingest.close()


def changed(data: bytes, draw: st.DataObject) -> bytes:
    """Some bytes of it replaced, inserted, left out or doubled."""
    made = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 6))):
        at = draw.draw(st.integers(0, max(0, len(made) - 1)))
        length = draw.draw(st.integers(0, 20))
        what = st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=4)
        if draw.draw(st.booleans()):
            what = st.just(bytes(made[at : at + 40]) * 2)
        made[at : at + length] = draw.draw(what)
    return bytes(made)


def changed_within(data: bytes, draw: st.DataObject) -> bytes:
    """One of the files packed in it changed, and packed again."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = draw.draw(st.sampled_from([name for name in sorted(parts) if not UNREAD.match(name)]))
    parts[name] = changed(parts[name], draw)

    def pack(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w") as new:
            for each, content in parts.items():
                new.writestr(each, content)

    return saved(pack)


def assert_can_be_kept(reading: ingest.Reading, parts: list[ingest.Part]) -> None:
    """All its texts are canonical: any database takes them and any page shows them."""
    said = [*reading.warnings, *(one.sentence for one in reading.findings)]
    for text in (reading.text, reading.title, *said, *(part.path for part in parts)):
        assert text == clean(text)
    for page in reading.pages:
        assert 0 <= page.start <= page.end <= len(reading.text)
    for one in reading.findings:
        assert one.start is None or 0 <= one.start < one.end <= len(reading.text)


def assert_is_of_the_file(error: ingest.Unreadable) -> None:
    """A sentence about the file, and no fault of a reader's."""
    assert error.code not in ("crashed", "missing"), error.detail
    assert str(error).endswith(".")
    assert ingest.SENTENCES[error.code] % error.fields == str(error)


def ended(job: Callable[[], Any]) -> Any:
    """What a job gives back, or what it was refused with."""
    try:
        return job()
    except ingest.Unreadable as error:
        return error


@pytest.mark.parametrize("ending", FILES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_changed_it_ends_in_a_reading_or_a_sentence(tmp_path, ending, data):
    kind, whole = FILES[ending]
    within = ending in PACKED and data.draw(st.booleans())
    path = tmp_path / f"mutated.{ending}"
    path.write_bytes(changed_within(whole, data) if within else changed(whole, data))
    parts: list[ingest.Part] = []
    reading = ended(lambda: ingest.read(path, kind, LIMITS, None, parts.append))
    drawn = None
    if kind in (Kind.PDF, Kind.IMAGE):
        drawn = ended(lambda: ingest.picture(path, kind, LIMITS, 1, 60))
    if isinstance(reading, ingest.Reading):
        assert_can_be_kept(reading, parts)
    for end in (reading, drawn):
        if isinstance(end, ingest.Unreadable):
            assert_is_of_the_file(end)
