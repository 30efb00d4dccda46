"""Positions in a page's text and pdfium's character indexes lead to one another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.ingest.canonical import clean
from documents.ingest.positions import page_string, page_text, units_text

SPECIAL = [0, 2, 3, 9, 10, 13, 0x93, 0x301, 0xD83D, 0xDE00, 0xD800, 0xDFFF, 0xFDD0, 0xFEFF]
SPECIAL += [0xFFFE, 0xFFFF, 0xD83F, 0xDFFE, 0x20]
pieces = st.one_of(
    st.sampled_from([[unit] for unit in SPECIAL]),
    st.sampled_from([[13, 10], [0xD83D, 0xDE00], [0xD83F, 0xDFFE], [0x65, 0x301]]),
    st.text(st.characters(max_codepoint=0x7F), max_size=3).map(lambda text: [*map(ord, text)]),
    st.integers(0, 0xFFFF).map(lambda unit: [unit]),
)
pages = st.lists(pieces, max_size=20).map(lambda lists: [unit for units in lists for unit in units])


def units_of(text: str) -> list[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def ranges(length: int):
    return [(start, end) for start in range(length + 1) for end in range(start, length + 1)]


@given(pages)
@settings(deadline=None)
def test_every_range_of_the_text_comes_back_from_its_units(units):
    text, positions = page_text(units)

    for start, end in ranges(len(text)):
        first, last = positions.to_raw(start, end)
        assert 0 <= first <= last <= len(units)
        assert positions.to_text(first, last) == (start, end)


@given(pages)
@settings(deadline=None)
def test_the_units_of_a_range_say_what_its_text_says(units):
    text, positions = page_text(units)

    for start, end in ranges(len(text)):
        first, last = positions.to_raw(start, end)
        assert page_string(units_text(units[first:last])) == text[start:end]


@given(pages)
@settings(deadline=None)
def test_positions_rise_together(units):
    text, positions = page_text(units)

    firsts = [positions.to_raw(at, at)[0] for at in range(len(text) + 1)]
    assert firsts == sorted(set(firsts))
    assert firsts[-1] == len(units)
    starts = [positions.to_text(at, at)[0] for at in range(len(units) + 1)]
    assert starts == sorted(starts)


@given(pages)
@settings(deadline=None)
def test_a_range_of_units_finds_every_character_it_touches_and_no_other(units):
    text, positions = page_text(units)
    spans = [positions.to_raw(at, at + 1) for at in range(len(text))]

    for first, last in ranges(len(units)):
        touched = [at for at, (low, high) in enumerate(spans) if low < last and high > first]
        start, end = positions.to_text(first, last)
        assert list(range(start, end)) == (touched if first < last else [])


@given(pages)
@settings(deadline=None)
def test_the_text_is_canonical_and_the_same_without_the_map(units):
    text, positions = page_text(units)

    assert clean(text) == text
    assert text == page_string(units_text(units))
    assert (positions.text_length, positions.unit_length) == (len(text), len(units))


@given(st.text())
@settings(deadline=None)
def test_text_without_hyphens_at_line_ends_is_cleaned_like_any_other(text):
    text = text.replace("\x02", "").replace("\ufffe", "")

    assert page_text(units_of(text))[0] == clean(text)


def test_it_counts_a_surrogate_pair_as_two_units_and_one_character():
    text, positions = page_text(units_of("a😀b"))

    assert text == "a😀b"
    assert positions.to_raw(1, 2) == (1, 3)
    assert positions.to_raw(2, 3) == (3, 4)
    assert positions.to_text(2, 3) == (1, 2)


def test_it_joins_a_word_that_pdfium_parted_with_a_hyphen():
    for hyphen in (2, 0xFFFE):
        text, positions = page_text([*map(ord, "termi"), hyphen, *map(ord, "nate")])
        assert text == "termi-nate"
        assert positions.to_raw(5, 6) == (5, 6)


def test_it_counts_left_out_characters_as_indexes():
    text, positions = page_text([3, *map(ord, "ab"), 0, ord("c"), 0xD800])

    assert text == "abc"
    assert positions.to_raw(0, 3) == (1, 5)
    assert positions.to_text(0, 1) == (0, 0)
    assert positions.to_text(3, 4) == (2, 2)


def test_a_line_end_is_one_character():
    text, positions = page_text([*map(ord, "a\r\nb\rc")])

    assert text == "a\nb\nc"
    assert positions.to_raw(1, 2) == (1, 3)
    assert positions.to_raw(3, 4) == (4, 5)


def test_it_drops_a_unit_that_is_no_code_point():
    assert page_text([0x61, 0x110000, 0xFFFFFFFF, -1, 0x62])[0] == "ab"


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1), (0, 4)])
def test_it_refuses_a_range_outside_the_page(start, end):
    _, positions = page_text([*map(ord, "abc")])

    with pytest.raises(ValueError, match="not within"):
        positions.to_raw(start, end)
    with pytest.raises(ValueError, match="not within"):
        positions.to_text(start, end)
