"""Answers: true citations, thinking first, streams that add up to the message."""

import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest
from anthropic.types import Message, TextBlock

from tests.emulator_support import AUTHORIZED, LEASE, Emulator, asking, document, stored_document

RENT = "How much rent does the Tenant pay?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[Emulator]:
    emulator = Emulator(folder)
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    return emulator.client("sk-" + uuid.uuid4().hex)


def texts(message: Message) -> list[TextBlock]:
    return [block for block in message.content if block.type == "text"]


def citations(message: Message) -> list[Any]:
    return [citation for block in texts(message) for citation in block.citations or []]


def test_every_citation_is_the_text_at_its_range(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking(RENT, document(LEASE, title="Lease")))
    assert citations(answer)
    for block in texts(answer):
        for citation in block.citations or []:
            quoted = LEASE[citation.start_char_index : citation.end_char_index]
            assert quoted == citation.cited_text
            assert block.text.strip() == " ".join(quoted.split())
            assert (citation.document_title, citation.file_id) == ("Lease", None)
    assert "$4,500" in "".join(block.text for block in texts(answer))


def test_a_sentence_is_cited_with_its_trailing_white_space(client: anthropic.Anthropic) -> None:
    text = "The grass is green. The sky is blue. Zebras gallop."
    answer = client.messages.create(**asking("What colour is the grass?", document(text)))
    assert citations(answer)[0].start_char_index == 0
    assert citations(answer)[0].cited_text.endswith(" ") or len(citations(answer)) == 1


def test_document_index_counts_over_all_messages(client: anthropic.Anthropic) -> None:
    weather = document("The weather in Bergen is wet.")
    first = client.messages.create(**asking("How is the weather?", weather, weather))
    question = asking("How is the weather?", weather, weather)
    question["messages"] += [
        first.to_param(),
        {"role": "user", "content": [document(LEASE), {"type": "text", "text": RENT}]},
    ]
    answer = client.messages.create(**question)
    assert {citation.document_index for citation in citations(answer)} == {2}


def test_a_stored_file_is_cited_with_its_id(client: anthropic.Anthropic) -> None:
    stored = client.files.upload(file=("lease.txt", LEASE.encode(), "text/plain"))
    answer = client.messages.create(**asking(RENT, stored_document(stored.id)))
    assert {citation.file_id for citation in citations(answer)} == {stored.id}


def test_without_citations_enabled_there_are_none(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking(RENT, document(LEASE, citations={"enabled": False})))
    assert "$4,500" in "".join(block.text for block in texts(answer))
    assert citations(answer) == []


def test_it_says_that_the_documents_hold_no_answer(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking("Is source code put in escrow?", document(LEASE)))
    assert [block.text for block in texts(answer)] == [
        "The documents do not contain an answer to this question."
    ]
    assert citations(answer) == []


def test_text_without_spaces_between_words_is_found(client: anthropic.Anthropic) -> None:
    text = "本契約は五年間有効である。賃料は月額九万円とする。準拠法は日本法とする。"
    answer = client.messages.create(**asking("賃料はいくらですか", document(text)))
    assert citations(answer)
    assert "賃料は月額九万円" in citations(answer)[0].cited_text


def test_it_says_that_there_is_no_document(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking("Who are the parties?"))
    assert "no text document" in texts(answer)[0].text


def test_a_follow_up_question_remembers_what_it_is_about(client: anthropic.Anthropic) -> None:
    question = asking("Which law governs the lease?", document(LEASE))
    first = client.messages.create(**question)
    question["messages"] += [first.to_param(), {"role": "user", "content": "And why that one?"}]
    assert "Oregon" in "".join(block.text for block in texts(client.messages.create(**question)))


def test_replayed_citations_may_carry_a_file_id_and_it_is_noted(
    emulator: Emulator, client: anthropic.Anthropic
) -> None:
    question = asking(RENT, document(LEASE))
    first = client.messages.create(**question)
    replay = {"role": "assistant", "content": [block.model_dump() for block in texts(first)]}
    question["messages"] += [replay, {"role": "user", "content": "And which law governs?"}]
    client.messages.create(**question)
    assert "file_id" in emulator.requests(1)["requests"][0]["notes"][0]


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"])
def test_an_always_thinking_model_thinks_first(client: anthropic.Anthropic, model: str) -> None:
    answer = client.messages.create(**asking(RENT, document(LEASE), model=model))
    thinking = answer.content[0]
    assert thinking.type == "thinking"
    assert thinking.thinking == ""
    assert thinking.signature
    assert answer.usage.output_tokens_details
    assert 0 < answer.usage.output_tokens_details.thinking_tokens < answer.usage.output_tokens
    shown = client.messages.create(
        **asking(RENT, document(LEASE), model=model),
        thinking={"type": "adaptive", "display": "summarized"},
    )
    assert shown.content[0].type == "thinking"
    assert shown.content[0].thinking


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5"])
def test_other_models_answer_at_once(client: anthropic.Anthropic, model: str) -> None:
    answer = client.messages.create(**asking(RENT, document(LEASE), model=model))
    assert answer.content[0].type == "text"
    assert answer.model.startswith(model)


def test_few_tokens_end_without_any_text(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**{**asking(RENT, document(LEASE)), "max_tokens": 20})
    assert (answer.stop_reason, texts(answer)) == ("max_tokens", [])
    assert answer.usage.output_tokens == 20


def test_a_stop_sequence_ends_the_answer(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asking(RENT, document(LEASE)), stop_sequences=["$4,500"])
    assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "$4,500")
    assert "$4,500" not in "".join(block.text for block in texts(answer))


def test_a_stream_adds_up_to_the_plain_answer(client: anthropic.Anthropic) -> None:
    question = asking(RENT, document(LEASE))
    plain = client.messages.create(**question)
    with client.messages.stream(**question) as stream:
        deltas = [event for event in stream if event.type == "text"]
        streamed = stream.get_final_message()
    assert [block.text for block in texts(streamed)] == [block.text for block in texts(plain)]
    assert citations(streamed) == citations(plain)
    assert streamed.usage == plain.usage
    assert len(deltas) > 10


def test_citations_come_before_and_after_their_text(client: anthropic.Anthropic) -> None:
    first_of_block: set[str] = set()
    for question in ("Which law governs?", RENT, "How long is the term of the lease?"):
        blocks: dict[int, list[str]] = {}
        for event in client.messages.create(**asking(question, document(LEASE)), stream=True):
            if event.type == "content_block_delta":
                blocks.setdefault(event.index, []).append(event.delta.type)
        first_of_block |= {kinds[0] for kinds in blocks.values() if "citations_delta" in kinds}
    assert first_of_block == {"text_delta", "citations_delta"}


def read_stream(emulator: Emulator, request: dict[str, Any]) -> list[bytes]:
    """The chunks of a streamed response's body, as the server sent them."""
    address = urlsplit(emulator.url)
    payload = json.dumps({**request, "stream": True}).encode()
    lines = [f"{name}: {value}" for name, value in AUTHORIZED.items()]
    lines += [f"host: {address.netloc}", f"content-length: {len(payload)}"]
    head = "POST /v1/messages HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    with socket.create_connection((address.hostname, address.port or 0)) as connection:
        connection.sendall(head.encode() + payload)
        file = connection.makefile("rb")
        while file.readline().strip():
            pass
        chunks: list[bytes] = []
        while size := int(file.readline(), 16):
            chunks.append(file.read(size))
            file.readline()
        file.close()
    return chunks


def test_events_are_named_and_characters_are_cut_between_chunks(emulator: Emulator) -> None:
    chunks = read_stream(emulator, asking(RENT, document(LEASE)))
    events = b"".join(chunks).decode().strip().split("\n\n")
    for event in events:
        name, data = event.split("\n")
        assert json.loads(data.removeprefix("data: "))["type"] == name.removeprefix("event: ")
    assert "event: ping" in "\n".join(events)

    def decodes(chunk: bytes) -> bool:
        try:
            chunk.decode()
        except UnicodeDecodeError:
            return False
        return True

    assert not all(decodes(chunk) for chunk in chunks)
