"""The answer to a prompt: its content blocks, why it stopped, and what it used."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import cells, continuing, extract, found, structured, tokens, tooling, web
from . import thinking as thoughts
from .cache import CacheUse
from .faults import OFFSETS, Fault
from .library import Library
from .paged import page_citation, titled, unseen
from .prompt import Document, Prompt
from .turn import Turn, with_pages

Json = dict[str, Any]

NOTHING_TO_READ = (
    "There is no text document in this conversation, and this local server answers from text "
    "documents only."
)
NO_ANSWER = "The documents do not contain an answer to this question."
LEADS = (
    "These passages of the documents bear on the question:",
    "The documents say the following:",
    "On this point the documents state:",
)
MAX_SENTENCES_CITED_APART = 3


@dataclass(frozen=True)
class Answer:
    """`content` as in a Message object; `thinking_tokens` are part of `output_tokens`."""

    content: tuple[Json, ...]
    stop_reason: str
    output_tokens: int
    thinking_tokens: int = 0
    stop_sequence: str | None = None
    stop_details: Json | None = None

    @property
    def server_tool_use(self) -> Json | None:
        """How often the server's tools ran for it; None for not at all."""
        ran = Counter(b["name"] for b in self.content if b["type"] == "server_tool_use")
        names = ("web_search", "web_fetch")
        return {f"{name}_requests": ran[name] for name in names} if ran else None


@dataclass(frozen=True)
class Shape:
    """What the request and a fault demand of the answer, beside its question."""

    max_tokens: int
    thinking: str | None  # "omitted", "summarized", or None for no thinking block
    stop_sequences: tuple[str, ...] = ()
    fault: Fault | None = None
    effort: str | None = None
    budget: int | None = None
    schema: Json | None = None  # the format it must have


def compose(library: Library, prompt: Prompt, turn: Turn, shape: Shape) -> Answer:
    """Answer a prompt by calling tools or by extraction, within its `max_tokens` and window.
    Deterministic in its text."""
    if shape.max_tokens == 0:
        return Answer((), "max_tokens", 0)
    kind = shape.fault.kind if shape.fault else None
    thinking = [thoughts.block(prompt, shape.thinking, shape.effort)] if shape.thinking else []
    thought = thoughts.spent(prompt, shape.effort, shape.budget) if thinking else 0
    room = prompt.model.window - prompt.tokens
    if kind in ("max_tokens", "context_window"):
        reason = "max_tokens" if kind == "max_tokens" else "model_context_window_exceeded"
        return Answer(tuple(thinking), reason, min(shape.max_tokens, thought + 1), thought)
    if kind not in ("refusal", "no_text"):
        called = tooling.calls(turn, prompt.questions, more=kind == "more_tools")
        if called:
            return _calling(prompt, [*thinking, *called], thought, "tool_use")
    browsed = web.blocks(library, turn, prompt.questions) if kind != "no_text" else []
    if kind == "keeps_pausing":
        said = _text_blocks(library, prompt, turn, shape) if shape.fault.with_text else []  # type: ignore[union-attr]
        more = web.blocks(library, turn, prompt.questions, again=True)
        return _calling(prompt, [*thinking, *said, *more], thought, "pause_turn")
    if browsed and kind == "pause_turn":
        return _calling(prompt, [*thinking, *browsed], thought, "pause_turn")
    turn = with_pages(turn, browsed)
    blocks = [] if kind == "no_text" else _text_blocks(library, prompt, turn, shape)
    thinking = [*thinking, *browsed]
    if kind == "refusal":
        return _refusal(prompt, thinking, thought, blocks[:1] if shape.fault.with_text else [])  # type: ignore[union-attr]
    limit = min(shape.max_tokens, room)
    cut_reason = "max_tokens" if shape.max_tokens <= room else "model_context_window_exceeded"
    blocks, sequence = _until_stop_sequence(blocks, shape.stop_sequences)
    kept, spent, cut = _within(prompt, blocks, limit - thought)
    if cut:
        return Answer(
            (*thinking, *kept), cut_reason, min(limit, thought + spent), min(limit, thought)
        )
    reason = "stop_sequence" if sequence else "end_turn"
    return Answer((*thinking, *kept), reason, thought + spent, thought, sequence)


def message(id_: str, prompt: Prompt, use: CacheUse, answer: Answer, speed: str | None) -> Json:
    """The Message object of a finished answer."""
    return {
        "id": id_,
        "type": "message",
        "role": "assistant",
        "model": prompt.model.id,
        "content": list(answer.content),
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
        "stop_details": answer.stop_details,
        "container": None,
        "diagnostics": None,
        "usage": usage(use, answer, speed),
    }


def usage(use: CacheUse, answer: Answer, speed: str | None) -> Json:
    return {
        "input_tokens": use.uncached,
        "cache_creation_input_tokens": use.written,
        "cache_read_input_tokens": use.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": use.written_5m,
            "ephemeral_1h_input_tokens": use.written_1h,
        },
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"thinking_tokens": answer.thinking_tokens},
        "server_tool_use": answer.server_tool_use,
        "service_tier": "standard",
        "inference_geo": "local",
        "speed": speed or "standard",
    }


def _refusal(prompt: Prompt, thinking: list[Json], thought: int, blocks: list[Json]) -> Answer:
    spent = sum(tokens.of_text(prompt.model, block["text"]) for block in blocks)
    details = {
        "type": "refusal",
        "category": "general_harms",
        "explanation": "This request was declined on demand.",
    }
    # A refusal before any output is not billed.
    content, billed = ((*thinking, *blocks), thought + spent) if blocks else ((), 0)
    return Answer(content, "refusal", billed, thought if blocks else 0, stop_details=details)


def _calling(prompt: Prompt, content: list[Json], thought: int, reason: str) -> Answer:
    spent = sum(tokens.of_value(prompt.model, b["input"]) for b in content if "input" in b)
    return Answer(tuple(content), reason, thought + spent, thought)


def _text_blocks(library: Library, prompt: Prompt, turn: Turn, shape: Shape) -> list[Json]:
    if shape.schema is not None:
        question = prompt.questions[-1] if prompt.questions else ""
        texts = [document.text or "" for document in prompt.documents]
        return [_text(structured.text(shape.schema, question, texts))]
    written = list(_found(library, prompt, turn, shape.fault))
    if prompt.form is not None and not (shape.fault and shape.fault.kind == "no_last_line"):
        line = cells.line(prompt.form, cells.passages(written))
        written.append(_text(f"\n\n{line}"))
    return continuing.rest(written, prompt.said)


def _found(library: Library, prompt: Prompt, turn: Turn, fault: Fault | None) -> Iterator[Json]:
    pages = list(web.text_blocks(library, turn, prompt.questions))
    if turn.results or (turn.uses and not prompt.documents):
        from_results = list(found.text_blocks(library, turn, prompt.questions, fault))
        if from_results:
            yield _text(f"{LEADS[thoughts.seed(prompt) % len(LEADS)]}\n")
            yield from from_results
        else:
            yield _text(NO_ANSWER + found.searched(turn))
    else:
        own = [one for one in prompt.documents if one.index not in turn.fetched]
        yield from _from_documents(library, prompt, own, fault)
    if blind := unseen(prompt):
        yield _text(f"\n\n{blind}")
    if pages:
        yield _text("\n\nOn the web:\n")
        yield from pages


def _from_documents(
    library: Library, prompt: Prompt, documents: list[Document], fault: Fault | None
) -> Iterator[Json]:
    readable = [document for document in documents if (document.text or "").strip()]
    if not readable:
        yield _text(NOTHING_TO_READ)
        return
    passages = extract.find(library, readable, prompt.questions)
    if not passages:
        yield _text(NO_ANSWER)
        return
    seed = thoughts.seed(prompt)
    lead = LEADS[seed % len(LEADS)]
    titles = {titled(document, readable) for document in readable}
    for number, one in enumerate(passages):
        apart = len(one.ranges) <= MAX_SENTENCES_CITED_APART and (seed + number) % 3 != 0
        whole = (one.ranges[0][0], one.ranges[-1][1])
        parts = one.ranges if apart else (whole,)
        opening = f"{lead}\n\n- " if number == 0 else "\n- "
        if len(titles) > 1 and one.document.title:
            opening += f"{titled(one.document, readable)}: "
        yield _text(opening)
        for part in parts:
            citations = [_citation(one.document, part, fault)] if one.document.cited else None
            # A block of white space alone would be refused when the answer is sent back.
            space = "" if part is parts[-1] else " "
            yield _text(_folded(one.document, part) + space, citations)


def _folded(document: Document, cited: tuple[int, int]) -> str:
    return " ".join((document.text or "")[slice(*cited)].split())


def _text(text: str, citations: list[Json] | None = None) -> Json:
    return {"type": "text", "text": text, "citations": citations}


def _citation(document: Document, cited: tuple[int, int], fault: Fault | None) -> Json:
    start, end = cited
    text = document.text or ""
    if document.pages:
        return page_citation(document, cited, fault)
    citation = {
        "type": "char_location",
        "cited_text": text[start:end],
        "document_index": document.index,
        "document_title": document.title,
        "start_char_index": start,
        "end_char_index": end,
        "file_id": document.file_id,
    }
    if fault and fault.kind in OFFSETS:
        _distort(citation, text, fault.kind)
    return citation


def _distort(citation: Json, text: str, kind: str) -> None:
    """Make a true citation wrong in the way `kind` names; what it does not name stays true."""
    start, end = citation["start_char_index"], citation["end_char_index"]
    quote = citation["cited_text"]
    offsets = {
        "offsets_utf16": (_utf16(text[:start]), _utf16(text[:end])),
        "offsets_bytes": (len(text[:start].encode()), len(text[:end].encode())),
        "offsets_off_by_one": (start + 1, end + 1),
        "offsets_out_of_range": (len(text) + 1_000, len(text) + 1_000 + end - start),
    }
    quotes = {
        "quote_collapsed_whitespace": " ".join(quote.split()),
        "quote_folded": unicodedata.normalize("NFKC", quote).translate(_FOLD),
        "quote_invented": "This sentence stands nowhere in the document, not even in part.",
    }
    if kind in offsets:
        citation["start_char_index"], citation["end_char_index"] = offsets[kind]
    citation["cited_text"] = quotes.get(kind, quote)


_FOLD = str.maketrans("‘’“”–—", "''\"\"--")


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _until_stop_sequence(
    blocks: list[Json], sequences: tuple[str, ...]
) -> tuple[list[Json], str | None]:
    for i, block in enumerate(blocks):
        hits = [(block["text"].find(s), s) for s in sequences if s in block["text"]]
        if hits:
            at, sequence = min(hits)
            rest = [{**block, "text": block["text"][:at]}] if at else []
            return blocks[:i] + rest, sequence
    return blocks, None


def _within(prompt: Prompt, blocks: list[Json], limit: int) -> tuple[list[Json], int, bool]:
    """As much of the blocks as `limit` tokens allow, what that costs, and whether anything was
    cut."""
    kept: list[Json] = []
    spent = 0
    for block in blocks:
        cost = tokens.of_text(prompt.model, block["text"])
        if spent + cost <= limit:
            kept.append(block)
            spent += cost
            continue
        text = ""
        for word in re.findall(r"\s*\S+", block["text"]):
            if spent + tokens.of_text(prompt.model, text + word) > limit:
                break
            text += word
        if text:
            kept.append({**block, "text": text})
            spent += tokens.of_text(prompt.model, text)
        return kept, spent, True
    return kept, spent, False
