"""Faults on demand, what the SDK makes of them, and the books the emulator keeps of requests."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from tests.emulator_support import LEASE, Emulator, asking, document

QUESTION = asking("How much rent does the Tenant pay?", document(LEASE))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(shared: Emulator) -> Iterator[Emulator]:
    yield shared
    shared.forget_faults()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def citations(message: anthropic.types.Message) -> list[Any]:
    return [c for block in message.content if block.type == "text" for c in block.citations or []]


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", anthropic.RateLimitError),
        ("overloaded", anthropic.OverloadedError),
        ("api_error", anthropic.InternalServerError),
        ("billing", anthropic.PaymentRequiredError),
        ("auth", anthropic.AuthenticationError),
        ("too_long", anthropic.BadRequestError),
    ],
)
def test_an_error_is_raised_once(
    emulator: Emulator, client: anthropic.Anthropic, kind: str, error: type[Exception]
) -> None:
    emulator.faults({"kind": kind})
    with pytest.raises(error), client.messages.stream(**QUESTION) as stream:
        stream.until_done()
    assert client.messages.create(**QUESTION).stop_reason == "end_turn"


def test_an_overload_may_say_when_to_come_back(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "overloaded", "retry_after": 3})
    with pytest.raises(anthropic.OverloadedError) as overloaded:
        client.messages.create(**QUESTION)
    assert overloaded.value.response.headers["retry-after"] == "3"


@pytest.mark.parametrize(("after", "header"), [(7, "7"), (0.5, "0.5"), (None, None)])
def test_a_rate_limit_says_when_to_come_back_or_not(
    emulator: Emulator, client: anthropic.Anthropic, after: float | None, header: str | None
) -> None:
    emulator.faults({"kind": "rate_limit", "retry_after": after})
    with pytest.raises(anthropic.RateLimitError) as limited:
        client.messages.create(**QUESTION)
    assert limited.value.response.headers.get("retry-after") == header


def test_a_fault_is_consumed_by_requests_of_its_path(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "api_error", "path": "files", "times": 2})
    assert client.messages.create(**QUESTION).stop_reason == "end_turn"
    for _ in range(2):
        with pytest.raises(anthropic.InternalServerError):
            client.files.list()
    assert client.files.list().data == []


def test_a_wrong_fault_is_refused_and_none_is_queued(emulator: Emulator) -> None:
    for wrong in ({"kind": "gremlin"}, {"kind": "delay", "sec": 1}, {"kind": "delay", "ms": "1"}):
        faults = {"faults": [{"kind": "overloaded"}, wrong]}
        assert emulator.call("POST", "/emulator/faults", faults)[0] == 400
    assert emulator.call("GET", "/emulator/faults")[1] == {"faults": []}


def test_a_delay_holds_back_the_headers(emulator: Emulator, client: anthropic.Anthropic) -> None:
    emulator.faults({"kind": "delay", "ms": 300})
    started = time.monotonic()
    with client.messages.create(**QUESTION, stream=True):
        assert time.monotonic() - started >= 0.3


def test_a_slow_first_byte_sends_headers_and_pings(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "slow_first_byte", "ms": 400})
    started = time.monotonic()
    with client.messages.with_streaming_response.create(**QUESTION, stream=True) as response:
        headers = time.monotonic() - started
        lines = response.iter_lines()
        assert next(lines) == "event: ping"
        assert "event: message_start" in lines
        assert headers < 0.3
        assert time.monotonic() - started >= 0.4


def test_silence_is_filled_with_pings_and_ends(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "silence", "ms": 1_500})
    started = time.monotonic()
    with client.messages.with_streaming_response.create(**QUESTION, stream=True) as response:
        body = "\n".join(response.iter_lines())
    assert time.monotonic() - started >= 1.5
    assert body.count("event: ping") == 1 + 2
    assert "event: message_stop" in body


def test_a_mid_stream_error_has_status_200_and_a_type(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "mid_stream_error", "after": 2})
    with (
        pytest.raises(anthropic.APIStatusError) as failure,
        client.messages.stream(**QUESTION) as stream,
    ):
        stream.until_done()
    assert (failure.value.status_code, failure.value.type) == (200, "overloaded_error")
    assert failure.value.request_id


def test_a_reset_breaks_the_connection(emulator: Emulator, client: anthropic.Anthropic) -> None:
    emulator.faults({"kind": "reset", "after": 2})
    with pytest.raises(httpx2.ReadError), client.messages.stream(**QUESTION) as stream:
        stream.until_done()
    emulator.faults({"kind": "reset"})
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.create(**QUESTION)


def test_a_truncated_stream_ends_without_a_reason(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "truncate", "after": 3})
    with client.messages.stream(**QUESTION) as stream:
        received = list(stream.text_stream)
        assert stream.get_final_message().stop_reason is None
    assert len(received) == 3
    assert 0 < emulator.requests(1)["requests"][0]["usage"]["output_tokens"] < 60


@pytest.mark.parametrize("with_text", [False, True])
def test_a_refusal_is_billed_only_after_text(
    emulator: Emulator, client: anthropic.Anthropic, with_text: bool
) -> None:
    emulator.faults({"kind": "refusal", "with_text": with_text})
    with client.messages.stream(**QUESTION) as stream:
        refused = stream.get_final_message()
    assert refused.stop_reason == "refusal"
    assert refused.stop_details
    assert refused.stop_details.type == "refusal"
    assert bool(text_of(refused)) == with_text
    assert bool(refused.usage.output_tokens) == with_text


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("max_tokens", "max_tokens"),
        ("context_window", "model_context_window_exceeded"),
        ("no_text", "end_turn"),
    ],
)
def test_an_answer_may_end_without_text(
    emulator: Emulator, client: anthropic.Anthropic, kind: str, reason: str
) -> None:
    emulator.faults({"kind": kind})
    with client.messages.stream(**QUESTION) as stream:
        answer = stream.get_final_message()
    assert (answer.stop_reason, text_of(answer)) == (reason, "")


TRICKY = (
    "😀 Préambule – naïve.\n\nThe “Tenant” shall pay\nrent of $9 – monthly. Other things follow."
)


def distorted(emulator: Emulator, client: anthropic.Anthropic, kind: str) -> list[tuple[Any, Any]]:
    """True and distorted citations of one answer, paired."""
    question = asking("How much rent does the Tenant pay?", document(TRICKY))
    true = citations(client.messages.create(**question))
    emulator.faults({"kind": kind})
    wrong = citations(client.messages.create(**question))
    assert len(true) == len(wrong) >= 1
    return list(zip(true, wrong, strict=True))


def test_offsets_may_be_in_utf16_units_or_bytes(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    for kind, encoding, width in (("offsets_utf16", "utf-16-le", 2), ("offsets_bytes", "utf-8", 1)):
        for true, wrong in distorted(emulator, client, kind):
            raw = TRICKY.encode(encoding)
            quoted = raw[wrong.start_char_index * width : wrong.end_char_index * width]
            assert quoted.decode(encoding) == wrong.cited_text == true.cited_text
            assert wrong.end_char_index != true.end_char_index


def test_offsets_may_be_off_by_one_or_out_of_range(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    for true, wrong in distorted(emulator, client, "offsets_off_by_one"):
        assert wrong.start_char_index == true.start_char_index + 1
        assert wrong.cited_text == true.cited_text
    for _, wrong in distorted(emulator, client, "offsets_out_of_range"):
        assert wrong.start_char_index > len(TRICKY)


def test_a_quote_may_be_collapsed_folded_or_invented(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    collapsed = distorted(emulator, client, "quote_collapsed_whitespace")
    assert any(wrong.cited_text != true.cited_text for true, wrong in collapsed)
    for true, wrong in collapsed:
        assert wrong.cited_text == " ".join(true.cited_text.split())
    folded = "".join(wrong.cited_text for _, wrong in distorted(emulator, client, "quote_folded"))
    assert 'The "Tenant" shall pay\nrent of $9 - monthly.' in folded
    for true, wrong in distorted(emulator, client, "quote_invented"):
        assert wrong.cited_text not in TRICKY
        assert wrong.start_char_index == true.start_char_index


def test_the_books_hold_bodies_and_usage(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path)
    try:
        client = emulator.client()
        answers = [client.messages.create(**QUESTION) for _ in range(3)]
        emulator.faults({"kind": "overloaded"})
        with pytest.raises(anthropic.OverloadedError):
            client.messages.create(**QUESTION)
        books = emulator.requests()
    finally:
        emulator.stop()
    assert books["counts"] == {"messages": 4}
    assert books["usage"]["output_tokens"] == sum(a.usage.output_tokens for a in answers)
    assert books["usage"]["input_tokens"] == sum(a.usage.input_tokens for a in answers)
    assert [entry["status"] for entry in books["requests"]] == [200, 200, 200, 529]
    assert books["requests"][0]["body"]["messages"] == QUESTION["messages"]
    assert books["requests"][0]["request_id"] == answers[0]._request_id


def test_it_stops_generating_when_the_client_goes_away(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path, "--tokens-per-second", "20")
    try:
        with emulator.client().messages.stream(**QUESTION) as stream:
            next(iter(stream.text_stream))
        time.sleep(0.3)
        entry = emulator.requests()["requests"][-1]
    finally:
        emulator.stop()
    assert entry["disconnected"]
    assert 0 < entry["usage"]["output_tokens"] < 90


def test_it_ends_within_two_seconds_while_streaming(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path, "--tokens-per-second", "5")
    with emulator.client().messages.create(**QUESTION, stream=True) as stream:
        next(iter(stream))
        started = time.monotonic()
        emulator.stop()
        assert time.monotonic() - started < 2


def test_the_pace_is_kept(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path, "--tokens-per-second", "100", "--first-token-ms", "200")
    try:
        started = time.monotonic()
        with emulator.client().messages.stream(**QUESTION) as stream:
            next(iter(stream))
            first = time.monotonic() - started
            tokens = stream.get_final_message().usage.output_tokens
        seconds = time.monotonic() - started - first
    finally:
        emulator.stop()
    assert 0.2 <= first < 0.6
    assert seconds == pytest.approx(tokens / 100, rel=0.3)


def test_chance_strikes_the_given_share_of_messages_and_a_seed_repeats_it(emulator):
    def struck():
        emulator.forget_faults()
        chance = {"rate": 0.5, "seed": 7, "faults": [{"kind": "overloaded"}]}
        emulator.call("POST", "/emulator/faults", {"faults": [], "random": chance})
        return [emulator.send(asking("Rent?", document(LEASE)))[0] for _ in range(20)]

    first = struck()
    assert set(first) == {200, 529}
    assert first == struck()
    emulator.forget_faults()
    assert emulator.send(asking("Rent?", document(LEASE)))[0] == 200


@pytest.mark.parametrize("wrong", [{"rate": 2, "faults": [{"kind": "reset"}]}, {"rate": 0.1}, 3])
def test_a_wrong_chance_is_refused(emulator, wrong):
    status, _body = emulator.call("POST", "/emulator/faults", {"faults": [], "random": wrong})
    assert status == 400
