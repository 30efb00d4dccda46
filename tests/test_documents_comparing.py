"""Two texts side by side: what changed is marked, what did not is not, and nothing is lost."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from documents.comparing import Row, compare

OLD = """1. Term. This Agreement runs for three years.

2. Fees. Alder pays Birch 12,000 euros a month. Invoices are due within thirty days.

3. Law. This Agreement is governed by the laws of Ireland.
"""


def said(parts) -> str:
    return "".join(text for text, _marked in parts)


def marked(rows: list[Row], side: str) -> list[str]:
    sides = (getattr(row, side) for row in rows)
    return [text for one in sides if one for text, changed in one.parts if changed]


def test_a_changed_word_is_marked_on_both_sides_and_the_rest_is_not():
    rows = compare(OLD, OLD.replace("thirty", "sixty"))
    assert marked(rows, "old") == ["thirty"]
    assert marked(rows, "new") == ["sixty"]


def test_a_sentence_that_was_added_stands_alone():
    rows = compare(OLD, OLD.replace("3. Law", "2a. Tax. VAT comes on top.\n\n3. Law"))
    added = [row for row in rows if not row.same]
    assert {row.old for row in added} == {None}
    assert "VAT comes on top." in "".join(marked(rows, "new"))
    assert marked(rows, "old") == []


def test_a_sentence_that_went_stands_alone():
    rows = compare(OLD, OLD.replace(" Invoices are due within thirty days.", ""))
    assert marked(rows, "old") == ["Invoices are due within thirty days."]
    assert marked(rows, "new") == []


def test_lines_that_break_elsewhere_are_no_change():
    rows = compare(OLD, OLD.replace("runs for three", "runs\nfor  three"))
    assert all(row.same for row in rows)


def test_far_from_any_change_sentences_are_counted_and_not_shown():
    many = "".join(f"Clause {number} stays as it is.\n\n" for number in range(50))
    rows = compare(many + "The end is near.", many + "The end is far.")
    assert [row.skipped for row in rows if row.skipped] == [48]


def test_long_sentences_that_resemble_no_other_take_no_longer_than_is_bearable():
    def text(word: str) -> str:
        return ".\n\n".join(f"{word} " * 150 + f"{n} {word}{n}" for n in range(300))

    began = time.process_time()
    rows = compare(text("lo rem"), text("ip sum"))
    assert time.process_time() - began < 30
    shown = "".join(said(row.old.parts) for row in rows if row.old)
    assert "".join(shown.split()) == "".join(text("lo rem").split())


def test_ranges_lead_to_the_sentences():
    new = OLD.replace("thirty", "sixty")
    for row in compare(OLD, new):
        for text, side in ((OLD, row.old), (new, row.new)):
            if side:
                assert text[side.start : side.end] == said(side.parts)


@given(st.text(alphabet="ab .\n", max_size=80), st.text(alphabet="ab .\n", max_size=80))
def test_every_visible_character_is_on_its_side_or_counted(old, new):
    rows = compare(old, new)
    if any(row.skipped for row in rows):
        return
    for text, side in ((old, "old"), (new, "new")):
        shown = "".join(said(getattr(row, side).parts) for row in rows if getattr(row, side))
        assert "".join(shown.split()) == "".join(text.split())


def test_texts_that_repeat_themselves_are_compared_in_time_that_follows_their_length():
    began = time.process_time()
    rows = compare("It is so now. " * 4000, "It is so now. " * 3999 + "It was so then.")
    assert "was" in marked(rows, "new")
    sentence = "a b " * 240 + ". "
    compare(sentence * 20, sentence.replace("b", "c") * 20)
    assert time.process_time() - began < 5
