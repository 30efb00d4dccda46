"""Characters of a version stand where geometry says, on every kind of page."""

from __future__ import annotations

import io
import json
import unicodedata
from itertools import pairwise

import pypdfium2
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from documents import geometry, ingest
from documents.ingest import PageRange, words
from documents.ingest.alignment import Moved
from documents.ingest.locate import find, lines
from documents.ingest.pdf import PdfReader
from documents.models import Page as PageRow
from documents.models import Text, Words
from tests import gold, ink, papers
from tests.conftest import read, upload
from tests.oddities import ODDITIES
from tests.papers import Paper, Piece
from tests.pdfs import Page, write

LIMITS = ingest.Limits(bytes=10**8, pages=500)


def made(workspace, owner, *pages):
    version = read(upload(workspace, owner, write(*pages), "place.pdf"))
    assert version.status == "ready"
    return version


def test_a_word_is_boxed_where_it_was_set(workspace, owner):
    version = made(workspace, owner, Page(["one two three"], width=600, height=800))
    (found,) = geometry.boxes(version, 4, 7)
    ((x, y, width, height),) = found.rects
    # twelve points high on a baseline of 800 - 36 - 16; each letter 0.6 of that wide
    assert x == pytest.approx((36 + 4 * 7.2) / 600, abs=0.002)
    assert width == pytest.approx(3 * 7.2 / 600, abs=0.002)
    assert y < (36 + 16) / 800 < y + height


def test_a_range_over_two_pages_has_boxes_on_both(workspace, owner):
    version = made(workspace, owner, "first", "second")
    assert [found.page for found in geometry.boxes(version, 2, 10)] == [1, 2]


def test_a_text_without_pages_to_look_at_has_no_boxes(document):
    assert geometry.boxes(document.current, 0, 10) == []
    assert geometry.lines(document.current, 1) == []


def test_many_ranges_take_one_look_and_no_more_queries_than_one(
    workspace, owner, django_assert_num_queries
):
    version = made(workspace, owner, "first page", "second page", "third page")
    ranges = [(start, start + 9) for start in range(0, 30, 2)] + [(5, 5), (900, 950)]
    version.blob.file.path  # noqa: B018 (loads it)
    with django_assert_num_queries(1):
        found = geometry.boxes_of(version, ranges)
    assert found == [geometry.boxes(version, start, end) for start, end in ranges]
    assert found[-2:] == [[], []]
    many = [(start % 30, start % 30 + 3) for start in range(200)]
    with django_assert_num_queries(1):
        assert len(geometry.boxes_of(version, many)) == 200


# ink -----------------------------------------------------------------------------------------


def read_here(path):
    return PdfReader().read(path, LIMITS, lambda done, total: None)


def boxes_here(path, reading, start, end):
    """By page; in this process, so that many can be asked for."""
    ranges = [
        PageRange(p.number, max(start - p.start, 0), min(end, p.end) - p.start, p.raw_sha256)
        for p in reading.pages
        if p.start < end and p.end > start
    ]
    return find(path, ranges)


def inks(path, given, marked, found):
    """What is seen of marked characters on the pages that have boxes."""
    with (
        pypdfium2.PdfDocument(path) as plain,
        pypdfium2.PdfDocument(papers.write(given, marked)) as twin,
    ):
        return [
            ink.compared(
                ink.drawn(plain[boxes.page - 1]), ink.drawn(twin[boxes.page - 1]), boxes.rects
            )
            for boxes in found
        ]


@pytest.mark.parametrize("name", ODDITIES)
def test_boxes_cover_the_ink_of_a_quote_and_little_else(name, tmp_path):
    oddity = ODDITIES[name]
    path = tmp_path / "odd.pdf"
    path.write_bytes(papers.write(oddity.papers))
    reading = read_here(path)
    start = reading.text.index(oddity.quote)
    found = boxes_here(path, reading, start, start + len(oddity.quote))
    assert found
    for seen in inks(path, oddity.papers, oddity.ink, found):
        assert seen.amount > 0 or name == "invisible, as under a scan"
        assert seen.covered >= 0.995
        assert seen.foreign <= oddity.foreign
    assert not any(boxes.changed for boxes in found)


def test_what_is_measured_would_show_a_box_beside_its_word(tmp_path):
    path = tmp_path / "odd.pdf"
    oddity = ODDITIES["upright"]
    path.write_bytes(papers.write(oddity.papers))
    reading = read_here(path)
    start = reading.text.index(oddity.quote)
    (right,) = boxes_here(path, reading, start, start + 3)
    (beside,) = boxes_here(path, reading, start + 1, start + 5)
    (x, y, width, height) = right.rects[0]
    above = type(right)(1, ((x, y - height, width, height),))
    seen = inks(path, oddity.papers, oddity.ink, [right, beside, above])
    assert [s.covered > 0.99 for s in seen] == [True, False, False]
    assert seen[1].covered == pytest.approx(2 / 3, abs=0.05)
    assert seen[1].foreign > 0.2
    assert seen[2].covered < 0.1


def test_text_outside_the_crop_box_has_no_boxes(tmp_path):
    path = tmp_path / "cropped.pdf"
    pieces = [Piece("seen", 60, 640), Piece("unseen", 60, 100)]
    path.write_bytes(papers.write([Paper(pieces, crop=(40, 300, 400, 700))]))
    reading = read_here(path)
    start = reading.text.find("unseen")
    if start < 0:
        pytest.skip("text outside the crop box is not read at all")
    assert [boxes.rects for boxes in boxes_here(path, reading, start, start + 6)] == [()]


_LETTERS = [
    chr(code)
    for code in (*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x391, 0x3A2), *range(0x430, 0x450))
    if unicodedata.category(chr(code))[0] == "L"
] + ["\u4e2d", "\u6587", "\U00010348", "\U0001d11e"]


@st.composite
def sheets(draw):
    """A page on which every character stands once, its pieces apart from one another."""
    letters = draw(st.permutations(_LETTERS))
    pieces = []
    angle = draw(st.sampled_from((0, 0, 90, 180, 270, 30)))
    for row in range(draw(st.integers(1, 4))):
        size = draw(st.integers(5, 20))
        text = "".join(letters.pop() for _ in range(draw(st.integers(1, 9))))
        along, across = 300, 150 + 100 * row
        x, y = (along, across) if angle in (0, 180, 30) else (across, along)
        kerning = draw(st.sampled_from((0, 0, 40, -40)))
        pieces.append(Piece(text, x, y, size, angle, kerning=kerning))
    left, bottom = draw(st.sampled_from(((0, 0), (-70, 30))))
    media = (left, bottom, left + 620, bottom + draw(st.sampled_from((620, 800))))
    crop = draw(st.sampled_from((None, None, (20, 40, 560, 600), (310, 160, 900, 900))))
    return Paper(
        pieces,
        media,
        crop,
        draw(st.sampled_from((0, 90, 180, 270))),
        draw(st.sampled_from((1, 1, 2))),
    )


@settings(max_examples=40, deadline=None)
@given(sheets(), st.data())
def test_any_range_of_any_page_is_covered_and_so_are_ranges_that_adjoin(
    tmp_path_factory, paper, data
):
    path = tmp_path_factory.mktemp("any") / "any.pdf"
    path.write_bytes(papers.write([paper]))
    try:
        reading = read_here(path)
    except ingest.Unreadable:
        assume(False)
    length = len(reading.text)
    start, middle, end = sorted(data.draw(st.lists(st.integers(0, length), min_size=3, max_size=3)))
    parts = [(start, middle), (middle, end), (start, end)]
    rects = []
    for first, last in parts:
        found = boxes_here(path, reading, first, last)
        rects.append([rect for boxes in found for rect in boxes.rects])
        for x, y, width, height in rects[-1]:
            assert 0 <= x < x + width <= 1 + 1e-9
            assert 0 <= y < y + height <= 1 + 1e-9
    marked = [(0, i) for i, c in enumerate(paper.text) if c in reading.text[start:end]]
    with (
        pypdfium2.PdfDocument(path) as plain,
        pypdfium2.PdfDocument(papers.write([paper], marked)) as twin,
    ):
        pictures = ink.drawn(plain[0]), ink.drawn(twin[0])
    assert ink.compared(*pictures, rects[2]).covered >= 0.995
    assert ink.compared(*pictures, rects[0] + rects[1]).covered >= 0.995
    if not any(piece.angle == 30 for piece in paper.pieces):
        inner = [shrunk(rect, *pictures[0].size) for rect in rects[2]]
        assert ink.compared(*pictures, inner).foreign < 0.01


def shrunk(rect, width, height):
    """By two pixels all round: letters stand close, and a box touches the pixels beside it."""
    x, y, across, down = rect
    return (
        x + 2 / width,
        y + 2 / height,
        max(across - 4 / width, 1 / width),
        max(down - 4 / height, 1 / height),
    )


# lines ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(sheets())
def test_the_lines_of_any_page_are_its_text_in_order(tmp_path_factory, paper):
    path = tmp_path_factory.mktemp("lines") / "lines.pdf"
    path.write_bytes(papers.write([paper]))
    try:
        reading = read_here(path)
    except ingest.Unreadable:
        assume(False)
    found = lines(path, 1, reading.pages[0].raw_sha256)
    assert not found.changed
    places = [(line.start, line.end) for line in found.lines]
    assert places == sorted(places)
    assert all(a < b <= c for (a, b), (c, _) in pairwise(places))
    said = "".join(reading.text[start:end] for start, end in places)
    if paper.crop is None:
        assert "".join(said.split()) == "".join(reading.text.split())
    for line in found.lines:
        expected = boxes_here(path, reading, line.start, line.end)[0].rects
        assert len(expected) == 1
        assert line.rect == pytest.approx(expected[0], abs=1e-6)


@pytest.mark.parametrize(
    ("angle", "rotation", "turns"),
    [(0, 0, 0), (0, 90, 1), (90, 0, 3), (90, 90, 0), (180, 0, 2), (270, 90, 2), (0, 270, 3)],
)
def test_a_line_says_which_way_it_runs(tmp_path, angle, rotation, turns):
    path = tmp_path / "turned.pdf"
    paper = Paper([Piece("abcdef", 300, 300, angle=angle)], rotation=rotation)
    path.write_bytes(papers.write([paper]))
    (line,) = lines(path, 1, read_here(path).pages[0].raw_sha256).lines
    assert line.turns == turns


# recognised pages ----------------------------------------------------------------------------


def recognised(version, placed, turned=False):
    """Makes page 1 one whose words were recognised at (left, top) in thousandths."""
    page = PageRow.objects.get(version=version, number=1)
    PageRow.objects.filter(pk=page.pk).update(source="ocr")
    text = Text.objects.get(version=version).content[page.start : page.end]
    rows, start = [], 0
    for word, (left, top) in zip(text.split(), placed, strict=True):
        start = text.index(word, start)
        size = (20, 10 * len(word)) if turned else (10 * len(word), 20)
        box = [round(at / 1000 * words.SCALE) for at in (left, top, left + size[0], top + size[1])]
        rows.append(words.Word(start, start + len(word), *box, 90))
        start += len(word)
    Words.objects.create(page=page, packed=words.pack(rows))


def test_a_recognised_page_has_one_box_a_line(workspace, owner):
    version = made(workspace, owner, Page(["alpha beta gamma delta"]))
    recognised(version, [(100, 100), (160, 102), (100, 140), (170, 139)])
    (found,) = geometry.boxes(version, 2, 18)  # "pha beta gamma d": whole words
    assert [[round(at, 2) for at in rect] for rect in found.rects] == [
        [0.1, 0.1, 0.1, 0.02],
        [0.1, 0.14, 0.12, 0.02],
    ]
    found = geometry.lines(version, 1)
    assert [(line.text, line.turns) for line in found] == [("alpha beta", 0), ("gamma delta", 0)]
    assert (found[1].start, found[1].end) == (11, 22)


def test_a_recognised_page_that_lay_sideways_has_lines_that_run_down(workspace, owner):
    version = made(workspace, owner, Page(["alpha beta gamma delta"]))
    recognised(version, [(500, 100), (501, 160), (460, 100), (461, 160)], turned=True)
    found = geometry.lines(version, 1)
    assert [(line.text, line.turns) for line in found] == [("alpha beta", 1), ("gamma delta", 1)]


# another reading of the page -----------------------------------------------------------------


def reads_differently(version, then):
    """As if the page's text had been made by another version of the library."""
    assert len(then) == version.chars
    Text.objects.filter(version=version).update(content=then)
    PageRow.objects.filter(version=version).update(raw_sha256="0" * 64)


def test_a_page_that_reads_differently_now_is_aligned_and_said_to_have_changed(workspace, owner):
    now = "The fee is due; the fee is paid within thirty days of a term."
    version = made(workspace, owner, Page([now], width=800))
    (before,) = geometry.boxes(version, 16, 23)  # the second "the fee"
    assert now[16:23] == "the fee"
    then = "The  fee is due; the\u00a0fee is paid within thirty-days of a term"
    assert len(then) == len(now)
    reads_differently(version, then)
    (found,) = geometry.boxes(version, 17, 24)
    assert then[17:24] == "the\u00a0fee"
    assert found.changed
    assert found.rects == before.rects
    (line,) = geometry.lines(version, 1)
    assert (line.start, line.end) == (0, len(then))


def test_what_is_not_on_the_page_any_more_has_no_boxes(workspace, owner):
    now = "Alder pays Birch a fee."
    version = made(workspace, owner, Page([now]))
    reads_differently(version, "Quite other words here!")
    (found,) = geometry.boxes(version, 0, 11)
    assert found.changed
    assert found.rects == ()
    assert geometry.lines(version, 1) == []


@given(st.text(alphabet="ab -\u00e9\n", max_size=60), st.data())
def test_alignment_finds_every_range_of_an_equal_text(text, data):
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    found = Moved(text, text).range(start, end)
    shown = text[start:end].replace("-", "").split()
    if not shown:
        assert found is None
    else:
        assert start <= found[0] < found[1] <= end
        assert text[found[0] : found[1]].replace("-", "").split() == shown


@given(st.lists(st.text("abcdefgh", min_size=2, max_size=8), min_size=3, max_size=40), st.data())
def test_alignment_goes_through_lost_words_and_other_spaces(vocabulary, data):
    lost = data.draw(st.sets(st.integers(0, len(vocabulary) - 1), max_size=3))
    kept = [word for index, word in enumerate(vocabulary) if index not in lost]
    assume(kept)
    new = "\n".join(kept)
    old = " ".join(vocabulary)
    index = data.draw(st.integers(0, len(kept) - 1))
    start = len(new[: sum(len(word) + 1 for word in kept[:index])])
    found = Moved(new, old).range(start, start + len(kept[index]))
    assert found is not None
    assert old[found[0] : found[1]].replace(" ", "") == kept[index]


# real contracts ------------------------------------------------------------------------------


@pytest.mark.corpus
def test_quotes_of_real_contracts_are_covered(contracts):
    """A few; `make bench` looks at all of them."""
    seen = []
    with (contracts / "gold.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][::17]
    for name in sorted({row["file"] for row in rows}):
        reading = read_here(contracts / name)
        contract = gold.Contract(contracts / name, reading.text)
        for row in rows:
            if row["file"] == name:
                clauses = [span["text"] for span in row["spans"]]
                wanted = gold.Gold(name, row["question"], tuple(clauses))
                seen += ink.of_clause(contracts / name, reading, contract.clauses(wanted)[0], find)
    assert len(seen) >= 30
    assert sum(one.covered >= 0.995 for one in seen) >= 0.99 * len(seen)
    assert sorted(one.foreign for one in seen)[int(0.95 * len(seen))] <= 0.05


def test_a_letter_of_ink_is_a_letter_of_picture(workspace, owner):
    """What is measured above is drawn as the pictures are that people see."""
    from PIL import Image, ImageChops

    from documents import pictures

    version = made(workspace, owner, Page(["one two three"]))
    picture = Image.open(io.BytesIO(pictures.picture(version, 1, 1200))).convert("L")
    pictures.wait()
    with pypdfium2.PdfDocument(version.blob.file.path) as document:
        drawn = ink.drawn(document[0]).convert("L")
    assert picture.size == drawn.size
    assert ImageChops.difference(picture, drawn).getextrema()[1] <= 17
