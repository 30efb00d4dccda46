"""Tools at the emulator: calls drawn from the question, results cited, what it refuses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.emulator_support import LEASE, Emulator, asking, document

RENT = "How much rent does the Tenant pay each month?"
SEARCH = {
    "name": "search_library",
    "strict": True,
    "input_schema": {
        "type": "object",
        "properties": {"queries": {"type": "array", "items": {"type": "string"}}},
        "required": ["queries"],
        "additionalProperties": False,
    },
}
LIST = {
    "name": "list_library",
    "input_schema": {"type": "object", "properties": {"page": {"type": "integer"}}},
}
READ = {
    "name": "read_library",
    "input_schema": {
        "type": "object",
        "properties": {
            "document": {"type": "string"},
            "first": {"type": "integer"},
            "last": {"type": "integer"},
        },
    },
}
SENTENCES = [
    "2. Rent. ",
    "The Tenant shall pay rent of $4,500 on the first day of each month. ",
    "Rent that is paid late bears interest at one percent per month.",
]
WEB = {
    "type": "web_search_20260318",
    "name": "web_search",
    "allowed_domains": ["law.example.org"],
    "allowed_callers": ["direct"],
}
FETCH = {
    "type": "web_fetch_20260318",
    "name": "web_fetch",
    "allowed_domains": ["law.example.org"],
    "citations": {"enabled": True},
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> anthropic.Anthropic:
    emulator.forget_faults()
    return emulator.client()


def result(*texts: str, source: str = "pincite:1", title: str = "d1 · Lease · p. 1") -> Any:
    return {
        "type": "search_result",
        "source": source,
        "title": title,
        "content": [{"type": "text", "text": text} for text in texts],
        "citations": {"enabled": True},
    }


def answered(request: dict[str, Any], message: Any, *contents: Any, note: str = "") -> Any:
    """The request that follows: the message as it came, and a result for each of its calls."""
    calls = [block for block in message.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": content}
        for call, content in zip(calls, contents, strict=True)
    ]
    if note:
        results.append({"type": "text", "text": note})
    messages = [*request["messages"], message.to_param(), {"role": "user", "content": results}]
    return {**request, "messages": messages}


def calls(message: Any) -> list[Any]:
    return [block for block in message.content if block.type == "tool_use"]


def cited(message: Any) -> list[Any]:
    return [c for b in message.content if b.type == "text" for c in b.citations or []]


def said(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def refusal(emulator: Emulator, request: Any) -> str:
    status, answer = emulator.send(request)
    assert status == 400, answer
    return str(answer["error"]["message"])


def test_a_question_becomes_two_keyword_queries_and_a_look_at_the_list(client):
    message = client.messages.create(**asking(RENT, tools=[SEARCH, LIST]))
    assert message.stop_reason == "tool_use"
    assert message.content[0].type == "thinking"
    search, listing = calls(message)
    assert (search.name, listing.name, listing.input) == (
        "search_library",
        "list_library",
        {"page": 1},
    )
    assert len(search.input["queries"]) == 2
    words = " ".join(search.input["queries"]).lower().split()
    assert "rent" in words
    assert not {"how", "does", "the"} & set(words)


def test_a_call_is_streamed_in_pieces_of_json(client):
    with client.messages.stream(**asking(RENT, tools=[SEARCH])) as stream:
        pieces = [
            event.delta.partial_json
            for event in stream
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta"
        ]
        message = stream.get_final_message()
    assert len(pieces) > 1
    assert calls(message)[0].input["queries"]


def test_results_are_cited_by_their_blocks_over_all_messages(client):
    request = asking(RENT, tools=[SEARCH, LIST])
    first = client.messages.create(**request)
    other = result("The Tenant may keep a cat.", source="pincite:2", title="d2 · Cats · p. 1")
    follow = answered(request, first, [other, result(*SENTENCES)], "d1 Lease\nd2 Cats")
    message = client.messages.create(**follow)
    assert message.stop_reason == "end_turn"
    (citation, *_) = cited(message)
    assert citation.type == "search_result_location"
    assert (citation.search_result_index, citation.source) == (1, "pincite:1")
    quoted = "".join(SENTENCES[citation.start_block_index : citation.end_block_index])
    assert citation.cited_text == quoted
    assert "$4,500" in "".join(c.cited_text for c in cited(message))
    assert "d1" not in said(message)


def test_a_note_after_the_results_is_no_question(client):
    request = asking(RENT, tools=[SEARCH])
    first = client.messages.create(**request)
    follow = answered(request, first, [result(*SENTENCES)], note="Name the governing law now.")
    message = client.messages.create(**{**follow, "tool_choice": {"type": "none"}})
    assert "$4,500" in said(message)


def test_when_nothing_is_found_it_searches_once_more_and_then_says_what_it_searched(client):
    request = asking(RENT, tools=[SEARCH])
    first = client.messages.create(**request)
    again = answered(request, first, "Nothing was found.")
    second = client.messages.create(**again)
    assert calls(second)[0].input["queries"] != calls(first)[0].input["queries"]
    last = client.messages.create(**answered(again, second, "Nothing was found."))
    assert last.stop_reason == "end_turn"
    assert "do not contain an answer" in said(last)
    for query in calls(first)[0].input["queries"] + calls(second)[0].input["queries"]:
        assert query in said(last)


def test_pages_that_the_question_names_are_read(client):
    request = asking("What does page 3 say about the rent?", tools=[SEARCH, READ])
    first = client.messages.create(**request)
    second = client.messages.create(**answered(request, first, [result(*SENTENCES)]))
    assert calls(second)[0].input == {"document": "d1", "first": 3, "last": 3}


def test_tool_choice_is_obeyed(client):
    none = client.messages.create(**asking(RENT, tools=[SEARCH], tool_choice={"type": "none"}))
    assert not calls(none)
    model = "claude-sonnet-4-6"
    forced = {"type": "tool", "name": "list_library"}
    request = asking(RENT, tools=[SEARCH, LIST], tool_choice=forced, model=model)
    assert [c.name for c in calls(client.messages.create(**request))] == ["list_library"]
    single = {"type": "auto", "disable_parallel_tool_use": True}
    request = asking(RENT, tools=[SEARCH, LIST], tool_choice=single)
    assert len(calls(client.messages.create(**request))) == 1


def test_it_can_be_told_to_go_on_calling(emulator, client):
    request = asking(RENT, tools=[SEARCH])
    first = client.messages.create(**request)
    follow = answered(request, first, [result(*SENTENCES)])
    emulator.faults({"kind": "more_tools", "times": 2})
    assert client.messages.create(**follow).stop_reason == "tool_use"
    without = client.messages.create(**{**follow, "tool_choice": {"type": "none"}})
    assert without.stop_reason == "end_turn"


def test_a_call_without_a_result_is_refused_by_its_id(client, emulator):
    request = asking(RENT, tools=[SEARCH, LIST])
    first = client.messages.create(**request)
    follow = answered(request, first, "Nothing.", "Nothing.")
    dropped = follow["messages"][-1]["content"].pop()
    sent = {**follow, "messages": [*follow["messages"][:-2]]}
    sent["messages"] += [first.to_dict() | {}, follow["messages"][-1]]
    sent["messages"][-2] = {"role": "assistant", "content": first.to_dict()["content"]}
    assert dropped["tool_use_id"] in refusal(emulator, sent)


def strict(**schema: Any) -> dict[str, Any]:
    whole = {"type": "object", "additionalProperties": False, "required": [], **schema}
    return asking(RENT, tools=[{"name": "look", "strict": True, "input_schema": whole}])


OPTIONAL = {f"p{n}": {"type": "string"} for n in range(25)}
UNION = {f"p{n}": {"type": ["string", "null"]} for n in range(17)}
WRONG = {
    "additionalProperties": strict(additionalProperties=True),
    "'minimum' is not supported": strict(properties={"n": {"type": "integer", "minimum": 1}}),
    "'maxItems' is not supported": strict(properties={"n": {"type": "array", "maxItems": 3}}),
    "'x' is not a property": strict(required=["x"]),
    "24 optional parameters": strict(properties=OPTIONAL),
    "16 parameters with union": strict(properties=UNION, required=list(UNION)),
    "20 strict tools": asking(RENT, tools=[{**SEARCH, "name": f"t{n}"} for n in range(21)]),
    "Only one of 'allowed_domains'": asking(RENT, tools=[{**WEB, "blocked_domains": ["a.org"]}]),
    "invalid domain": asking(RENT, tools=[{**WEB, "allowed_domains": ["https://a.org"]}]),
}


@pytest.mark.parametrize("says", WRONG)
def test_tools_that_the_api_does_not_take(emulator, says):
    assert says in refusal(emulator, copy.deepcopy(WRONG[says]))


def test_a_result_is_of_search_results_alone_or_of_none(client, emulator):
    request = asking(RENT, tools=[SEARCH])
    first = client.messages.create(**request)
    mixed = answered(request, first, [result("Rent."), {"type": "text", "text": "And more."}])
    with pytest.raises(anthropic.BadRequestError, match="must be search_result blocks"):
        client.messages.create(**mixed)


def test_the_web_is_searched_within_the_allowed_domains_and_cited_by_address(client):
    question = "What notice is reasonable to terminate?"
    message = client.messages.create(**asking(question, document(LEASE), tools=[WEB]))
    (use,) = [b for b in message.content if b.type == "server_tool_use"]
    (hits,) = [b for b in message.content if b.type == "web_search_tool_result"]
    assert use.id == hits.tool_use_id
    assert {hit.url for hit in hits.content} == {"https://law.example.org/notice-periods"}
    (citation,) = [c for c in cited(message) if c.type == "web_search_result_location"]
    assert citation.url == "https://law.example.org/notice-periods"
    assert len(citation.cited_text) <= 150
    assert message.usage.server_tool_use.web_search_requests == 1


def test_a_fetched_page_is_cited_as_a_document_after_all_others(client):
    question = "What notice is reasonable to terminate?"
    message = client.messages.create(**asking(question, document(LEASE), tools=[WEB, FETCH]))
    (fetched,) = [b for b in message.content if b.type == "web_fetch_tool_result"]
    page = fetched.content.content.source.data
    (citation,) = [c for c in cited(message) if c.document_index == 1]
    assert page[citation.start_char_index : citation.end_char_index] == citation.cited_text
    assert message.usage.server_tool_use.web_fetch_requests == 1


@pytest.mark.parametrize("tools", [[WEB], [WEB, FETCH]], ids=["search", "search and fetch"])
def test_a_paused_turn_goes_on_when_it_is_sent_back(emulator, client, tools):
    request = asking("What notice is reasonable to terminate?", document(LEASE), tools=tools)
    emulator.faults({"kind": "pause_turn"})
    paused = client.messages.create(**request)
    assert paused.stop_reason == "pause_turn"
    assert not said(paused)
    request["messages"] = [*request["messages"], paused.to_param()]
    message = client.messages.create(**request)
    assert message.stop_reason == "end_turn"
    assert any(b.type == "server_tool_use" for b in paused.content)
    assert not any(b.type == "server_tool_use" for b in message.content)
    assert "law.example.org" in str(cited(message)) or any(
        getattr(c, "document_index", 0) == 1 for c in cited(message)
    )


def test_without_a_web_tool_nothing_is_looked_up(client):
    message = client.messages.create(**asking("Search the web for notice.", document(LEASE)))
    assert message.usage.server_tool_use is None
    assert {block.type for block in message.content} == {"thinking", "text"}
