"""The emulator ends its answers with the line that a brief asks for."""

from __future__ import annotations

import json

import pytest

from emulator import cells as local
from qa import engine
from reviews import values
from reviews.values import Kind
from tests.emulator_support import LEASE, document


def asked(kind, choices=(), expected=""):
    return local.asked(engine.cells.brief(kind, choices, "", expected))


def value(form, *cited):
    return json.loads(local.line(form, cited).removeprefix("RESULT: "))


@pytest.mark.parametrize("kind", list(Kind))
def test_it_knows_the_kind_from_the_brief(kind):
    choices = ["mutual", "one-way"] if kind is Kind.CHOICE else []

    form = asked(kind, choices, "Mutual.")

    assert (form.kind, list(form.choices), form.expected) == (str(kind), choices, "Mutual.")
    assert not asked(kind, choices).measured
    assert local.asked("Which law governs?") is None


@pytest.mark.parametrize(
    ("kind", "cited", "text", "doubt"),
    [
        (Kind.DATE, "It begins on March 1, 2024.", "2024-03-01", ""),
        (Kind.DATE, "the 3rd day of March 2025", "2025-03-03", ""),
        (Kind.DATE, "dated 03/04/2020", "03/04/2020", "ambiguous"),
        (Kind.DATE, "dated 25.04.2020", "2020-04-25", ""),
        (Kind.MONEY, "a rent of €4,500.00 a month", "4,500.00 EUR", ""),
        (Kind.MONEY, "12,000 euros a month", "12,000 EUR", ""),
        (Kind.MONEY, "a rent of $4,500", "4,500", "ambiguous"),
        (Kind.NUMBER, "on sixty days' written notice", "60 days", ""),
        (Kind.NUMBER, "runs for 3 years", "3 years", ""),
        (Kind.YES_NO, "may assign", "yes", ""),
        (Kind.LIST, "a party", "a party", ""),
        (Kind.TEXT, "Irish law", "Irish law", ""),
    ],
)
def test_values_are_found_by_their_looks(kind, cited, text, doubt):
    read = values.read(local.line(asked(kind), [cited]), kind)

    assert (read.text, read.doubt) == (text, doubt)


def test_a_passage_without_such_a_value_is_given_as_it_is():
    read = values.read(local.line(asked(Kind.DATE), ["on a day to be agreed"]), Kind.DATE)

    assert (read.outcome, read.text) == ("unparsed", "on a day to be agreed")


def test_nothing_cited_is_not_in_the_document():
    assert value(asked(Kind.TEXT)) == {"found": False, "value": None}


@pytest.mark.parametrize(
    ("expected", "cited", "verdict"),
    [
        ("The law of Ireland.", ["governed by the laws of Ireland"], "meets"),
        ("The law of Ireland.", ["governed by the laws of France"], "deviates"),
        ("It is reasonable.", ["It is."], "unclear"),
        ("The law of Ireland.", [], "missing"),
    ],
)
def test_a_position_is_compared_by_its_names(expected, cited, verdict):
    assert value(asked(Kind.TEXT, expected=expected), *cited)["verdict"] == verdict


def test_an_answer_over_http_ends_with_the_line(emulator):
    brief = engine.cells.brief("text")
    content = [
        document(LEASE),
        {"type": "text", "text": "Which law governs?"},
        {"type": "text", "text": brief},
    ]
    client = emulator.client()
    message = client.messages.create(
        model="claude-sonnet-5-5",
        max_tokens=8000,
        messages=[{"role": "user", "content": content}],
    )

    blocks = [block for block in message.content if block.type == "text"]
    assert any("Oregon" in c.cited_text for block in blocks for c in block.citations or ())
    said = json.loads("".join(b.text for b in blocks).split("RESULT: ")[1])
    assert "Oregon" in said["value"]
    # the words of the brief are no part of the question
    assert not any("RESULT" in c.cited_text for block in blocks for c in block.citations or ())
