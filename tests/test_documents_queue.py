"""Whose turn it is: nobody waits behind another's whole heap."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents import tasks
from documents.models import Document, Version
from documents.reading import ingest_due, ingest_version
from tests.conftest import upload

QUICK = Version.Lane.QUICK


def heap(workspace, by, count, word):
    return [upload(workspace, by, f"{word} {n}.", f"{word} {n}.txt") for n in range(count)]


def order_read():
    done = Version.objects.ready().order_by("begun_at", "ready_at")
    return [version.name.split()[0] for version in done]


def test_two_heaps_are_read_in_turns_though_one_came_first(workspace, owner, mate):
    heap(workspace, owner, 6, "owner")
    heap(workspace, mate, 4, "mate")
    while ingest_due(QUICK):
        pass
    assert order_read() == ["owner", "mate"] * 4 + ["owner"] * 2


def test_ones_own_heap_is_read_in_the_order_it_came(workspace, owner):
    names = [document.title for document in heap(workspace, owner, 5, "owner")]
    assert ingest_due(QUICK, seconds=60) == 5
    assert list(Version.objects.order_by("begun_at").values_list("name", flat=True)) == names


def test_who_has_the_fewest_being_read_comes_first(workspace, owner, mate):
    heap(workspace, owner, 3, "owner")
    heap(workspace, mate, 3, "mate")
    first = Version.objects.next_due(QUICK)
    assert first.claim("one")
    second = Version.objects.next_due(QUICK)
    assert {first.uploaded_by, second.uploaded_by} == {owner, mate}
    assert second.claim("two")
    # the owner's ends, the mate's long one goes on: the next is the owner's again
    first.fail("broken", "Broken.")
    assert Version.objects.next_due(QUICK).uploaded_by == first.uploaded_by


def test_a_newcomer_does_not_wait_and_does_not_take_over(workspace, owner, mate):
    heap(workspace, owner, 6, "owner")
    for _turn in range(3):
        ingest_due(QUICK)
    heap(workspace, mate, 2, "mate")
    while ingest_due(QUICK):
        pass
    assert order_read() == ["owner"] * 3 + ["mate", "owner", "mate", "owner", "owner"]


def test_what_a_dead_worker_left_is_taken_up_first(workspace, owner, mate):
    heap(workspace, mate, 2, "mate")
    [left] = heap(workspace, owner, 1, "owner")
    left.current.claim("dead")
    assert Version.objects.next_due(QUICK).uploaded_by == mate
    Version.objects.filter(pk=left.current.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert Version.objects.next_due(QUICK) == left.current


def test_deleted_documents_hold_nobody_up(workspace, owner, mate):
    for document in heap(workspace, owner, 3, "owner"):
        document.mark_deleted(owner)
    [waiting] = heap(workspace, mate, 1, "mate")
    assert Version.objects.next_due(QUICK) == waiting.current
    waiting.mark_deleted(mate)
    assert Version.objects.next_due(QUICK) is None
    assert ingest_due(QUICK) == 0


def test_the_lanes_do_not_wait_for_each_other(workspace, owner):
    quick, slow = heap(workspace, owner, 2, "owner")
    Version.objects.filter(pk=slow.current.pk).update(lane=Version.Lane.SLOW)
    assert Version.objects.next_due(Version.Lane.SLOW) == slow.current
    assert ingest_due(QUICK, seconds=60) == 1
    assert Version.objects.ready().get() == quick.current


def test_a_version_of_nobody_known_has_its_turn_too(workspace, owner):
    heap(workspace, owner, 2, "owner")
    [nobodys] = heap(workspace, owner, 1, "nobodys")
    Version.objects.filter(pk=nobodys.current.pk).update(uploaded_by=None)
    ingest_due(QUICK)
    ingest_due(QUICK)
    assert set(order_read()) == {"owner", "nobodys"}


def test_a_hint_reads_what_has_its_turn_and_what_follows_while_it_is_quick(workspace, owner, mate):
    documents = heap(workspace, owner, 3, "owner") + heap(workspace, mate, 1, "mate")
    tasks.ingest(documents[-1].current.pk)
    assert Version.objects.ready().count() == 4
    tasks.ingest(documents[0].current.pk)  # a hint that came late does nothing


def test_while_others_wait_to_be_read_what_is_ready_is_left_to_the_sweep_to_index(
    workspace, owner, monkeypatch
):
    sent, documents = [], heap(workspace, owner, 3, "owner")
    monkeypatch.setattr(tasks.index, "delay", sent.append)
    tasks.ingest(documents[0].current.pk)
    assert sent == [documents[-1].current.pk]
    sent.clear()
    tasks.sweep()
    assert sent == [document.current.pk for document in documents]


@pytest.mark.django_db(transaction=True)
def test_two_threads_read_each_version_once_and_share_out_the_heaps(workspace, owner, mate):
    heap(workspace, owner, 8, "owner")
    heap(workspace, mate, 8, "mate")
    counts = []

    def work():
        try:
            counts.append(ingest_due(QUICK, seconds=60))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 16
    assert set(Version.objects.values_list("attempts", "status")) == {(1, "ready")}
    # whoever has none being read is next, however long the other's first one takes
    assert set(order_read()[:2]) == {"owner", "mate"}


@pytest.fixture
def many(workspace, owner, mate):
    """20,000 versions, half of them read, the others waiting."""
    [document] = heap(workspace, owner, 1, "owner")
    blob = document.current.blob
    rows = [
        Document(workspace=workspace, title=f"{n}", uploaded_by=owner if n % 2 else mate)
        for n in range(20_000)
    ]
    Document.objects.bulk_create(rows, 2000)
    begun = timezone.now() - timedelta(days=1)
    Version.objects.bulk_create(
        [
            Version(
                document=row,
                blob=blob,
                uploaded_by=row.uploaded_by,
                status="ready" if n < 10_000 else "queued",
                begun_at=begun if n < 10_000 else None,
            )
            for n, row in enumerate(rows)
        ],
        2000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan(query):
    with connection.cursor() as cursor:
        prefix = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        cursor.execute(prefix + query)
        return "\n".join(str(row) for row in cursor.fetchall())


@pytest.mark.slow
def test_choosing_looks_at_no_table_from_end_to_end(many):
    with CaptureQueriesContext(connection) as asked:
        assert Version.objects.next_due(QUICK) is not None
        list(Version.objects.waiting(QUICK)[:20])
        list(Version.objects.abandoned(QUICK)[:20])
    assert len(asked) < 10
    for query in asked:
        steps = plan(query["sql"])
        assert not re.search(r"Seq Scan|SCAN documents_version(?! USING)", steps), steps


@pytest.mark.slow
def test_what_waits_to_be_found_is_chosen_without_a_look_at_what_is_found_already(many):
    Version.objects.filter(status="ready").update(indexed_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as asked:
        assert not Version.objects.to_index().exists()
    # PostgreSQL may think so few worth a look at all of them
    assert connection.vendor != "sqlite" or "version_unindexed" in plan(asked[0]["sql"])


def test_a_version_named_to_be_read_is_read_whoever_has_the_turn(workspace, owner, mate):
    heap(workspace, owner, 2, "owner")
    [mine] = heap(workspace, mate, 1, "mate")
    assert ingest_version(mine.current)
    assert mine.current.status == "ready"
