"""Quotes read from a page's picture, found again in the page's text; and what a look costs."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa.engine import Look, Picture, Question, Source, SourceText, Turn, build, looks, resolve
from qa.engine.breakpoints import last_shared
from qa.engine.folding import fold
from qa.engine.request import AnswerBlock, StoredCitation

CLAUSES = (
    "The Supplier shall deliver the first instalment of 1,200 units no later than 30 June 2025.",
    "Either party may terminate this Agreement on sixty days’ written notice to the other.",
    "Confidential Information excludes what is, or becomes, generally known to the public.",
    "The Customer’s sole remedy for a defective unit is its replacement – free of charge.",
    "This Agreement is governed by the laws of England and Wales; the courts of London decide.",
    "Fees are payable within thirty days of an invoice, and bear interest at 4 per cent after.",
)
OTHER = "Neither party is liable for a delay that it could not have prevented with ordinary care."
TEXT = "\n\n".join(["\n".join(CLAUSES[:3]), "\n".join(CLAUSES[3:]), OTHER])
STARTS = (0, TEXT.index(CLAUSES[3]), TEXT.index(OTHER), len(TEXT) + 2)
PAGES = tuple((n, STARTS[n - 1], STARTS[n] - 2) for n in (1, 2, 3))
SOURCE = SourceText("v", "Supply", TEXT, PAGES)


def seen(quote, first, after, pages=(1, 2, 3), text=SOURCE):
    raw = {
        "type": "page_location",
        "cited_text": quote,
        "document_index": 1,
        "document_title": None,
        "start_page_number": first,
        "end_page_number": after,
    }
    return resolve(raw, ("v", "v"), lambda _: text, looks={1: pages})


def ligatures(text, _draw):
    return text.replace("fi", "ﬁ").replace("fl", "ﬂ").replace("ff", "ﬀ")


def hyphenated(text, draw):
    """A word goes on in the next line, after a hyphen that is not its own."""
    words = [match.span() for match in re.finditer(r"[A-Za-z]{6,}", text)]
    start, end = draw(st.sampled_from(words))
    at = draw(st.integers(start + 2, end - 2))
    return f"{text[:at]}-\n{text[at:]}"


def unspaced(text, draw):
    at = draw(st.sampled_from([i for i, char in enumerate(text) if char == " "]))
    return text[:at] + draw(st.sampled_from(["", "  ", "\n", "\u00a0"])) + text[at + 1 :]


def folded_quotes(text, _draw):
    return text.replace("’", "'").replace("–", "-")


def shouted(text, _draw):
    return text.upper()


ALTERATIONS = (ligatures, hyphenated, unspaced, folded_quotes, shouted)


@given(st.data())
def test_an_altered_quote_is_found_whole_on_its_page(data):
    number = data.draw(st.integers(0, len(CLAUSES) - 1))
    clause = CLAUSES[number]
    quote = clause
    for alter in data.draw(st.lists(st.sampled_from(ALTERATIONS), max_size=4)):
        quote = alter(quote, data.draw)
    page = 1 if number < 3 else 2
    found = seen(quote, page, page + 1)
    assert (found.kind, found.seen) == ("text", True)
    assert found.cited_text == clause
    assert TEXT[found.start : found.end] == clause
    assert (found.page_start, found.page_end) == (page, page)
    assert found.state == ("exact" if quote.strip() == clause else "realigned")


@given(st.data())
def test_a_quote_is_found_between_the_lines_of_another_column(data):
    """The canonical text goes across the columns, line by line; the quote, down one of them."""
    left, right = CLAUSES[0], CLAUSES[4]
    size = data.draw(st.integers(3, 6))
    rows = zip(*(lines(text, size) for text in (left, right)), strict=False)
    text = "Annex\n" + "\n".join(f"{one} {other}" for one, other in rows) + "\nEnd"
    source = SourceText("v", "Annex", text, ((1, 0, len(text)),))
    cut = " ".join(" ".join(lines(left, size)[: len(lines(right, size))]).split())
    assume(len(cut.split()) >= 8)
    found = seen(cut, 1, 2, (1,), source)
    assert found.state in ("exact", "realigned")
    words = iter(re.findall(r"\w+", found.cited_text))
    assert all(word in words for word in re.findall(r"\w+", cut)), "the words, in their order"
    assert found.cited_text.startswith(cut.split()[0])
    assert "Annex" not in found.cited_text


def lines(text, size):
    words = text.split()
    return [" ".join(words[at : at + size]) for at in range(0, len(words), size)]


@given(st.text(min_size=1, max_size=200) | st.lists(st.sampled_from(TEXT.split())).map(" ".join))
def test_what_is_found_has_every_word_of_the_quote_in_its_order(quote):
    found = seen(quote, 1, 4)
    if found.start is None:
        assert (found.state, found.kind) == ("unverified", "page")
        return
    assert found.cited_text == TEXT[found.start : found.end]
    there = iter(fold(found.cited_text).text.casefold().replace("-", ""))
    letters = fold(quote).text.casefold().replace("-", "")
    assert all(letter in there for letter in letters)


def test_a_quote_that_is_not_on_its_page_stays_unverified_with_the_page_to_open():
    found = seen("Nothing like this stands on any page of the agreement at all.", 2, 3)
    assert (found.kind, found.state, found.seen) == ("page", "unverified", True)
    assert (found.page_start, found.page_end, found.start) == (2, 2, None)


def test_amounts_and_dates_must_agree():
    wrong = CLAUSES[0].replace("1,200", "1,300").replace("The Supplier shall", "Supplier must")
    assert seen(wrong, 1, 2).state == "unverified"


def test_pages_are_counted_in_the_part_that_was_sent():
    found = seen(OTHER, 1, 2, (3,))
    assert (found.state, found.page_start) == ("exact", 3)
    lost = seen("Nothing like this.", 1, 3, (2, 3))
    assert (lost.page_start, lost.page_end) == (2, 3)
    assert seen("Nothing like this.", 2, 3, (3,)).page_start is None
    assert seen("Nothing like this.", 0, 1, (3,)).page_start is None


def test_the_same_clause_on_two_pages_is_lit_on_the_page_that_was_cited():
    text = f"{OTHER}\n\n{OTHER}"
    pages = ((1, 0, len(OTHER)), (2, len(OTHER) + 2, len(text)))
    found = seen(OTHER.replace("ff", "ﬀ").upper(), 1, 2, (2,), SourceText("v", "T", text, pages))
    assert (found.start, found.page_start) == (len(OTHER) + 2, 2)


# requests ----------------------------------------------------------------------------------------

TWO = Source(
    "b", "Deed", "file_b", looks=(Look((3, 4, 7), looks.PDF, "file_p"), Look((9,), looks.PDF, "q"))
)
PHOTO = Source("a", "Photo", looks=(Look((1,), "image/png", "file_i"),))
ONE = Source("c", "Lease", "file_c")


def asked(*sources, **more):
    return build(Question("What is on it?", "claude-sonnet-5-5", sources, **more))


def test_pages_follow_their_text_and_the_map_tells_whose_they_are():
    request = asked(ONE, PHOTO, TWO)
    blocks = request.params["messages"][0]["content"]
    kinds = [block["type"] for block in blocks]
    assert kinds == ["document"] * 4 + ["text", "image", "text"]
    assert request.document_map == ("b", "b", "b", "c")
    assert request.looks == {1: (3, 4, 7), 2: (9,)}
    assert blocks[1]["title"] == "Deed (as it looks: p. 3–4, 7)"
    assert "Page 1 here is page 3 there" in blocks[1]["context"]
    assert all(block["citations"] == {"enabled": True} for block in blocks[:4])
    assert blocks[5]["source"] == {"type": "file", "file_id": "file_i"}
    assert '"document": "Photo"' in blocks[4]["text"]


def test_the_cache_is_written_after_the_last_picture_of_a_page_and_not_within_the_question():
    picture = Picture("image/png", "file_x")
    blocks = asked(ONE, PHOTO, pictures=(picture, picture)).params["messages"][0]["content"]
    assert [block["text"] for block in blocks if block["type"] == "text"][1:] == [
        "Image 1:",
        "Image 2:",
        "What is on it?",
    ]
    assert last_shared(blocks) == 2
    assert [i for i, block in enumerate(blocks) if "cache_control" in block] == [2, 7]


def test_pictures_of_earlier_questions_and_citations_of_pages_are_replayed():
    citation = StoredCitation("b", "Deed", 4, 9, "words")
    turn = Turn("And this?", (AnswerBlock("It is.", (citation,)),), pictures=(Picture("i", "f"),))
    first, answer, _ = asked(TWO, ONE, history=(turn,)).params["messages"]
    assert [block["type"] for block in first["content"]][-3:] == ["text", "image", "text"]
    (replayed,) = answer["content"][0]["citations"]
    assert (replayed["type"], replayed["document_index"]) == ("char_location", 0)


def test_what_is_not_stored_goes_in_base64():
    look = Look((1,), "image/jpeg", data="AAAA")
    blocks = asked(Source("a", "A", text="x", looks=(look,))).params["messages"][0]["content"]
    assert blocks[2]["source"] == {"type": "base64", "media_type": "image/jpeg", "data": "AAAA"}
    with pytest.raises(ValueError, match="neither a file nor data"):
        asked(Source("a", "A", text="x", looks=(Look((1,), looks.PDF),)))


@pytest.mark.parametrize(
    ("size", "model", "tokens"),
    [
        ((280, 140), "claude-sonnet-5-5", 50),
        ((8_000, 8_000), "claude-sonnet-5-5", 4_784),
        ((5_152, 280), "claude-opus-4-7", 92 * 5),
        ((2_000, 2_000), "claude-sonnet-4-6", 1_568),
        ((2_000, 2_000), "claude-haiku-4-5-20251001", 1_568),
        ((0, 0), "claude-opus-5-5", 1),
    ],
)
def test_a_picture_costs_its_patches_up_to_a_cap(size, model, tokens):
    width, height = size
    assert looks.picture_tokens(width, height, model) == tokens


def test_a_page_costs_its_picture_and_its_text():
    assert looks.page_tokens(612, 792, 0, "claude-sonnet-5-5") == 4_784
    assert looks.page_tokens(612, 792, 40, "claude-sonnet-5-5") == 4_784 + 1_500
    assert looks.page_tokens(612, 792, 2_900, "claude-haiku-4-5") == 1_568 + 2_900
    assert looks.page_tokens(0, 0, 0, "claude-sonnet-5-5") == 4_784
