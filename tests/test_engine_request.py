"""A question becomes one request: what stays the same comes first, byte for byte."""

import json
from dataclasses import replace

import pytest

from qa.engine import (
    AnswerBlock,
    Question,
    Source,
    StoredCitation,
    Turn,
    UnknownModel,
    build,
    catalogue,
    count_params,
    fits,
    frame_params,
    prompts,
)

LEASE = Source("v-lease", "Lease.pdf", file_id="file_b", context="Signed 2024")
RIDER = Source("v-rider", "Rider.txt", file_id="file_a")
QUESTION = Question("When does it end?", "claude-sonnet-5-5", (LEASE, RIDER))
CITED = AnswerBlock(
    "It ends in 2029.",
    (StoredCitation("v-lease", "Old title.pdf", 5, 21, "It ends in 2029."),),
)
BEFORE = Turn("When does it end?", (CITED, AnswerBlock("That is the term.")))


def contents(request):
    return [block for message in request.params["messages"] for block in message["content"]]


def breakpoints(request):
    blocks = request.params["system"] + contents(request)
    return [n for n, block in enumerate(blocks) if "cache_control" in block]


def bare(value):
    """The bytes the cache compares: breakpoints are not part of them."""
    return json.dumps(value).replace(', "cache_control": {"type": "ephemeral"}', "")


def test_system_comes_first_then_documents_by_file_then_the_question():
    request = build(QUESTION)
    assert request.params["system"][0]["text"] == prompts.SYSTEM
    rider, lease, question = contents(request)
    assert rider == {
        "type": "document",
        "source": {"type": "file", "file_id": "file_a"},
        "title": "Rider.txt",
        "citations": {"enabled": True},
    }
    assert lease["source"] == {"type": "file", "file_id": "file_b"}
    assert lease["context"] == "Signed 2024"
    assert question["text"] == "When does it end?"
    assert request.document_map == ("v-rider", "v-lease")
    assert request.prompt_version == prompts.VERSION


def test_the_order_of_selection_does_not_change_a_byte():
    turned = replace(QUESTION, sources=QUESTION.sources[::-1])
    assert json.dumps(build(turned).params) == json.dumps(build(QUESTION).params)


def test_the_next_question_begins_with_the_bytes_of_the_one_before():
    first = build(QUESTION)
    second = build(Question("And the rent?", QUESTION.model, QUESTION.sources, (BEFORE,)))
    third = build(
        Question(
            "And the deposit?",
            QUESTION.model,
            QUESTION.sources,
            (BEFORE, Turn("And the rent?", (AnswerBlock("4,200 euros."),))),
        )
    )
    for earlier, later in ((first, second), (second, third)):
        assert earlier.params["system"] == later.params["system"]
        same = bare(contents(earlier))[:-1]
        assert bare(contents(later)).startswith(same)
        settings = ("messages", "system")
        assert {k: v for k, v in earlier.params.items() if k not in settings} == {
            k: v for k, v in later.params.items() if k not in settings
        }


def test_breakpoints_stand_on_system_last_document_and_the_two_newest_questions():
    assert breakpoints(build(QUESTION)) == [0, 2, 3]
    history = (BEFORE, BEFORE, BEFORE)
    request = build(replace(QUESTION, text="And then?", history=history))
    blocks = request.params["system"] + contents(request)
    marked = [blocks[n] for n in breakpoints(request)]
    assert len(marked) == 4
    assert marked[1]["type"] == "document"
    assert [block["text"] for block in marked[2:]] == ["When does it end?", "And then?"]
    assert breakpoints(request)[2:] == [len(blocks) - 4, len(blocks) - 1]


def test_documents_stay_in_the_first_user_turn():
    request = build(replace(QUESTION, text="And the rent?", history=(BEFORE,)))
    roles = [message["role"] for message in request.params["messages"]]
    assert roles == ["user", "assistant", "user"]
    kinds = [block["type"] for block in request.params["messages"][0]["content"]]
    assert kinds == ["document", "document", "text"]


def test_history_is_replayed_with_citations_in_the_numbers_of_this_request():
    request = build(replace(QUESTION, text="And the rent?", history=(BEFORE,)))
    cited, plain = request.params["messages"][1]["content"]
    assert cited["citations"] == [
        {
            "type": "char_location",
            "cited_text": "It ends in 2029.",
            "document_index": 1,
            "document_title": "Lease.pdf",
            "start_char_index": 5,
            "end_char_index": 21,
        }
    ]
    assert plain == {"type": "text", "text": "That is the term."}


def test_citations_that_this_request_cannot_hold_are_left_out():
    block = AnswerBlock(
        "Both.",
        (
            StoredCitation("v-gone", "Gone.pdf", 0, 5, "Gone."),
            StoredCitation("v-rider", "Rider.txt", None, None, "Never found."),
        ),
    )
    request = build(replace(QUESTION, history=(Turn("Which?", (block,)),)))
    assert request.params["messages"][1]["content"] == [{"type": "text", "text": "Both."}]


def test_blank_blocks_and_turns_without_an_answer_are_not_sent():
    blocks = (AnswerBlock("\n"), CITED, AnswerBlock("  \n"), AnswerBlock("More."))
    history = (Turn("Stopped?", ()), Turn("When?", blocks), Turn("Blank?", (AnswerBlock(" "),)))
    request = build(replace(QUESTION, text="And?", history=history))
    assert [message["role"] for message in request.params["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
    texts = [block["text"] for block in request.params["messages"][1]["content"]]
    assert texts == ["It ends in 2029.  \n", "More."]


def test_a_source_without_a_file_goes_inline():
    inline = Source("v1", "Note", text="The rent is 4,200.")
    block = contents(build(Question("How much?", "claude-sonnet-5-5", (inline,))))[0]
    assert block["source"] == {
        "type": "text",
        "media_type": "text/plain",
        "data": "The rent is 4,200.",
    }


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("A\nB\t C\x07\u202e.pdf", "A B C.pdf"),
        ("  ", "Untitled document"),
        ("x" * 300, "x" * 199 + "…"),
        ("lone \ud800", "lone ?"),
    ],
)
def test_titles_are_one_clean_line(title, sent):
    request = build(replace(QUESTION, sources=(replace(LEASE, title=title),)))
    assert contents(request)[0]["title"] == sent


def test_what_cannot_be_written_as_json_in_utf8_is_not_sent():
    request = build(replace(QUESTION, text="What\0 \ud83d?"))
    json.dumps(request.params, ensure_ascii=False).encode()
    assert contents(request)[-1]["text"] == "What ??"


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (replace(QUESTION, text="  "), "blank"),
        (replace(QUESTION, sources=(LEASE, LEASE)), "twice"),
        (replace(QUESTION, sources=(Source("v1", "Empty"),)), "neither"),
    ],
)
def test_it_refuses_what_cannot_be_asked(question, complaint):
    with pytest.raises(ValueError, match=complaint):
        build(question)


def test_an_unknown_model_is_told_with_those_there_are():
    with pytest.raises(UnknownModel, match="claude-sonnet-5-5"):
        build(replace(QUESTION, model="gpt-9"))


@pytest.mark.parametrize("model", catalogue.SELECTABLE)
def test_parameters_keep_to_what_each_model_accepts(model):
    known = catalogue.get(model)
    params = build(replace(QUESTION, model=model, effort="xhigh", max_tokens=500_000)).params
    assert params.get("thinking", {"type": "disabled"})["type"] in known.thinking
    effort = params.get("output_config", {}).get("effort")
    assert effort == ("xhigh" if "xhigh" in known.efforts else known.default_effort)
    assert params["max_tokens"] == known.max_output
    assert not {"temperature", "top_p", "top_k", "tool_choice"} & params.keys()


def test_thinking_is_shown_in_summary_unless_asked_otherwise():
    assert build(QUESTION).params["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert "thinking" not in build(replace(QUESTION, thinking_display=None)).params


def test_the_window_suffix_is_stripped():
    assert build(replace(QUESTION, model="claude-sonnet-5-5[1m]")).params["model"] == (
        "claude-sonnet-5-5"
    )


def test_documents_and_frame_are_counted_apart_and_add_up_to_the_request():
    inline = (Source("v1", "Note", text="The rent is 4,200."),)
    question = replace(QUESTION, sources=inline, history=(BEFORE,))
    counted = count_params("The rent is 4,200.", QUESTION.model)["messages"][0]["content"]
    frame = frame_params(question)
    whole = contents(build(question))
    assert [block["source"] for block in counted] == [whole[0]["source"]]
    framed = [block["type"] for message in frame["messages"] for block in message["content"]]
    assert framed == [block["type"] for block in whole[1:]]
    assert frame["system"] == build(question).params["system"]
    assert "max_tokens" not in frame


def test_a_prompt_fits_if_there_is_room_left_for_the_answer():
    assert fits(980_000, "claude-sonnet-5-5")
    assert not fits(980_001, "claude-sonnet-5-5")
    assert not fits(190_000, "claude-haiku-4-5-20251001")
