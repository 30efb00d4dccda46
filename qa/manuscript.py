"""What an answer consists of while it is written: text, footnotes and steps, published as they
come."""

from __future__ import annotations

import copy
import dataclasses
import logging
from dataclasses import dataclass
from typing import Any

from documents.models import Version
from qa import engine
from qa.models import Answer, Citation
from qa.notes import note
from qa.preparing import source_text
from qa.publisher import Publisher
from qa.steps import Step, of_web

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Kept:
    """What was written before a response, should it break off."""

    blocks: list[dict[str, Any]]
    citations: dict[int, Citation]
    steps: list[Step]
    numbering: engine.Numbering
    apart: bool


class Manuscript:
    """``versions`` are those that may be cited, by public id.

    An answer may take several requests, whose text blocks are numbered on. What was said before a
    tool was used, and cites nothing, was about the work and not the answer: it is taken back.
    """

    def __init__(self, answer: Answer, publisher: Publisher) -> None:
        self.answer, self.publisher = answer, publisher
        self.versions: dict[str, Version] = {}
        self.blocks: list[dict[str, Any]] = []
        self.citations: dict[int, Citation] = {}
        self.steps: list[Step] = []
        self._numbering = engine.Numbering()
        self._base = 0  # the number of the present response's first block
        self._tentative = 0  # from here on, what was said may still be taken back
        self._draw_curtain()
        self._apart = False  # whether a paragraph must begin before the next text
        self._browsing: dict[str, engine.Called] = {}
        self._fetched: list[engine.WebPage] = []
        self._kept = self._all()  # as it was before the present response

    def begin_response(self, *, apart: bool) -> None:
        """The next events are of another response; ``apart``: tools were run between the two."""
        self._base = self._tentative = len(self.blocks)
        self._draw_curtain()
        self._apart = apart and self.says_something
        self._kept = self._all()

    @property
    def says_something(self) -> bool:
        return any(block["text"].strip() for block in self.blocks)

    def begin_anew(self, sentence: str, thought: str) -> None:
        """The present response broke off, or did not begin: its request is sent again. What it
        said is void; what was said before it, and the ``thought`` of that, stays."""
        kept = self._kept
        said = len(self.blocks) > len(kept.blocks) or len(self.steps) > len(kept.steps)
        self.blocks, self.citations, self.steps = kept.blocks, kept.citations, kept.steps
        self._numbering, self._apart = kept.numbering, kept.apart
        self._base = self._tentative = len(self.blocks)
        self._draw_curtain()
        self._kept = self._all()
        self._browsing = {}
        if not said:
            self.publisher.add({"type": "status", "sentence": sentence})
            return
        self.publisher.add({"type": "broke", "sentence": sentence})
        if thought:
            self.publisher.add({"type": "thought", "text": thought})
        for step in self.steps:
            self.publisher.add({"type": "step", "step": step})
        for number, block in enumerate(self.blocks):
            self.publisher.add({"type": "text", "block": number, "text": block["text"]})
            for cited in block["citations"]:
                self._publish_note(number, cited)

    def _draw_curtain(self) -> None:
        self._curtain = engine.cells.Curtain() if self.answer.brief else None

    def _all(self) -> _Kept:
        return _Kept(
            [{**block, "citations": [*block["citations"]]} for block in self.blocks],
            dict(self.citations),
            [*self.steps],
            copy.deepcopy(self._numbering),
            self._apart,
        )

    def take(self, event: engine.Event, request: engine.Request) -> None:
        """What an event adds; nothing for events that are not about the answer."""
        match event:
            case engine.Text(block, text):
                self._text(block, text)
            case engine.Cited(block, raw):
                self._cite(block, raw, request)
            case engine.Called():
                self._take_back()
                if event.server:
                    self._browsing[event.id] = event
            case engine.Browsed():
                self._browsed(event)

    def add_step(self, step: Step) -> None:
        self.steps.append(step)
        self.publisher.add({"type": "step", "step": step})

    def written(self) -> dict[str, Any]:
        """The fields of the answer's row."""
        kept = [block for block in self.blocks if block["text"] or block["citations"]]
        blocks = [{**b, "text": b["text"].replace("\0", "")} for b in kept]
        closing = ""
        if self.answer.brief:
            blocks, closing = engine.cells.split(blocks)
        text = "".join(block["text"] for block in blocks)
        steps = without_nul(self.steps)
        return {"text": text, "blocks": blocks, "closing": closing, "steps": steps}

    # text --------------------------------------------------------------------------------------

    def _text(self, number: int, text: str) -> None:
        if self._apart:
            text, self._apart = "\n\n" + text.lstrip("\n"), False
        block = self._base + number
        self._block(block)["text"] += text
        shown = self._curtain.pass_on(block, text) if self._curtain else [(block, text)]
        for block, text in shown:
            self.publisher.add({"type": "text", "block": block, "text": text})

    def _block(self, index: int) -> dict[str, Any]:
        while len(self.blocks) <= index:
            self.blocks.append({"text": "", "citations": []})
        return self.blocks[index]

    def _take_back(self) -> None:
        since = self.blocks[self._tentative :]
        if any(block["text"] for block in since) and not any(b["citations"] for b in since):
            for block in since:
                block["text"] = ""
            self.publisher.add({"type": "aside", "block": self._tentative})
        self._tentative = len(self.blocks)

    # footnotes ---------------------------------------------------------------------------------

    def _cite(self, block: int, raw: dict[str, Any], request: engine.Request) -> None:
        resolved = engine.resolve(
            raw,
            request.document_map,
            source_text,
            request.found,
            self._fetched,
            looks=request.looks,
        )
        number = self._numbering.number(resolved)
        if number not in self.citations:
            self.citations[number] = self._citation(number, resolved)
            if resolved.state != Citation.State.EXACT:
                logger.info(
                    "answer=%s citation=%d state=%s",
                    self.answer.public_id,
                    number,
                    resolved.state,
                )
        block += self._base
        self._block(block)["citations"].append(number)
        self._publish_note(block, number)

    def _publish_note(self, block: int, number: int) -> None:
        footnote = dataclasses.asdict(note(self.answer, self.citations[number]))
        self.publisher.add({"type": "cite", "block": block, "note": footnote})

    def _citation(self, number: int, resolved: engine.Resolved) -> Citation:
        version = self.versions.get(resolved.version or "")
        title = version.document.title if version else resolved.title
        return Citation(
            answer=self.answer,
            number=number,
            kind=resolved.kind,
            state=resolved.state,
            version=version,
            start=resolved.start,
            end=resolved.end,
            page_start=resolved.page_start,
            page_end=resolved.page_end,
            address=engine.web.address(resolved.url or ""),
            title=title[:300].replace("\0", ""),
            cited_text=resolved.cited_text.replace("\0", ""),
            seen=resolved.seen,
            raw=without_nul(dict(resolved.raw)),
        )

    # the web -----------------------------------------------------------------------------------

    def _browsed(self, browsed: engine.Browsed) -> None:
        call = self._browsing.get(browsed.call)
        self._fetched += [page for page in browsed.pages if page.text is not None]
        if call is not None:
            self.add_step(of_web(call, browsed))


def without_nul(value: Any) -> Any:
    """JSON without NUL characters, which PostgreSQL refuses."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {key: without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nul(item) for item in value]
    return value
