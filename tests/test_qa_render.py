"""Markdown of a hostile model becomes safe HTML, whole and half-finished alike."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.render import Draft, Note, html, marked_source, page_label


def note(number, state="exact", href="/source/"):
    return Note(number, "Lease", state, f"{href}{number}" if href else "", "p. 1", "quote")


NOTES = {n: note(n) for n in range(1, 10)}


def block(text, *citations):
    return {"text": text, "citations": list(citations)}


def rendered(*blocks):
    return html(marked_source(blocks), "answer-x", NOTES)


def test_lists_tables_and_emphasis_are_set():
    page = rendered(block("- **one**\n- *two*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Head"))
    for tag in ("<ul>", "<strong>one</strong>", "<em>two</em>", "<table>", "<td>1</td>", "<h4>"):
        assert tag in page


def test_a_clause_keeps_its_number():
    page = rendered(block("3. Third\n4. Fourth\n\n- 12. Indemnity"))
    assert '<ol start="3">' in page
    assert '<ol start="12">' in page


@pytest.mark.parametrize("stars", ["[*]", "[**]", "[***]", "[ * * * ]", "[****]"])
def test_what_was_left_out_of_a_contract_is_no_emphasis(stars):
    text = f"A minimum of {stars} Batches, amounting to ${stars} ({stars}) USD, is *due*."
    shown = html(text, "a", {})
    assert shown.count(stars) == 3
    assert shown.count("<em>") == 1
    assert "<strong>" not in shown


def test_a_mark_stands_at_the_end_of_its_block_before_the_space():
    page = rendered(block("Either may end it. ", 1), block("Both must pay.", 2, 1))
    assert re.search(r"Either may end it\.<a [^>]*>1</a> Both must pay\.<a [^>]*>2</a><a ", page)


def test_a_mark_names_its_footnote_and_links_to_the_source():
    page = rendered(block("x", 3))
    assert page.count("<a ") == 1
    assert 'href="/source/3"' in page
    assert 'aria-label="Footnote 3"' in page


def test_an_unverified_mark_leads_to_its_footnote_and_looks_different():
    page = html(marked_source([block("x", 1)]), "answer-x", {1: note(1, "unverified", "")})
    assert 'class="n unverified" href="#answer-x-note-1"' in page


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![x](https://evil.example/?q=secret)",
        "<https://evil.example/>",
        "[a]: https://evil.example/\n\n[a]",
        "`<b onclick=x>`",
        "```html\n<script>x</script>\n```",
        "| <svg onload=x> | b |\n|---|---|\n| <iframe src=x> | 2 |",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_nothing_a_model_writes_becomes_markup_or_an_address(hostile):
    page = str(html(marked_source([block(hostile)]), "answer-x", {}))
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", page))
    assert tags <= {"p", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
    assert not re.search(r"<[^>]*\s(on\w+|src|href|style)\s*=", page)


@pytest.mark.parametrize("text", ["``` ", "`a` and `b", "    code", "| a |\n|---|\n| x"])
def test_no_number_is_lost_in_whatever_markdown_it_lands(text):
    assert ">4</a>" in rendered(block(text, 4))


def test_a_model_cannot_forge_a_mark():
    page = rendered(block("\ue0005\ue001 and \ue000"))
    assert "<a" not in page
    assert "5 and" in page


@given(
    st.lists(st.tuples(st.text(max_size=60), st.lists(st.integers(1, 9), max_size=3)), max_size=6)
)
def test_any_answer_renders_with_each_of_its_numbers_and_no_foreign_tag(parts):
    page = str(rendered(*[block(text, *numbers) for text, numbers in parts]))
    for _text, numbers in parts:
        for number in numbers:
            assert f">{number}</a>" in page
    assert "<script" not in page
    assert "\ue000" not in page


def events_of(text, size):
    return [
        {"type": "text", "block": 0, "text": text[i : i + size]} for i in range(0, len(text), size)
    ]


LONG = (
    "First paragraph, with **bold** text.\n\n- one\n- two\n\nSecond paragraph.\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n```\ncode\n\nmore\n```\n\nLast *words*."
)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_a_stream_ends_as_the_whole_answer_renders(size):
    draft, settled = Draft("answer-x"), ""
    for number, event in enumerate(events_of(LONG, size)):
        draft.apply(event)
        update = draft.update(everything=number == 0)
        settled += update["settled"]
    assert squeeze(settled + update["tail"]) == squeeze(rendered(block(LONG)))


def squeeze(page):
    return re.sub(r"\s+", " ", str(page)).replace("> <", "><").strip()


@given(st.text(alphabet="ab*_`#|-> \n.1", max_size=80), st.integers(1, 9))
def test_no_paragraph_is_sent_twice_and_none_is_lost(text, size):
    draft, settled, tail = Draft("answer-x"), "", ""
    for number, event in enumerate(events_of(text, size)):
        draft.apply(event)
        update = draft.update(everything=number == 0)
        settled += update["settled"]
        tail = update["tail"]
    words = re.compile(r"[ab]+")
    streamed = words.findall(re.sub(r"<[^>]+>", " ", settled + tail))
    whole = words.findall(re.sub(r"<[^>]+>", " ", str(rendered(block(text)))))
    assert sorted(streamed) == sorted(whole)


def test_who_joins_late_gets_everything_in_the_first_message():
    draft = Draft("answer-x")
    for event in events_of(LONG, 5):
        draft.apply(event)
    draft.apply({"type": "cite", "block": 0, "note": dataclasses.asdict(note(1))})
    update = draft.update(everything=True)
    assert "First paragraph" in update["settled"]
    assert "Last" in update["tail"]
    assert [n.number for n in update["notes"]] == [1]
    assert draft.update(everything=False)["notes"] == []


def test_a_restart_forgets_what_the_dead_attempt_said():
    draft = Draft("answer-x")
    draft.apply({"type": "text", "block": 0, "text": "Half an ans"})
    draft.update(everything=True)
    draft.apply({"type": "restart"})
    draft.apply({"type": "text", "block": 0, "text": "Whole."})
    update = draft.update(everything=True)
    assert "Half" not in update["settled"] + update["tail"]
    assert "Whole." in update["tail"]


def test_pages_are_named_in_words():
    assert [page_label(3, 3), page_label(3, 4), page_label(None, None)] == ["p. 3", "pp. 3–4", ""]
