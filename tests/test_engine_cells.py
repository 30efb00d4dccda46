"""What a question asks beyond itself, and the last line that is no part of the answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import engine

LINE = 'RESULT: {"found": true, "value": "Irish law"}'


def block(text, *citations):
    return {"text": text, "citations": list(citations)}


def text_of(blocks):
    return "".join(block["text"] for block in blocks)


def test_the_last_line_is_taken_off_and_the_citations_stay():
    blocks, line = engine.cells.split(
        [block("It is "), block("Irish law. ", 1), block(f"Nothing else.\n\n{LINE}\n")]
    )

    assert text_of(blocks) == "It is Irish law. Nothing else."
    assert blocks[1]["citations"] == [1]
    assert line == LINE


def test_a_line_that_was_cited_keeps_its_citations_and_loses_its_text():
    blocks, line = engine.cells.split([block("Irish law.\n"), block(LINE, 1)])

    assert text_of(blocks).strip() == "Irish law."
    assert blocks[-1]["citations"] == [1]
    assert line == LINE


@pytest.mark.parametrize("dress", ["**{}**", "`{}`", "> {}", "- {}", "```\n{}\n```"])
def test_a_line_in_markdown_is_found_too(dress):
    _blocks, line = engine.cells.split([block("Irish law.\n" + dress.format(LINE))])

    assert line.startswith(LINE)


def test_the_word_within_a_sentence_is_no_marker():
    said = [block("The RESULT: nothing.")]

    assert engine.cells.split(said) == (said, "")


def test_only_the_last_of_several_counts():
    blocks, line = engine.cells.split([block(f"RESULT: of the tests.\n{LINE}")])

    assert text_of(blocks) == "RESULT: of the tests."
    assert line == LINE


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("RESULT: \n-*ab"), st.booleans()), min_size=0, max_size=60)
)
def test_what_is_shown_while_it_is_written_is_a_beginning_of_the_answer(pieces):
    """Whatever the pieces and blocks: nothing is shown twice, out of order, or of the last line."""
    curtain, number, shown, blocks = engine.cells.Curtain(), 0, [], [block("")]
    written = [*pieces, *((char, False) for char in f"\n{LINE}")]
    for char, new_block in written:
        if new_block:
            number += 1
            blocks.append(block(""))
        blocks[number]["text"] += char
        shown += curtain.pass_on(number, char)

    whole = text_of(blocks)
    told = "".join(piece for _number, piece in shown)
    assert whole.startswith(told)
    assert LINE not in told
    assert [number for number, _piece in shown] == sorted(number for number, _piece in shown)


def test_all_of_an_answer_is_shown_that_comes_before_the_line():
    curtain = engine.cells.Curtain()
    pieces = ["- It is ", "RES", "T of it.\nRe", "ally.\n", "RES", "ULT: {", '"found": true}']

    shown = [piece for text in pieces for piece in curtain.pass_on(0, text)]

    assert "".join(text for _block, text in shown) == "- It is REST of it.\nReally.\n"


def test_a_brief_names_the_choices_the_guidance_and_the_position():
    brief = engine.cells.brief("choice", ["mutual", "one-way"], "Look at the recitals.", "Mutual.")

    for said in ("“mutual”; “one-way”", "Look at the recitals.", "Mutual.", '"verdict"'):
        assert said in brief
    assert '"verdict"' not in engine.cells.brief("text")


@pytest.mark.parametrize("kind", sorted(engine.cells.KINDS))
def test_there_is_a_form_for_every_kind(kind):
    assert "RESULT:" in engine.cells.brief(kind, ["a", "b"] if kind == "choice" else [])
