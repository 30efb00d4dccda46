"""Writing an answer: claim it, ask Claude, verify and publish what comes, record the outcome."""

from __future__ import annotations

import dataclasses
import logging
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.database import release
from config.keeper import Keeper
from documents.models import Version
from documents.reading import owner_name
from qa import engine, pictures, remote
from qa.asking import NotAskable
from qa.claude import Connection, connect
from qa.hints import hint
from qa.ledger import missed, record_message
from qa.models import LEASE, Answer, Citation
from qa.notes import note
from qa.preparing import LostLease, prepare, remember, source_text
from qa.publisher import Publisher, flusher
from qa.routing import route

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
        self.said = ""
        self.thought = ""
        self.remembered = False
        self.blocks: list[dict[str, Any]] = []
        self.citations: dict[int, Citation] = {}
        self.numbering = engine.Numbering()
        self.outcome: dict[str, Any] = {}
        self.versions: dict[str, Version] = {}

    # the way of a question ------------------------------------------------------------------

    def run(self) -> None:
        """Write the answer to its end, whatever that is, and store the outcome."""
        outcome = self._write()
        if self.lost:
            return
        try:
            stored(outcome)
        except Exception:
            # it must not stay running: whoever took it over would pay for it again
            logger.exception("answer=%s outcome not stored", self.answer.public_id)
            stored(self._broken)
        if not self.answer.working:
            self.publisher.add({"type": "end"})

    def _write(self) -> Callable[[], None]:
        """Ask, listen, verify; what comes back stores how it ended."""
        try:
            if self.answer.stop_requested_at:
                raise engine.Interrupted
            connection = connect(self.answer.workspace)
            self.outcome["backend"] = connection.backend
            self._say(
                _("The worker was lost. Starting again…")
                if self.answer.crashes
                else _("Preparing the documents…")
            )
            route(self.answer, connection, self.interrupt)
            with engine.interruptible(self.interrupt):
                request, versions = prepare(self.answer, connection)
            self.versions = {str(version.public_id): version for version in versions}
            self._say(_("Reading the documents…"))
            self._listen(connection, request)
        except NotAskable as refusal:
            return partial(self._fail, "documents", str(refusal))
        except LostLease:
            self.lost = True
            return self._broken
        except engine.EngineError as error:
            # the SDK wraps an interruption while it counts or uploads
            if self.interrupt.is_set() or isinstance(error, engine.Interrupted):
                return self._stopped
            return partial(self._failed, error)
        except Exception:
            logger.exception("answer=%s broke", self.answer.public_id)
            return self._broken
        return self._finished

    def _listen(self, connection: Connection, request: engine.Request) -> None:
        """Follow the request to its end, and write its ledger row whatever that is."""
        heard = Heard(self.answer.model_requested)
        failure: Exception | None = None
        # a model may think for minutes: no database connection is held meanwhile
        release()
        try:
            # closed at once, or a failure of ours would leave the API writing
            with closing(engine.run(connection.client, request, self.interrupt)) as events:
                for event in events:
                    self._hear(event, heard, connection, request)
        except engine.EngineError as error:
            failure = error
            heard.failed(error)
        except Exception as error:
            failure = error
        record = partial(record_message, self.answer, connection, request, heard.usage)
        error_type = ledger_type(failure)
        stored(partial(record, model=heard.model, error_type=error_type, **heard.ledger))
        self.outcome |= heard.outcome
        if failure is not None:
            self._remember(connection, request)
            raise failure

    def _hear(
        self, event: engine.Event, heard: Heard, connection: Connection, request: engine.Request
    ) -> None:
        match event:
            case engine.Started():
                heard.started(event)
                self._remember(connection, request)
            case engine.Thinking(text):
                self._say(_("Thinking…"))
                self._think(text)
            case engine.Text(block, text):
                self._block(block)["text"] += text
                self.publisher.add({"type": "text", "block": block, "text": text})
            case engine.Cited(block, raw):
                self._cite(block, raw, request)
            case engine.Finished():
                heard.usage = event.usage
                heard.end = outcome_of(event)

    def _remember(self, connection: Connection, request: engine.Request) -> None:
        if not self.remembered and not self.lost:
            versions = list(self.versions.values())
            stored(partial(remember, self.answer, connection, request, versions))
            self.remembered = True
            release()

    # what comes ------------------------------------------------------------------------------

    def _think(self, text: str) -> None:
        """A piece of the thinking's summary; an empty one begins another part of it."""
        if not text and self.thought and not self.thought.endswith("\n\n"):
            text = "\n\n"
        if text:
            self.thought += text
            self.publisher.add({"type": "thought", "text": text})

    def _block(self, index: int) -> dict[str, Any]:
        while len(self.blocks) <= index:
            self.blocks.append({"text": "", "citations": []})
        return self.blocks[index]

    def _cite(self, block: int, raw: dict[str, Any], request: engine.Request) -> None:
        resolved = engine.resolve(raw, request.document_map, source_text, looks=request.looks)
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
            address=resolved.url or "",
            title=title[:300],
            cited_text=resolved.cited_text.replace("\0", ""),
            seen=resolved.seen,
            raw=_without_nul(dict(resolved.raw)),
        )

    def _say(self, sentence: str) -> None:
        if sentence == self.said:
            return
        self.said = sentence
        self.publisher.add({"type": "status", "sentence": sentence})

    def _written(self) -> dict[str, Any]:
        blocks = [{**b, "text": b["text"].replace("\0", "")} for b in self.blocks]
        text = "".join(block["text"] for block in blocks)
        thought = self.thought.replace("\0", "").strip()
        return {"text": text, "blocks": blocks, "thought": thought, **self.outcome}

    # how it ends -----------------------------------------------------------------------------

    def _finished(self) -> None:
        self.answer.finish(list(self.citations.values()), **self._written())
        logger.info(
            "answer=%s done first_token_ms=%s citations=%d",
            self.answer.public_id,
            self.answer.first_text_ms,
            len(self.citations),
        )

    def _stopped(self) -> None:
        self.answer.mark_stopped(list(self.citations.values()), **self._written())

    def _broken(self) -> None:
        self._fail("unexpected", _("Pincite made a mistake here. It is in the log; try again."))

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
            connection = connect(answer.workspace)
            remote.forget(list(answer.sources.all()), connection)
            pictures.forget(answer, connection)
            self._put_back(0.0, _("Uploading a document again…"))
            return
        wait = backoff(tries, error.retry_after)
        if error.temporary and tries < MAX_TRIES and wait <= MAX_WAIT:
            self._put_back(wait, waiting_sentence(error.code, wait))
            return
        self._fail(error.code, _(error.sentence))

    def _put_back(self, wait: float, sentence: str) -> None:
        broke = self.publisher.said_text
        if broke:
            sentence = _("The answer broke off. %(sentence)s") % {"sentence": sentence}
        if self.answer.put_back(timedelta(seconds=wait), sentence):
            # what it has said so far is void, and the page must say so
            kind = "broke" if broke else "status"
            self.publisher.add({"type": kind, "sentence": sentence})
            hint(self.answer.pk, wait)
        elif self.answer.stop_requested_at:
            self._stopped()

    def _fail(self, code: str, sentence: str) -> None:
        self.answer.fail(code, sentence, **{k: v for k, v in self.outcome.items() if v})


@dataclass
class Heard:
    """What the API has said of one request: for the ledger, and for the answer's outcome."""

    model: str
    request_id: str = ""
    usage: engine.Usage = field(default_factory=engine.Usage)
    end: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

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

    @property
    def outcome(self) -> dict[str, Any]:
        return {"model": self.model, **self.end}


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


def stored(write: Callable[[], object]) -> None:
    """A write that is tried again when the database was away: what was paid for must be kept."""
    for pause in (0.2, 1.0, 3.0):
        release()
        try:
            write()
            return
        except (OperationalError, InterfaceError):
            logger.warning("write failed, trying again", exc_info=True)
            release()
            time.sleep(pause)
    write()


def backoff(tries: int, retry_after: float | None) -> float:
    """Seconds to wait: doubling with every try, with jitter, and no less than the API asks."""
    own = min(2.0**tries, 30.0) * random.uniform(0.75, 1.25)
    return own if retry_after is None else max(own, retry_after + random.uniform(0, 1))


def waiting_sentence(code: str, wait: float) -> str:
    reasons = {
        "overloaded": _("Claude is overloaded"),
        "rate_limit": _("Claude is busy with too many requests"),
        "connection": _("Claude could not be reached"),
        "timeout": _("Claude did not answer in time"),
        "truncated": _("Its end did not come"),
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
    write_claimed(answer)
    return True


def write_claimed(answer: Answer) -> None:
    """Write an answer that this worker has claimed, to its end."""
    attempt = Attempt(answer)
    if answer.crashes >= MAX_CRASHES:
        answer.fail(
            "crashed", _("Writing this answer stopped the worker several times. Try again.")
        )
        attempt.publisher.add({"type": "end"})
        return
    with (
        _leases.holding(answer.pk, attempt),
        flusher.holding(answer.pk, attempt.publisher),
    ):
        attempt.run()
    attempt.publisher.flush()
