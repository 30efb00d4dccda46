"""Wrong requests, sent over HTTP: what the API refuses, the emulator refuses, and says where."""

import copy
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.emulator_support import LEASE, VERSION, Emulator, asking, document

TOOL = {"name": "search", "input_schema": {"type": "object"}}
ALWAYS_THINKING = ["claude-fable-5-2", "claude-mythos-5-1", "claude-opus-5-5", "claude-sonnet-5-5"]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


def body(**more: Any) -> dict[str, Any]:
    return copy.deepcopy(asking("What is the rent?", document(LEASE), **more))


def with_block(block: Any, role: str = "user") -> dict[str, Any]:
    request = body()
    if role == "assistant":
        request["messages"] += [
            {"role": "assistant", "content": [block]},
            {"role": "user", "content": "Go on."},
        ]
    else:
        request["messages"][0]["content"].insert(0, block)
    return request


def text(**more: Any) -> dict[str, Any]:
    return {"type": "text", "text": "Rent?", **more}


def cached(*ttls: str) -> dict[str, Any]:
    blocks = [text(cache_control={"type": "ephemeral", "ttl": ttl}) for ttl in ttls]
    return {**body(), "messages": [{"role": "user", "content": blocks}]}


def refusal(emulator: Emulator, request: Any, path: str = "/v1/messages") -> str:
    """The sentence of a 400, asserting that it is one."""
    status, answer = emulator.send(request, path)
    assert (status, answer["type"]) == (400, "error"), answer
    assert answer["error"]["type"] == "invalid_request_error"
    return str(answer["error"]["message"])


WRONG_SHAPES = {
    "temperature: Extra inputs": body(temperature=1),
    "top_p: Extra inputs": body(top_p=0.5),
    "workspace_id: Extra inputs": body(workspace_id="w"),
    "max_tokens: Input should be a valid integer": body(max_tokens="100"),
    "max_tokens: Input should be a valid int": body(max_tokens=True),
    "stream: ": body(stream="yes"),
    "messages: Input should be a valid list": body(messages={}),
    "messages.0: ": body(messages=[{"role": "bot", "content": "x"}]),
    "messages.0.content: Field required": body(messages=[{"role": "user"}]),
    "messages.0.content: Input should be a valid string or list": body(
        messages=[{"role": "user", "content": 3}]
    ),
    "messages.0.foo: Extra inputs": body(messages=[{"role": "user", "content": "x", "foo": 1}]),
    "messages.0.content.0: Input tag 'type'": with_block({"type": "poem"}),
    "messages.0.content.0: Input tag": with_block("just a string"),
    "messages.0.content.0.text.foo: Extra inputs": with_block(text(foo=1)),
    "messages.0.content.0.text.text: Field required": with_block({"type": "text"}),
    "messages.0.content.0.text.cache_control.ttl: ": with_block(
        text(cache_control={"type": "ephemeral", "ttl": "2h"})
    ),
    "messages.0.content.0.document.source.text.media_type: Input should be 'text/plain'": (
        with_block(
            {"type": "document", "source": {"type": "text", "media_type": "x/y", "data": ""}}
        )
    ),
    "messages.0.content.0.document.source.file.file_id: Field": with_block(
        {"type": "document", "source": {"type": "file"}}
    ),
    "messages.0.content.0.document.citations.on: Extra": with_block(
        document(LEASE, citations={"on": True})
    ),
    "messages.0.content.0.document.citations.enabled: Input should be a valid boolean": with_block(
        document(LEASE, citations={"enabled": "yes"})
    ),
    "messages.1.content.0.text.citations.0.char_location.start_char_index: Field": with_block(
        text(
            citations=[
                {
                    "type": "char_location",
                    "cited_text": "x",
                    "document_index": 0,
                    "document_title": None,
                    "end_char_index": 3,
                }
            ]
        ),
        "assistant",
    ),
    "messages.0.content.0.tool_result.content.0.text.foo: Extra": with_block(
        {"type": "tool_result", "tool_use_id": "t", "content": [text(foo=1)]}
    ),
    "tools.0.custom.input_schema: Field required": body(tools=[{"name": "search"}]),
    "tools.0.custom.input_schema.type: Field": body(tools=[{"name": "a", "input_schema": {}}]),
    "tools.0.web_search_20260318.foo: Extra": body(
        tools=[{"type": "web_search_20260318", "name": "web_search", "foo": 1}]
    ),
    "thinking.adaptive.budget_tokens: Extra": body(
        thinking={"type": "adaptive", "budget_tokens": 2_000}
    ),
    "output_config.effort: ": body(output_config={"effort": "huge"}),
    "stop_sequences: Input should be a valid list": body(stop_sequences="END"),
    "system.0.foo: Extra": body(system=[text(foo=1)]),
    "metadata.name: Extra": body(metadata={"name": "x"}),
}


@pytest.mark.parametrize("path", WRONG_SHAPES)
def test_it_names_the_path_of_what_is_wrong(emulator: Emulator, path: str) -> None:
    assert refusal(emulator, WRONG_SHAPES[path]).startswith(path)


REFUSED = {
    "at least one message": body(messages=[]),
    'first message must use the "user" role': body(
        messages=[{"role": "assistant", "content": "a"}]
    ),
    "non-empty content": body(messages=[{"role": "user", "content": ""}]),
    "non-whitespace text": body(messages=[{"role": "user", "content": "  "}]),
    "> 128000": body(max_tokens=128_001),
    "`document` blocks are only": with_block(document(LEASE), "assistant"),
    "`tool_use` blocks can only": with_block(
        {"type": "tool_use", "id": "t", "name": "a", "input": {}}
    ),
    "text.citations: Extra": with_block(
        text(
            citations=[
                {
                    "type": "char_location",
                    "cited_text": "x",
                    "document_index": 0,
                    "document_title": None,
                    "start_char_index": 0,
                    "end_char_index": 1,
                }
            ]
        )
    ),
    "same on every document": with_block(document(LEASE, citations={"enabled": False})),
    "structured outputs": body(output_config={"format": {"type": "json_schema", "schema": {}}}),
    "maximum of 4 blocks": cached("5m", "5m", "5m", "5m", "5m"),
    "must not come after": cached("5m", "1h"),
    "without `tool_result`": with_block(
        {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {}}, "assistant"
    ),
    "unexpected `tool_use_id`": with_block({"type": "tool_result", "tool_use_id": "toolu_9"}),
    "tool_choice: may only": body(tool_choice={"type": "auto"}),
    "Tool names must be unique": body(tools=[TOOL, TOOL]),
    "0 is not supported together with stream": body(max_tokens=0, stream=True),
    "0 is not supported together with thinking": body(max_tokens=0, thinking={"type": "adaptive"}),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_it_refuses_what_the_api_refuses(emulator: Emulator, sentence: str) -> None:
    assert sentence in refusal(emulator, REFUSED[sentence])


@pytest.mark.parametrize("model", ALWAYS_THINKING)
def test_four_families_take_no_forced_tool(emulator: Emulator, model: str) -> None:
    forced = body(model=model, tools=[TOOL], tool_choice={"type": "any"})
    expected = 'tool_choice: type "tool" and "any" are not supported for this model.'
    assert refusal(emulator, forced) == expected
    del forced["max_tokens"]
    assert refusal(emulator, forced, "/v1/messages/count_tokens") == expected


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "claude-opus-5", "claude-opus-4-7"])
def test_other_families_take_a_forced_tool(emulator: Emulator, model: str) -> None:
    forced = body(model=model, tools=[TOOL], tool_choice={"type": "tool", "name": "search"})
    assert emulator.send(forced)[0] == 200


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "status"),
    [
        ("claude-sonnet-5-5", "disabled", None, 400),
        ("claude-sonnet-5-5", "enabled", None, 400),
        ("claude-sonnet-5-5", "between_tools", "high", 200),
        ("claude-sonnet-5-5", "between_tools", "max", 400),
        ("claude-opus-5-5", "between_tools", None, 400),
        ("claude-haiku-5-5", "disabled", "high", 200),
        ("claude-haiku-5-5", "disabled", "xhigh", 400),
        ("claude-sonnet-5", "disabled", "xhigh", 200),
        ("claude-opus-4-7", "enabled", None, 400),
        ("claude-sonnet-4-6", "enabled", None, 200),
        ("claude-haiku-4-5", "adaptive", None, 400),
        ("claude-haiku-4-5", "enabled", None, 200),
        ("claude-haiku-4-5", "disabled", "low", 400),
    ],
)
def test_thinking_and_effort_depend_on_the_model(
    emulator: Emulator, model: str, thinking: str, effort: str | None, status: int
) -> None:
    request = body(model=model, thinking={"type": thinking})
    if thinking == "enabled":
        request["thinking"]["budget_tokens"] = 2_000
    if effort:
        request["output_config"] = {"effort": effort}
    assert emulator.send(request)[0] == status


def test_a_prefill_is_refused_from_4_6_on(emulator: Emulator) -> None:
    prefilled = body()
    prefilled["messages"].append({"role": "assistant", "content": "The rent is"})
    assert "must end with a user message" in refusal(emulator, prefilled)
    assert emulator.send({**prefilled, "model": "claude-haiku-4-5"})[0] == 200


@pytest.mark.parametrize("model", ["claude-nobody-1", "claude-opus-5[1m]", "claude-mythos-preview"])
def test_an_unknown_or_retired_model_is_not_found(emulator: Emulator, model: str) -> None:
    status, answer = emulator.send(body(model=model))
    assert (status, answer["error"]["type"]) == (404, "not_found_error")
    assert answer["error"]["message"] == f"model: {model}"


def test_an_unknown_file_is_not_found(emulator: Emulator) -> None:
    source = {"type": "file", "file_id": "file_nowhere"}
    request = with_block({"type": "document", "source": source, "citations": {"enabled": True}})
    assert emulator.send(request)[0] == 404


def test_a_body_that_is_no_json_or_no_object_is_refused(emulator: Emulator) -> None:
    assert "valid dictionary" in refusal(emulator, [1])
    lone_surrogate = emulator.raw(b'{"model": "\\ud800"}')
    assert lone_surrogate[0] == 400
    assert "not valid JSON" in lone_surrogate[1]["error"]["message"]


def test_a_request_over_32_mb_is_too_large(emulator: Emulator) -> None:
    with pytest.raises(anthropic.ContentTooLargeError):
        emulator.client().messages.create(**asking("Rent?", document("x" * 34_000_000)))


def test_a_prompt_over_the_window_is_too_long(emulator: Emulator) -> None:
    long = document("The rent is due. " * 60_000)
    with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > 200000"):
        emulator.client().messages.create(**asking("Rent?", long, model="claude-haiku-4-5"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Basic sk-test"}, 401),
        ({"authorization": "Bearer sk-bad-key"}, 401),
        ({"x-api-key": "sk-bad", "authorization": "Bearer sk-test"}, 401),
        ({"x-api-key": "sk-test"}, 200),
        ({"authorization": "Bearer sk-test"}, 200),
    ],
)
def test_a_key_is_needed_in_either_header(
    emulator: Emulator, headers: dict[str, str], status: int
) -> None:
    headers = {"anthropic-version": VERSION, **headers}
    assert emulator.call("GET", "/v1/models", headers=headers)[0] == status


def test_the_old_version_is_refused(emulator: Emulator) -> None:
    old = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}
    assert emulator.call("GET", "/v1/models", headers=old)[0] == 400


def test_every_response_has_a_request_id_and_rate_limits(emulator: Emulator) -> None:
    raw = emulator.client().messages.with_raw_response.create(**asking("Rent?", document(LEASE)))
    assert raw.request_id
    assert raw.request_id.startswith("req_")
    assert int(raw.headers["anthropic-ratelimit-input-tokens-remaining"]) > 0
    with pytest.raises(anthropic.NotFoundError) as missing:
        emulator.client().models.retrieve("claude-nobody-1")
    assert missing.value.request_id


def test_it_counts_what_messages_charges_and_refuses_file_sources(emulator: Emulator) -> None:
    client = emulator.client()
    question = asking("What is the rent?", document(LEASE, title="Lease"), system="Be brief.")
    charged = client.messages.create(**question).usage.input_tokens
    del question["max_tokens"]
    assert client.messages.count_tokens(**question).input_tokens == charged
    stored = client.files.upload(file=("lease.txt", LEASE.encode(), "text/plain"))
    by_file = {"type": "document", "source": {"type": "file", "file_id": stored.id}}
    by_file |= {"citations": {"enabled": True}, "title": "Lease"}
    question["messages"][0]["content"][0] = by_file
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.count_tokens(**question)
    sentence = "File sources are not supported in the token counting endpoint."
    assert refused.value.api_message == sentence
    assert client.messages.create(max_tokens=4_000, **question).usage.input_tokens == charged


def test_models_are_listed_with_their_capabilities(emulator: Emulator) -> None:
    client = emulator.client()
    listed = {model.id: model for model in client.models.list(limit=5)}
    assert "claude-sonnet-5-5" in listed
    assert "claude-mythos-preview" not in listed
    sonnet = listed["claude-sonnet-5-5"].capabilities
    assert sonnet
    assert not sonnet.thinking.types.disabled.supported
    old = client.models.retrieve("claude-sonnet-4-5")
    assert (old.id, old.lifecycle) == ("claude-sonnet-4-5-20250929", "deprecated")
    assert old.retires_at
    assert old.retires_at.date().isoformat() == "2026-11-30"
    retired = client.models.list(lifecycle=["retired"]).data
    assert [model.id for model in retired] == ["claude-mythos-preview"]
