"""Playbooks as files: what comes in is checked, what is wrong is said with its place."""

from __future__ import annotations

import json

import pytest
import yaml

from reviews import books
from reviews.models import Playbook
from reviews.values import Kind

PLAYBOOK = """\
name: leases
title: Leases
columns:
- title: Rent
  question: What is the monthly rent?
  type: money
  expected: At most 10,000 EUR.
- title: Kind
  question: What is let?
  type: choice
  choices: [office, shop]
"""


def test_a_playbook_is_read_and_written_back():
    book = books.read(PLAYBOOK)

    assert [column.title for column in book.columns] == ["Rent", "Kind"]
    assert book.columns[0].kind is Kind.MONEY
    assert books.read(books.write(book)) == book


def test_the_built_in_ones_are_three_and_can_be_written_back():
    found = books.built_in()

    assert set(found) == {"cuad", "nda", "data-protection"}
    assert len(found["cuad"].columns) == 41
    assert "CC BY 4.0" in found["cuad"].source
    assert any(column.expected for column in found["nda"].columns)
    for book in found.values():
        assert books.read(books.write(book)) == book


def test_the_cuad_columns_are_named_as_in_the_corpus(contracts):
    lines = [
        line
        for name in ("gold.jsonl", "absent.jsonl")
        for line in (contracts / name).read_text().splitlines()
    ]
    categories = {json.loads(line)["category"] for line in lines}

    assert categories <= {column.title for column in books.built_in()["cuad"].columns}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("title: Rent", "title: ''", "Column 1 has no “title”."),
        ("type: money", "type: cash", "Column 1 (“Rent”): “cash” is no type of answer."),
        ("  choices: [office, shop]\n", "", "Column 2 (“Kind”): “choices” belong"),
        ("[office, shop]", "[office, Office]", "Column 2 (“Kind”) gives the same choice twice."),
        ("title: Kind", "title: rent", "Column 2 has the same title as another"),
        ("  expected:", "  expect:", "Column 1 (“Rent”) says “expect”, which is not known."),
        ("name: leases", "name: Our leases", "“name” is written in small letters"),
        ("[office, shop]", "[office, {a: b}]", "Column 2 (“Kind”): there may be"),
        ("title: Leases", "title: [Leases]", "The playbook: “title” must be a text"),
        ("name: leases", "name: leases\nname: more", "it says “name” twice"),
        ("type: money", "type: money\n  type: text", "Line 4, character 3: it says “type” twice"),
        ("[office, shop]", "[office, shop", "Line 12, character 1: expected"),
        ("title: Rent", "title: &a Rent\n  guidance: *a", "Line 5, character 13: references"),
        ("title: Rent", "title: !!python/name:os.system", "Line 4, character 10: could not"),
        ("type: money", "type: [[[[[[[[[1]]]]]]]]]", "it nests too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(before, after, said):
    assert before in PLAYBOOK

    with pytest.raises(books.BadBook) as refused:
        books.read(PLAYBOOK.replace(before, after))

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"just text",
        b"- a\n- b",
        b"\xff\xfe\x00",
        b"a: \x00",
        b"columns: []\ntitle: x",
        b"a: " + b"[" * 5000,
        b"x" * (books.LARGEST + 1),
    ],
)
def test_any_other_file_is_refused_in_a_sentence(raw):
    with pytest.raises(books.BadBook) as refused:
        books.read(raw)

    assert str(refused.value).endswith(".")


def test_a_file_cannot_swell_by_references():
    laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    with pytest.raises(books.BadBook, match="references"):
        books.read(laughs)


def test_dates_and_yes_stay_what_was_written():
    book = books.read(
        "title: T\ncolumns:\n- {title: 2020-01-01, question: 'q', guidance: yes, expected: 12}\n"
    )

    assert book.columns[0].title == "2020-01-01"
    assert (book.columns[0].guidance, book.columns[0].expected) == ("yes", "12")


def test_what_is_written_is_yaml_that_others_read():
    assert yaml.safe_load(books.write(books.read(PLAYBOOK)))["columns"][0]["type"] == "money"


def test_the_built_in_ones_become_rows_once(workspace, django_assert_num_queries):
    offered = list(Playbook.objects.offered_in(workspace))

    assert {one.name for one in offered} == {"cuad", "nda", "data-protection"}
    with django_assert_num_queries(3):
        list(Playbook.objects.offered_in(workspace))
    assert {one.newest.number for one in offered} == {1}


def test_a_playbook_that_is_imported_again_gets_a_version_where_it_differs(workspace, owner):
    first = Playbook.put(workspace, books.read(PLAYBOOK), owner)
    same = Playbook.put(workspace, books.read(PLAYBOOK), owner)
    changed = Playbook.put(workspace, books.read(PLAYBOOK.replace("monthly", "yearly")), owner)

    assert same == first
    assert (changed.playbook, changed.number) == (first.playbook, 2)
    assert first.book.columns[0].question == "What is the monthly rent?"


def test_strangers_do_not_see_a_workspaces_playbook(workspace, owner, mate, stranger):
    kept = Playbook.put(workspace, books.read(PLAYBOOK), owner).playbook

    assert kept in Playbook.objects.visible_to(mate)
    assert kept not in Playbook.objects.visible_to(stranger)
    assert kept not in Playbook.objects.offered_in(workspace).exclude(workspace=workspace)
