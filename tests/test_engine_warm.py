"""Breakpoints, lifetimes and reading beforehand, over HTTP: the next question finds all of it."""

import base64
import io
import uuid
from dataclasses import replace

import pytest
from PIL import Image

from qa.engine import (
    AnswerBlock,
    EngineError,
    Lifetimes,
    Look,
    Picture,
    Question,
    Source,
    Started,
    Turn,
    breakpoints,
    build,
    build_warming,
    catalogue,
    make_client,
    run,
    warm,
    warming_is_refused,
)


def png():
    out = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(out, "PNG")
    return out.getvalue()


TEXT = "The rent is 4,200 euros a month.\n" + "".join(
    f"{n}. Clause {n} of this lease is reserved.\n" for n in range(600)
)
LEASE = Source("v-lease", "Lease.pdf", text=TEXT)
# thinking is not asked for, and this model does not think by itself
QUIET = Question("What is the rent?", "claude-haiku-4-5", (LEASE,))
THINKING = replace(QUIET, model="claude-sonnet-5-5")
MANY = tuple(AnswerBlock(f"Part {n}. ") for n in range(45))


@pytest.fixture
def client(emulator):
    made = make_client("sk-" + uuid.uuid4().hex, emulator.url)
    yield made
    made.close()


def asked(client, question):
    """The first and the last event."""
    events = list(run(client, build(question)))
    assert isinstance(events[0], Started)
    return events[0], events[-1]


def controls(request):
    blocks = [*request.params["system"]]
    for message in request.params["messages"]:
        blocks += message["content"]
    return [
        (n, block["cache_control"].get("ttl", "5m"))
        for n, block in enumerate(blocks)
        if "cache_control" in block
    ]


def test_lifetimes_go_to_what_is_shared_and_to_the_turns():
    turn = Turn("When?", (AnswerBlock("Soon."),))
    question = replace(QUIET, history=(turn,), lifetimes=Lifetimes("1h", "5m"))
    # system, document, question, answer, question
    assert controls(build(question)) == [(0, "1h"), (1, "1h"), (2, "5m"), (4, "5m")]
    assert controls(build(replace(question, lifetimes=Lifetimes("1h", "1h"))))[-1] == (4, "1h")


@pytest.mark.parametrize("lifetimes", [Lifetimes(), Lifetimes("1h"), Lifetimes("1h", "1h")])
@pytest.mark.parametrize("turns", [0, 1, 5])
def test_there_are_never_more_breakpoints_than_allowed_and_the_order_is_accepted(
    client, lifetimes, turns
):
    history = (Turn("When?", MANY),) * turns
    question = replace(QUIET, history=history, lifetimes=lifetimes)
    for request in (build(question), build_warming(question)):
        assert len(controls(request)) <= 4
    assert asked(client, question)[1].usage.cache_creation_input_tokens
    assert warm(client, build_warming(question)).usage.output_tokens == 0


def test_the_hour_is_paid_for_the_documents_and_five_minutes_for_the_turn(client):
    usage = asked(client, replace(QUIET, lifetimes=Lifetimes("1h")))[1].usage
    assert usage.ephemeral_1h_input_tokens > 4_096 > usage.ephemeral_5m_input_tokens > 0


def test_breakpoints_move_when_turns_are_added():
    messages = build(QUIET).params["messages"]
    messages.append({"role": "assistant", "content": [{"type": "text", "text": "4,200."}]})
    messages.append({"role": "user", "content": [{"type": "text", "text": "A year?"}]})
    messages.append({"role": "assistant", "content": [{"type": "text", "text": "50,400."}]})
    messages.append({"role": "user", "content": [{"type": "text", "text": "Two?"}]})
    breakpoints.place(messages, Lifetimes())
    marked = [
        block.get("text", "document")
        for message in messages
        for block in message["content"]
        if "cache_control" in block
    ]
    assert marked == ["document", "A year?", "Two?"]


# the shared prefix -----------------------------------------------------------------------------


def test_the_prefix_has_one_name_for_all_who_ask_about_the_documents():
    other = replace(QUIET, text="When does it end?", previous="msg_1", lifetimes=Lifetimes("1h"))
    names = {build(QUIET).prefix, build(other).prefix, build_warming(other).prefix}
    names.add(build(replace(other, history=(Turn("When?", MANY),))).prefix)
    assert len(names) == 1
    assert names != {""}


@pytest.mark.parametrize(
    "change",
    [
        {"model": "claude-opus-5-5"},
        {"sources": (replace(LEASE, title="Renamed.pdf"),)},
        {"sources": (replace(LEASE, text="Another text."),)},
        {"sources": (LEASE, replace(LEASE, version="v-2"))},
        {"model": "claude-sonnet-4-6", "thinking_display": None},
    ],
)
def test_what_makes_another_cache_entry_makes_another_name(change):
    assert build(replace(QUIET, **change)).prefix != build(QUIET).prefix
    quiet = replace(QUIET, model="claude-sonnet-4-6")
    assert build(quiet).prefix != build(replace(quiet, thinking_display=None)).prefix


def test_without_documents_there_is_nothing_to_share():
    assert build(replace(QUIET, sources=())).prefix == ""


PAGE = Look((3,), "image/png", data=base64.b64encode(png()).decode())


def test_pictures_of_pages_are_shared_like_the_documents_before_them(client):
    looked = replace(QUIET, sources=(replace(LEASE, looks=(PAGE, replace(PAGE, pages=(4,)))),))
    # system, document, two labels with their pictures, question
    assert controls(build(looked)) == [(0, "5m"), (5, "5m"), (6, "5m")]
    warmed = warm(client, build_warming(looked)).usage
    other = asked(client, replace(looked, text="When does it end?"))[1].usage
    assert other.cache_read_input_tokens == warmed.cache_creation_input_tokens
    assert build(looked).prefix != build(QUIET).prefix


def test_a_picture_in_a_question_is_another_prefix(client):
    asked(client, QUIET)
    picture = Picture("image/png", data=PAGE.data)
    pictured = replace(QUIET, pictures=(picture,))
    assert build(pictured).prefix != build(QUIET).prefix
    _first, last = asked(client, pictured)
    assert last.usage.cache_read_input_tokens < 2_000  # the system prompt at most
    assert len(controls(build(pictured))) == 3


# reading beforehand ----------------------------------------------------------------------------


@pytest.mark.parametrize("history", [(), (Turn("When?", MANY),), (Turn("When?", MANY),) * 3])
def test_what_was_read_beforehand_is_not_paid_for_by_the_question(client, history):
    question = replace(QUIET, history=history)
    warmed = warm(client, build_warming(question))
    assert warmed.usage.cache_creation_input_tokens > 4_096
    assert warmed.usage.output_tokens == 0
    assert warmed.message_id.startswith("msg_")
    usage = asked(client, question)[1].usage
    assert usage.cache_read_input_tokens == warmed.usage.cache_creation_input_tokens


def test_reading_again_costs_only_reading(client):
    first = warm(client, build_warming(QUIET)).usage
    again = warm(client, build_warming(QUIET)).usage
    assert again.cache_read_input_tokens == first.cache_creation_input_tokens
    assert again.cache_creation_input_tokens == 0


@pytest.mark.parametrize(
    ("question", "refused"),
    [
        (QUIET, False),
        (THINKING, True),
        (replace(THINKING, thinking_display=None), True),
        (replace(QUIET, model="claude-sonnet-4-6"), True),
        (replace(QUIET, model="claude-sonnet-4-6", thinking_display=None), False),
    ],
)
def test_it_is_known_beforehand_where_the_api_refuses_it(client, question, refused):
    assert warming_is_refused(build(question), catalogue.get(question.model)) == refused
    if not refused:
        assert warm(client, build_warming(question)).usage.prompt_tokens
        return
    with pytest.raises(EngineError) as caught:
        warm(client, build_warming(question))
    assert (caught.value.code, caught.value.status) == ("invalid", 400)


# why it was missed -----------------------------------------------------------------------------


def test_the_first_event_says_why_the_prefix_was_missed(client):
    before, _ = asked(client, QUIET)
    assert before.missed is None
    same, _ = asked(client, replace(QUIET, previous=before.message_id))
    assert same.missed is None
    renamed = replace(QUIET, sources=(replace(LEASE, title="Renamed"),), previous=same.message_id)
    missed = asked(client, renamed)[0].missed
    assert missed.reason == "messages_changed"
    assert missed.tokens > 4_000
    gone = asked(client, replace(QUIET, previous="msg_gone"))[0].missed
    assert (gone.reason, gone.tokens) == ("previous_message_not_found", 0)
