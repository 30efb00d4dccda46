"""What the API has said of one request, for the ledger and for the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qa import engine
from qa.ledger import missed


@dataclass
class Heard:
    """What the API has said of one request: for the ledger, and for the answer's outcome."""

    model: str
    request_id: str = ""
    usage: engine.Usage = field(default_factory=engine.Usage)
    end: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    finished: engine.Finished | None = None

    def started(self, event: engine.Started) -> None:
        self.model, self.request_id = event.model, event.request_id or ""
        self.usage = event.usage
        self.told = {"message_id": event.message_id, **missed(event.missed)}

    def failed(self, error: engine.EngineError) -> None:
        self.model, self.request_id = error.model or self.model, error.request_id or self.request_id
        # a failure before the first event knows of no usage, an interruption later does
        self.usage = error.usage if error.usage.prompt_tokens else self.usage
        self.end = outcome_of(error)

    @property
    def ledger(self) -> dict[str, Any]:
        return {"request_id": self.request_id, **self.told, **self.end}

    def outcome_after(self, spent_ms: int) -> dict[str, Any]:
        """For the answer: its times count from its first request, so long before this one."""
        times = {
            name: self.end[name] + spent_ms
            for name in ("first_text_ms", "total_ms")
            if self.end.get(name) is not None
        }
        return {"model": self.model, **self.end, **times}


def ledger_type(failure: Exception | None) -> str:
    if isinstance(failure, engine.EngineError):
        return failure.type or failure.code
    return failure.__class__.__name__ if failure else ""


def outcome_of(end: engine.Finished | engine.EngineError) -> dict[str, Any]:
    return {
        "stop_reason": end.stop_reason or "",
        "first_text_ms": end.first_text_ms,
        "total_ms": end.total_ms,
    }
