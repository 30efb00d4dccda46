"""The evaluation: what counts as found, and how two runs are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import evaluate
from tests.emulator_support import Emulator
from tests.evaluate import Table
from tests.gold import Gold


class Marked:
    """A contract of which the characters 10 to 20 are marked."""

    def clauses(self, gold: Gold) -> list[tuple[int, int]]:
        return [(10, 20)]


def answered(text: str = "It is.", *cited: tuple[int, int], status: str = "done") -> dict[str, Any]:
    citations = [{"start": start, "end": end} for start, end in cited]
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 7}
    return {
        **{"status": status, "text": text, "citations": citations},
        **{"usage": usage, "cost_usd": 0.25},
    }


@pytest.mark.parametrize(
    ("clauses", "answer", "outcome"),
    [
        (("x",), answered("It is.", (0, 5), (19, 30)), "found"),
        (("x",), answered("It is.", (20, 30)), "missed"),
        (("x",), answered("It is."), "missed"),
        (("x",), answered("", status="failed"), "failed"),
        ((), answered("It is so.", (0, 5)), "false_found"),
        ((), answered("The documents do not say. Closest is § 3.", (0, 5)), "absent"),
        ((), answered("The term is a year. It does not renew.", (0, 5)), "false_found"),
        ((), answered("There is no such clause in it.", (0, 5)), "absent"),
        ((), answered("The Tenant is not liable for it.", (0, 5)), "false_found"),
        ((), answered("I see."), "absent"),
    ],
)
def test_an_answer_is_found_missed_absent_or_falsely_found(
    clauses: tuple[str, ...], answer: dict[str, Any], outcome: str
) -> None:
    asked = evaluate.Asked("Term", Gold("a.pdf", "When?", clauses))
    assert evaluate.outcome(asked, answer, Marked()) == outcome  # type: ignore[arg-type]


def a_table(version: str, *outcomes: tuple[str, str]) -> Table:
    table = Table("2026-11-25T12:00:00+00:00", "sonnet", version, "emulator")
    for category, outcome in outcomes:
        table.add(category, outcome, answered())
    return table


@pytest.mark.parametrize("name", ["table.json", "table.csv"])
def test_a_table_is_read_again_as_it_was_written(tmp_path: Path, name: str) -> None:
    table = a_table("1", ("Term", "found"), ("Parties", "false_found"), ("Term", "missed"))
    table.write(tmp_path / name)
    assert evaluate.load(tmp_path / name) == table
    row = table.rows[evaluate.ALL]
    assert (row.questions, row.prompt_tokens, row.cached_tokens) == (3, 315, 300)
    assert row.cost_usd == "0.75"


def test_two_tables_differ_by_category() -> None:
    old = a_table("1", ("Term", "missed"), ("Term", "false_found"), ("Parties", "found"))
    new = a_table("2", ("Term", "found"), ("Term", "absent"), ("Parties", "found"))
    lines = list(evaluate.compared(old, new))
    assert "prompt_version: 1 → 2" in lines
    assert "Term: found +1, missed -1, absent +1, false-found -1" in lines
    assert not [line for line in lines if line.startswith("Parties")]
    assert "all: nothing changed" in list(evaluate.compared(old, old))


@pytest.mark.corpus
@pytest.mark.reader
@pytest.mark.django_db(transaction=True)
def test_questions_about_two_contracts_are_asked_and_counted(
    contracts: Path, emulator: Emulator, tmp_path: Path
) -> None:
    every = evaluate.questions(contracts, 0)
    few = evaluate.questions(contracts, 40)
    assert len(every) == 1476
    assert set(few) < set(every)
    files = sorted({one.gold.file for one in every})[:2]
    asked = [one for one in every if one.gold.file in files]
    some = [*(one for one in asked if one.gold.clauses)][:8]
    some += [*(one for one in asked if not one.gold.clauses)][:8]
    table = evaluate.run(some, "claude-sonnet-5-5", contracts)
    row = table.rows[evaluate.ALL]
    assert (row.questions, row.failed) == (16, 0)
    assert row.found + row.missed == row.absent + row.false_found == 8
    assert row.found >= 4
    assert row.absent >= 4
    assert row.cached_tokens > 0
    assert table.prompt_version
    assert table.backend == "emulator"
    ndas = evaluate.questions(evaluate.NDAS, 0)
    assert (len(ndas), len({one.category for one in ndas})) == (245, 16)
    row = evaluate.run(ndas[:3], "claude-sonnet-5-5", evaluate.NDAS).rows[evaluate.ALL]
    assert (row.questions, row.failed, row.found + row.missed) == (3, 0, 3)
    searched = evaluate.run(some[6:10], "claude-sonnet-5-5", contracts, search=True)
    row = searched.rows[evaluate.ALL]
    assert (row.questions, row.failed) == (4, 0)
    assert searched.prompt_version.startswith("search-")
