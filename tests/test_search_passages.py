"""A text in passages: nothing is lost, sentences stay whole, and every range is exact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.search import packing, words
from documents.search.indexing import count
from documents.search.passages import LONGEST, PageSpan, is_heading, passages, sentences

PIECES = st.sampled_from(
    [
        "The Supplier shall deliver the goods", " on time", ". ", ".\n", "\n\n",
        "; ", ":\n", "(a) ",
        "4.2 ", "No. 5 ", "Inc. ", "ARTICLE IV\n", "# Terms\n", "本合同受法律管辖。", " ", "\t",
        "x" * 400,
        "word " * 60, "e\u0301", "\u00ad", "\u200b", "🙂", "\u00a0", "Sec. 4.2(a)", "“Term”",
        "?", "!",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=12), max_size=60).map("".join)


def cut(text, at):
    """Pages that end at these places."""
    ends = sorted({min(place, len(text)) for place in at} | {len(text)})
    starts = [0, *ends[:-1]]
    return [PageSpan(n, s, e) for n, (s, e) in enumerate(zip(starts, ends, strict=True), 1)]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 2000), max_size=4))
def test_passages_are_ordered_and_hold_every_character_that_shows(text, at):
    pages = cut(text, at)
    found = list(passages(text, pages))
    held = set()
    last = 0
    for passage in found:
        assert last <= passage.start < passage.end <= len(text)
        assert passage.sentences[0][0] == passage.start
        assert passage.sentences[-1][1] == passage.end
        assert all(begin < end for begin, end in passage.sentences)
        span = {page.number: page for page in pages}
        assert span[passage.page].start <= passage.start < span[passage.page].end
        assert span[passage.page_end].start < passage.end <= span[passage.page_end].end
        # over a page's end goes a single sentence, and nothing grows beyond a passage but one
        if passage.page != passage.page_end or passage.end - passage.start > LONGEST:
            assert len(passage.sentences) == 1
        if passage.heading:
            assert passage.heading[1] <= passage.end
        held.update(*(range(begin, end) for begin, end in passage.sentences))
        last = passage.end
    assert all(text[place].isspace() for place in set(range(len(text))) - held)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_a_stretch_gives_back_what_was_packed(text):
    counted = [count(text, one, "en") for one in passages(text, cut(text, []))][: packing.LENGTH]
    packed = packing.pack(counted, "en")
    assert packed.keys == sorted(packed.keys)
    stretch = packing.Stretch(" ".join([*packed.keys, "~1"]), packed.packed)
    assert (stretch.size, stretch.language) == (len(counted), "en")
    assert [stretch.passage(number) for number in range(stretch.size)] == [
        one.passage for one in counted
    ]
    for key in packed.keys:
        found = {
            number: (often & packing.MOST, often >> packing.HEADING)
            for number, often in stretch.often(key)
        }
        assert found == {
            number: (min(one.body[key], 15), min(one.heading[key], 15))
            for number, one in enumerate(counted)
            if one.body[key] or one.heading[key]
        }
    assert list(stretch.often("no such key")) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.sampled_from(words.LANGUAGES))
def test_keys_are_one_word_of_ascii_each_whatever_the_text(text, language):
    for key in words.keys(text, language):
        assert key.isascii()
        assert key.replace(".", "").replace(",", "").isalnum()
        assert len(key) < 250
    for start, end, _keys in words.places(text, language):
        assert 0 <= start < end <= len(text)


def split(text):
    return [text[begin:end] for begin, end in sentences(text)]


@pytest.mark.parametrize(
    "whole",
    [
        "See Sec. 4.2(a) of the Lease.",
        "Acme Inc. Ltd. is a party.",
        "It is listed as No. 5 of the schedule.",
        "Mr. J. Smith signs for the U.S. Government.",
        "4. Term. ",
        "Gemäß Abs. 2 und Art. 3 gilt z.B. Folgendes.",
        "The fee is 3.5 per cent.",
        "The seller shall\ndeliver the goods\nto the buyer.",
        "tangible or\n\nintangible property",
    ],
)
def test_what_is_one_sentence_stays_one(whole):
    assert split(whole) == [whole.strip()]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It ends. Then it begins.", 2),
        ("He said “no.” Then he left.", 2),
        ("This is clause no. The next one follows.", 2),
        ("本合同有效。双方同意！是吗？是。", 4),
        ("(a) one thing;\n(b) another thing; and\n(c) the last.", 3),
        ("1. Term\n2. Fees\n3. Law", 3),
        ("A title\n\nA paragraph", 2),
    ],
)
def test_what_is_several_sentences_is_parted(text, parts):
    assert len(split(text)) == parts


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("4.2 Compliance with Laws.", True),
        ("ARTICLE IV TERMINATION", True),
        ("# Fees", True),
        ("GOVERNING LAW", True),
        ("12. Limitation of Liability", True),
        ("4.2 The Supplier shall comply with all laws.", False),
        ("The parties agree.", False),
        ("12", False),
    ],
)
def test_headings_are_told_from_sentences(line, heading):
    assert is_heading(line, 0, len(line)) is heading


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This agreement is made between the parties.", "en"),
        ("Der Vertrag wird zwischen den Parteien geschlossen und ist gültig.", "de"),
        ("Le contrat est conclu entre les parties et il est valable.", "fr"),
        ("El contrato se celebra entre las partes y es válido.", "es"),
        ("Договор заключён между сторонами.", "ru"),
        ("يسري هذا العقد بين الطرفين.", "ar"),
        ("本合同由双方签订。", "zh"),
        ("", "en"),
        ("12345 67890", "en"),
    ],
)
def test_a_texts_language_is_told(text, language):
    assert words.language(text) == language
