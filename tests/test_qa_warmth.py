"""What the ledger knows of Claude's cache: two users share it, and when it runs out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from qa import asking, warmth
from qa.claude import connect
from qa.engine import Lifetimes, catalogue
from qa.models import ApiCall, Thread
from tests.asked import put, written
from tests.conftest import CONTRACT, read, upload

pytestmark = pytest.mark.django_db(transaction=True)
LONG = CONTRACT + "".join(f"\n{n}. Clause {n} is left blank on purpose.\n" for n in range(5, 400))
SONNET = catalogue.get("claude-sonnet-5-5").rates


@pytest.fixture
def contract(workspace, owner):
    made = upload(workspace, owner, LONG)
    read(made)
    return made


def asked(document, by, question="Which law governs?", **fields):
    """The ledger's row of a question that was asked and answered."""
    answer = written(put(document, by, question, **fields))
    assert answer.status == answer.Status.DONE, answer.error
    return answer.calls.get(purpose=ApiCall.Purpose.ANSWER)


def document_tokens(document):
    return document.current.token_counts.get().tokens


def earlier(seconds, **only):
    """Lets so much time pass since what the ledger holds."""
    for call in ApiCall.objects.filter(**only):
        call.at -= timedelta(seconds=seconds)
        if call.warm_until:
            call.warm_until -= timedelta(seconds=seconds)
        call.save()


def test_two_users_who_ask_about_the_same_document_share_the_prefix(
    emulator, contract, owner, mate
):
    first = asked(contract, owner)
    second = asked(contract, mate, "Who may terminate this agreement?")
    tokens = document_tokens(contract)
    assert first.cache_write_5m_tokens > tokens
    assert second.cache_read_tokens >= tokens
    assert second.cache_write_5m_tokens < 100
    assert second.prefix == first.prefix != ""
    sent = [row["body"] for row in emulator.requests(2)["requests"]]
    blocks = [body["messages"][0]["content"][0] for body in sent]
    assert blocks[0] == blocks[1]
    assert blocks[0]["source"]["type"] == "file"


def test_two_users_share_a_folder_whatever_order_they_choose_it_in(
    emulator, workspace, owner, mate
):
    documents = [upload(workspace, owner, LONG + f"\n{n}.", f"{n}.txt") for n in range(3)]
    for document in documents:
        read(document)
    rows = []
    for by, chosen in ((owner, documents), (mate, documents[::-1])):
        thread = Thread.objects.create(workspace=workspace, author=by, title="Folder")
        answer, _new = asking.ask(
            question="Which law governs?",
            documents=chosen,
            model="claude-sonnet-5-5",
            workspace=workspace,
            by=by,
            thread=thread,
        )
        rows.append(written(answer).calls.get(purpose=ApiCall.Purpose.ANSWER))
    assert rows[0].prefix == rows[1].prefix
    assert rows[1].cache_read_tokens >= sum(map(document_tokens, documents))


def test_another_account_does_not_share_it(emulator, contract, owner):
    call = asked(contract, owner)
    other = replace(connect(), account="another")
    shared = type("Request", (), {"prefix": "the same"})()
    assert warmth.named(connect(), shared) != warmth.named(other, shared)
    assert warmth.of(call.prefix)


def test_a_document_is_warm_for_five_minutes_from_the_start_of_the_request(
    emulator, contract, owner
):
    call = asked(contract, owner)
    began = call.at - timedelta(milliseconds=call.total_ms)
    assert call.prefix_ttl == "5m"
    assert abs(call.warm_until - began - timedelta(minutes=5)) < timedelta(seconds=1)
    assert 290 < warmth.of(call.prefix).seconds_left < 301
    earlier(301)
    assert warmth.of(call.prefix) is None


def test_a_hit_makes_it_warm_for_as_long_again_as_it_was_written_for(emulator, contract, owner):
    call = asked(contract, owner)
    ApiCall.objects.filter(pk=call.pk).update(prefix_ttl="1h")
    earlier(200)
    again = asked(contract, owner, "Who may terminate?")
    assert again.prefix_ttl == "1h"
    assert 3_590 < warmth.of(call.prefix).seconds_left < 3_601


def test_what_is_too_short_to_be_cached_is_never_warm(emulator, document, owner):
    answer = written(put(document, owner, model="claude-haiku-4-5-20251001"))
    call = answer.calls.get(purpose=ApiCall.Purpose.ANSWER)
    assert call.prefix
    assert call.warm_until is None
    assert warmth.of(call.prefix) is None


def test_a_request_that_failed_leaves_nothing_warm(emulator, contract, owner):
    emulator.faults({"kind": "billing", "path": "messages"})
    answer = written(put(contract, owner))
    call = answer.calls.filter(purpose=ApiCall.Purpose.ANSWER).first()
    assert answer.status == answer.Status.FAILED
    assert call.warm_until is None


# how long it is kept ---------------------------------------------------------------------------


def expected(contract, thread=None):
    prefix = ApiCall.objects.exclude(prefix="").values_list("prefix", flat=True).first() or ""
    return warmth.lifetimes(contract.workspace, thread, prefix, SONNET)


def test_a_first_question_is_kept_for_five_minutes(emulator, contract):
    assert expected(contract) == Lifetimes("5m", "5m")


def test_who_comes_back_after_five_minutes_pays_for_the_hour(emulator, contract, owner):
    call = asked(contract, owner)
    assert expected(contract, call.thread) == Lifetimes("5m", "5m")
    earlier(20 * 60)
    emulator.advance(20 * 60)
    assert expected(contract, call.thread) == Lifetimes("1h", "1h")
    again = asked(contract, owner, "Who may terminate?", thread=call.thread, follows=call.answer)
    assert again.cache_write_1h_tokens > document_tokens(contract)
    assert again.cache_write_5m_tokens == 0
    assert 3_500 < warmth.of(again.prefix).seconds_left < 3_601


def test_a_new_thread_over_documents_others_return_to_keeps_its_own_turns_shorter(
    emulator, contract, owner, mate
):
    theirs = asked(contract, owner)
    earlier(20 * 60)
    emulator.advance(20 * 60)
    mine = asked(contract, mate)
    assert mine.cache_write_1h_tokens > document_tokens(contract)
    assert expected(contract, theirs.thread).documents == "1h"
    assert expected(contract, mine.thread) == Lifetimes("1h", "5m")


def test_what_is_usual_in_the_workspace_is_expected_of_new_documents(emulator, contract, owner):
    call = asked(contract, owner)
    for n in range(1, 4):
        ApiCall.objects.create(
            purpose=ApiCall.Purpose.ANSWER,
            backend="emulator",
            workspace=contract.workspace,
            prefix=call.prefix,
            at=timezone.now() - timedelta(days=3, minutes=20 * n),
        )
    ApiCall.objects.filter(pk=call.pk).delete()
    assert warmth.lifetimes(contract.workspace, None, "", SONNET) == Lifetimes("1h", "1h")
    elsewhere = Workspace.found("Elsewhere", owner)
    assert warmth.lifetimes(elsewhere, None, "", SONNET) == Lifetimes("5m", "5m")


# why it was missed -----------------------------------------------------------------------------


def test_the_ledger_keeps_why_a_conversation_could_not_read_its_cache(emulator, contract, owner):
    call = asked(contract, owner)
    assert call.message_id.startswith("msg_")
    assert call.cache_miss_reason == ""
    contract.title = "Renamed"
    contract.save()
    again = asked(contract, owner, "Who may terminate?", thread=call.thread, follows=call.answer)
    assert again.cache_miss_reason == "messages_changed"
    assert again.cache_missed_tokens >= document_tokens(contract)
    assert again.prefix != call.prefix
    third = asked(contract, owner, "And when?", thread=call.thread, follows=again.answer)
    assert (third.cache_miss_reason, third.cache_missed_tokens) == ("", 0)
    assert emulator.requests(1)["requests"][0]["body"]["diagnostics"] == {
        "previous_message_id": again.message_id
    }


def test_another_model_is_a_reason(emulator, contract, owner):
    call = asked(contract, owner)
    again = asked(
        contract,
        owner,
        "Who may terminate?",
        thread=call.thread,
        follows=call.answer,
        model="claude-opus-5-5",
    )
    assert again.cache_miss_reason == "model_changed"


def test_a_model_that_comes_back_looks_for_what_it_left_itself(emulator, contract, owner):
    first = asked(contract, owner)
    talk = {"thread": first.thread}
    other = asked(
        contract, owner, "And when?", **talk, follows=first.answer, model="claude-opus-5-5"
    )
    back = asked(contract, owner, "Who may end it?", **talk, follows=other.answer)
    assert back.parameters["diagnostics"]["previous_message_id"] == first.message_id
    assert back.cache_miss_reason == ""
    counted = contract.current.token_counts.get(model="claude-sonnet-5-5").tokens
    assert back.cache_read_tokens >= counted
