"""Cells that are asked at once: questions of the ordinary queue, with a value at their end."""

from __future__ import annotations

from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from qa import claude_models, streams
from qa.models import Answer, ApiCall, Budget, ClaudeModel, ClaudeSettings
from qa.turns import write_next
from reviews import books, marking, pricing, running, tables, tasks
from reviews.models import Cell, Run
from reviews.values import Kind
from tests.conftest import read, upload

LAW = books.Asked("Law", "Which law governs?", Kind.TEXT, expected="The law of Ireland.")
FEE = books.Asked("Fee", "What fee shall the customer pay?", Kind.MONEY)
BEGIN = books.Asked("Begin", "When does this Agreement begin?", Kind.DATE)
SUE = books.Asked("Escrow", "Is source code put into escrow?", Kind.YES_NO)
MODEL = "claude-sonnet-5-5"


CONTRACT = """SERVICES AGREEMENT

1. Term. This Agreement begins on 1 April 2025 and runs for three years.

2. Fees. The customer shall pay a monthly fee of EUR 12,000 within thirty days of each invoice.

3. Law. This Agreement is governed by the laws of Ireland.
"""


@pytest.fixture
def document(workspace, owner):
    made = upload(workspace, owner, CONTRACT)
    read(made)
    return made


@pytest.fixture
def table(workspace, owner, document, emulator):
    return tables.make(
        workspace,
        owner,
        title="Leases",
        model=MODEL,
        documents=[document],
        columns=[LAW, FEE, BEGIN, SUE],
    )


def go_on(run):
    """What the workers do, until the run has ended."""
    for _ in range(20):
        tasks.advance(run.pk)
        while write_next():
            pass
        for answer in Answer.objects.filter(pending_cell__isnull=False):
            tasks.settle(answer.pk)
        run.refresh_from_db()
        if not run.running:
            return
    raise AssertionError("the run does not end")


def cell(table, title):
    return Cell.objects.to_show().get(table=table, column__title=title)


def test_every_cell_gets_a_typed_value_with_citations(table, owner):
    run = running.start(table, owner)
    assert run.mode == Run.Mode.LIVE

    go_on(run)

    law, fee, begin, sue = (cell(table, title) for title in ("Law", "Fee", "Begin", "Escrow"))
    assert "Ireland" in law.value_text
    assert (law.verdict, law.doubt) == ("meets", "")
    assert fee.value == {"amount": "12000", "currency": "EUR"}
    assert begin.value["iso"] == "2025-04-01"
    assert (sue.outcome, sue.shown) == ("absent", "")
    assert run.state == Run.State.ENDED
    citation = law.answer.citations.first()
    assert citation.state == "exact"
    assert law.version == law.row.document.current


async def streamed(answer):
    return [event async for batch in streams.events(answer) for event in batch]


def test_the_last_line_is_no_part_of_the_answer_nor_of_its_stream(table, owner):
    go_on(running.start(table, owner, cells=[cell(table, "Law")]))

    answer = cell(table, "Law").answer
    assert "RESULT" not in answer.text
    assert answer.closing.startswith("RESULT: {")
    assert answer.question == LAW.question
    batches = async_to_sync(streamed)(answer.public_id)
    said = "".join(event["text"] for event in batches if event["type"] == "text")
    assert said
    assert "RESULT" not in said


def test_a_documents_first_cell_warms_the_cache_for_its_others(table, owner, workspace):
    text = CONTRACT + "Clause. Nothing is said here that matters much. " * 500
    long = upload(workspace, owner, text, "b.txt")
    read(long)
    tables.add_documents(table, [long])
    run = running.start(table, owner, mode="live")

    tasks.advance(run.pk)
    assert Answer.objects.filter(asked_in=run).count() == 2  # one a document
    go_on(run)

    calls = ApiCall.objects.filter(purpose="answer", document_map=[str(long.current.public_id)])
    written = [call.cache_write_5m_tokens + call.cache_write_1h_tokens for call in calls]
    assert sum(tokens > 3000 for tokens in written) == 1
    assert sum(call.cache_read_tokens > 3000 for call in calls) == 3


def test_only_what_is_missing_or_stale_runs_again(table, owner):
    go_on(running.start(table, owner))
    before = ApiCall.objects.filter(purpose="answer").count()
    with pytest.raises(tables.NotPossible, match="missing or stale"):
        running.start(table, owner)

    column = table.columns.get(title="Fee")
    tables.edit_column(column, books.Asked("Fee", "What fee shall the customer pay?", Kind.TEXT))
    old = cell(table, "Fee").value_text
    run = running.start(table, owner)
    assert cell(table, "Fee").value_text == old  # until the new one is there
    go_on(run)

    assert ApiCall.objects.filter(purpose="answer").count() == before + 1
    fee = cell(table, "Fee")
    assert (fee.column_version, fee.is_stale) == (2, False)
    assert fee.value_text != old


def test_a_correction_outlives_a_run_of_its_cell(table, owner):
    fee = cell(table, "Fee")
    marking.correct(fee, owner, 0, "11,000 EUR")
    go_on(running.start(table, owner, cells=[fee]))

    fee = cell(table, "Fee")
    assert (fee.shown, fee.value_text) == ("11,000 EUR", "12,000 EUR")
    assert fee.marked_before


def test_an_answer_without_the_line_is_text_and_flagged(table, owner, emulator):
    emulator.faults({"kind": "no_last_line"})
    go_on(running.start(table, owner, cells=[cell(table, "Law")]))

    law = cell(table, "Law")
    assert (law.outcome, law.doubt, law.verdict) == ("unparsed", "unparsed", "unclear")
    assert "Ireland" in law.value_text


def test_a_failure_is_the_cells_with_its_reason_and_runs_again(table, owner, emulator):
    emulator.faults({"kind": "refusal"})
    go_on(running.start(table, owner, cells=[cell(table, "Law")]))

    law = cell(table, "Law")
    assert (law.state, "declined" in law.error) == (Cell.State.FAILED, True)
    assert law in table.cells.to_run()
    assert law not in table.cells.to_run(failed=False)


def test_cancelling_keeps_what_is_finished(table, owner):
    go_on(running.start(table, owner, cells=[cell(table, "Law")]))
    run = running.start(table, owner)
    tasks.advance(run.pk)

    assert running.cancel(run)

    assert not Cell.objects.filter(table=table).working().exists()
    assert cell(table, "Law").state == Cell.State.DONE
    assert cell(table, "Fee").state == Cell.State.MISSING
    assert not Answer.objects.working().exists()
    assert not running.cancel(run)


def test_a_question_that_somebody_waits_for_goes_first(table, owner, document):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    asked = Answer.objects.create(
        workspace=table.workspace, author=owner, question="Now?", model_requested=MODEL
    )

    assert Answer.objects.next_due() == asked


def test_told_twice_a_cell_settles_once(table, owner):
    run = running.start(table, owner, cells=[cell(table, "Law")])
    tasks.advance(run.pk)
    tasks.advance(run.pk)
    assert Answer.objects.filter(asked_in=run).count() == 1
    while write_next():
        pass
    answer = Answer.objects.get(asked_in=run)
    tasks.settle(answer.pk)
    changed = cell(table, "Law").changed_at
    tasks.settle(answer.pk)

    assert cell(table, "Law").changed_at == changed


def test_a_budget_refuses_a_run_before_anything_is_sent(table, owner):
    Budget.objects.create(workspace=table.workspace, period="day", limit_usd="0")

    with pytest.raises(tables.NotPossible, match="nothing is left"):
        running.start(table, owner)
    assert not Run.objects.exists()
    assert not Cell.objects.working().exists()


def test_documents_that_are_not_read_yet_wait(table, owner, workspace):
    tables.add_documents(table, [upload(workspace, owner, "Not read yet.", "c.txt")])

    run = running.start(table, owner)

    assert run.cells_sent == 4


def test_the_price_is_known_before_and_the_true_one_after(table, owner):
    expected = pricing.price(table)
    assert (expected.cells, expected.documents) == (4, 1)
    assert 0 < expected.batch < expected.live

    run = running.start(table, owner, mode="live")
    go_on(run)

    assert run.estimate_usd == expected.live
    assert 0 < run.cost_usd < 3 * expected.live
    assert table.spent() == run.cost_usd


def test_how_hard_it_thinks_is_in_the_price_and_in_what_is_asked(table, owner):
    usual = pricing.price(table)
    tables.change(table, owner, title="Leases", model=MODEL, mode="live", effort="low")
    little = pricing.price(table)
    tables.change(table, owner, title="Leases", model=MODEL, mode="live", effort="max")
    most = pricing.price(table)

    assert little.live < usual.live < most.live
    assert little.at_most < usual.at_most < most.at_most
    go_on(running.start(table, owner, mode="live"))
    assert {answer.effort for answer in Answer.objects.all()} == {"max"}
    ApiCall.objects.update(output_tokens=5)
    table.cells.update(state="missing")
    assert pricing.price(table).live < little.live
    Answer.objects.update(effort="low")
    assert pricing.price(table).live > usual.live


def test_where_it_is_answered_is_in_the_price(table, workspace):
    anywhere = pricing.price(table)
    ClaudeSettings.objects.create(workspace=workspace, inference_geo="us")
    there = pricing.price(table)
    dearer = Decimal("1.1")
    assert (there.live, there.batch) == (anywhere.live * dearer, anywhere.batch * dearer)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"lifecycle": "retired"}, "is retired"),
        ({"missing_since": timezone.now()}, "is no longer offered"),
    ],
)
def test_a_table_whose_model_is_gone_waits_for_another_to_be_chosen(table, owner, gone, said):
    ClaudeModel.objects.filter(key=MODEL).update(**gone)
    claude_models.forget()
    for mode in ("live", "batch"):
        with pytest.raises(tables.NotPossible, match=f"Claude Sonnet 5.5 {said}. Choose another"):
            running.start(table, owner, mode=mode)
    assert not Answer.objects.exists()
    tables.change(table, owner, title="Leases", model="claude-sonnet-5", mode="live")
    assert running.start(table, owner, mode="live").cells_sent == 4


def test_a_run_is_a_batch_above_a_handful_where_that_can_be(table, owner):
    assert running.choose(table, running.HANDFUL) == Run.Mode.LIVE
    assert running.choose(table, running.HANDFUL + 1) == Run.Mode.BATCH
    assert running.choose(table, 1, "batch") == Run.Mode.BATCH

    ClaudeSettings.objects.create(workspace=table.workspace, inline=True)
    assert running.choose(table, 1000) == Run.Mode.LIVE
    with pytest.raises(tables.NotPossible, match="stores nothing"):
        running.choose(table, 1000, "batch")
