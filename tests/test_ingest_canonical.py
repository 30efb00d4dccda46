"""Whatever characters come in, canonical text comes out."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from documents.ingest.canonical import clean, title

# Every code point, surrogates and noncharacters too; what matters here often.
anything = st.text(
    st.one_of(
        st.characters(), st.characters(categories=["Cs", "Cc", "Cn"]), st.sampled_from("\r\n\t")
    )
)


def is_canonical(text: str) -> bool:
    text.encode()  # raises for a surrogate
    return all(
        letter in "\n\t"
        or not (
            letter < " "
            or "\x7f" <= letter <= "\x9f"
            or letter == "\ufeff"
            or "\ufdd0" <= letter <= "\ufdef"
            or ord(letter) & 0xFFFE == 0xFFFE
        )
        for letter in text
    )


@given(anything)
@example("\r\r\n\n\r")
@example("\ufeff\x00\ud800\U0010ffff\x85\x02\ufffe")
@settings(deadline=None)
def test_any_text_becomes_valid_and_cleaning_twice_changes_nothing(text):
    cleaned = clean(text)

    assert is_canonical(cleaned)
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff")))
@settings(deadline=None)
def test_it_keeps_every_ordinary_character_as_it_is(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a \t \nb  ", "a \t \nb  "),
        ("e\u0301 \ufb01 \u2028 \u200b \u202e", "e\u0301 \ufb01 \u2028 \u200b \u202e"),
        ("a\x00b\x0bc\x7fd\x9ce\ufefff", "abcdef"),
        ("a\r\x00\nb", "a\n\nb"),
    ],
)
def test_it_changes_line_ends_and_drops_controls_alone(given, expected):
    assert clean(given) == expected


def test_a_title_is_one_short_line():
    assert title(" Master\r\n\tAgreement\x00 ") == "Master Agreement"
    assert len(title("long " * 100)) <= 200
