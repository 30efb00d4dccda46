"""Damaged pages are read with few mistakes, in order, and their words are where they stand."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from documents import ingest
from documents.ingest import Kind, Limits, ocr, upright
from documents.ingest.scans import Scans
from tests import scans
from tests.conftest import recognises
from tests.pdfs import drawn, write

LIMITS = Limits(bytes=20 << 20, pages=20, seconds=90, ocr=True)
CONTRACT = "MetLife-Inc-Remarketing-Agreement.pdf"
PAGE = 5

# the share of wrong characters that each damage may cause, with room for another Tesseract
WORST = {"noise": 0.03, "scan": 0.03}
CLEAN = 0.01

LINES = """Section 1. The Buyer shall pay
the price within thirty days.

Section 2. The Seller keeps
title until it has been paid."""


@pytest.fixture(scope="module", autouse=True)
def _closed():
    yield
    ingest.close()


@pytest.fixture
def english() -> None:
    recognises()


def read(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> ingest.Reading:
    path = tmp_path / "scan.pdf"
    path.write_bytes(data)
    return ingest.read(path, Kind.PDF, limits)


@pytest.mark.parametrize("damage", scans.DAMAGES)
def test_a_damaged_page_is_read_with_few_mistakes(english, contracts, damage):
    path = contracts / CONTRACT
    with pypdfium2.PdfDocument(path) as document:
        gold = document[PAGE - 1].get_textpage().get_text_range()
    dpi, harm = scans.DAMAGES[damage]

    found = ocr.recognise(harm(scans.rendered(path, PAGE, dpi)), ["eng"])

    assert scans.wrong(found.text, gold) < WORST.get(damage, CLEAN)
    assert found.legible
    assert found.confidence > 0.85


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("skew", [0, 1.5])
def test_words_are_where_they_stand_on_the_page_as_it_lies(english, turn, skew):
    page = scans.skewed(scans.written(LINES), skew).rotate(turn, expand=True)

    found = ocr.recognise(page, ["eng"])

    assert found.text.split() == LINES.split()
    for word in found.words:
        left, top, right, bottom = scans.box(word)
        box = (left * page.width, top * page.height, right * page.width, bottom * page.height)
        inside = page.crop(tuple(map(round, box))).point(lambda shade: 255 - shade)
        # ink reaches all four sides of a box that fits; one pixel is forgiven
        if not skew:
            ink = inside.point(lambda shade: 255 * (shade > 96)).getbbox()
            assert ink is not None
            assert ink[0] <= 2
            assert ink[1] <= 2
            assert ink[2] >= inside.width - 2
            assert ink[3] >= inside.height - 2
        assert inside.getextrema()[1] > 96


def test_boxes_of_words_lie_over_those_that_the_pdf_itself_gives(english, contracts):
    path = contracts / CONTRACT
    found = ocr.recognise(scans.rendered(path, PAGE), ["eng"])
    shares = scans.overlaps(path, PAGE, found)
    assert len(shares) > 200
    assert sum(shares) / len(shares) > 0.85


def test_lines_and_paragraphs_come_in_order(english):
    found = ocr.recognise(scans.written(LINES), ["eng"])
    assert found.text == LINES
    places = [(word.start, word.end) for word in found.words]
    assert places == sorted(places)
    assert [found.text[start:end] for start, end in places] == LINES.split()


def test_two_columns_are_read_one_after_the_other(english):
    line = "This %s side has long lines.\n"
    columns = [(line % side) * 20 for side in ("left", "right")]
    page = Image.new("L", (1700, 2200), 255)
    for left, lines in zip((0, 800), columns, strict=True):
        page.paste(scans.written(lines, width=800), (left, 0))
    assert ocr.recognise(page, ["eng"]).text.split() == "".join(columns).split()


def test_umlauts_are_read_where_german_is_asked_for(tmp_path):
    recognises("deu")
    text = "Kündigung: Die Parteien können gemäß § 5 größere Mängel früher rügen."
    path = tmp_path / "german.pdf"
    path.write_bytes(drawn(b"BT /F 11 Tf 1 0 0 1 60 700 Tm (%s) Tj ET" % text.encode("cp1252")))
    assert ocr.recognise(scans.rendered(path, 1), ["deu", "eng"]).text == text


def test_a_language_that_is_not_there_is_left_out_and_named(english, tmp_path):
    limits = Limits(bytes=20 << 20, pages=9, seconds=60, ocr=True, languages=("eng", "tlh"))
    reading = read(tmp_path, scans.pdf(scans.written(LINES)), limits)
    assert reading.text == LINES
    assert reading.warnings == (
        "Text in tlh was not recognised; this installs it: apt install tesseract-ocr-tlh",
    )


def test_a_page_is_blank_whatever_paper_it_is(english):
    white = scans.written("")
    for page in (white, scans.grey(white), scans.jpeg(scans.noisy(scans.grey(white), 8))):
        assert ocr.recognise(page, ["eng"]) == ocr.NOTHING


def test_a_page_that_is_blurred_beyond_reading_is_not_taken_for_a_blank_one(english, contracts):
    page = scans.smudged(scans.rendered(contracts / CONTRACT, 8))
    assert not ocr.recognise(page, ["eng"]).legible


def test_a_page_half_of_which_is_lost_is_not_legible(english):
    page = scans.written("\n".join(LINES.replace("\n\n", "\n").split("\n") * 6))
    lower = (0, page.height // 3, page.width, page.height)
    page.paste(scans.noisy(page.crop(lower).reduce(7).resize(page.crop(lower).size), 60), lower[:2])
    assert not ocr.recognise(page, ["eng"]).legible


def test_a_page_of_a_mixed_document_is_recognised_only_where_it_must_be(english, tmp_path):
    pages = pypdfium2.PdfDocument(write("Printed text, page one.", "", "Printed text, page three."))
    pages.import_pages(pypdfium2.PdfDocument(scans.pdf(scans.written(LINES))), index=1)
    path = tmp_path / "mixed.pdf"
    pages.save(path)

    reading = ingest.read(path, Kind.PDF, LIMITS)

    assert [page.source for page in reading.pages] == ["text", "ocr", "none", "text"]
    assert all(page.legible for page in reading.pages)
    assert reading.text.split("\n\n", 1)[0] == "Printed text, page one."
    assert reading.reader == "pdfium, tesseract"
    second = reading.pages[1]
    assert reading.text[second.start : second.end] == LINES
    assert [page.words == () for page in reading.pages] == [True, False, True, True]


def test_the_noise_of_a_scan_is_not_drawn_larger_than_it_is(english, tmp_path):
    page = scans.written(LINES, size=30)
    reading = read(tmp_path, scans.pdf(scans.noisy(page, 28, specks=0.008)))
    assert scans.wrong(reading.text, LINES) < 0.03


STAMP = " ".join(["Received on 3 March 2021 by the clerk of the court."] * 5)


@pytest.mark.parametrize("stamp", ["Page 3 of 40", STAMP], ids=["short", "long"])
def test_a_scan_with_a_stamp_on_it_is_recognised_and_keeps_its_stamp(english, tmp_path, stamp):
    stamped = scans.over(scans.written(LINES), stamp, mode=0, size=4)
    reading = read(tmp_path, stamped)
    (page,) = reading.pages
    assert page.source == "ocr"
    assert reading.text == f"{stamp}\n\n{LINES}"
    assert [reading.text[word.start : word.end] for word in page.words] == reading.text.split()


def test_the_words_of_a_stamp_and_those_beneath_are_where_they_stand(english, tmp_path):
    reading = read(tmp_path, scans.over(scans.written(LINES), "Exhibit A", mode=0))
    words = {
        reading.text[word.start : word.end]: scans.box(word) for word in reading.pages[0].words
    }
    left, top, _right, bottom = words["Exhibit"]
    assert abs(left - 40 / 612) < 0.01
    assert top < 1 - 36 / 792 < bottom
    left, top, _right, bottom = words["Buyer"]
    assert 0.2 < left < 0.5
    assert top < 175 / 2200 < bottom


def test_a_stamp_that_the_picture_has_too_is_read_once(english, tmp_path):
    first, rest = LINES.split("\n", 1)
    page = scans.over(scans.written(LINES), first, mode=0, at=(54, 727), size=11.5)
    assert read(tmp_path, page).text == f"{first}\n\n{rest}"


def test_a_picture_whose_words_are_all_in_the_text_over_it_is_not_recognised(english, tmp_path):
    page = scans.over(scans.written("Confidential"), "Confidential", mode=0, at=(54, 725), size=13)
    reading = read(tmp_path, page, Limits(bytes=20 << 20, pages=9))
    assert (reading.text, reading.pages[0].source) == ("Confidential", "text")


def test_a_plain_background_is_not_recognised(english, tmp_path):
    page = scans.over(scans.written("").point([200] * 256), STAMP, mode=0, size=4)
    reading = read(tmp_path, page, Limits(bytes=20 << 20, pages=9))
    assert (reading.text, reading.pages[0].source) == (STAMP, "text")


@pytest.mark.parametrize(("length", "legible"), [(300, False), (1500, True)])
def test_a_picture_under_text_that_cannot_be_made_out_marks_a_page_that_has_little_else(
    english, tmp_path, length, legible
):
    text = (STAMP.replace(" ", "") * 20)[:length]
    page = scans.over(scans.smudged(scans.written(LINES)), text, mode=0, size=0.6)
    reading = read(tmp_path, page)
    assert (reading.text, reading.pages[0].legible) == (text, legible)
    assert reading.warnings == (() if legible else ("Page 1 could not be read.",))


def test_a_scan_with_a_text_layer_is_not_recognised_again(english, tmp_path):
    data = scans.over(scans.written(LINES), "Section 1. The Buyer shall pay", mode=3, at=(54, 727))
    reading = read(tmp_path, data, Limits(bytes=20 << 20, pages=9))
    assert [page.source for page in reading.pages] == ["text"]


def test_a_layer_of_a_few_letters_does_not_stand_for_a_picture_with_a_stamp(english, tmp_path):
    text = f"{STAMP}) Tj 3 Tr 1 0 0 1 56 726 Tm (Sec"
    reading = read(tmp_path, scans.over(scans.written(LINES), text, mode=0, size=4))
    assert [page.layered for page in reading.pages] == [True]
    assert reading.text.startswith(STAMP)
    assert LINES.split("\n", 1)[1] in reading.text


def test_text_of_a_font_that_says_nothing_must_be_recognised(english, tmp_path):
    nonsense = "".join(chr(0xE000 + number % 90) for number in range(300))
    with pytest.raises(ingest.Unreadable) as raised:
        read(tmp_path, write(nonsense), Limits(bytes=20 << 20, pages=9))
    assert raised.value.code == "needs_ocr"


def test_a_cover_with_a_small_logo_keeps_its_own_text(english, tmp_path):
    logo = scans.written("ACME", width=300, height=200)
    data = scans.over(logo, "MASTER SERVICES AGREEMENT", mode=0, share=0.2)
    reading = read(tmp_path, data, Limits(bytes=20 << 20, pages=9))
    assert (reading.text, reading.pages[0].source) == ("MASTER SERVICES AGREEMENT", "text")


def test_a_third_of_the_memory_that_a_reader_may_have_is_enough(english, tmp_path):
    page = scans.scanned(scans.written(LINES, width=1275, height=1650))
    limits = Limits(bytes=20 << 20, pages=9, seconds=90, ocr=True, memory_mb=512)
    reading = read(tmp_path, scans.pdf(page, page, dpi=150), limits)
    assert [page.source for page in reading.pages] == ["ocr", "ocr"]


def test_each_page_has_its_time_and_all_of_them_no_more_than_they_are_given(english, tmp_path):
    data = scans.pdf(*[scans.written(LINES)] * 3)
    limits = Limits(
        bytes=20 << 20, pages=9, seconds=20, ocr=True, page_seconds=20, total_seconds=0.01
    )
    with pytest.raises(ingest.Unreadable) as raised:
        read(tmp_path, data, limits)
    assert raised.value.code == "too_slow"


def test_pages_for_which_no_time_is_left_are_named(english):
    limits = Limits(bytes=1, pages=1, ocr=True, total_seconds=1e-9)
    late = Scans(limits)
    assert late.read(1, lambda: scans.written(LINES)) == ocr.UNREAD
    assert late.warnings()[0].startswith("Page 1 could not be read: recognising the pages before")


def test_progress_is_told_before_the_first_page_and_after_each(english, tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(scans.pdf(*[scans.written(LINES)] * 2))
    seen: list[tuple[int, int]] = []
    ingest.read(path, Kind.PDF, LIMITS, lambda *told: seen.append(told))
    assert seen == [(0, 2), (1, 2), (2, 2)]


fractions = st.floats(0.05, 0.95)


@given(
    st.tuples(st.integers(20, 400), st.integers(20, 400)),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(-5, 5),
    st.floats(0.5, 3),
    fractions,
    fractions,
)
@settings(max_examples=200, deadline=None)
def test_a_point_comes_back_to_where_it_was(size, turned, skew, scale, x, y):
    """The way there is Pillow's: a dot is painted, and looked for."""
    width, height = size
    page = Image.new("L", (width * 4, height * 4), 0)
    dot = (round(x * page.width), round(y * page.height))
    page.paste(255, (dot[0] - 5, dot[1] - 5, dot[0] + 6, dot[1] + 6))
    shown = page.transpose(upright._TURNED[turned]) if turned else page
    shown = shown.resize((round(shown.width * scale), round(shown.height * scale)))
    shown = shown.rotate(skew, expand=True)
    there = upright.Upright(shown, page.width, page.height, turned, skew, scale)

    box = shown.point(lambda shade: 255 * (shade > 127)).getbbox()
    assert box is not None
    left, top, right, bottom = there.back(*box)

    assert abs((left + right) / 2 * page.width - dot[0]) < 3
    assert abs((top + bottom) / 2 * page.height - dot[1]) < 3
