"""Which rows of the index are looked at: the newest of those that have what is wanted."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents.models import Stretch
from documents.search import candidates
from documents.search.candidates import Pool
from tests.conftest import read, upload

BLOCK = 1 << candidates._BLOCK
LIMIT = 4


@pytest.fixture
def rows(document):
    """A row in each of 40 blocks: "often" in all, "seldom" in those below 12, "once" in one."""
    Stretch.objects.all().delete()
    found = []
    for block in range(1, 41):
        words = ["often", *(["seldom"] if block < 12 else []), *(["once"] if block == 7 else [])]
        found.append(
            Stretch(
                pk=block * BLOCK,
                version=document.current,
                number=block,
                words=" ".join([*sorted(words), "~1"]),
                packed=b"",
            )
        )
    return Stretch.objects.bulk_create(found)


def pool(size=40 * 64):
    return Pool(Stretch.objects.all(), "~1", size, 64)


def blocks(*numbers):
    return [number * BLOCK for number in numbers]


@pytest.fixture(autouse=True)
def few():
    """So few rows are many enough for blocks to be looked at one after another."""
    with patch.object(candidates, "_FEW", 1):
        yield


@pytest.mark.parametrize("size", [0, 40 * 64])
@pytest.mark.parametrize(
    ("slots", "found"),
    [
        ([(("often",), 2560)], blocks(40, 39, 38, 37)),
        ([(("seldom",), 704), (("often",), 2560)], blocks(11, 10, 9, 8)),
        # what is rare comes first, then what is alike but for it
        ([(("once",), 1), (("often",), 2560)], blocks(7, 40, 39, 38)),
        ([(("seldom", "once"), 704)], blocks(11, 10, 9, 8)),
        ([(("nowhere",), 9)], []),
    ],
)
def test_the_newest_rows_are_found_however_many_are_expected(rows, slots, found, size):
    with patch.object(Pool, "_share", lambda self, count: 0.9):
        assert pool(size).candidates(slots, LIMIT) == found
    if size:
        assert pool(size).candidates(slots, LIMIT) == found


def test_rows_of_another_mark_are_not_found(rows):
    theirs = rows[20:]
    Stretch.objects.filter(pk__in=[row.pk for row in theirs]).delete()
    for row in theirs:
        row.words = "often ~11"
    Stretch.objects.bulk_create(theirs)
    assert pool().candidates([(("often",), 2560)], LIMIT) == blocks(20, 19, 18, 17)


def test_common_words_do_not_make_postgresql_find_all_rows_that_have_them(rows):
    with CaptureQueriesContext(connection) as queries:
        pool().candidates([(("often",), 2560)], LIMIT)
    asked = [query["sql"] for query in queries if "~1" in query["sql"]]
    assert len(asked) == 1
    # SQLite stops when it has enough
    assert ("^40" in asked[0]) == (connection.vendor == "postgresql")
    assert "^20" not in asked[0]


def test_words_are_looked_up_in_the_index_where_there_are_few_rows_too(rows, document):
    Stretch.objects.bulk_create(
        Stretch(version=document.current, number=number, words="often ~1", packed=b"")
        for number in range(1_000, 3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as queries:
        pool(size=0).candidates([(("seldom",), 704)], LIMIT)
    [asked] = [query["sql"] for query in queries if "~1" in query["sql"]]
    prefix = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        cursor.execute(prefix + asked)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "documents_stretch_words" in plan, plan
    assert "Seq Scan" not in plan


def test_what_may_not_be_found_makes_nothing_else_go_missing(rows, workspace, owner):
    """Most rows of the mark may be found; where the newest may not, it is looked further back."""
    other = read(upload(workspace, owner, "Another text of one page."))
    Stretch.objects.filter(pk__in=blocks(*range(30, 41))).update(version=other)
    mine = Stretch.objects.filter(version=rows[0].version)
    wide = replace(pool(), rows=mine, loose=Stretch.objects.filter(number__gt=0))
    assert wide.candidates([(("often",), 2560)], LIMIT) == blocks(29, 28, 27, 26)
    assert wide.candidates([(("seldom",), 704)], LIMIT) == blocks(11, 10, 9, 8)
    assert wide.candidates([(("once",), 1)], LIMIT) == blocks(7)
    assert wide.candidates([(("nowhere",), 9)], LIMIT) == []
    few = replace(wide, rows=Stretch.objects.filter(pk__in=blocks(3)))
    assert few.candidates([(("often",), 2560)], LIMIT) == blocks(3)
