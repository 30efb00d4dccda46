"""A citation is verified against the text before anyone sees it."""

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa.engine import Numbering, Resolved, SourceText, pages_of, resolve
from qa.engine.folding import fold

LEASE = (
    "1. Term. The lease begins on 1 May 2024 and ends on 30 April 2029. "
    "The Tenant “ACME\u00a0GmbH” shall pay EUR\n4,200 a month.\n"
    "2. Notice. Either party may give six months’ written notice. 🏛 The notice is void "
    "unless signed – e-mail is not enough.\n\f"
    "3. Law. German law governs.\nEither party may assign with consent."
)
PAGES = ((1, 0, LEASE.index("\f")), (2, LEASE.index("\f") + 1, len(LEASE)))
SOURCE = SourceText("v1", "Lease.pdf", LEASE, PAGES)


def chars(cited_text, start, end, index=0):
    return {
        "type": "char_location",
        "cited_text": cited_text,
        "document_index": index,
        "document_title": "Lease.pdf",
        "start_char_index": start,
        "end_char_index": end,
        "file_id": None,
    }


def on_pages(cited_text, first, after):
    return {
        "type": "page_location",
        "cited_text": cited_text,
        "document_index": 0,
        "document_title": "Lease.pdf",
        "start_page_number": first,
        "end_page_number": after,
    }


def against(text, raw, pages=()):
    return resolve(raw, ("v",), lambda version: SourceText(version, "T", text, pages))


def in_lease(raw):
    return resolve(raw, ("v1",), lambda version: SOURCE)


def span_of(quote):
    start = LEASE.index(quote)
    return start, start + len(quote)


def test_it_trims_the_blank_after_a_sentence_from_range_and_quote_alike():
    quote = "The lease begins on 1 May 2024 and ends on 30 April 2029. "
    found = in_lease(chars(quote, *span_of(quote)))
    assert (found.state, found.kind, found.title) == ("exact", "text", "Lease.pdf")
    assert (found.start, found.end) == span_of(quote.strip())
    assert found.cited_text == quote.strip()
    assert (found.page_start, found.page_end) == (1, 1)
    assert found.raw["cited_text"] == quote


@pytest.mark.parametrize(
    "said",
    [
        "The Tenant “ACME GmbH” shall pay EUR 4,200 a month.",
        'The Tenant "ACME GmbH" shall pay EUR 4,200 a month.',
        'the tenant "acme gmbh" shall pay eur 4,200 a month.',
        "The\u200bTenant “ACME\u00a0GmbH” shall  pay EUR 4,200 a month. ",
    ],
)
@pytest.mark.parametrize("shift", [0, 1, -1, 60, 5000])
def test_it_finds_a_quote_that_is_written_a_little_differently(said, shift):
    true = "The Tenant “ACME\u00a0GmbH” shall pay EUR\n4,200 a month."
    start, end = span_of(true)
    found = in_lease(chars(said, start + shift, end + shift))
    assert (found.state, found.cited_text) == ("realigned", true)
    assert (found.start, found.end) == (start, end)


def test_it_prefers_the_place_that_was_meant_to_the_same_words_elsewhere():
    quote = "either party may"
    start, end = span_of("Either party may assign")[0], span_of("Either party may assign")[0] + 16
    assert in_lease(chars(quote, start, end)).start == start
    assert in_lease(chars(quote, start + 1, end + 1)).start == start
    first = span_of("Either party may give")[0]
    assert in_lease(chars(quote, first - 2, first + 14)).start == first


@pytest.mark.parametrize(("encoding", "width"), [("utf-16-le", 2), ("utf-8", 1)])
def test_other_units_tell_one_of_many_equal_sentences_from_the_next(encoding, width):
    text = "🏛" * 50 + "Fee due. " * 100
    start = 50 + 9 * 40
    raw = chars(
        "Fee due.",
        len(text[:start].encode(encoding)) // width,
        len(text[: start + 8].encode(encoding)) // width,
    )
    found = against(text, raw)
    assert (found.state, found.start, found.cited_text) == ("realigned", start, "Fee due.")


def test_code_points_are_believed_before_other_units():
    text = "é" * 9 + "Fee\ndue. " * 20
    start = 9 + 9 * 5
    assert against(text, chars("Fee due.", start, start + 8)).start == start


def test_a_blank_to_the_left_instead_of_the_right_is_not_exact():
    found = against("She  pays  him.", chars("pays ", 4, 9))
    assert (found.state, found.start, found.cited_text) == ("realigned", 5, "pays")


def test_it_does_not_leave_the_stated_place_for_a_better_spelt_one_far_away():
    text = "SELLER warrants title. " + "x " * 3000 + "seller"
    assert against(text, chars("seller", 0, 6)).start == 0


def test_it_says_unverified_rather_than_pick_one_of_several_short_quotes_far_away():
    text = "Buyer. " * 3 + "x " * 3000 + "Seller pays."
    assert against(text, chars("Buyer", 6000, 6005)).state == "unverified"
    assert against(text, chars("Seller", 0, 6)).state == "realigned"


def test_it_does_not_take_a_part_of_a_word_far_away_for_a_quote():
    text = "Actual damages only. " + "x " * 3000
    assert against(text, chars("Act", 5000, 5003)).state == "unverified"
    assert against("nowhere. " + "x " * 3000, chars("now here", 5000, 5008)).state == "unverified"


def test_it_never_shows_a_range_for_a_quote_that_is_not_there():
    found = in_lease(chars("The Tenant may sublet freely.", 10, 39))
    assert found.state == "unverified"
    assert (found.start, found.end, found.page_start) == (None, None, None)
    assert found.cited_text == "The Tenant may sublet freely."
    assert found.version == "v1"


SENTENCE = (
    "The Supplier shall deliver 400 units to the Buyer's warehouse within 30 days of the order."
)


def test_it_forgives_a_slip_in_the_middle_of_a_long_quote():
    text = "Preamble. " + SENTENCE + " Further terms follow."
    found = against(text, chars(SENTENCE.replace("warehouse", "warehousc"), 9, 99))
    assert (found.state, found.cited_text) == ("realigned", SENTENCE)


@pytest.mark.parametrize("slip", [("400", "900"), ("30 days", "80 days")])
def test_it_does_not_forgive_a_slip_in_a_number(slip):
    assert against("A. " + SENTENCE, chars(SENTENCE.replace(*slip), 3, 93)).state == "unverified"


def test_it_does_not_choose_between_two_places_that_are_nearly_the_quote():
    text = SENTENCE.replace("Buyer", "Owner") + " " + SENTENCE.replace("Buyer", "Agent")
    assert against(text, chars(SENTENCE, 5, 95)).state == "unverified"


def test_a_page_citation_becomes_the_range_on_that_page():
    found = in_lease(on_pages("Either party may", 2, 3))
    assert (found.kind, found.state) == ("text", "exact")
    assert found.start == span_of("Either party may assign")[0]
    assert (found.page_start, found.page_end) == (2, 2)


def test_a_page_citation_found_on_another_page_tells_the_true_one():
    found = in_lease(on_pages("Either party may give six months' written notice.", 2, 3))
    assert (found.state, found.page_start, found.page_end) == ("realigned", 1, 1)


def test_a_page_citation_that_is_not_found_keeps_its_page():
    found = in_lease(on_pages("Nothing like this.", 2, 3))
    assert (found.state, found.page_start, found.page_end) == ("unverified", 2, 2)
    assert found.start is None
    assert in_lease(on_pages("Nothing like this.", 7, 8)).page_start is None


def test_a_web_citation_carries_its_address():
    found = in_lease(
        {
            "type": "web_search_result_location",
            "cited_text": "A fact",
            "url": "https://example.com/a",
            "title": "Example",
            "encrypted_index": "x",
        }
    )
    assert (found.kind, found.url, found.title) == ("web", "https://example.com/a", "Example")
    assert (found.version, found.state) == (None, "unverified")


def test_a_block_citation_is_found_by_its_quote_alone_if_that_is_there_once():
    raw = {"type": "content_block_location", "document_index": 0, "document_title": None}
    found = in_lease(raw | {"cited_text": "German law governs."})
    assert (found.state, found.page_start, found.page_end) == ("realigned", 2, 2)
    assert in_lease(raw | {"cited_text": "Either party may"}).state == "unverified"


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"type": "char_location"},
        chars("", 0, 0),
        chars("   ", 8, 11),
        chars(None, 0, 5),
        chars("e", -5, -1),
        chars("x", "1", "2"),
        chars("1. Term.", 0, 8, index=1),
        chars("1. Term.", 0, 8, index=-1),
        chars("1. Term.", 0, 8, index=True),
        on_pages("", None, None),
        {"type": "search_result_location", "cited_text": "1. Term.", "search_result_index": 0},
    ],
)
def test_it_takes_nonsense_for_unverified(raw):
    found = in_lease(raw)
    assert (found.state, found.start, found.end) == ("unverified", None, None)


def test_a_source_that_is_gone_leaves_the_quote_unverified():
    def gone(version):
        raise KeyError(version)

    found = resolve(chars("1. Term.", 0, 8), ("v1",), gone)
    assert (found.state, found.version, found.cited_text) == ("unverified", "v1", "1. Term.")


def test_the_document_index_is_looked_up_in_the_map_of_the_request():
    texts = {"a": "Alpha clause.", "b": "Beta clause."}
    found = resolve(
        chars("Beta clause.", 0, 12, index=1),
        ("a", "b"),
        lambda version: SourceText(version, version, texts[version]),
    )
    assert (found.version, found.state) == ("b", "exact")


def test_pages_of_a_range_are_inclusive_and_from_one():
    pages = ((1, 0, 10), (2, 11, 20), (3, 21, 21), (4, 22, 30))
    assert pages_of(pages, 0, 10) == (1, 1)
    assert pages_of(pages, 9, 12) == (1, 2)
    assert pages_of(pages, 5, 30) == (1, 4)
    assert pages_of(pages, 22, 23) == (4, 4)
    assert pages_of(pages, 10, 11) == (None, None)
    assert pages_of((), 0, 1) == (None, None)


def test_the_same_passage_gets_the_same_number():
    def citation(**fields):
        return Resolved(**({"kind": "text", "state": "exact", "cited_text": "q"} | fields))

    numbering = Numbering()
    first = citation(version="a", start=1, end=5)
    numbers = [
        numbering.number(first),
        numbering.number(citation(version="a", start=1, end=6)),
        numbering.number(citation(version="a", start=1, end=5, state="realigned")),
        numbering.number(citation(version="a", state="unverified")),
        numbering.number(citation(version="b", state="unverified")),
        numbering.number(citation(version="a", state="unverified")),
    ]
    assert numbers == [1, 2, 1, 3, 4, 3]


ALPHABET = "abcABC12.,-–—'’‘\"“”«  \n\n\u00a0\u200b\u00adéñße\u0301ﬁ🏛𝔘契約漢々…½"
texts = st.text(alphabet=ALPHABET, min_size=1, max_size=120)


@st.composite
def text_and_range(draw):
    text = draw(texts) * draw(st.integers(1, 3)) + draw(texts)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, min(len(text), start + 60)))
    assume(fold(text[start:end]).text)
    return text, start, end


def units(text, encoding, width):
    return len(text.encode(encoding)) // width


def straightened(quote):
    return quote.translate(str.maketrans("‘’“”–—", "''\"\"--"))


def collapsed(quote):
    return re.sub(r"\s+", " ", quote)


def check(text, start, end, raw):
    """Realigned (or exact) at a range that says the same; the very place if there is but one."""
    found = against(text, raw)
    if found.state == "unverified":
        assert found.start is None
        return found
    assert text[found.start : found.end] == found.cited_text
    wanted = fold(text[start:end])
    assert fold(found.cited_text).casefolded().text == wanted.casefolded().text
    whole, lower = fold(text), wanted.casefolded().text
    if len(list(re.finditer(f"(?={re.escape(lower)})", whole.casefolded().text))) == 1:
        first, last = wanted.span(0, len(wanted.text))
        assert start <= found.start <= start + first
        assert start + last <= found.end <= end
    return found


@given(text_and_range())
def test_true_offsets_are_exact_to_the_character(case):
    text, start, end = case
    quote = text[start:end]
    assume(quote.strip())
    found = against(text, chars(quote, start, end))
    assert found.state == "exact"
    assert found.start == start + len(quote) - len(quote.lstrip())
    assert text[found.start : found.end] == found.cited_text == quote.strip()


@given(text_and_range(), st.sampled_from([("utf-16-le", 2), ("utf-8", 1)]))
def test_offsets_in_other_units_end_at_the_right_place(case, unit):
    text, start, end = case
    raw = chars(text[start:end], units(text[:start], *unit), units(text[:end], *unit))
    assert check(text, start, end, raw).state != "unverified"


@given(text_and_range(), st.integers(-3, 3))
def test_offsets_a_little_off_end_at_the_right_place(case, shift):
    text, start, end = case
    assume(start + shift >= 0)
    assert check(text, start, end, chars(text[start:end], start + shift, end + shift)).state in (
        "exact",
        "realigned",
    )


@given(
    text_and_range(),
    st.sampled_from(
        [collapsed, straightened, str.upper, lambda q: unicodedata.normalize("NFC", q)]
    ),
    st.sampled_from([0, 1, 40]),
)
def test_quotes_written_differently_end_at_the_right_place_or_unverified(case, rewrite, shift):
    text, start, end = case
    check(text, start, end, chars(rewrite(text[start:end]), start + shift, end + shift))


@given(texts, texts, st.integers(0, 200), st.integers(0, 200))
def test_whatever_is_said_the_range_says_what_the_quote_says(text, quote, start, end):
    found = against(text, chars(quote, start, end))
    if found.start is None:
        assert (found.state, found.cited_text) == ("unverified", quote)
    else:
        assert text[found.start : found.end] == found.cited_text
        assert (
            fold(found.cited_text).casefolded().text == fold(quote).casefolded().text
            or len(fold(quote).text) >= 60
        )


@given(texts)
def test_every_folded_character_comes_from_the_character_it_points_at(text):
    folded = fold(text)
    assert list(folded.at) == sorted(folded.at)
    assert len(folded.at) == len(folded.text)
    for index, char in enumerate(folded.text):
        assert char in fold(text[folded.at[index]]).text


def test_a_long_document_is_indexed_once_for_all_its_citations():
    text = "".join(
        f"Clause {n} says that party {n % 7} shall pay “{n}” euros.\n" for n in range(9000)
    )
    source = SourceText("v", "T", text)
    for n in range(0, 9000, 450):
        quote = f'Clause {n} says that party {n % 7} shall pay "{n}" euros.'
        start = text.index(f"Clause {n} says")
        found = resolve(chars(quote, start + 3, start), ("v",), lambda version: source)
        assert (found.state, found.start) == ("realigned", start)
    assert source.folded is source.folded
    assert len(text) > 400_000
