"""The emulator's message batches, as the SDK sees them."""

from __future__ import annotations

import time

import anthropic
import pytest

from tests.emulator_support import LEASE, Emulator, asking, document


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture
def emulator(server):
    pace(server)
    yield server
    pace(server)
    server.forget_faults()


def pace(server, **told):
    assert server.call("POST", "/emulator/batches", told)[0] == 200


def one(question="Which law governs?", **more):
    text = document(LEASE * 8, cache_control={"type": "ephemeral", "ttl": "1h"})
    return asking(question, text, **more)


def requests(*bodies):
    return [{"custom_id": f"item-{n}", "params": body} for n, body in enumerate(bodies)]


def ended(client, batch):
    until = time.monotonic() + 10
    while batch.processing_status != "ended":
        assert time.monotonic() < until
        time.sleep(0.01)
        batch = client.messages.batches.retrieve(batch.id)
    return batch


def results(client, batch):
    return {line.custom_id: line.result for line in client.messages.batches.results(batch.id)}


def test_a_batch_is_answered_like_messages_at_the_batch_tier_and_shares_the_cache(emulator):
    client = emulator.client()
    made = client.messages.batches.create(requests=requests(one(), one("How long is the term?")))
    found = results(client, ended(client, made))

    first, second = (found[f"item-{n}"].message for n in range(2))
    assert "Oregon" in "".join(block.text for block in first.content if block.type == "text")
    assert first.usage.service_tier == second.usage.service_tier == "batch"
    assert first.usage.cache_creation.ephemeral_1h_input_tokens > 0
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens


def test_all_counts_but_processing_are_zero_until_the_end(emulator):
    pace(emulator, hold=True)
    client = emulator.client()
    made = client.messages.batches.create(requests=requests(one(), one(max_tokens=0)))

    assert made.processing_status == "in_progress"
    assert made.request_counts.to_dict() == {
        **{"processing": 2, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    }
    assert made.results_url is None
    with pytest.raises(anthropic.AnthropicError):
        client.messages.batches.results(made.id)
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.delete(made.id)
    pace(emulator)
    done = ended(client, made)
    counts = done.request_counts
    assert (counts.processing, counts.succeeded, counts.errored) == (0, 1, 1)
    assert done.results_url.startswith("/v1/")


def test_results_come_in_another_order(emulator):
    client = emulator.client()
    bodies = [one(max_tokens=0)] * 20
    made = ended(client, client.messages.batches.create(requests=requests(*bodies)))

    ids = [line.custom_id for line in client.messages.batches.results(made.id)]
    assert sorted(ids) == sorted(f"item-{n}" for n in range(20))
    assert ids != [f"item-{n}" for n in range(20)]


@pytest.mark.parametrize(
    "wrong",
    [{"stream": True}, {"speed": "fast"}, {"max_tokens": 0}, {"temperature": 0}, {"model": "x"}],
)
def test_what_is_wrong_with_a_request_is_its_own_error_within_another(emulator, wrong):
    client = emulator.client()
    body = one() | wrong
    made = ended(client, client.messages.batches.create(requests=requests(body)))

    (result,) = results(client, made).values()
    assert result.type == "errored"
    assert result.error.type == "error"
    assert result.error.error.type in ("invalid_request_error", "not_found_error")
    assert result.error.request_id.startswith("req_")


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [{"custom_id": "a b", "params": {}}],
        [{"custom_id": "a" * 65, "params": {}}],
        [{"custom_id": "a", "params": {}}, {"custom_id": "a", "params": {}}],
        [{"custom_id": "a"}],
    ],
)
def test_a_batch_with_bad_ids_is_not_made(emulator, listed):
    client = emulator.client()
    before = len(client.messages.batches.list().data)

    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=listed)
    assert len(client.messages.batches.list().data) == before


def test_what_is_not_done_within_a_day_expires(emulator):
    pace(emulator, hold=True)
    client = emulator.client()
    made = client.messages.batches.create(requests=requests(one()))
    emulator.advance(24 * 3600)

    (result,) = results(client, ended(client, made)).values()
    assert result.type == "expired"


def test_a_cancelled_batch_keeps_what_is_done(emulator):
    pace(emulator, seconds=60)
    client = emulator.client()
    before = emulator.requests(1)["counts"].get("batch_item", 0)
    made = client.messages.batches.create(requests=requests(one(max_tokens=0)))
    while emulator.requests(1)["counts"].get("batch_item", 0) == before:
        time.sleep(0.01)
    time.sleep(0.3)
    pace(emulator, hold=True)
    other = client.messages.batches.create(requests=requests(one()))

    assert client.messages.batches.cancel(made.id).cancel_initiated_at is not None
    assert client.messages.batches.cancel(other.id).processing_status in ("canceling", "ended")

    assert results(client, ended(client, made))["item-0"].type == "errored"
    assert results(client, ended(client, other))["item-0"].type == "canceled"


def test_batches_are_listed_newest_first_and_belong_to_an_account(emulator):
    client, other = emulator.client("sk-lists"), emulator.client("sk-other")
    made = [
        client.messages.batches.create(requests=requests(one(max_tokens=0))).id for _ in range(3)
    ]

    assert [batch.id for batch in client.messages.batches.list(limit=2)] == made[::-1]
    assert [batch.id for batch in client.messages.batches.list(before_id=made[0])] == made[:0:-1]
    assert not other.messages.batches.list().data
    with pytest.raises(anthropic.NotFoundError):
        other.messages.batches.retrieve(made[0])
    ended(client, client.messages.batches.retrieve(made[0]))
    assert client.messages.batches.delete(made[0]).type == "message_batch_deleted"


def test_a_batch_goes_on_after_a_restart(tmp_path):
    first = Emulator(tmp_path)
    pace(first, hold=True)
    made = first.client().messages.batches.create(requests=requests(one()))
    first.stop()

    again = Emulator(tmp_path)
    try:
        client = again.client()
        batch = ended(client, client.messages.batches.retrieve(made.id))
        assert batch.request_counts.succeeded == 1
    finally:
        again.stop()


def test_a_fault_meets_one_request_of_a_batch(emulator):
    emulator.faults({"kind": "overloaded", "path": "batch_item"})
    client = emulator.client()
    made = ended(client, client.messages.batches.create(requests=requests(one(), one())))

    kinds = sorted(result.type for result in results(client, made).values())
    assert kinds == ["errored", "succeeded"]


def test_a_connection_that_breaks_leaves_the_batch_made(emulator):
    client = emulator.client("sk-breaks")
    emulator.faults({"kind": "reset", "path": "batches"})

    with pytest.raises(anthropic.APIConnectionError):
        client.messages.batches.create(requests=requests(one(max_tokens=0)))
    assert len(client.messages.batches.list().data) == 1
