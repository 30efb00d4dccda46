"""Between the requests of one answer: what is asked for is looked up, and goes into the next."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

from qa import budgets, claude_models, engine, gate
from qa.engine import prompts
from qa.manuscript import Manuscript
from qa.models import Answer, Source
from qa.shelf import Shelf

WINDOWS = 4  # of a model that an answer may take in all which reads its documents whole
REQUESTS = 8  # and as many requests
ENOUGH = Decimal(
    "2.5"
)  # times the last request's worst case: the next two are longer, each by results


class Searching:
    """``request`` is the next one to send; ``go_on`` makes another of what came, or is done."""

    def __init__(
        self, answer: Answer, backend: str, request: engine.Request, manuscript: Manuscript
    ) -> None:
        self._answer, self._backend, self._manuscript = answer, backend, manuscript
        self._rounds = engine.Rounds(request, bounds(answer))
        self._shelf = Shelf.of(answer) if answer.searches else None
        self._looked: dict[str, set[int]] = {}  # pages that were shown, by version

    @property
    def request(self) -> engine.Request:
        return self._rounds.request

    def go_on(self, finished: engine.Finished, usd: Decimal) -> bool:
        """Whether there is another request to send, made of what this one came to.

        Raises EngineError for a call that nothing here can do, and when the last request pauses
        and nothing was written.
        """
        self._rounds.spent(finished.usage, usd)
        match finished.stop_reason:
            case "tool_use":
                self._run(finished)
            case "pause_turn" if self._rounds.last and self._manuscript.says_something:
                # what is there is worth more than an error; the page says that it was cut off
                return False
            case "pause_turn":
                self._rounds.resumed(finished, self._short_of_money())
            case _:
                return False
        self._manuscript.begin_response(apart=finished.stop_reason == "tool_use")
        return True

    def _run(self, finished: engine.Finished) -> None:
        calls = self._rounds.calls(finished)
        if self._shelf is None:
            raise engine.EngineError("invalid", detail="a tool that was not offered")
        done, refused = calls[: engine.CALLS_AT_ONCE], calls[engine.CALLS_AT_ONCE :]
        results, steps, note = self._shelf.run(done)
        for step in steps:
            self._manuscript.add_step(step)
        results += [engine.tools.too_many(call.id) for call in refused]
        told = f"{prompts.NOTES}\n{note}" if note else ""
        seen = self._rounds.answered(finished, results, told, self._short_of_money())
        for one in seen:
            self._looked.setdefault(one.version, set()).update(one.look.pages)
        self._keep_sources()

    def _short_of_money(self) -> bool:
        """Whether the budgets may not let more than one request more through: better it answers
        from what was found than that it is refused after all was found."""
        answer = self._answer
        left = budgets.left(answer.workspace, answer.author, self._backend)
        if left is None:
            return False
        worst = gate.worst_case(self.request, claude_models.get(answer.model_requested))
        return left < ENOUGH * worst.usd

    def _keep_sources(self) -> None:
        """What something was returned of belongs to the answer, and may be cited."""
        assert self._shelf is not None
        fresh = self._shelf.versions.keys() - self._manuscript.versions.keys()
        self._manuscript.versions |= self._shelf.versions
        rows = [
            Source(answer=self._answer, version=self._shelf.versions[version])
            for version in sorted(fresh)
        ]
        Source.objects.bulk_create(rows, ignore_conflicts=True)
        for version, pages in self._looked.items():
            own = Source.objects.filter(answer=self._answer, version__public_id=version)
            own.exclude(looked=sorted(pages)).update(looked=sorted(pages))


def bounds(answer: Answer) -> engine.Bounds:
    """What the answer may take at most. One that reads everything takes what that takes."""
    model = claude_models.get(answer.model_requested)
    room = min(model.reads, model.window - engine.HEADROOM)
    if not answer.searches:
        return engine.Bounds(REQUESTS, WINDOWS * model.window, Decimal("Infinity"), room)
    return engine.Bounds(
        settings.SEARCH_REQUESTS, settings.SEARCH_TOKENS, Decimal(settings.SEARCH_USD), room
    )
