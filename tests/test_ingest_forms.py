"""What a PDF shows in form fields, signatures and free notes is read, drawn and lit like text."""

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from documents import ingest
from documents.ingest import Kind, Limits, PageRange, forms
from tests.pdfs import drawn, stream, write
from tests.test_ingest_hidden import SHOWN, note

LIMITS = Limits(bytes=10 << 20, pages=20, seconds=60)
VALUE = "Payable 90000 euros"
READ = forms.READ % {"pages": "page 1"}


def appearance(text: str = VALUE) -> bytes:
    return stream(
        f"q BT /F 12 Tf 4 10 Td ({text}) Tj ET Q".encode(),
        "/Type /XObject /Subtype /Form /BBox [0 0 340 30] /Resources << /Font << /F 5 0 R >> >>",
    )


def form(
    field: str = f"/FT /Tx /V ({VALUE})", shown: str = "/AP << /N 7 0 R >>", **given: object
) -> bytes:
    """A page with one field of an interactive form."""
    widget = (
        f"<< /Type /Annot /Subtype /Widget /Rect [60 590 400 620] /T (fee) /DA (/F 12 Tf 0 g)"
        f" {'' if '/F ' in field else '/F 4'} {field} {shown} >>"
    )
    fields = "/AcroForm << /Fields [8 0 R] /DA (/F 12 Tf 0 g) /DR << /Font << /F 5 0 R >> >> >>"
    value, turned = given.pop("value", VALUE), given.pop("turned", 0)
    more = given.pop("more", ())
    return drawn(
        SHOWN,
        appearance(str(value)),
        widget.encode(),
        *more,  # type: ignore[misc]
        page=f"/Annots [8 0 R] /Rotate {turned}",
        catalog=fields,
        **given,  # type: ignore[arg-type]
    )


WRITTEN = {
    "a field": form(),
    "a field without an appearance of its own": form(shown=""),
    "a choice": form(f"/FT /Ch /Ff 131072 /Opt [({VALUE}) (Nothing)] /V ({VALUE})", shown=""),
    "a field of several lines": form(f"/FT /Tx /Ff 4096 /V ({VALUE})", shown=""),
    "a signature": form("/FT /Sig"),
    "a field of no form": drawn(SHOWN, appearance(), page=note(7, "Widget", "/FT /Tx")),
    "a free note": drawn(SHOWN, appearance(), page=note(7, "FreeText", "/Contents (Payable)")),
    "a field of a page that is turned": form(size=(500, 900), turned=90),
    "a field of a page whose size and fonts are those of all pages": form(
        size=(500, 900), inherited=True
    ),
}


def read(data: bytes, tmp_path: Path) -> tuple[Path, ingest.Reading]:
    path = tmp_path / "form.pdf"
    path.write_bytes(data)
    return path, ingest.read(path, Kind.PDF, LIMITS)


def ink(path: Path, rect: ingest.Rect) -> bool:
    picture = Image.open(io.BytesIO(ingest.picture(path, Kind.PDF, LIMITS, 1, 900))).convert("L")
    left, top, width, height = rect
    box = (left, top, left + width, top + height)
    sides = (picture.width, picture.height) * 2
    pixels = tuple(round(part * side) for part, side in zip(box, sides, strict=True))
    return picture.crop(pixels).getextrema()[0] < 100  # type: ignore[arg-type, operator]


@pytest.mark.parametrize("how", WRITTEN)
def test_what_is_written_on_a_page_is_read_drawn_and_lit(how, tmp_path):
    path, reading = read(WRITTEN[how], tmp_path)
    assert reading.text == f"The fee is 60 euros a month.\n{VALUE}"
    assert reading.warnings == (READ,)
    assert reading.findings == ()
    start = reading.text.index("90000")
    wanted = PageRange(1, start, start + 5, reading.pages[0].raw_sha256)
    (found,) = ingest.boxes(path, LIMITS, [wanted])
    assert not found.changed
    assert len(found.rects) == 1
    assert ink(path, found.rects[0])


@pytest.mark.parametrize("how", WRITTEN)
def test_the_page_keeps_its_size_and_the_places_of_its_text(how, tmp_path):
    path, reading = read(WRITTEN[how], tmp_path)
    with pypdfium2.PdfDocument(path) as document:
        assert (reading.pages[0].width, reading.pages[0].height) == document[0].get_size()
    start = reading.text.index("60 euros")
    wanted = PageRange(1, start, start + 2, reading.pages[0].raw_sha256)
    (found,) = ingest.boxes(path, LIMITS, [wanted])
    assert ink(path, found.rects[0])


def box(state: str) -> bytes:
    """A page with a box that is ticked (/Yes) or not (/Off)."""
    tick = stream(b"4 4 m 26 26 l S", "/Type /XObject /Subtype /Form /BBox [0 0 340 30]")
    shown = "/AP << /N << /Yes 9 0 R >> >>"
    return form(f"/FT /Btn /V /{state} /AS /{state}", shown=shown, more=(tick,))


@pytest.mark.parametrize("data", [form(), form(shown=""), box("Yes"), form("/FT /Sig /V << >>")])
def test_a_page_with_a_field_that_has_a_value_is_one_to_look_at(data, tmp_path):
    _path, reading = read(data, tmp_path)
    assert reading.pages[0].drawn == 1.0


@pytest.mark.parametrize(
    "data", [form("/FT /Tx", value=""), form("/FT /Tx", shown=""), box("Off"), form("/FT /Sig", "")]
)
def test_a_page_with_fields_that_are_empty_is_not(data, tmp_path):
    _path, reading = read(data, tmp_path)
    assert reading.pages[0].drawn == 0.0
    assert reading.warnings == ()


def test_a_page_with_more_fields_than_are_looked_at_says_so(tmp_path):
    links = "<< /Type /Annot /Subtype /Link /Rect [9 9 20 20] >> " * 1_000
    data = form().replace(b"/Annots [", f"/Annots [{links}".encode())
    _path, reading = read(data, tmp_path)
    assert reading.warnings[-1].startswith(
        "There are more than 1,000 fields, notes and links on page 1."
    )
    assert reading.pages[0].drawn == 1.0


def test_a_field_reads_as_it_is_shown_and_not_as_it_is_stored(tmp_path):
    _path, reading = read(form("/FT /Tx /V (Payable 10 euros)"), tmp_path)
    assert VALUE in reading.text
    assert "10 euros" not in reading.text


@pytest.mark.parametrize("flags", [2, 32])
def test_a_field_that_no_screen_shows_is_not_read(flags, tmp_path):
    _path, reading = read(form(f"/FT /Tx /F {flags}"), tmp_path)
    assert reading.text == "The fee is 60 euros a month."
    assert reading.warnings == ()


def test_a_form_that_is_not_filled_in_needs_no_warning(tmp_path):
    _path, reading = read(form("/FT /Tx", value=""), tmp_path)
    assert reading.text == "The fee is 60 euros a month."
    assert reading.warnings == ()


def test_text_under_a_field_that_covers_it_is_found(tmp_path):
    cover = stream(b"1 g 0 0 340 30 re f", "/Type /XObject /Subtype /Form /BBox [0 0 340 30]")
    line = b"BT /F 12 Tf 72 600 Td (The fee is doubled) Tj ET"
    data = drawn(SHOWN + line, cover, page=note(7, "Widget", "/FT /Tx"))
    _path, reading = read(data, tmp_path)
    assert [finding.code for finding in reading.findings] == ["hidden_text"]
    assert "doubled" in reading.findings[0].sentence


def test_pages_that_are_taken_out_show_their_fields(tmp_path):
    path = tmp_path / "form.pdf"
    path.write_bytes(form())
    out = tmp_path / "out.pdf"
    out.write_bytes(ingest.excerpt(path, LIMITS, [1], 10**6))
    _path, reading = read(out.read_bytes(), tmp_path)
    assert VALUE in reading.text
    with pypdfium2.PdfDocument(out) as document:
        assert document.get_formtype() == pypdfium2.raw.FORMTYPE_ACRO_FORM


def test_a_copy_that_looks_otherwise_than_the_page_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(forms, "_alike", lambda one, other: False)
    with pypdfium2.PdfDocument(form()) as document, forms.sheet(document, 0) as sheet:
        assert sheet is not None
        assert (sheet.filled, sheet.unread) == (False, True)
        assert VALUE not in sheet.page.get_textpage().get_text_range()
        noted = forms.Forms()
        noted.note(2, sheet)
    assert noted.warnings() == [forms.UNREAD % {"pages": "page 2"}]


def test_a_page_without_fields_is_read_as_it_is(tmp_path):
    with pypdfium2.PdfDocument(write("No field.")) as document:
        with forms.sheet(document, 0) as sheet:
            assert sheet is not None
            assert not sheet.telling
        with forms.sheet(document, 1) as sheet:
            assert sheet is None
