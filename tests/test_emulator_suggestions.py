"""Questions that the emulator suggests are about headings it found, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from tests.emulator_support import LEASE, Emulator, asking

QUESTIONS = {"type": "array", "items": {"type": "string"}}


def shaped(**properties: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"format": {"type": "json_schema", "schema": schema}}


def suggested(emulator: Emulator, text: str) -> list[str]:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    body = asking("What to ask?", {"type": "document", "source": source})
    message = emulator.client().messages.create(**body, output_config=shaped(questions=QUESTIONS))
    found = json.loads("".join(b.text for b in message.content if b.type == "text"))
    questions: list[str] = found["questions"]
    return questions


def test_numbered_headings_are_asked_about(shared_emulator: Emulator) -> None:
    assert suggested(shared_emulator, LEASE) == [
        "What is said about Term?",
        "What is said about Rent?",
        "What is said about Governing law?",
    ]


def test_a_text_without_headings_gets_none(shared_emulator: Emulator) -> None:
    assert suggested(shared_emulator, "The rent is due. It is $12. Nothing else is said.") == []


def test_other_lists_are_refused(shared_emulator: Emulator) -> None:
    with pytest.raises(anthropic.BadRequestError, match="cannot fill in 'answers'"):
        shared_emulator.client().messages.create(
            **asking("What to ask?"), output_config=shaped(answers=QUESTIONS)
        )
