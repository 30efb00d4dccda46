"""Cells answered by batch: sent once, whatever happens; each result taken in once."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import ROUND_UP, Decimal

import pytest
from cryptography.fernet import Fernet
from django.db.models import Sum
from django.utils import timezone

from documents.models import RemoteFile
from qa import claude_models, engine, gate
from qa.claude import connect
from qa.engine import batches as api
from qa.models import (
    Answer,
    ApiCall,
    Budget,
    ClaudeKey,
    ClaudeModel,
    Reservation,
    claude_model,
)
from qa.turns import write_next
from reviews import batches, books, planning, running, tables, taking, tasks
from reviews.models import Batch, BatchItem, Cell, Run
from reviews.values import Kind
from tests.conftest import read, upload
from tests.emulator_support import Emulator
from tests.test_reviews_live import BEGIN, CONTRACT, FEE, LAW, MODEL, SUE

OTHER = CONTRACT.replace("Ireland", "France").replace("12,000", "9,000")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running_here = Emulator(tmp_path_factory.mktemp("emulator"))
    yield running_here
    running_here.stop()


@pytest.fixture
def emulator(server, settings):
    settings.EMULATOR_URL = server.url
    pace(server)
    yield server
    pace(server)
    server.forget_faults()


def pace(server, **told):
    assert server.call("POST", "/emulator/batches", told)[0] == 200


@pytest.fixture
def table(workspace, owner, emulator):
    documents = [upload(workspace, owner, text, name) for text, name in TEXTS]
    for document in documents:
        read(document)
    return tables.make(
        workspace,
        owner,
        title="Leases",
        model=MODEL,
        mode="batch",
        documents=documents,
        columns=[LAW, FEE],
    )


CELLS = 4
TEXTS = [(CONTRACT, "a.txt"), (OTHER, "b.txt")]


def tend(seconds=0.0):
    """Everything that is due, now or as soon as it may be looked at."""
    if seconds:
        time.sleep(seconds)
    Batch.objects.open().update(look_at=None, lease_until=None)
    for pk in Batch.objects.due().values_list("pk", flat=True):
        tasks.tend(pk)


def tend_until(condition):
    for _ in range(500):
        if condition():
            return
        tend(0.02)
    raise AssertionError(f"it did not happen: {Batch.objects.values()}")


def go_on(run, steps=500):
    for _ in range(steps):
        tasks.advance(run.pk)
        tend(0.02)
        run.refresh_from_db()
        if not run.running:
            return
    raise AssertionError(f"the run does not end: {Batch.objects.values()}")


def test_a_batch_asks_with_the_effort_of_its_table(table, owner):
    tables.change(table, owner, title="Leases", model=MODEL, mode="batch", effort="low")

    run, batch = started(table, owner)
    go_on(run)

    assert batch.parameters["output_config"] == {"effort": "low"}
    assert {answer.effort for answer in Answer.objects.all()} == {"low"}


def started(table, owner):
    """A run whose batch is at Claude."""
    run = running.start(table, owner)
    tasks.advance(run.pk)
    tend()
    return run, Batch.objects.get(run=run)


def made(server):
    return server.requests(200)["counts"].get("batch_item", 0)


def test_all_cells_are_answered_at_half_price_with_exact_citations(table, owner):
    for asked in (BEGIN, SUE):
        tables.add_column(table, asked)
    run = running.start(table, owner)
    assert run.mode == Run.Mode.BATCH

    go_on(run)

    cells = Cell.objects.to_show().filter(table=table)
    assert {cell.state for cell in cells} == {"done"}
    values = {(c.row.document.title, c.column.title): c for c in cells}
    assert values["b.txt", "Fee"].value == {"amount": "9000", "currency": "EUR"}
    assert values["a.txt", "Law"].verdict == "meets"
    assert values["b.txt", "Law"].verdict == "deviates"
    assert values["a.txt", "Escrow"].outcome == "absent"
    citations = [one for c in cells for one in c.answer.citations.all()]
    assert citations
    assert {one.state for one in citations} == {"exact"}
    calls = ApiCall.objects.filter(purpose="answer")
    assert calls.count() == 8
    assert {call.usage["service_tier"] for call in calls} == {"batch"}
    assert "RESULT" not in values["a.txt", "Law"].answer.text
    assert values["a.txt", "Law"].answer.thought
    assert values["a.txt", "Escrow"].pages_read == ["1"]
    assert run.cost_usd == sum(call.cost_usd for call in calls) > 0


def test_it_costs_half_of_what_the_same_tokens_cost_live(table, owner):
    run = running.start(table, owner)
    go_on(run)

    model = claude_models.get(MODEL)
    for call in ApiCall.objects.filter(purpose="answer"):
        usage = engine.Usage.from_dict({**call.usage, "service_tier": "standard"})
        assert call.cost_usd * 2 == engine.catalogue.cost(usage, model)


def test_cells_of_a_document_stand_together_and_share_its_prefix(table, owner):
    _run, batch = started(table, owner)

    items = list(batch.items.order_by("pk"))
    assert [item.cell.row_id for item in items] == sorted(item.cell.row_id for item in items)
    for row in table.rows.all():
        assert len({item.prefix for item in items if item.cell.row_id == row.pk}) == 1
    assert batch.parameters["model"] == MODEL


def test_it_is_looked_at_again_and_again_until_it_ends(table, owner, emulator):
    pace(emulator, hold=True)
    run, batch = started(table, owner)
    waits = []
    for _ in range(3):
        tend()
        batch.refresh_from_db()
        waits.append((batch.look_at - timezone.now()).total_seconds())
        assert batch.state == Batch.State.SENT
    assert waits == sorted(waits)
    assert batch.counts["processing"] == CELLS
    assert not Batch.objects.due().exists()

    pace(emulator)
    go_on(run)
    batch.refresh_from_db()
    assert (batch.state, batch.counts["succeeded"]) == (Batch.State.ENDED, CELLS)


@pytest.mark.parametrize("before", ["sent", "made"])
def test_killed_while_it_is_sent_it_is_looked_for_and_never_sent_twice(
    table, owner, emulator, before, monkeypatch
):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    real = api.create

    def killed(client, requests):
        if before == "made":
            real(client, requests)
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "create", killed)
    with pytest.raises(KeyboardInterrupt):
        tend()
    monkeypatch.setattr(api, "create", real)
    batch = Batch.objects.get()
    assert batch.state == Batch.State.SENDING
    count = made(emulator)

    tend()
    tend(0.3)
    batch.refresh_from_db()
    if before == "made":
        assert batch.state in (Batch.State.SENT, Batch.State.UNKNOWN)
    else:
        # the list may be behind: it waits before it believes that there is none
        assert batch.state == Batch.State.UNKNOWN
        Batch.objects.update(sent_at=timezone.now() - batches.QUIET - timedelta(seconds=1))
    go_on(run)

    assert Batch.objects.count() == 1
    assert made(emulator) - count <= CELLS
    assert ApiCall.objects.filter(purpose="answer").count() == CELLS
    assert set(Cell.objects.filter(table=table).values_list("state", flat=True)) == {"done"}


def test_a_batch_of_somebody_else_is_not_taken_for_ours(table, owner, emulator, monkeypatch):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    connection = connect(table.workspace)
    params = {"model": MODEL, "max_tokens": 0, "messages": [{"role": "user", "content": "x"}]}
    written = [api.written(f"other-{n}", params) for n in range(CELLS)]
    strange = api.create(connection.client, written)
    Batch.objects.update(state=Batch.State.UNKNOWN, sent_at=timezone.now())

    tend_until(lambda: strange.id in Batch.objects.get().candidates)

    assert Batch.objects.get().state == Batch.State.UNKNOWN
    Batch.objects.update(sent_at=timezone.now() - batches.QUIET - timedelta(seconds=1))
    go_on(run)
    assert Batch.objects.get().api_id != strange.id


def test_a_connection_that_breaks_leaves_it_unknown_until_it_is_found(table, owner, emulator):
    emulator.faults({"kind": "reset", "path": "batches"})
    run, batch = started(table, owner)
    assert batch.state == Batch.State.UNKNOWN

    go_on(run)

    assert Batch.objects.get().state == Batch.State.ENDED
    assert ApiCall.objects.filter(purpose="answer").count() == CELLS


def test_a_refusal_that_passes_is_sent_again_and_another_fails_the_cells(table, owner, emulator):
    emulator.faults({"kind": "rate_limit", "path": "batches", "retry_after": 0})
    run, batch = started(table, owner)
    assert (batch.state, run.batches.count()) == (Batch.State.INTENDED, 1)
    emulator.faults({"kind": "billing", "path": "batches"})
    tend()

    batch.refresh_from_db()
    assert batch.state == Batch.State.FAILED
    errors = set(Cell.objects.filter(table=table).values_list("state", "error"))
    assert errors == {("failed", engine.SENTENCES["billing"])}
    run.refresh_from_db()
    assert run.state == Run.State.ENDED


def test_results_are_taken_in_once_each_however_often_they_are_read(table, owner, monkeypatch):
    run, _batch = started(table, owner)
    real, taken = taking.Taking.take, []

    def killed(self, result):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(result)
        real(self, result)
        real(self, result)

    monkeypatch.setattr(taking.Taking, "take", killed)
    with pytest.raises(KeyboardInterrupt):
        go_on(run)
    assert ApiCall.objects.filter(purpose="answer").count() == 2
    monkeypatch.setattr(taking.Taking, "take", real)

    go_on(run)

    assert ApiCall.objects.filter(purpose="answer").count() == CELLS
    assert Answer.objects.count() == CELLS
    assert Cell.objects.filter(table=table, state="done").count() == CELLS


def test_a_request_that_fails_fails_its_cell_alone(table, owner, emulator):
    emulator.faults({"kind": "invalid", "path": "batch_item"})
    run, _batch = started(table, owner)
    go_on(run)

    states = sorted(Cell.objects.filter(table=table).values_list("state", flat=True))
    assert states == ["done"] * (CELLS - 1) + ["failed"]
    failed = Cell.objects.get(state="failed")
    assert failed.error == engine.SENTENCES["invalid"]


def test_a_request_that_fails_for_a_while_is_asked_again(table, owner, emulator):
    emulator.faults({"kind": "overloaded", "path": "batch_item", "times": 2})
    run = running.start(table, owner)
    go_on(run)

    assert Batch.objects.filter(run=run).count() == 2
    assert Batch.objects.order_by("pk")[1].requests == 2
    assert Cell.objects.filter(table=table, state="done").count() == CELLS


def test_what_expires_is_asked_again_three_times_in_all(table, owner, emulator):
    pace(emulator, hold=True)
    run = running.start(table, owner)
    for _ in range(taking.MOST_TRIES):
        tasks.advance(run.pk)
        tend()
        emulator.advance(24 * 3600 + 60)
        tend_until(lambda: not Batch.objects.open().exists())
    run.refresh_from_db()

    assert run.state == Run.State.ENDED
    assert Batch.objects.count() == taking.MOST_TRIES
    errors = set(Cell.objects.filter(table=table).values_list("state", "error"))
    assert errors == {("failed", "Claude did not come to it within a day.")}
    assert not Reservation.objects.exists()


def test_a_file_that_is_gone_is_uploaded_again(table, owner, emulator):
    emulator.faults({"kind": "invalid", "path": "batch_item", "message": "File not found: file_x"})
    run = running.start(table, owner)
    go_on(run)

    assert Cell.objects.filter(table=table, state="done").count() == CELLS
    assert RemoteFile.objects.count() == 2


def test_cancelling_keeps_what_is_answered_and_gives_the_rest_back(table, owner, emulator):
    pace(emulator, seconds=30)
    before = made(emulator)
    run, batch = started(table, owner)
    tend_until(lambda: made(emulator) == before + CELLS)
    time.sleep(0.3)

    running.cancel(run)
    tend_until(lambda: not Batch.objects.open().exists())

    batch.refresh_from_db()
    done = Cell.objects.filter(table=table, state="done").count()
    assert done == batch.counts["succeeded"]
    assert table.cells.filter(state="missing").count() == CELLS - done
    pace(emulator)
    if done < CELLS:
        go_on(running.start(table, owner))
    pace(emulator, hold=True)
    column = table.columns.get(title="Law")
    tables.edit_column(column, books.Asked("Law", "Whose law governs?", Kind.TEXT))
    table.mode = "batch"
    again = running.start(table, owner)
    tasks.advance(again.pk)
    tend()
    second = Batch.objects.get(run=again)
    running.cancel(again)
    tend_until(lambda: not Batch.objects.open().exists())
    second.refresh_from_db()
    assert second.counts["canceled"] == 2
    assert Cell.objects.filter(table=table, state="done").count() == CELLS
    assert table.cells.stale().count() == 2


def test_cancelled_before_it_was_sent_it_is_not_sent(table, owner, emulator):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    running.cancel(run)
    tend()

    assert Batch.objects.get().state == Batch.State.FAILED
    assert set(table.cells.values_list("state", flat=True)) == {"missing"}


def test_batches_are_split_where_they_would_be_too_large(table, owner, monkeypatch):
    monkeypatch.setattr(planning, "MOST_REQUESTS", 3)
    run = running.start(table, owner)
    tasks.advance(run.pk)
    assert sorted(run.batches.values_list("requests", flat=True)) == [1, 3]
    running.cancel(run)
    tend()

    monkeypatch.setattr(planning, "MOST_REQUESTS", 100)
    monkeypatch.setattr(planning, "LARGEST", 10_000)
    run = running.start(table, owner)
    tasks.advance(run.pk)
    assert run.batches.count() > 1
    assert sum(run.batches.values_list("requests", flat=True)) == CELLS


def test_money_is_set_aside_while_a_batch_is_on_its_way(table, owner, emulator):
    Budget.objects.create(workspace=table.workspace, period="day", limit_usd="10")
    pace(emulator, hold=True)
    run, _batch = started(table, owner)

    kept = Reservation.objects.live().get()
    assert kept.usd > run.estimate_usd
    assert kept.usd == worst(table)
    assert kept.expires_at > timezone.now() + timedelta(hours=24)
    pace(emulator)
    go_on(run)
    assert not Reservation.objects.exists()


def worst(table, cells=CELLS):
    """What so many requests for cells cost at most; these documents are as long as each other."""
    run = Run(table=table, started_by=table.created_by)
    connection = connect(table.workspace)
    usd = Decimal(0)
    for cell in table.cells.all()[:cells]:
        sources = planning.sources_of(cell.row.document.current, run, connection)
        asked = planning.question(run, sources, cell.column.asked, connection)
        usd += gate.worst_case(engine.build(asked), claude_models.get(MODEL)).usd / 2
    return usd


def budget(table, usd):
    """A budget that bears so much; all of it, down to the last places that are kept."""
    return Budget.objects.create(
        workspace=table.workspace,
        period="day",
        limit_usd=usd.quantize(Decimal("0.000001"), ROUND_UP),
    )


def test_what_a_budget_does_not_bear_at_its_worst_is_sent_in_parts(table, owner, emulator):
    pace(emulator, hold=True)
    run = running.start(table, owner)
    tasks.advance(run.pk)
    budget(table, worst(table, 2) + worst(table, 1) / 2)
    tend()
    tend()

    sent, waiting = run.batches.order_by("pk")
    assert (sent.state, waiting.state) == ("sent", "intended")
    assert (sent.requests, waiting.requests) == (2, 2)
    assert sent.items.values("version").distinct().count() == 1, "a document stays together"
    assert Reservation.objects.live().get().usd == worst(table, 2)
    run.refresh_from_db()
    assert "may not allow" in run.notice
    assert waiting.look_at is None or waiting.look_at <= timezone.now() + timedelta(minutes=1)

    pace(emulator)
    go_on(run)
    assert table.counts()["done"] == CELLS
    assert made(emulator) >= CELLS
    assert not Reservation.objects.exists()


def test_within_a_document_it_is_parted_where_even_that_is_too_much(table, owner, emulator):
    pace(emulator, hold=True)
    run = running.start(table, owner)
    tasks.advance(run.pk)
    budget(table, worst(table, 1) * Decimal("1.5"))
    tend()

    assert sorted(run.batches.values_list("requests", flat=True)) == [1, 3]


def test_the_end_of_a_part_wakes_the_next(table, owner, emulator):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    budget(table, worst(table, 2) + worst(table, 1) / 2)
    tend()
    first, waiting = run.batches.order_by("pk")
    assert waiting.look_at > timezone.now()

    while first.state != "ended":
        Batch.objects.filter(pk=first.pk).update(look_at=None, lease_until=None)
        tasks.tend(first.pk)
        first.refresh_from_db()
    waiting.refresh_from_db()
    assert waiting.look_at is None


def test_a_budget_that_bears_not_one_request_fails_the_cells_with_its_sentence(
    table, owner, emulator
):
    run = running.start(table, owner)
    tasks.advance(run.pk)
    budget(table, worst(table, 1) / 2)
    tend()

    run.refresh_from_db()
    assert not run.running
    assert table.counts()["failed"] == CELLS
    assert "is left" in table.cells.first().error
    assert not Reservation.objects.exists()


def test_two_runs_never_count_on_the_same_money(table, owner, emulator):
    pace(emulator, hold=True)
    first = running.start(table, owner, cells=list(table.cells.all()[:2]))
    second = running.start(table, owner)
    for run in (first, second):
        tasks.advance(run.pk)
    allowed = budget(table, worst(table) + worst(table, 1) / 2).limit_usd
    other = tables.make(
        table.workspace,
        owner,
        title="B",
        model=MODEL,
        mode="batch",
        documents=list(table.documents),
        columns=[LAW],
    )
    third = running.start(other, owner)
    tasks.advance(third.pk)
    tend()

    set_aside = Reservation.objects.live().aggregate(usd=Sum("usd"))["usd"]
    assert set_aside <= allowed
    states = Batch.objects.order_by("state").values_list("state", flat=True)
    assert list(states) == ["intended", "sent", "sent"]
    pace(emulator)
    for run in (first, second, third):
        go_on(run)
    assert other.counts()["done"] == 2


def test_the_answer_is_to_the_question_as_it_was_sent(table, owner, emulator):
    pace(emulator, hold=True)
    run, _batch = started(table, owner)
    column = table.columns.get(title="Law")
    tables.edit_column(column, books.Asked("Law", "Whose law governs?", Kind.TEXT))
    pace(emulator)
    go_on(run)

    cell = table.cells.filter(column=column).select_related("answer").first()
    assert (cell.answer.question, cell.column_version) == (LAW.question, 1)
    assert table.cells.stale().count() == 2


def test_one_worker_at_a_time_tends_a_batch(table, owner, emulator):
    _run, batch = started(table, owner)
    assert batch.claim(timezone.now() + batches.LEASE)
    tasks.tend(batch.pk)

    batch.refresh_from_db()
    assert batch.state == Batch.State.SENT
    assert BatchItem.objects.filter(state="waiting").count() == CELLS


def test_a_batch_is_fetched_with_the_key_it_was_sent_with(table, owner, emulator, settings):
    settings.ANTHROPIC_BASE_URL = emulator.url
    settings.ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)
    ClaudeKey.put(table.workspace, "sk-first", owner)
    pace(emulator, hold=True)
    run, batch = started(table, owner)
    ClaudeKey.put(table.workspace, "sk-second", owner)
    pace(emulator)
    go_on(run)

    assert batch.account != connect(table.workspace).account
    assert Cell.objects.filter(table=table, state="done").count() == CELLS


def test_a_document_too_long_to_be_read_whole_is_searched_live(table, owner, emulator):
    ClaudeModel.objects.filter(key=MODEL).update(prompt_cap=5_000)
    claude_model.forget()
    long = upload(table.workspace, owner, "It is so. " * 4000 + CONTRACT, "long.txt")
    read(long)
    tables.add_documents(table, [long])
    run = running.start(table, owner)
    tasks.advance(run.pk)
    assert Batch.objects.get().requests == CELLS

    while write_next():
        for answer in Answer.objects.filter(pending_cell__isnull=False):
            tasks.settle(answer.pk)
    go_on(run)

    fee = Cell.objects.to_show().get(row__document=long, column__title="Fee")
    assert (fee.answer.mode, fee.value) == ("search", {"amount": "12000", "currency": "EUR"})


def test_cells_of_a_document_that_was_deleted_are_given_back(table, owner):
    run = running.start(table, owner, mode="live")
    for row in table.rows.all():
        row.document.mark_deleted(owner)

    tasks.advance(run.pk)

    run.refresh_from_db()
    assert run.state == Run.State.ENDED
    assert set(table.cells.values_list("state", flat=True)) == {"missing"}


def test_while_one_worker_plans_a_batch_another_asks_nothing_live(table, owner):
    run = running.start(table, owner)
    assert run.claim(timezone.now() + batches.LEASE)

    tasks.advance(run.pk)

    assert not Answer.objects.exists()
    run.let_go()
    go_on(run)
    assert (
        not ApiCall.objects.filter(purpose="answer")
        .exclude(answer__lease_owner="")
        .exclude(answer__lease_owner__startswith="batch")
    )
