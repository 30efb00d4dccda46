"""The engine end to end over HTTP: documents in, verified citations out."""

import threading
import time
from dataclasses import replace

import pytest

from qa.engine import (
    AnswerBlock,
    Cited,
    EngineError,
    Finished,
    Interrupt,
    Interrupted,
    Question,
    Source,
    SourceText,
    StoredCitation,
    Text,
    Turn,
    build,
    catalogue,
    count,
    count_params,
    frame_params,
    make_client,
    resolve,
    run,
)
from tests.emulator_support import Emulator

CLAUSE = (
    "{n}. The {party} – “the {role} No. {n}” 🏛 – shall pay the\n  annual fee of EUR {fee} "
    "to the Licensor’s account within {days} days of the invoice.\n"
    "Late payment of the fee bears interest at {n} percent.\n\n"
)
LICENCE = "LICENCE AGREEMENT\n\n" + "".join(
    CLAUSE.format(n=n, party=f"Société {n}", role="Licensee", fee=n * 1_000, days=n + 10)
    for n in range(1, 60)
)
LEASE = (
    "LEASE\n\n1. Term. The term of this Lease is five years, beginning on March 1, 2024.\n"
    "2. Law. This Lease is governed by the laws of the State of Oregon.\n"
)
TEXTS = {"licence": LICENCE, "lease": LEASE}
INLINE = (Source("licence", "Licence.pdf", text=LICENCE), Source("lease", "Lease.pdf", text=LEASE))
FEE = Question(
    "What is the annual fee of Société 7, and when is it due?", catalogue.DEFAULT, INLINE
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator):
    emulator.forget_faults()
    client = make_client("sk-test", emulator.url)
    yield client
    client.close()


def load(version):
    return SourceText(version, version, TEXTS[version])


def ask(client, question):
    """The whole answer: its text, its resolved citations, and its last event."""
    request = build(question)
    events = list(run(client, request))
    cited = [resolve(e.raw, request.document_map, load) for e in events if isinstance(e, Cited)]
    return "".join(e.text for e in events if isinstance(e, Text)), cited, events[-1]


def as_turn(question, events):
    """A finished answer as the history of the next question."""
    document_map = build(question).document_map
    blocks: dict[int, tuple[list[str], list[StoredCitation]]] = {}
    for event in events:
        if isinstance(event, Text):
            blocks.setdefault(event.block, ([], []))[0].append(event.text)
        elif isinstance(event, Cited):
            found = resolve(event.raw, document_map, load)
            stored = StoredCitation(
                found.version, found.title, found.start, found.end, found.cited_text
            )
            blocks.setdefault(event.block, ([], []))[1].append(stored)
    answer = (AnswerBlock("".join(texts), tuple(cited)) for texts, cited in blocks.values())
    return Turn(question.text, tuple(answer))


def test_an_answer_is_cited_to_its_exact_characters(client):
    text, cited, finished = ask(client, FEE)
    assert text
    assert cited
    assert isinstance(finished, Finished)
    assert finished.usage.output_tokens > 0
    assert catalogue.cost(finished.usage, catalogue.get(FEE.model)) > 0
    for citation in cited:
        assert citation.state == "exact"
        source = TEXTS[citation.version]
        assert source[citation.start : citation.end] == citation.cited_text
        assert citation.cited_text == citation.cited_text.strip()
    assert any("EUR 7000" in citation.cited_text for citation in cited)


def test_stored_files_are_cited_like_inline_text(client):
    sources = []
    for version, text in TEXTS.items():
        file = client.sdk.files.upload(file=(f"{version}.txt", text.encode(), "text/plain"))
        sources.append(Source(version, f"{version}.pdf", file_id=file.id))
    text, cited, _ = ask(client, replace(FEE, sources=tuple(sources)))
    assert text
    assert {citation.state for citation in cited} == {"exact"}


def test_each_question_reads_all_of_the_one_before_from_the_cache(client):
    questions = (
        "What interest does late payment by Société 9 bear?",
        "And who is No. 12?",
        "What is the term of the lease?",
    )
    history, before = (), None
    for text in questions:
        question = replace(FEE, text=text, history=history)
        events = list(run(client, build(question)))
        usage = events[-1].usage
        if before is not None:
            assert usage.cache_read_input_tokens == before.prompt_tokens
            assert catalogue.saved(usage, catalogue.get(FEE.model)) > 0
        history, before = (*history, as_turn(question, events)), usage


@pytest.mark.parametrize("model", catalogue.SELECTABLE)
def test_every_selectable_model_takes_the_request(client, model):
    for effort in (None, "low", "max"):
        question = Question("What is the term?", model, INLINE[1:], effort=effort)
        _, cited, finished = ask(client, question)
        assert cited
        assert finished.stop_reason == "end_turn"


@pytest.mark.parametrize("model", catalogue.SELECTABLE)
def test_the_catalogue_agrees_with_the_list_of_models(client, model):
    known = catalogue.get(model)
    told = client.sdk.models.retrieve(known.id)
    assert (told.max_input_tokens, told.max_tokens) == (known.window, known.max_output)
    types = told.capabilities.thinking.types
    accepted = {kind for kind in types.to_dict() if getattr(types, kind).supported}
    assert accepted == known.thinking
    efforts = ("low", "medium", "high", "xhigh", "max")
    supported = {level for level in efforts if getattr(told.capabilities.effort, level).supported}
    assert supported == known.efforts


def test_counted_parts_add_up_to_what_the_request_read(client):
    total = count(client, frame_params(FEE)).tokens + sum(
        count(client, count_params(text, FEE.model)).tokens for text in TEXTS.values()
    )
    *_, finished = run(client, build(FEE))
    assert finished.usage.prompt_tokens == pytest.approx(total, rel=0.02)


@pytest.mark.parametrize(
    ("fault", "code", "temporary"),
    [
        ({"kind": "rate_limit", "retry_after": 2}, "rate_limit", True),
        ({"kind": "rate_limit", "retry_after": None}, "spend_limit", False),
        ({"kind": "overloaded"}, "overloaded", True),
        ({"kind": "api_error"}, "server_error", True),
        ({"kind": "billing"}, "billing", False),
        ({"kind": "auth"}, "bad_key", False),
        ({"kind": "too_long"}, "too_long", False),
        ({"kind": "mid_stream_error"}, "overloaded", True),
        ({"kind": "reset"}, "connection", True),
        ({"kind": "truncate"}, "truncated", True),
        ({"kind": "refusal"}, "refusal", False),
        ({"kind": "refusal", "with_text": True}, "refusal", False),
        ({"kind": "max_tokens"}, "max_tokens_without_text", False),
        ({"kind": "context_window"}, "context_window", False),
        ({"kind": "no_text"}, "no_answer", False),
    ],
    ids=lambda value: value.get("kind") if isinstance(value, dict) else None,
)
def test_misbehaviour_ends_in_a_code(emulator, client, fault, code, temporary):
    emulator.faults(fault)
    with pytest.raises(EngineError) as caught:
        ask(client, FEE)
    assert (caught.value.code, caught.value.temporary) == (code, temporary)
    assert caught.value.request_id


def test_a_missing_file_and_an_unknown_model_are_told_apart(client):
    gone = replace(FEE, sources=(Source("lease", "Lease.pdf", file_id="file_011gone"),))
    with pytest.raises(EngineError) as caught:
        ask(client, gone)
    assert caught.value.code == "file_missing"
    request = build(FEE)
    request.params["model"] = "claude-nonesuch"
    with pytest.raises(EngineError) as caught:
        list(run(client, request))
    assert caught.value.code == "not_found_model"


@pytest.mark.parametrize(
    "kind",
    [
        "offsets_utf16",
        "offsets_bytes",
        "offsets_off_by_one",
        "offsets_out_of_range",
        "quote_collapsed_whitespace",
        "quote_folded",
    ],
)
def test_wrong_offsets_and_changed_quotes_end_at_the_right_place(emulator, client, kind):
    _, right, _ = ask(client, FEE)
    emulator.faults({"kind": kind})
    _, wrong, _ = ask(client, FEE)
    assert [(c.version, c.start, c.end) for c in wrong] == [
        (c.version, c.start, c.end) for c in right
    ]
    assert {c.state for c in wrong} <= {"exact", "realigned"}
    assert "realigned" in {c.state for c in wrong}


def test_an_invented_quote_is_never_placed(emulator, client):
    emulator.faults({"kind": "quote_invented"})
    _, cited, _ = ask(client, FEE)
    assert {(c.state, c.start) for c in cited} == {("unverified", None)}


@pytest.mark.parametrize("kind", ["delay", "slow_first_byte", "silence"])
def test_a_silent_server_is_left_at_once(emulator, client, kind):
    emulator.faults({"kind": kind, "ms": 20_000})
    interrupt = Interrupt()
    stopped = []

    def stop():
        stopped.append(time.monotonic())
        interrupt.set()

    timer = threading.Timer(0.5, stop)
    timer.start()
    with pytest.raises(Interrupted):
        list(run(client, build(FEE), interrupt))
    assert time.monotonic() - stopped[0] < 5
    timer.join()
