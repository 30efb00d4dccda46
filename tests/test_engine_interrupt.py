"""Stopping a run acts at once, whatever it is waiting for."""

import socket
import threading
import time

import pytest

from qa.engine import Finished, Interrupt, Interrupted, Started, Text, make_client, run
from tests.test_engine_wire import REQUEST, connected, sse, start, stop, text

AT_ONCE = 0.2


class Running:
    """A run on a thread of its own, as in the worker."""

    def __init__(self, client):
        self.interrupt = Interrupt()
        self.events = []
        self.outcome = None
        self.ended_at = None
        self.thread = threading.Thread(target=self._consume, args=(client,))
        self.thread.start()

    def _consume(self, client):
        try:
            for event in run(client, REQUEST, self.interrupt):
                self.events.append(event)
            self.outcome = "finished"
        except Exception as exc:
            self.outcome = exc
        self.ended_at = time.monotonic()

    def stop_after(self, seconds=0.1):
        """How many seconds the run went on after it was stopped."""
        time.sleep(seconds)
        assert self.outcome is None
        stopped_at = time.monotonic()
        self.interrupt.set()
        self.thread.join(5)
        assert self.ended_at is not None
        return self.ended_at - stopped_at


@pytest.fixture
def over():
    """Set when the test is over, so that no server thread waits any longer."""
    event = threading.Event()
    yield event
    event.set()


def test_it_stops_while_the_server_has_not_sent_a_byte(over):
    with connected(lambda handler: over.wait(5)) as (server, client):
        running = Running(client)
        assert running.stop_after() < AT_ONCE
        assert len(server.requests) == 1
        over.set()
    assert isinstance(running.outcome, Interrupted)
    assert running.outcome.code == "stopped"


def test_it_stops_in_the_silence_after_the_first_text(over):
    def behave(handler):
        handler.begin()
        handler.chunk(start() + text(0, "Half"))
        over.wait(5)

    with connected(behave) as (_, client):
        running = Running(client)
        assert running.stop_after() < AT_ONCE
        over.set()
    error = running.outcome
    assert isinstance(error, Interrupted)
    assert [type(event) for event in running.events][:2] == [Started, Text]
    assert (error.usage.input_tokens, error.request_id) == (25, "req_1")
    assert error.first_text_ms is not None
    assert error.total_ms >= 100


def test_it_stops_between_pings(over):
    def behave(handler):
        handler.begin()
        handler.chunk(start())
        while not over.wait(0.3):
            handler.chunk(sse(type="ping"))

    with connected(behave) as (_, client):
        running = Running(client)
        assert running.stop_after(0.35) < AT_ONCE
        over.set()
    assert isinstance(running.outcome, Interrupted)


def test_it_stops_a_stream_without_framing_which_ends_by_closing(over):
    """There a socket that is shut down looks like the end of the answer."""

    def behave(handler):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        handler.wfile.write(start() + text(0, "Yes.") + stop())
        handler.wfile.flush()
        over.wait(5)

    with connected(behave) as (_, client):
        running = Running(client)
        assert running.stop_after() < AT_ONCE
        over.set()
    assert isinstance(running.outcome, Interrupted)


def test_it_stops_amid_a_flood(over):
    def behave(handler):
        handler.begin()
        handler.chunk(start())
        flood = text(0, *["word "] * 500)
        while not over.is_set():
            handler.chunk(flood)

    with connected(behave) as (_, client):
        running = Running(client)
        assert running.stop_after() < AT_ONCE
        over.set()
    assert isinstance(running.outcome, Interrupted)


def test_what_has_arrived_already_is_not_read_after_a_stop():
    def behave(handler):
        handler.begin()
        handler.chunk(start() + text(0, *["word "] * 50) + stop())
        handler.end()

    interrupt = Interrupt()
    with connected(behave) as (_, client):
        events = run(client, REQUEST, interrupt)
        assert isinstance(next(events), Started)
        assert next(events) == Text(0, "word ")
        interrupt.set()
        with pytest.raises(Interrupted):
            next(events)


def test_it_stops_while_a_name_is_looked_up_or_a_host_does_not_answer(over, monkeypatch):
    def slow(*args, **kwargs):
        over.wait(5)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "create_connection", slow)
    client = make_client("sk-test", "http://nowhere.invalid")
    running = Running(client)
    assert running.stop_after() < AT_ONCE
    assert isinstance(running.outcome, Interrupted)
    client.close()


def test_a_connection_that_opens_after_the_stop_is_closed_again(monkeypatch):
    may_connect = threading.Event()
    connect = socket.create_connection

    def slow(*args, **kwargs):
        may_connect.wait(5)
        return connect(*args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", slow)
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = make_client("sk-test", f"http://127.0.0.1:{server.getsockname()[1]}")
        Running(client).stop_after()
        may_connect.set()
        peer, _ = server.accept()
        with peer:
            peer.settimeout(2)
            assert peer.recv(1) == b""
        client.close()


def test_it_stops_in_the_middle_of_a_tls_handshake():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        client = make_client("sk-test", f"https://127.0.0.1:{mute.getsockname()[1]}")
        running = Running(client)
        assert running.stop_after() < AT_ONCE
        client.close()
    assert isinstance(running.outcome, Interrupted)


def test_one_stopped_before_it_begins_sends_nothing():
    interrupt = Interrupt()
    interrupt.set()
    with connected(lambda handler: None) as (server, client):
        with pytest.raises(Interrupted):
            next(run(client, REQUEST, interrupt))
        assert server.requests == []


def test_stopping_one_run_leaves_others_of_the_same_client_alone(over):
    def behave(handler):
        handler.begin()
        handler.chunk(start())
        over.wait(5)
        handler.chunk(text(0, "Yes.") + stop())
        handler.end()

    with connected(behave) as (_, client):
        others = [Running(client) for _ in range(4)]
        stopped = Running(client)
        assert stopped.stop_after() < AT_ONCE
        over.set()
        for other in others:
            other.thread.join(5)
            assert isinstance(other.events[-1], Finished)


def test_a_late_stop_does_not_hurt_the_next_run_on_the_same_connection(over):
    first = threading.Event()

    def behave(handler):
        handler.begin()
        if first.is_set():
            time.sleep(0.2)
        first.set()
        handler.chunk(start() + text(0, "Yes.") + stop())
        handler.end()

    with connected(behave) as (server, client):
        before = Interrupt()
        list(run(client, REQUEST, before))
        following = Running(client)
        time.sleep(0.1)
        before.set()
        following.thread.join(5)
        assert (following.outcome, server.connections) == ("finished", 1)


def test_after_a_stop_the_client_goes_on_with_a_new_connection(over):
    silent = threading.Event()
    silent.set()

    def behave(handler):
        if silent.is_set():
            over.wait(5)
            return
        handler.begin()
        handler.chunk(start() + text(0, "Yes.") + stop())
        handler.end()

    with connected(behave) as (_, client):
        Running(client).stop_after()
        silent.clear()
        assert isinstance(list(run(client, REQUEST))[-1], Finished)
        over.set()
