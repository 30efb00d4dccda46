"""The requests of one answer, one after another: what came back goes into the next.

Pure data again: whoever sends the requests and runs the calls is somewhere else. There is an end
to it: when a limit is reached, the last request forbids calls and says so, and the model answers
from what it has.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from . import breakpoints, prompts
from .errors import EngineError
from .events import Called, Finished, Usage
from .request import Request
from .tools import Found, Result, Seen

CHARS_PER_TOKEN = 3
"""Of results; a low guess, so that they are rather thought to be longer than they are."""
NO_ROOM = "Left out: there is no room for it. Answer from what you have."
NOT_SHOWN = "There is no room to show pages as they look. Answer from what you have."


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one answer may take at most: requests, tokens read and written, US dollars.

    `room` is the longest prompt of a request, in tokens: the model's window, or less.
    """

    requests: int
    tokens: int
    usd: Decimal
    room: int


class Rounds:
    """``request`` is the one to send next. After it, ``calls`` are to be run, and ``answered``
    makes the next; or ``resumed``, when the API paused; else the answer is complete."""

    def __init__(self, request: Request, bounds: Bounds) -> None:
        self.request = request
        self.bounds = bounds
        self.sent = 0
        self.tokens = 0
        self.usd = Decimal(0)

    @property
    def last(self) -> bool:
        """Whether the request allows no more calls."""
        choice = self.request.params.get("tool_choice") or {}
        return bool(choice.get("type") == "none")

    def spent(self, usage: Usage, usd: Decimal) -> None:
        """A request was sent, and this is what it took."""
        self.sent += 1
        self.tokens += usage.prompt_tokens + usage.output_tokens
        self.usd += usd

    def calls(self, finished: Finished) -> tuple[Called, ...]:
        """The calls to run for a response that ended in ``tool_use``.

        Raises EngineError when there can be none: it was said that there must be no more.
        """
        calls = tuple(
            Called(block["id"], block["name"], block["input"])
            for block in finished.content
            if block["type"] == "tool_use"
        )
        if self.last or not calls:
            raise EngineError("no_answer", detail="a call although none was allowed")
        return calls

    def answered(
        self, finished: Finished, results: Sequence[Result], note: str = "", last: bool = False
    ) -> list[Seen]:
        """The next request: the response as it came, and a result for each of its calls. With
        ``last`` it allows no more of them, as it does when a limit is reached. Gives back the
        pages that it shows: those that there was room for."""
        asked = results
        results, fits = self._fitting(finished.usage, results)
        final = last or not fits or self._exhausted(finished.usage)
        seen = [one for result in results for one in result.seen]
        content: list[dict[str, Any]] = [result.block() for result in results]
        content += [block for one in seen for block in one.blocks()]
        notes = [note] if note else []
        if len(seen) < sum(len(result.seen) for result in asked):
            notes.append(NOT_SHOWN)
        if final:
            notes.append(prompts.LAST_ROUND)
        content += [{"type": "text", "text": text} for text in notes]
        passages = [passage for result in results for passage in result.passages]
        self._next(
            finished,
            tuple(passage.found for passage in passages),
            seen,
            final,
            {"role": "assistant", "content": list(finished.content)},
            {"role": "user", "content": content},
        )
        return seen

    def resumed(self, finished: Finished, last: bool = False) -> None:
        """The next request after ``pause_turn``: what came goes back, and nothing is added.

        Raises EngineError when there can be none: the last one paused, too.
        """
        if self.last:
            raise EngineError("no_answer", detail="a pause in the last request")
        said = {"role": "assistant", "content": list(finished.content)}
        self._next(finished, (), (), last or self._exhausted(finished.usage), said)

    def _exhausted(self, usage: Usage) -> bool:
        """Whether there is only room for one request more, if each is like the last."""
        like_it = usage.prompt_tokens + usage.output_tokens
        mean = self.usd / max(1, self.sent)
        return (
            self.sent + 2 > self.bounds.requests
            or self.tokens + 2 * like_it > self.bounds.tokens
            or self.usd + 2 * mean > self.bounds.usd
        )

    def _fitting(self, usage: Usage, results: Sequence[Result]) -> tuple[list[Result], bool]:
        """The results, without those that the next prompt has no room for, and whether it has room
        for all their text."""
        left = self.bounds.room - usage.prompt_tokens - usage.output_tokens
        kept: list[Result] = []
        fits = True
        for result in results:
            written = json.dumps(result.block(), ensure_ascii=False)
            size = len(written.encode()) // CHARS_PER_TOKEN
            if size > left:
                result, fits = Result(result.call, text=NO_ROOM, is_error=True), False
            else:
                left -= size
            looks = sum(one.tokens for one in result.seen)
            if looks > left:
                result = replace(result, seen=())
            else:
                left -= looks
            kept.append(result)
        return kept, fits

    def _next(
        self,
        finished: Finished,
        found: tuple[Found, ...],
        seen: Sequence[Seen],
        final: bool,
        *added: dict[str, Any],
    ) -> None:
        before = self.request
        documents = [one for one in seen if one.cited]
        first = len(before.document_map)
        looks = {first + n: one.look.pages for n, one in enumerate(documents)}
        params = dict(before.params)
        params["messages"] = [dict(message) for message in (*params["messages"], *added)]
        # they move along, so that each request finds what the one before it wrote
        breakpoints.place(params["messages"], before.lifetimes)
        params["diagnostics"] = {"previous_message_id": finished.message_id}
        if final:
            params["tool_choice"] = {"type": "none"}
        self.request = replace(
            before,
            params=params,
            found=(*before.found, *found),
            document_map=(*before.document_map, *(one.version for one in documents)),
            looks=before.looks | looks,
        )
