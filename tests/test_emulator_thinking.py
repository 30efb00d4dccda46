"""Thinking is shown as it is asked for, a cut answer goes on, and a format is kept to."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.emulator_support import LEASE, Emulator, asking, document

RENT = "How much rent does the Tenant pay?"
GO_ON = "Your answer was cut off at its longest. Go on exactly where it stopped."
ROUTING: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string"},
        "difficulty": {"type": "string", "enum": ["simple", "ordinary", "hard"]},
    },
    "required": ["reason", "difficulty"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def ask(client: anthropic.Anthropic, **more: Any) -> Any:
    return client.messages.create(**asking(RENT, document(LEASE, title="Lease"), **more))


def test_more_effort_thinks_longer_and_says_more(client: anthropic.Anthropic) -> None:
    shown = {"type": "adaptive", "display": "summarized"}
    answers = [
        ask(client, thinking=shown, output_config={"effort": effort})
        for effort in ("low", "medium", "high", "xhigh", "max")
    ]
    tokens = [answer.usage.output_tokens_details.thinking_tokens for answer in answers]
    assert tokens == sorted(tokens)
    assert tokens[0] < tokens[-1]
    lengths = [len(answer.content[0].thinking) for answer in answers]
    assert lengths[0] < lengths[2]
    assert "Lease" in answers[2].content[0].thinking


def test_a_summary_arrives_in_pieces_and_adds_up(client: anthropic.Anthropic) -> None:
    pieces = []
    with client.messages.stream(
        **asking(RENT, document(LEASE)), thinking={"type": "adaptive", "display": "summarized"}
    ) as stream:
        for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "thinking_delta":
                pieces.append(event.delta.thinking)
        whole = stream.get_final_message().content[0]
    assert len(pieces) > 3
    assert whole.type == "thinking"
    assert "".join(pieces) == whole.thinking


def test_a_budget_is_kept(client: anthropic.Anthropic) -> None:
    answer = ask(
        client,
        model="claude-haiku-4-5",
        thinking={"type": "enabled", "budget_tokens": 1_024},
    )
    assert answer.content[0].thinking
    assert answer.usage.output_tokens_details.thinking_tokens <= 1_024


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_cut_answer_goes_on_where_it_stopped(client: anthropic.Anthropic) -> None:
    whole = ask(client, model="claude-sonnet-4-6")
    first = ask(client, model="claude-sonnet-4-6", max_tokens=30)
    assert first.stop_reason == "max_tokens"
    said = text_of(first)
    question = asking(RENT, document(LEASE, title="Lease"), model="claude-sonnet-4-6")
    question["messages"] += [
        {"role": "assistant", "content": [b.model_dump() for b in first.content]},
        {"role": "user", "content": GO_ON},
    ]
    rest = text_of(client.messages.create(**question))
    assert "".join((said + rest).split()) == "".join(text_of(whole).split())
    question["messages"][1]["content"] = "Something else was said."
    assert text_of(client.messages.create(**question)) == text_of(whole)


@pytest.mark.parametrize(
    ("question", "difficulty"),
    [
        ("Which law governs this agreement?", "simple"),
        ("Who are the parties?", "simple"),
        ("Compare the termination rights of both parties.", "hard"),
        ("Draft a notice of termination.", "hard"),
        ("Which law governs? And where are disputes heard?", "hard"),
        ("May the supplier pass on price increases during the first year of the term?", "ordinary"),
    ],
)
def test_a_question_is_sorted_in_the_format_asked_for(
    client: anthropic.Anthropic, question: str, difficulty: str
) -> None:
    answer = client.messages.create(
        model="claude-haiku-5-5",
        max_tokens=1_000,
        messages=[{"role": "user", "content": question}],
        output_config={"format": {"type": "json_schema", "schema": ROUTING}},
    )
    filled = json.loads(text_of(answer))
    assert list(filled) == ["reason", "difficulty"]
    assert filled["difficulty"] == difficulty


def test_a_format_that_cannot_be_filled_and_one_with_citations_are_refused(
    client: anthropic.Anthropic,
) -> None:
    unknown = {"type": "object", "properties": {"mood": {"type": "string"}}}
    for schema, documents, complaint in (
        (unknown, (), "cannot fill in 'mood'"),
        (ROUTING, (document(LEASE),), "citations cannot be used"),
    ):
        with pytest.raises(anthropic.BadRequestError, match=complaint):
            client.messages.create(
                **asking(RENT, *documents),
                output_config={"format": {"type": "json_schema", "schema": schema}},
            )
