"""The SDK alone on the same emulator: the same document, question and parameters."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import anthropic

from qa import engine
from qa.engine import files


@dataclass
class Heard:
    """One answer as the SDK's caller got it; times in seconds since the request was sent."""

    first: float = 0.0
    last: float = 0.0
    words_first: int = 0
    blocks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(block["text"] for block in self.blocks)


class Bare:
    """``say`` streams one answer; a second one to the same question carries the first."""

    def __init__(self, url: str, model: str, title: str, text: str) -> None:
        # as Pincite's own worker: one client, whose connections stay open
        self.client = engine.make_client("emulator", url)
        self.model, self.title = model, title
        self.file = files.upload_text(self.client, "bench.txt", text, 1).file_id

    def close(self) -> None:
        self.client.close()

    def params(self, question: str, earlier: Heard | None = None) -> dict[str, Any]:
        source = engine.Source(version="bench", title=self.title, file_id=self.file)
        history = (self._turn(question, earlier),) if earlier else ()
        asked = engine.Question(question, self.model, (source,), history)
        return engine.build(asked).params

    def _turn(self, question: str, heard: Heard) -> engine.Turn:
        blocks = (
            engine.AnswerBlock(
                block["text"],
                tuple(
                    engine.StoredCitation(
                        "bench",
                        self.title,
                        citation.start_char_index,
                        citation.end_char_index,
                        citation.cited_text,
                    )
                    for citation in block["citations"]
                ),
            )
            for block in heard.blocks
        )
        return engine.Turn(question, tuple(blocks))

    def say(self, params: dict[str, Any]) -> Heard:
        heard = Heard()
        numbers: dict[int, int] = {}
        began = time.perf_counter()
        stream: anthropic.Stream[Any] = self.client.sdk.messages.create(**params, stream=True)
        with stream:
            for event in stream:
                if event.type != "content_block_delta":
                    continue
                if event.delta.type not in ("text_delta", "citations_delta"):
                    continue
                number = numbers.setdefault(event.index, len(numbers))
                if number == len(heard.blocks):
                    heard.blocks.append({"text": "", "citations": []})
                block = heard.blocks[number]
                if event.delta.type == "citations_delta":
                    block["citations"].append(event.delta.citation)
                elif event.delta.text:
                    block["text"] += event.delta.text
                    heard.last = time.perf_counter() - began
                    if not heard.first:
                        heard.first = heard.last
                        heard.words_first = len(heard.text.split())
        return heard
