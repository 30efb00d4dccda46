"""Searching by tools: what is offered, what comes back, and how the requests follow each other."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from qa.engine import (
    Bounds,
    Called,
    Cited,
    EngineError,
    Finished,
    Question,
    Rounds,
    SourceText,
    Usage,
    WebPage,
    build,
    catalogue,
    make_client,
    prompts,
    resolve,
    run,
    tools,
    web,
)
from qa.engine.citations import pages_of
from qa.engine.looks import PDF, Look
from qa.engine.rounds import NOT_SHOWN
from qa.engine.tools import Found, Passage, Result, Seen, WrongInput, parse
from tests.emulator_support import Emulator

LEASE = (
    "LEASE\n\n2. Rent.  The Tenant shall pay rent of EUR 4,500 a month.\n"
    "Late rent bears interest at one percent. 😀 No set-off.\f3. Law. The laws of Malta govern."
)
SPANS = tuple(
    (LEASE.index(sentence), LEASE.index(sentence) + len(sentence))
    for sentence in (
        "2. Rent.",
        "The Tenant shall pay rent of EUR 4,500 a month.",
        "Late rent bears interest at one percent.",
        "😀 No set-off.",
    )
)
FOUND = Found("lease", "Lease.pdf", SPANS)
QUESTION = Question("How much rent does the Tenant pay?", catalogue.DEFAULT, searching=True)
PLENTY = Bounds(requests=8, tokens=1_000_000, usd=Decimal(5), room=900_000)


def load(version):
    assert version == "lease"
    return SourceText(version, "Lease.pdf", LEASE, ((1, 0, LEASE.index("\f")),))


def passage(found=FOUND, handle="d1"):
    start, end = found.spans[0][0], found.spans[-1][1]
    return Passage(found, handle, LEASE[start:end], "p. 1")


def location(first, after, index=0, source="pincite:lease", text=None):
    start, end = FOUND.range(first, after)
    return {
        "type": "search_result_location",
        "cited_text": LEASE[start:end] if text is None else text,
        "source": source,
        "title": "d1 · Lease.pdf · p. 1",
        "search_result_index": index,
        "start_block_index": first,
        "end_block_index": after,
    }


def finished(*names, usage=None, reason="tool_use"):
    calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": n, "input": {}} for n in names]
    content = ({"type": "thinking", "thinking": "", "signature": "s"}, *calls)
    return Finished(reason, None, usage or Usage(1_000, 50), None, 10, content)


def test_every_property_of_a_tool_is_required_and_no_other_taken():
    for tool in tools.DEFINITIONS:
        schema = tool["input_schema"]
        assert tool["strict"]
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
        assert len(tool["description"]) > 200
        assert all(field["description"] for field in schema["properties"].values())


def test_a_question_that_searches_has_tools_and_a_prompt_of_its_own():
    request = build(QUESTION)
    assert [tool["name"] for tool in request.params["tools"]] == [
        *("list_documents", "search_documents", "read_passages")
    ]
    assert request.params["system"][0]["text"] == prompts.SEARCH_SYSTEM
    assert request.prompt_version == prompts.SEARCH_VERSION != prompts.VERSION
    plain = build(Question("What is the rent?", catalogue.DEFAULT))
    assert "tools" not in plain.params
    assert plain.params["system"][0]["text"] == prompts.SYSTEM


def test_web_tools_come_with_domains_alone_and_open_nothing_that_a_document_names():
    assert web.tools(()) == ()
    search, fetch = web.tools(("law.example.org",))
    assert search["allowed_domains"] == fetch["allowed_domains"] == ["law.example.org"]
    assert fetch["url_sources"]["user_input"] == {"type": "none"}
    assert fetch["url_sources"]["client_tool_results"] == {"type": "none"}
    request = build(Question("Which?", catalogue.DEFAULT, domains=("law.example.org",)))
    assert [block["text"] for block in request.params["system"]] == [prompts.SYSTEM, prompts.WEB]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://law.example.org/a?b=c", True),
        ("http://law.example.org/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//law.example.org/", False),
        ("https://", False),
        ("https://a.org/ onclick=x", False),
        ("https://[broken/", False),
    ],
)
def test_only_addresses_of_web_pages_become_links(url, kept):
    assert web.address(url) == (url if kept else "")


@pytest.mark.parametrize(
    ("name", "given", "asked"),
    [
        ("list_documents", {}, tools.ListDocuments("", 1)),
        ("list_documents", {"page": -3, "title_contains": " a  b "}, tools.ListDocuments("a b", 1)),
        (
            "search_documents",
            {"queries": "notice", "documents": ["d1", 7, ""]},
            tools.SearchDocuments(("notice",), ("d1",)),
        ),
        (
            "search_documents",
            {"queries": ["?!", "a", "b", "c", "d", "e"], "documents": None},
            tools.SearchDocuments(("a", "b", "c", "d"), ()),
        ),
        (
            "read_passages",
            {"document": "d1", "unit": "pages", "first": 0, "last": 10**12},
            tools.ReadPassages("d1", "pages", 1, 2**31 - 1),
        ),
    ],
)
def test_input_is_taken_as_it_can_be_understood(name, given, asked):
    assert parse(name, given) == asked


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("send_mail", {}),
        ("search_documents", {"queries": [], "documents": []}),
        ("search_documents", {"queries": [None, " ... "]}),
        ("read_passages", {"document": "d1", "unit": "pages", "first": 4, "last": 3}),
        ("read_passages", {"document": "d1", "unit": "characters", "first": 4, "last": 4}),
    ],
)
def test_input_that_makes_no_sense_is_answered_with_a_sentence(name, given):
    with pytest.raises(WrongInput, match=r"\w.*\."):
        parse(name, given)


def test_a_passage_has_a_block_for_each_sentence_and_together_they_are_the_text():
    block = passage().block()
    texts = [part["text"] for part in block["content"]]
    assert len(texts) == len(SPANS)
    assert "".join(texts) == LEASE[SPANS[0][0] : SPANS[-1][1]]
    assert block["source"] == "pincite:lease"
    assert block["citations"] == {"enabled": True}


@pytest.mark.parametrize(("first", "after"), [(0, 1), (1, 2), (1, 3), (0, 4), (3, 4)])
def test_a_cited_block_is_exactly_its_characters(first, after):
    resolved = resolve(location(first, after), (), load, [FOUND])
    assert (resolved.kind, resolved.state, resolved.version) == ("text", "exact", "lease")
    assert LEASE[resolved.start : resolved.end] == resolved.cited_text
    assert (resolved.start, resolved.end) == (SPANS[first][0], SPANS[after - 1][1])
    assert (resolved.page_start, resolved.page_end) == pages_of(load("lease").pages, 0, 1)


def test_a_quote_without_its_white_space_is_found_where_it_was_said_to_be():
    quote = "".join(LEASE[start:end] for start, end in SPANS[1:3])
    resolved = resolve(location(1, 3, text=quote), (), load, [FOUND])
    assert resolved.state in ("exact", "realigned", "unverified")
    spaced = resolve(location(1, 3, text=quote.replace(".Late", ". Late")), (), load, [FOUND])
    assert (spaced.state, spaced.start, spaced.end) == ("realigned", SPANS[1][0], SPANS[2][1])


@pytest.mark.parametrize(
    "raw",
    [
        location(0, 1, index=7),
        location(0, 1, source="pincite:other"),
        {**location(0, 1), "search_result_index": None},
        {**location(0, 1), "search_result_index": -1},
        location(0, 1, text="This stands nowhere in it, not even in part of the text."),
    ],
)
def test_what_no_tool_returned_is_not_verified(raw):
    resolved = resolve(raw, (), load, [FOUND])
    assert (resolved.state, resolved.start) == ("unverified", None)
    assert resolved.cited_text == raw["cited_text"]


def test_a_fetched_page_is_numbered_after_the_documents_and_compared_with_what_came():
    page = WebPage("https://law.example.org/x", "Notice", "Three months are reasonable. More.")
    raw = {
        "type": "char_location",
        "cited_text": "Three months are reasonable. ",
        "document_index": 1,
        "document_title": "Notice",
        "start_char_index": 0,
        "end_char_index": 29,
    }
    resolved = resolve(raw, ("lease",), load, fetched=[page])
    assert (resolved.kind, resolved.state, resolved.url) == ("web", "exact", page.url)
    assert resolved.version is resolved.start is None
    moved = resolve({**raw, "start_char_index": 3}, ("lease",), load, fetched=[page])
    assert moved.state == "unverified"
    assert resolve({**raw, "document_index": 2}, ("lease",), load, fetched=[page]).kind == "text"


def test_the_next_request_has_the_response_as_it_came_and_a_result_for_each_call():
    rounds = Rounds(build(QUESTION), PLENTY)
    done = finished("search_documents", "list_documents")
    rounds.spent(done.usage, Decimal("0.01"))
    calls = rounds.calls(done)
    assert [call.id for call in calls] == ["toolu_search_documents", "toolu_list_documents"]
    results = [Result(calls[0].id, (passage(),)), Result(calls[1].id, text="1 document")]
    rounds.answered(done, results, note="Page 9 of d1 could not be read.")
    *_, assistant, user = rounds.request.params["messages"]
    assert assistant == {"role": "assistant", "content": list(done.content)}
    assert [block["type"] for block in user["content"]] == ["tool_result", "tool_result", "text"]
    assert [block["tool_use_id"] for block in user["content"][:2]] == [call.id for call in calls]
    assert rounds.request.found == (FOUND,)
    assert not rounds.last


def test_breakpoints_move_along_with_the_results():
    rounds = Rounds(build(QUESTION), PLENTY)
    for _round in range(4):
        done = finished("search_documents")
        rounds.answered(done, [Result(rounds.calls(done)[0].id, (passage(),))])
    written = json.dumps(rounds.request.params)
    assert written.count("cache_control") <= 4
    last = rounds.request.params["messages"][-1]["content"][0]
    assert last["cache_control"]["type"] == "ephemeral"


@pytest.mark.parametrize(
    "limits",
    [
        Bounds(2, 1_000_000, Decimal(5), 900_000),
        Bounds(8, 3_000, Decimal(5), 900_000),
        Bounds(8, 1_000_000, Decimal("0.02"), 900_000),
        Bounds(8, 1_000_000, Decimal(5), 1_060),
    ],
    ids=["requests", "tokens", "money", "room"],
)
def test_a_limit_makes_the_next_request_the_last_one(limits):
    rounds = Rounds(build(QUESTION), limits)
    done = finished("search_documents")
    rounds.spent(done.usage, Decimal("0.01"))
    rounds.answered(done, [Result(rounds.calls(done)[0].id, (passage(),))])
    assert rounds.last
    assert rounds.request.params["tool_choice"] == {"type": "none"}
    assert rounds.request.params["tools"], "or the results could not be understood"
    assert rounds.request.params["messages"][-1]["content"][-1]["text"] == prompts.LAST_ROUND
    with pytest.raises(EngineError, match="no_answer"):
        rounds.calls(done)


def test_pages_are_shown_after_all_results_and_numbered_on_from_the_documents():
    rounds = Rounds(build(QUESTION), PLENTY)
    done = finished("read_passages", "read_passages")
    calls = rounds.calls(done)
    looked = [
        Seen("lease", "Lease.pdf", "d1", Look((n,), media_type, data="QQ=="), 2_000)
        for n, media_type in ((4, PDF), (5, "image/png"), (7, PDF))
    ]
    results = [
        Result(calls[0].id, (passage(),), seen=tuple(looked[:2])),
        Result(calls[1].id, text="Shown.", seen=tuple(looked[2:])),
    ]
    assert rounds.answered(done, results) == looked
    content = rounds.request.params["messages"][-1]["content"]
    kinds = ["tool_result", "tool_result", "document", "text", "image", "document"]
    assert [block["type"] for block in content] == kinds
    assert "pages 4 of d1" in content[2]["context"]
    assert rounds.request.document_map == ("lease", "lease")
    assert rounds.request.looks == {0: (4,), 1: (7,)}
    assert rounds.request.texts == []


def test_pages_without_room_are_not_shown_and_the_model_is_told():
    rounds = Rounds(build(QUESTION), Bounds(8, 1_000_000, Decimal(5), 3_000))
    done = finished("read_passages")
    look = Seen("lease", "Lease.pdf", "d1", Look((4,), PDF, data="QQ=="), 2_500)
    (call,) = rounds.calls(done)
    assert rounds.answered(done, [Result(call.id, (passage(),), seen=(look,))]) == []
    content = rounds.request.params["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["tool_result", "text"]
    assert content[-1]["text"] == NOT_SHOWN
    assert (rounds.request.document_map, rounds.request.looks) == ((), {})


def test_results_without_room_are_left_out_with_a_word_and_cannot_be_cited():
    rounds = Rounds(build(QUESTION), Bounds(8, 1_000_000, Decimal(5), 1_400))
    done = finished("search_documents", "read_passages")
    calls = rounds.calls(done)
    long = Found("lease", "Lease.pdf", SPANS * 20)
    rounds.answered(
        done, [Result(calls[0].id, (passage(),)), Result(calls[1].id, (passage(long),))]
    )
    assert rounds.request.found == (FOUND,)
    assert rounds.request.params["messages"][-1]["content"][1]["is_error"]


def test_a_pause_goes_back_unchanged_and_alone():
    rounds = Rounds(build(QUESTION), PLENTY)
    before = rounds.request.params["messages"]
    done = finished(reason="pause_turn")
    rounds.resumed(done)
    messages = rounds.request.params["messages"]
    assert messages == [*before, {"role": "assistant", "content": list(done.content)}]


def test_the_last_request_does_not_pause():
    rounds = Rounds(build(QUESTION), Bounds(3, 1_000_000, Decimal(5), 900_000))
    done = finished(reason="pause_turn")
    for _ in range(2):
        rounds.spent(done.usage, Decimal(0))
        rounds.resumed(done)
    assert rounds.last
    rounds.spent(done.usage, Decimal(0))
    with pytest.raises(EngineError) as raised:
        rounds.resumed(done)
    assert raised.value.code == "no_answer"


# over HTTP ----------------------------------------------------------------------------------------


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


def listened(client, rounds):
    events = list(run(client, rounds.request))
    rounds.spent(events[-1].usage, Decimal("0.001"))
    return events


@pytest.mark.parametrize("model", catalogue.SELECTABLE)
def test_every_model_searches_and_cites_what_was_returned(client, model):
    question = Question(QUESTION.text, model, searching=True)
    rounds = Rounds(build(question), PLENTY)
    events = listened(client, rounds)
    calls = rounds.calls(events[-1])
    assert [c for c in events if isinstance(c, Called)] == list(calls)
    assert {call.name for call in calls} == {"search_documents", "list_documents"}
    (search,) = [call for call in calls if call.name == "search_documents"]
    asked = parse(search.name, search.input)
    assert len(asked.queries) == 2
    results = [
        Result(call.id, (passage(),)) if call is search else Result(call.id, text="1 document")
        for call in calls
    ]
    rounds.answered(events[-1], results)
    events = listened(client, rounds)
    cited = [
        resolve(event.raw, rounds.request.document_map, load, rounds.request.found)
        for event in events
        if isinstance(event, Cited)
    ]
    assert cited
    assert {citation.state for citation in cited} == {"exact"}
    assert any("EUR 4,500" in citation.cited_text for citation in cited)


def test_what_came_is_sent_back_with_its_thinking_and_read_from_the_cache(client, emulator):
    long = Found("lease", "Lease.pdf", SPANS * 30)
    rounds = Rounds(build(QUESTION), PLENTY)
    events = listened(client, rounds)
    calls = rounds.calls(events[-1])
    rounds.answered(events[-1], [Result(call.id, (passage(long),)) for call in calls])
    before = events[-1].usage
    usage = listened(client, rounds)[-1].usage
    assert usage.cache_read_input_tokens >= before.prompt_tokens * 0.9
    sent = emulator.requests(1)["requests"][-1]["body"]["messages"]
    assert sent[1]["content"][0]["type"] == "thinking"
    assert sent[1]["content"][0]["signature"]
