"""Whose question is answered next: nobody waits behind another's whole heap."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from qa import tasks, turns
from qa.models import Answer
from tests.asked import put, wait_for


def heap(document, by, count):
    return [put(document, by, f"Which law governs clause {n}?") for n in range(count)]


def in_order():
    rows = Answer.objects.exclude(started_at=None).order_by("started_at")
    return [answer.author.name.split()[1].lower() for answer in rows.select_related("author")]


def taken():
    answer = Answer.objects.next_due()
    assert answer.claim("worker")
    return answer


def test_fifty_questions_of_one_do_not_stand_before_one_of_another(document, owner, mate):
    heap(document, owner, 50)
    [late] = heap(document, mate, 1)
    taken()
    assert taken() == late


def test_two_heaps_are_written_in_turns_though_one_came_first(emulator, document, owner, mate):
    heap(document, owner, 4)
    heap(document, mate, 3)
    while turns.write_next():
        pass
    assert in_order() == ["owner", "mate"] * 3 + ["owner"]


def test_ones_own_questions_are_answered_in_the_order_they_were_asked(document, owner):
    asked = heap(document, owner, 4)
    assert [taken() for _turn in asked] == asked


def test_who_has_the_fewest_being_written_comes_first(document, owner, mate):
    heap(document, owner, 3)
    heap(document, mate, 3)
    first, second = taken(), taken()
    assert {first.author, second.author} == {owner, mate}
    # the one ends, the other's goes on: the next is of the one whose ended
    first.fail("broken", "Broken.")
    assert Answer.objects.next_due().author == first.author


def test_one_that_waits_for_its_time_has_no_turn(document, owner, mate):
    [waiting] = heap(document, owner, 1)
    [ready] = heap(document, mate, 1)
    Answer.objects.filter(pk=waiting.pk).update(next_try_at=timezone.now() + timedelta(minutes=1))
    assert taken() == ready
    assert Answer.objects.next_due() is None


def test_what_a_dead_worker_left_is_taken_up_first(document, owner, mate):
    heap(document, mate, 2)
    [left] = heap(document, owner, 1)
    left.claim("dead")
    assert Answer.objects.next_due().author == mate
    Answer.objects.filter(pk=left.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert Answer.objects.next_due() == left


def test_one_person_does_not_get_all_threads_of_a_worker(
    emulator, document, owner, mate, monkeypatch, settings
):
    settings.ANSWER_THREADS = 3
    began = []
    monkeypatch.setattr(turns, "write_claimed", lambda answer: began.append(answer) or nested())

    def nested():
        turns.write_next()

    heap(document, owner, 5)
    [late] = heap(document, mate, 1)
    # each begins while those before it are still being written
    turns.write_next()
    assert [answer.author for answer in began] == [owner, mate, owner]
    assert late in began
    assert Answer.objects.filter(status="queued").count() == 3
    assert not any(turns._writing.values())


def test_a_hint_writes_what_has_its_turn_and_sends_one_for_what_follows(
    emulator, document, owner, mate, monkeypatch
):
    sent = []
    monkeypatch.setattr(tasks, "hint", sent.append)
    first, second = heap(document, owner, 2)
    [other] = heap(document, mate, 1)
    tasks.write_answer(second.pk)
    assert Answer.objects.get(status="done") == first
    assert sent == [other.pk]
    tasks.write_answer(first.pk)
    tasks.write_answer(first.pk)
    tasks.write_answer(first.pk)  # one that came too late does nothing
    assert sent == [other.pk, second.pk]
    assert Answer.objects.filter(status="done").count() == 3


@pytest.mark.django_db(transaction=True)
def test_threads_write_each_answer_once_and_share_out_the_turns(
    emulator, document, owner, mate, settings
):
    settings.ANSWER_THREADS = 4
    emulator.faults({"kind": "delay", "ms": 150, "path": "messages", "times": 40})
    heap(document, owner, 20)
    [late] = heap(document, mate, 1)
    counts = []

    def work():
        try:
            while turns.write_next():
                counts.append(1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: Answer.objects.get(pk=late.pk).started_at is not None)
    assert Answer.objects.filter(author=owner, started_at=None).count() >= 15
    for thread in threads:
        thread.join(60)
    # whoever finds only the author's questions who has all a worker gives one person, rests
    while turns.write_next():
        counts.append(1)
    assert sum(counts) == 21
    assert set(Answer.objects.values_list("attempts", "status")) == {(1, "done")}
