"""The prompt cache: what is written, read and refused, and why something was missed."""

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import Usage

from tests.emulator_support import LEASE, Emulator, asking, document

RENT = "How much rent does the Tenant pay?"
LAW = "Which law governs?"
LONG = LEASE + "".join(f"\n{n}. Clause {n} of this Lease is reserved.\n" for n in range(4, 160))
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
OPTIONAL = "claude-opus-4-8"  # a model that thinks only when asked to
TOOL = {"name": "look", "input_schema": {"type": "object"}, "cache_control": MARK}
PIXEL = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAA"
        "AABJRU5ErkJggg==",
    },
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def lease(**more: Any) -> dict[str, Any]:
    return document(LONG, **{"cache_control": MARK, **more})


def used(client: anthropic.Anthropic, **question: Any) -> Usage:
    return client.messages.create(**question).usage


def split(usage: Usage) -> tuple[int, int, int]:
    """Read, written for five minutes, written for an hour."""
    assert usage.cache_creation
    made = usage.cache_creation
    assert usage.cache_creation_input_tokens == (
        made.ephemeral_5m_input_tokens + made.ephemeral_1h_input_tokens
    )
    return (
        usage.cache_read_input_tokens or 0,
        made.ephemeral_5m_input_tokens,
        made.ephemeral_1h_input_tokens,
    )


def refusal(client: anthropic.Anthropic, **question: Any) -> str:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**question)
    return str(caught.value)


# writing and reading ---------------------------------------------------------------------------


def test_a_breakpoint_is_written_once_and_then_read(client: anthropic.Anthropic) -> None:
    system = [{"type": "text", "text": "Cite. " * 600, "cache_control": HOUR}]
    first = used(client, **asking(RENT, lease(), system=system))
    second = used(client, **asking(LAW, lease(), system=system))
    read, five, hour = split(first)
    assert read == 0
    assert five > hour > 512
    assert split(second) == (five + hour, 0, 0)
    assert first.input_tokens > 0


@pytest.mark.parametrize(
    ("model", "minimum"),
    [
        ("claude-opus-5-5", 512),
        ("claude-sonnet-5", 1_024),
        ("claude-opus-4-7", 2_048),
        ("claude-haiku-4-5", 4_096),
    ],
)
def test_a_prefix_shorter_than_the_models_minimum_is_silently_not_cached(
    client: anthropic.Anthropic, model: str, minimum: int
) -> None:
    def ask(words: int) -> Usage:
        text = document("rent " * words, cache_control=MARK)
        return used(client, **asking(RENT, text, model=model))

    below, above = minimum // 3, minimum
    short = ask(below)
    assert split(short) == (0, 0, 0)
    assert split(ask(below)) == (0, 0, 0)
    assert short.input_tokens < minimum
    assert split(ask(above))[1] >= minimum
    assert split(ask(above))[0] >= minimum


def test_an_early_breakpoint_that_is_too_short_does_not_keep_a_later_one_out(
    client: anthropic.Anthropic,
) -> None:
    system = [{"type": "text", "text": "Cite.", "cache_control": HOUR}]
    read, five, hour = split(used(client, **asking(RENT, lease(), system=system)))
    assert (read, hour) == (0, 0)
    assert split(used(client, **asking(LAW, lease(), system=system))) == (five, 0, 0)


@pytest.mark.parametrize(("control", "seconds"), [(MARK, 300), (HOUR, 3_600)])
def test_an_entry_lives_as_long_as_asked_and_a_hit_refreshes_it(
    emulator: Emulator, client: anthropic.Anthropic, control: dict[str, str], seconds: int
) -> None:
    question = asking(RENT, lease(cache_control=control))
    used(client, **question)
    for _ in range(3):
        emulator.advance(seconds - 20)
        assert used(client, **question).cache_read_input_tokens
    emulator.advance(seconds + 1)
    again = used(client, **question)
    assert again.cache_read_input_tokens == 0
    assert again.cache_creation_input_tokens


def test_a_hit_does_not_make_an_entry_live_longer_than_it_was_paid_for(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    used(client, **asking(RENT, lease()))
    asked_for_an_hour = used(client, **asking(RENT, lease(cache_control=HOUR)))
    assert asked_for_an_hour.cache_creation_input_tokens == 0
    emulator.advance(400)
    assert used(client, **asking(RENT, lease())).cache_read_input_tokens == 0


def test_the_lifetime_counts_from_the_start_of_the_request_that_writes(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    emulator.faults({"kind": "slow_first_byte", "ms": 1_200})

    def ask_slowly() -> None:
        with client.messages.stream(**asking(RENT, lease())) as stream:
            stream.until_done()

    slow = threading.Thread(target=ask_slowly)
    slow.start()
    time.sleep(0.4)
    emulator.advance(299.2)  # the request has been running for this long when it begins to answer
    slow.join()
    time.sleep(0.3)
    assert used(client, **asking(LAW, lease())).cache_read_input_tokens == 0


def test_an_entry_is_usable_only_once_its_response_began(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    question = asking(RENT, lease())
    emulator.faults({"kind": "slow_first_byte", "ms": 600})

    def ask_slowly() -> None:
        with client.messages.stream(**question) as stream:
            stream.until_done()

    slow = threading.Thread(target=ask_slowly)
    slow.start()
    time.sleep(0.2)
    early = used(client, **{**question, "max_tokens": 3_999})
    slow.join()
    assert early.cache_read_input_tokens == 0
    assert used(client, **question).cache_read_input_tokens


@pytest.mark.parametrize(("blocks", "found"), [(19, True), (20, False)])
def test_an_entry_is_looked_for_over_twenty_block_positions(
    client: anthropic.Anthropic, blocks: int, found: bool
) -> None:
    def ask(*texts: str) -> Usage:
        content: list[Any] = [lease(), *({"type": "text", "text": text} for text in texts)]
        content[0].pop("cache_control")
        content[-1] = {**content[-1], "cache_control": MARK}
        messages: list[Any] = [{"role": "user", "content": content}]
        return used(client, model="claude-opus-5-5", max_tokens=4_000, messages=messages)

    ask("First.")
    more = ask("First.", *(f"Note {n}." for n in range(blocks + 1)))
    assert bool(more.cache_read_input_tokens) == found


def test_the_top_level_breakpoint_stands_on_the_last_block_and_moves_along(
    client: anthropic.Anthropic,
) -> None:
    first = asking(RENT, document(LONG), cache_control=MARK)
    written = used(client, **first).cache_creation_input_tokens or 0
    assert written > 1_000
    follow_up: list[Any] = [
        *first["messages"],
        {"role": "assistant", "content": "4,500 dollars."},
        {"role": "user", "content": LAW},
    ]
    assert split(used(client, **{**first, "messages": follow_up}))[0] == written


def test_the_top_level_breakpoint_passes_over_thinking(client: anthropic.Anthropic) -> None:
    paused: list[Any] = [
        {"role": "user", "content": [document(LONG), {"type": "text", "text": RENT}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Wait.", "cache_control": MARK},
                {"type": "thinking", "thinking": "", "signature": "x"},
            ],
        },
    ]
    params: Any = {"model": "claude-haiku-4-5", "max_tokens": 4_000, "messages": paused}
    sentence = refusal(client, **params, cache_control=HOUR)
    assert "another ttl" in sentence


def test_a_user_id_does_not_break_the_cache_and_another_key_does(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    question = asking(RENT, lease())
    used(client, **question, metadata={"user_id": "one"})
    assert used(client, **question, metadata={"user_id": "two"}).cache_read_input_tokens
    stranger = emulator.client("sk-" + uuid.uuid4().hex)
    assert used(stranger, **question).cache_read_input_tokens == 0


# what breaks what ------------------------------------------------------------------------------

LEVELS = {"tools": 1, "system": 2, "messages": 3}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def layered(**more: Any) -> dict[str, Any]:
    """A request with a breakpoint at the end of each level, all long enough to be cached."""
    tool = {**TOOL, "description": "Looks. " * 400}
    system = [{"type": "text", "text": "Cite. " * 400, "cache_control": MARK}]
    base = asking(RENT, lease(), model=OPTIONAL, tools=[tool], system=system)
    return {**base, **more}


CHANGES: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing": ({}, "messages"),
    "model": ({"model": "claude-opus-5-5"}, None),
    "tools": ({"tools": [{**TOOL, "description": "Sees. " * 400}]}, None),
    "web search": ({"tools": [*layered()["tools"], SEARCH]}, "tools"),
    "system": ({"system": "Other. " * 400}, "tools"),
    "citations": (
        {"messages": [{"role": "user", "content": [{**lease(), "citations": {"enabled": False}}]}]},
        "tools",
    ),
    "tool choice": ({"tool_choice": {"type": "none"}}, "system"),
    "parallel": ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, "system"),
    "thinking": ({"thinking": {"type": "adaptive"}}, "system"),
    "effort": ({"output_config": {"effort": "low"}}, "system"),
    "an image": (
        {
            "messages": [
                {"role": "user", "content": [lease(), PIXEL, {"type": "text", "text": RENT}]}
            ]
        },
        "system",
    ),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_a_change_loses_its_own_level_and_what_comes_after(
    client: anthropic.Anthropic, what: str
) -> None:
    change, kept = CHANGES[what]
    unmarked = [{"role": "user", "content": [document(LONG), {"type": "text", "text": RENT}]}]
    levels = ({"system": [], "messages": unmarked}, {"messages": unmarked}, {})
    sizes = [sum(split(used(client, **layered(**level)))[:2]) for level in levels]
    read = split(used(client, **layered(**change)))[0]
    expected = sizes[LEVELS[kept] - 1] if kept else 0
    assert read == expected, sizes


# pre-warming -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "thinking"),
    [(OPTIONAL, None), ("claude-sonnet-5", "disabled"), ("claude-haiku-5-5", "disabled")],
)
def test_prewarming_writes_the_cache_and_says_nothing(
    client: anthropic.Anthropic, model: str, thinking: str | None
) -> None:
    more = {"thinking": {"type": thinking}} if thinking else {}
    question = asking(RENT, lease(), model=model, **more)
    warmed = client.messages.create(**{**question, "max_tokens": 0})
    assert (warmed.content, warmed.stop_reason) == ([], "max_tokens")
    assert warmed.usage.output_tokens == 0
    read = used(client, **question).cache_read_input_tokens
    assert read == warmed.usage.cache_creation_input_tokens
    assert read


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stream": True}, "stream"),
        ({"thinking": {"type": "adaptive"}}, "thinking"),
        ({"model": "claude-sonnet-5-5"}, "thinking"),
        ({"model": "claude-sonnet-5-5", "thinking": {"type": "between_tools"}}, "thinking"),
        ({"model": "claude-fable-5-2", "thinking": {"type": "disabled"}}, "disabled"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "forced tool_choice"),
        (
            {
                "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
                "messages": [{"role": "user", "content": RENT}],
            },
            "output_config.format",
        ),
    ],
)
def test_prewarming_is_refused_together_with_what_needs_an_answer(
    client: anthropic.Anthropic, change: dict[str, Any], complaint: str
) -> None:
    question = asking(RENT, lease(), model=OPTIONAL, max_tokens=0)
    assert complaint in refusal(client, **{**question, **change})


# diagnostics -----------------------------------------------------------------------------------


def diagnosed(client: anthropic.Anthropic, previous: str | None, **question: Any) -> Any:
    message = client.messages.create(**question, diagnostics={"previous_message_id": previous})
    assert message.diagnostics
    return message.diagnostics.cache_miss_reason


def test_nobody_is_told_why_unless_they_ask(client: anthropic.Anthropic) -> None:
    question = asking(RENT, lease())
    assert client.messages.create(**question).diagnostics is None
    assert diagnosed(client, None, **question) is None


def test_what_was_read_whole_has_no_reason(client: anthropic.Anthropic) -> None:
    question = asking(RENT, lease())
    before = client.messages.create(**question).id
    assert diagnosed(client, before, **question) is None
    assert diagnosed(client, before, **asking(LAW, lease())) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "claude-opus-5-5"}, "model_changed"),
        ({"tools": []}, "tools_changed"),
        ({"system": "Other."}, "system_changed"),
        ({"messages": [{"role": "user", "content": RENT}]}, "messages_changed"),
    ],
)
def test_the_first_level_that_differs_is_the_reason(
    client: anthropic.Anthropic, change: dict[str, Any], reason: str
) -> None:
    before = client.messages.create(**layered())
    cached = before.usage.cache_creation_input_tokens or 0
    told = diagnosed(client, before.id, **layered(**change))
    assert told.type == reason
    assert 0 < told.cache_missed_input_tokens <= cached


def test_what_cannot_be_told_is_unavailable(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    before = client.messages.create(**layered()).id
    changed = layered(output_config={"effort": "low"})
    assert diagnosed(client, before, **changed).type == "unavailable"
    emulator.advance(301)
    assert diagnosed(client, before, **layered()).type == "unavailable"


def test_another_accounts_message_is_not_found(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    theirs = client.messages.create(**asking(RENT, lease())).id
    stranger = emulator.client("sk-" + uuid.uuid4().hex)
    for id_ in (theirs, "msg_gone"):
        told = diagnosed(stranger, id_, **asking(RENT, lease()))
        assert told.type == "previous_message_not_found"


def test_a_stream_is_told_in_its_first_event(client: anthropic.Anthropic) -> None:
    before = client.messages.create(**asking(RENT, lease())).id
    other = asking(RENT, lease(title="Renamed"), diagnostics={"previous_message_id": before})
    stream = client.messages.create(**other, stream=True)
    start = next(iter(stream))
    stream.close()
    assert start.type == "message_start"
    assert start.message.diagnostics
    assert start.message.diagnostics.cache_miss_reason
    assert start.message.diagnostics.cache_miss_reason.type == "messages_changed"


@pytest.mark.parametrize("sent", [None, [], {"advance": -1}, {"advance": True}, {"advance": "1"}])
def test_the_clock_only_goes_forward(emulator: Emulator, sent: Any) -> None:
    before = emulator.call("GET", "/emulator/clock")[1]["ahead"]
    assert emulator.call("POST", "/emulator/clock", sent)[0] == 400
    assert emulator.call("GET", "/emulator/clock")[1]["ahead"] == before


def test_an_output_format_loses_everything(client: anthropic.Anthropic) -> None:
    plain = layered(messages=[{"role": "user", "content": RENT}])
    assert used(client, **plain).cache_creation_input_tokens
    assert used(client, **plain).cache_read_input_tokens
    answer = {"type": "string", "enum": ["simple", "ordinary", "hard"]}
    schema = {
        "type": "object",
        "properties": {"answer": answer},
        "required": ["answer"],
        "additionalProperties": False,
    }
    shaped = {"format": {"type": "json_schema", "schema": schema}}
    assert used(client, **plain, output_config=shaped).cache_read_input_tokens == 0
