"""A typed value is what the line says, or text with a flag; nothing is guessed."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.engine import cells
from reviews import values
from reviews.values import Kind, NotThat, Outcome, Verdict


def line(value, found=True, **more):
    return "RESULT: " + json.dumps({"found": found, "value": value, **more})


def read(value, kind, choices=(), **more):
    return values.read(line(value, **more), kind, choices)


def test_the_engine_has_a_form_for_every_kind():
    assert set(Kind) == set(cells.KINDS)


@pytest.mark.parametrize(
    ("kind", "said", "value", "text"),
    [
        (Kind.TEXT, " thirty\n days ", "thirty days", "thirty days"),
        (Kind.YES_NO, "Yes", "yes", "yes"),
        (Kind.YES_NO, False, "no", "no"),
        (
            Kind.DATE,
            {"iso": "2020-05-01", "written": "May 1, 2020"},
            {"iso": "2020-05-01", "written": "May 1, 2020"},
            "2020-05-01",
        ),
        (
            Kind.MONEY,
            {"amount": "1250000.50", "currency": "usd"},
            {"amount": "1250000.50", "currency": "USD"},
            "1,250,000.50 USD",
        ),
        (Kind.MONEY, {"amount": 5, "currency": "EUR"}, {"amount": "5", "currency": "EUR"}, "5 EUR"),
        (
            Kind.NUMBER,
            {"number": "12.5", "unit": "months"},
            {"number": "12.5", "unit": "months"},
            "12.5 months",
        ),
        (Kind.NUMBER, 3, {"number": "3", "unit": ""}, "3"),
        (Kind.LIST, ["Alder Ltd", "Birch"], ["Alder Ltd", "Birch"], "Alder Ltd; Birch"),
    ],
)
def test_a_value_is_kept_in_the_form_of_its_kind(kind, said, value, text):
    found = read(said, kind)

    assert found.outcome is Outcome.VALUE
    assert (found.value.value, found.value.text, found.doubt) == (value, text, "")


def test_a_choice_is_one_of_those_that_were_given():
    assert read("MUTUAL", Kind.CHOICE, ["mutual", "one-way"]).value.value == "mutual"
    assert read("both ways", Kind.CHOICE, ["mutual", "one-way"]).outcome is Outcome.UNPARSED


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("03/04/2020", "2020-04-03"),
        ("3.4.2020", "2020-04-03"),
        ("3 - 4 - 20", "2020-03-04"),
        ("May 1, 2019", "2020-05-01"),
        ("May 2020", "2020-05"),
        ("2020", "2020"),
        ("03/04/2020", None),
    ],
)
def test_a_date_that_may_be_another_is_flagged(written, iso):
    found = read({"iso": iso, "written": written}, Kind.DATE)

    assert (found.outcome, found.doubt) == (Outcome.VALUE, "ambiguous")


@pytest.mark.parametrize("written", ["25/04/2020", "04/25/2020", "4/4/2020", "1 April 2020", ""])
def test_a_date_that_can_only_be_one_is_not(written):
    iso = "2020-04-04" if written == "4/4/2020" else "2020-04-25"

    assert read({"iso": iso, "written": written}, Kind.DATE).doubt == ""


def test_an_amount_without_a_currency_is_flagged():
    found = read({"amount": "100", "currency": None}, Kind.MONEY)

    assert (found.value.text, found.doubt) == ("100", "ambiguous")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.DATE, {"iso": "2020-02-30", "written": "30 February 2020"}),
        (Kind.DATE, {"iso": "soon", "written": "soon"}),
        (Kind.MONEY, {"amount": "1,250,000", "currency": "USD"}),
        (Kind.MONEY, {"amount": "100", "currency": "$"}),
        (Kind.MONEY, "100 USD"),
        (Kind.NUMBER, "a dozen"),
        (Kind.NUMBER, True),
        (Kind.YES_NO, "perhaps"),
        (Kind.LIST, "Alder and Birch"),
        (Kind.LIST, []),
        (Kind.TEXT, ""),
        (Kind.TEXT, {"a": 1}),
    ],
)
def test_what_is_not_of_the_kind_is_shown_as_it_is_and_flagged(kind, said):
    found = read(said, kind)

    assert (found.outcome, found.doubt, found.value) == (Outcome.UNPARSED, "unparsed", None)


def test_not_in_the_document_is_an_outcome_of_its_own():
    found = values.read(line(None, found=False), Kind.DATE)

    assert (found.outcome, found.text, found.doubt) == (Outcome.ABSENT, "", "")


def test_absent_with_a_value_is_a_contradiction():
    assert values.read(line("Irish law", found=False), Kind.TEXT).outcome is Outcome.UNPARSED


@pytest.mark.parametrize("said", ["", "RESULT: yes", "RESULT: [1]", "RESULT: {", "RESULT: {nope}"])
def test_a_line_that_is_none_leaves_the_answer_as_text(said):
    found = values.read(said, Kind.TEXT, fallback="It is Irish law.")

    assert found.outcome is Outcome.UNPARSED
    assert found.text == (said or "It is Irish law.")


def test_a_verdict_counts_where_a_position_is_expected():
    said = line("Irish law", verdict="Deviates", reason="It should be Delaware.")

    measured = values.read(said, Kind.TEXT, measured=True)
    assert (measured.verdict, measured.reason) == (Verdict.DEVIATES, "It should be Delaware.")
    assert values.read(said, Kind.TEXT).verdict == ""


@pytest.mark.parametrize("verdict", [None, "fine", 3])
def test_a_verdict_that_is_none_is_unclear(verdict):
    said = line("Irish law", verdict=verdict)

    assert values.read(said, Kind.TEXT, measured=True).verdict == Verdict.UNCLEAR


@settings(max_examples=40)
@given(st.text(max_size=200), st.sampled_from([kind for kind in Kind if kind != "choice"]))
def test_any_line_is_read_as_something(said, kind):
    for text in (said, "RESULT: {" + said + "}", f'RESULT: {{"found": true, "value": {said}}}'):
        found = values.read(text, kind, measured=True)
        assert (found.value is None) == (found.outcome is not Outcome.VALUE)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["iso", "written", "amount", "currency", "number", "unit"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@given(_json, st.sampled_from(list(Kind)))
def test_any_value_is_read_as_something_that_is_stored_and_read_the_same(said, kind):
    found = read(said, kind, ["a", "b"])

    if found.value is not None:
        assert json.loads(json.dumps(found.value.value)) == found.value.value
        assert found.value.text
        assert len(found.value.text) <= values.SHOWN + 60


@settings(max_examples=40)
@given(st.dates(), st.sampled_from(["{d}/{m}/{y}", "{m}/{d}/{y}", "{d}.{m}.{y}"]))
def test_a_numeric_date_is_flagged_exactly_when_both_orders_are_days(day, form):
    if day.year < 1000:
        return
    written = form.format(d=day.day, m=day.month, y=day.year)
    found = read({"iso": day.isoformat(), "written": written}, Kind.DATE)

    assert (found.doubt == "ambiguous") == (day.day <= 12 and day.day != day.month)


@settings(max_examples=40)
@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_an_amount_that_the_table_shows_can_be_typed_again(amount):
    value = values.parse({"amount": f"{amount:f}", "currency": "EUR"}, Kind.MONEY)

    again = values.typed(value.text, Kind.MONEY)
    assert Decimal(again.value["amount"]) == amount


@pytest.mark.parametrize(
    ("kind", "typed", "text"),
    [
        (Kind.DATE, "2025-03-31", "2025-03-31"),
        (Kind.MONEY, "USD 1,250.00", "1,250.00 USD"),
        (Kind.NUMBER, "1,000 units a year", "1,000 units a year"),
        (Kind.LIST, "Alder Ltd\n\nBirch", "Alder Ltd; Birch"),
        (Kind.CHOICE, "mutual", "mutual"),
        (Kind.YES_NO, "no", "no"),
        (Kind.TEXT, "as it is", "as it is"),
    ],
)
def test_what_a_person_types_is_read(kind, typed, text):
    assert values.typed(typed, kind, ["mutual", "one-way"]).text == text


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.DATE, "31.3.2025"),
        (Kind.DATE, "2025-03"),
        (Kind.MONEY, "1.250,00 EUR"),
        (Kind.MONEY, "1250"),
        (Kind.MONEY, "USD 12 EUR"),
        (Kind.NUMBER, "1,5 months"),
        (Kind.CHOICE, "other"),
        (Kind.TEXT, "  "),
    ],
)
def test_what_could_be_meant_in_two_ways_is_not(kind, typed):
    with pytest.raises(NotThat):
        values.typed(typed, kind, ["mutual", "one-way"])


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.LIST, Kind.DATE, Kind.NUMBER])
def test_what_no_database_takes_is_left_out(kind):
    odd = "a\0b\ud800"
    said = {
        Kind.TEXT: odd,
        Kind.LIST: [odd],
        Kind.DATE: {"iso": None, "written": odd},
        Kind.NUMBER: {"number": 1, "unit": odd},
    }
    found = values.read(line(said[kind], verdict="meets", reason=odd), kind, measured=True)

    for text in (found.text, found.reason, json.dumps(found.value.value, ensure_ascii=False)):
        assert "\0" not in text
        assert "\\u0000" not in text
        text.encode()
