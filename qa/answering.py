"""Writing an answer: claim it, ask Claude, verify and publish what comes, record the outcome."""

from __future__ import annotations

import dataclasses
import logging
import random
import time
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from config.keeper import Keeper
from documents.models import Version
from documents.reading import owner_name
from qa import engine, remote
from qa.asking import NotAskable
from qa.claude import Connection, connect
from qa.hints import hint
from qa.ledger import record_message
from qa.models import LEASE, Answer, Citation
from qa.notes import note
from qa.preparing import prepare, source_text
from qa.publisher import Publisher, flusher

logger = logging.getLogger(__name__)

MAX_TRIES = 6
MAX_CRASHES = 3
MAX_WAIT = 600.0  # seconds; an API that asks for more than this gets a failure with a sentence
STOP_LOOK = 0.3  # seconds between two looks for a pressed stop button


class Attempt:
    """One try at one answer, by the worker that claimed it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.interrupt = engine.Interrupt()
        self.publisher = Publisher(answer)
        self.renewed = time.monotonic()
        self.lost = False
        self.blocks: list[dict[str, Any]] = []
        self.citations: dict[int, Citation] = {}
        self.numbering = engine.Numbering()
        self.outcome: dict[str, Any] = {}

    # the way of a question ------------------------------------------------------------------

    def run(self) -> None:
        try:
            connection = connect()
            self._say(_("Preparing the documents…"))
            request = prepare(self.answer, connection)
            self._say(_("Reading the documents…"))
            self._listen(connection, request)
        except NotAskable as refusal:
            self._fail("documents", str(refusal))
        except engine.Interrupted:
            if not self.lost:
                self.answer.mark_stopped(list(self.citations.values()), **self._written())
        except engine.EngineError as error:
            self._failed(error)
        except Exception:
            logger.exception("answer=%s broke", self.answer.public_id)
            self._fail("unexpected", _("Pincite made a mistake here. It is in the log; try again."))
        else:
            self.answer.finish(list(self.citations.values()), **self._written())
            logger.info(
                "answer=%s done first_token_ms=%s citations=%d",
                self.answer.public_id,
                self.answer.first_text_ms,
                len(self.citations),
            )
        if not self.lost and not self.answer.working:
            self.publisher.add({"type": "end"})

    def _listen(self, connection: Connection, request: engine.Request) -> None:
        model, request_id = self.answer.model_requested, ""
        usage = engine.Usage()
        try:
            for event in engine.run(connection.client, request, self.interrupt):
                match event:
                    case engine.Started():
                        model, request_id = event.model, event.request_id or ""
                        usage = event.usage
                    case engine.Thinking():
                        self._say(_("Thinking…"))
                    case engine.Text(block, text):
                        self._block(block)["text"] += text
                        self.publisher.add({"type": "text", "block": block, "text": text})
                    case engine.Cited(block, raw):
                        self._cite(block, raw, request)
                    case engine.Finished():
                        self.outcome = {
                            "stop_reason": event.stop_reason,
                            "first_text_ms": event.first_text_ms,
                            "total_ms": event.total_ms,
                        }
                        usage = event.usage
        except engine.EngineError as error:
            self.outcome = {
                "stop_reason": error.stop_reason or "",
                "first_text_ms": error.first_text_ms,
                "total_ms": error.total_ms,
            }
            record_message(
                self.answer,
                connection,
                request,
                error.usage,
                model=error.model or model,
                error=error,
                request_id=error.request_id or request_id,
                **self.outcome,
            )
            self.outcome["model"] = error.model or ""
            raise
        record_message(
            self.answer,
            connection,
            request,
            usage,
            model=model,
            request_id=request_id,
            **self.outcome,
        )
        self.outcome["model"] = model

    # what comes ------------------------------------------------------------------------------

    def _block(self, index: int) -> dict[str, Any]:
        while len(self.blocks) <= index:
            self.blocks.append({"text": "", "citations": []})
        return self.blocks[index]

    def _cite(self, block: int, raw: dict[str, Any], request: engine.Request) -> None:
        resolved = engine.resolve(raw, request.document_map, source_text)
        number = self.numbering.number(resolved)
        if number not in self.citations:
            self.citations[number] = self._citation(number, resolved)
            if resolved.state != Citation.State.EXACT:
                logger.info(
                    "answer=%s citation=%d state=%s",
                    self.answer.public_id,
                    number,
                    resolved.state,
                )
        self._block(block)["citations"].append(number)
        footnote = dataclasses.asdict(note(self.answer, self.citations[number]))
        self.publisher.add({"type": "cite", "block": block, "note": footnote})

    def _citation(self, number: int, resolved: engine.Resolved) -> Citation:
        version = None
        if resolved.version is not None:
            version = Version.objects.select_related("document").get(public_id=resolved.version)
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
            address=resolved.url or "",
            title=resolved.title[:300],
            cited_text=resolved.cited_text.replace("\0", ""),
            raw=_without_nul(dict(resolved.raw)),
        )

    def _say(self, sentence: str) -> None:
        self.publisher.add({"type": "status", "sentence": sentence})

    def _written(self) -> dict[str, Any]:
        blocks = [{**b, "text": b["text"].replace("\0", "")} for b in self.blocks]
        text = "".join(block["text"] for block in blocks)
        return {"text": text, "blocks": blocks, **self.outcome}

    # what goes wrong -------------------------------------------------------------------------

    def _failed(self, error: engine.EngineError) -> None:
        answer = self.answer
        logger.warning(
            "answer=%s code=%s status=%s request=%s detail=%s",
            answer.public_id,
            error.code,
            error.status,
            error.request_id,
            error.detail[:300],
        )
        tries = answer.attempts - answer.crashes
        if error.code == "file_missing" and tries < MAX_TRIES:
            remote.forget(list(answer.sources.all()), connect())
            self._put_back(0.0, _("Uploading a document again…"))
            return
        wait = backoff(tries, error.retry_after)
        if error.temporary and tries < MAX_TRIES and wait <= MAX_WAIT:
            self._put_back(wait, waiting_sentence(error.code, wait))
            return
        self._fail(error.code, _(error.sentence))

    def _put_back(self, wait: float, sentence: str) -> None:
        if self.answer.put_back(timedelta(seconds=wait), sentence):
            self._say(sentence)
            hint(self.answer.pk, wait)

    def _fail(self, code: str, sentence: str) -> None:
        self.answer.fail(code, sentence, **{k: v for k, v in self.outcome.items() if v})


def backoff(tries: int, retry_after: float | None) -> float:
    """Seconds to wait after that many tries: what the API asked for, or doubling, with jitter."""
    if retry_after is not None:
        return retry_after + random.uniform(0, 1)
    return min(2.0**tries, 30.0) * random.uniform(0.75, 1.25)


def waiting_sentence(code: str, wait: float) -> str:
    reasons = {
        "overloaded": _("Claude is overloaded"),
        "rate_limit": _("Claude is busy with too many requests"),
        "connection": _("Claude could not be reached"),
        "timeout": _("Claude did not answer in time"),
        "truncated": _("The answer broke off"),
    }
    return _("%(reason)s, trying again in %(seconds)d s…") % {
        "reason": reasons.get(code, _("Claude had a problem")),
        "seconds": max(1, round(wait)),
    }


def _without_nul(value: Any) -> Any:
    """JSON without NUL characters, which PostgreSQL refuses."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value


# what keeps a running answer alive -----------------------------------------------------------


def _beat(held: dict[int, Attempt]) -> None:
    pressed = Answer.objects.filter(pk__in=list(held), stop_requested_at__isnull=False)
    for pk in pressed.values_list("pk", flat=True):
        held[pk].interrupt.set()
    for pk, attempt in held.items():
        if time.monotonic() - attempt.renewed < LEASE.total_seconds() / 4:
            continue
        attempt.renewed = time.monotonic()
        kept = Answer.objects.filter(
            pk=pk, status=Answer.Status.RUNNING, lease_owner=attempt.answer.lease_owner
        ).update(lease_until=timezone.now() + LEASE)
        if not kept:
            attempt.lost = True
            attempt.interrupt.set()


_leases: Keeper[Attempt] = Keeper("answer-leases", STOP_LOOK, _beat)


def write(answer: Answer) -> bool:
    """Claim and write a due answer to its end; False when there was nothing to claim."""
    if not answer.claim(owner_name()):
        return False
    attempt = Attempt(answer)
    if answer.crashes >= MAX_CRASHES:
        answer.fail(
            "crashed", _("Writing this answer stopped the worker several times. Try again.")
        )
        attempt.publisher.add({"type": "end"})
        return True
    with (
        _leases.holding(answer.pk, attempt),
        flusher.holding(answer.pk, attempt.publisher),
    ):
        attempt.run()
    attempt.publisher.flush()
    return True
