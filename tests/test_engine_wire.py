"""What the engine makes of what comes over the wire: the real SDK against a real socket."""

import contextlib
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qa.engine import (
    SENTENCES,
    BlockEnded,
    Cited,
    EngineError,
    Finished,
    Request,
    Started,
    Text,
    Thinking,
    Usage,
    count,
    make_client,
    run,
)

PARAMS = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "When does the lease end?"}],
}
REQUEST = Request(PARAMS, ())
CITATION = {
    "type": "char_location",
    "cited_text": "It ends in 2029. ",
    "document_index": 0,
    "document_title": "Lease.pdf",
    "start_char_index": 5,
    "end_char_index": 22,
    "file_id": "file_1",
}


def sse(**event):
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def start(**usage):
    return sse(
        type="message_start",
        message={
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-5-5-20260928",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 25, "output_tokens": 1, **usage},
        },
    )


def block(index, **content):
    return sse(type="content_block_start", index=index, content_block=content)


def delta(index, **delta):
    return sse(type="content_block_delta", index=index, delta=delta)


def text(index, *parts):
    return (
        block(index, type="text", text="", citations=None)
        + b"".join(delta(index, type="text_delta", text=part) for part in parts)
        + sse(type="content_block_stop", index=index)
    )


def stop(reason="end_turn", details=None, **usage):
    return sse(
        type="message_delta",
        delta={"stop_reason": reason, "stop_sequence": None, "stop_details": details},
        usage={"output_tokens": 15, **usage},
    ) + sse(type="message_stop")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        with contextlib.suppress(ConnectionError):
            self.server.behaviour(self)

    def log_message(self, *args):
        pass

    def begin(self, **headers):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("request-id", "req_1")
        self.send_header("transfer-encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def end(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def reset(self):
        """A TCP reset instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


class Wire(ThreadingHTTPServer):
    """A loopback server that answers every POST as it is told, and writes down what it got."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, behaviour):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.requests = []
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def handle_error(self, request, client_address):
        pass


@contextlib.contextmanager
def serving(behaviour):
    server = Wire(behaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def connected(behaviour, **options):
    with serving(behaviour) as server:
        client = make_client("sk-test", server.url, **options)
        try:
            yield server, client
        finally:
            client.close()


def stream_of(*chunks):
    def behave(handler):
        handler.begin()
        for chunk in chunks:
            handler.chunk(chunk)
        handler.end()

    return behave


def refusing(status, kind=None, message="No.", body=None, **headers):
    """An HTTP error; `headers` are written with underscores."""
    error = {"type": kind, "message": message}

    def behave(handler):
        data = body if body is not None else json.dumps({"type": "error", "error": error}).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("request-id", "req_9")
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def events_of(*chunks):
    with connected(stream_of(*chunks)) as (_, client):
        return list(run(client, REQUEST))


def failure_of(behaviour, request=REQUEST, **options):
    with connected(behaviour, **options) as (_, client), pytest.raises(EngineError) as caught:
        list(run(client, request))
    assert SENTENCES[caught.value.code] == caught.value.sentence
    return caught.value


def test_it_yields_the_answer_in_order_with_blocks_numbered_among_the_texts():
    events = events_of(
        start(cache_read_input_tokens=7, service_tier="standard"),
        sse(type="ping"),
        block(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Let me see."),
        delta(0, type="signature_delta", signature="c2ln"),
        sse(type="content_block_stop", index=0),
        text(1, "It ", "ends "),
        block(2, type="text", text="", citations=[]),
        delta(2, type="citations_delta", citation=CITATION),
        delta(2, type="text_delta", text="in 2029."),
        sse(type="content_block_stop", index=2),
        stop(cache_read_input_tokens=7, output_tokens_details={"thinking_tokens": 9}),
    )
    began, *middle, finished = events
    assert began == Started(
        "msg_1",
        "claude-sonnet-5-5-20260928",
        "req_1",
        Usage(25, 1, cache_read_input_tokens=7, service_tier="standard"),
    )
    assert middle == [
        Thinking(""),
        Thinking("Let me see."),
        Text(0, "It "),
        Text(0, "ends "),
        BlockEnded(0),
        Cited(1, CITATION),
        Text(1, "in 2029."),
        BlockEnded(1),
    ]
    assert isinstance(finished, Finished)
    assert finished.stop_reason == "end_turn"
    assert finished.usage == Usage(
        25, 15, cache_read_input_tokens=7, thinking_tokens=9, service_tier="standard"
    )
    assert 0 <= finished.first_text_ms <= finished.total_ms


def test_the_usage_keeps_what_the_last_event_does_not_repeat():
    split = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 20}
    *_, finished = events_of(
        start(cache_creation_input_tokens=120, cache_creation=split),
        text(0, "Yes."),
        stop(cache_creation_input_tokens=120, server_tool_use=None),
    )
    assert finished.usage.as_dict()["cache_creation"] == split
    assert Usage.from_dict(finished.usage.as_dict()) == finished.usage


def test_it_ignores_events_and_blocks_it_does_not_know():
    events = events_of(
        start(),
        sse(type="weather_report", rain=True),
        block(0, type="hologram", data="?"),
        delta(0, type="hologram_delta", data="?"),
        sse(type="content_block_stop", index=0),
        text(1, "Yes."),
        stop(),
    )
    assert [type(event) for event in events] == [Started, Text, BlockEnded, Finished]


def test_a_character_split_between_two_packets_arrives_whole():
    whole = start() + text(0, "§ 5 – “Übergabe” 🏛") + stop()
    at = whole.index("🏛".encode()) + 2
    texts = [e for e in events_of(whole[:at], whole[at:]) if isinstance(e, Text)]
    assert texts == [Text(0, "§ 5 – “Übergabe” 🏛")]


def test_text_in_the_opening_of_a_block_is_not_lost():
    events = events_of(start(), block(0, type="text", text="Yes", citations=[CITATION]), stop())
    assert events[1:3] == [Cited(0, CITATION), Text(0, "Yes")]


def test_an_answer_cut_at_max_tokens_is_an_answer():
    *_, finished = events_of(start(), text(0, "A long"), stop("max_tokens"))
    assert finished.stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("chunks", "code", "temporary"),
    [
        ([start(), text(0, "Half")], "truncated", True),
        ([], "truncated", True),
        ([start(), text(0, "Half"), stop("pause_turn")], "truncated", False),
        ([start(), stop()], "no_answer", False),
        ([start(), stop("max_tokens")], "max_tokens_without_text", False),
        (
            [start(), text(0, "Half"), stop("model_context_window_exceeded")],
            "context_window",
            False,
        ),
    ],
)
def test_a_stream_that_ends_without_an_answer_is_a_failure(chunks, code, temporary):
    error = failure_of(stream_of(*chunks))
    assert (error.code, error.temporary) == (code, temporary)
    assert error.request_id == "req_1"


def test_a_refusal_tells_its_category_and_explanation():
    details = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    error = failure_of(stream_of(start(), text(0, "Well"), stop("refusal", details)))
    assert (error.code, error.category, error.explanation) == ("refusal", "cyber", "Not this.")
    assert failure_of(stream_of(start(), stop("refusal"))).category is None


def test_a_failure_in_the_middle_carries_what_the_ledger_needs():
    error = failure_of(
        stream_of(
            start(cache_read_input_tokens=900),
            text(0, "Half"),
            sse(type="error", error={"type": "overloaded_error", "message": "Overloaded"}),
        )
    )
    assert (error.code, error.temporary, error.status) == ("overloaded", True, 200)
    assert error.type == "overloaded_error"
    assert (error.usage.input_tokens, error.usage.cache_read_input_tokens) == (25, 900)
    assert (error.model, error.message_id) == ("claude-sonnet-5-5-20260928", "msg_1")
    assert error.request_id == "req_1"
    assert 0 <= error.first_text_ms <= error.total_ms


def test_a_reset_in_the_middle_is_a_broken_connection():
    def behave(handler):
        handler.begin()
        handler.chunk(start() + text(0, "Half"))
        handler.reset()

    error = failure_of(behave)
    assert (error.code, error.temporary) == ("connection", True)
    assert error.usage.input_tokens == 25


def test_an_event_cut_in_its_middle_is_a_broken_connection():
    error = failure_of(stream_of(start(), b'event: content_block_start\ndata: {"type": "con\n\n'))
    assert (error.code, error.temporary) == ("connection", True)


def test_silence_beyond_the_timeout_is_a_timeout_before_and_after_the_first_byte():
    over = threading.Event()

    def silent(handler):
        over.wait(5)

    def falls_silent(handler):
        handler.begin()
        handler.chunk(start())
        over.wait(5)

    assert failure_of(silent, timeout=0.1).code == "timeout"
    error = failure_of(falls_silent, timeout=0.1)
    over.set()
    assert (error.code, error.temporary, error.usage.input_tokens) == ("timeout", True, 25)


def test_pings_keep_a_silent_stream_alive():
    def behave(handler):
        handler.begin()
        handler.chunk(start())
        for _ in range(6):
            time.sleep(0.05)
            handler.chunk(sse(type="ping"))
        handler.chunk(text(0, "Yes.") + stop())
        handler.end()

    with connected(behave, timeout=0.2) as (_, client):
        assert isinstance(list(run(client, REQUEST))[-1], Finished)


def test_nobody_listening_is_a_connection_failure():
    with serving(stream_of()) as server:
        url = server.url
    client = make_client("sk-test", url)
    with pytest.raises(EngineError) as caught:
        list(run(client, REQUEST))
    client.close()
    assert (caught.value.code, caught.value.temporary) == ("connection", True)


def test_an_error_before_the_stream_is_never_retried():
    with connected(refusing(529, "overloaded_error", retry_after="7")) as (server, client):
        with pytest.raises(EngineError) as caught:
            list(run(client, REQUEST))
        assert len(server.requests) == 1
    error = caught.value
    assert (error.code, error.temporary, error.retry_after) == ("overloaded", True, 7.0)
    assert (error.status, error.request_id, error.usage) == (529, "req_9", Usage())


def test_the_request_goes_to_the_pinned_address_with_the_pinned_key(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-another")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with connected(stream_of(start(), text(0, "Yes."), stop())) as (server, client):
        list(run(client, REQUEST))
        path, headers, body = server.requests[0]
    assert path == "/v1/messages"
    assert headers["Authorization"] == "Bearer sk-test"
    assert body == PARAMS | {"stream": True}


def test_a_connection_is_kept_for_the_next_question():
    with connected(stream_of(start(), text(0, "Yes."), stop())) as (server, client):
        for _ in range(3):
            list(run(client, REQUEST))
        assert (len(server.requests), server.connections) == (3, 1)


def test_leaving_the_iterator_closes_the_connection():
    gone = threading.Event()

    def behave(handler):
        handler.begin()
        handler.chunk(start() + text(0, "Half"))
        if handler.connection.recv(1) == b"":
            gone.set()

    with connected(behave) as (_, client):
        events = run(client, REQUEST)
        next(events)
        events.close()
        assert gone.wait(2)


def test_it_counts_tokens():
    with connected(refusing(200, body=b'{"input_tokens": 2095}')) as (server, client):
        assert count(client, {"model": "claude-sonnet-5-5", "messages": []}).tokens == 2095
        assert server.requests[0][0] == "/v1/messages/count_tokens"
    with connected(refusing(401, "authentication_error")) as (_, client):
        with pytest.raises(EngineError) as caught:
            count(client, {"model": "claude-sonnet-5-5", "messages": []})
        assert caught.value.code == "bad_key"


def test_without_a_key_there_is_no_client():
    with pytest.raises(EngineError) as caught:
        make_client("", "http://127.0.0.1:9")
    assert caught.value.code == "no_key"
