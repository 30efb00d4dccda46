"""Writing an answer: claim it, ask Claude, verify and publish what comes, record the outcome."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.database import release
from config.keeper import Keeper
from documents.reading import owner_name
from qa import allowances, budgets, engine, gate, pictures, remote
from qa.askable import NotAskable
from qa.claude import Connection, connect
from qa.heard import Heard, ledger_type, outcome_of
from qa.hints import hint, tell
from qa.ledger import begin_message, record_message
from qa.manuscript import Manuscript
from qa.models import LEASE, Answer
from qa.preparing import LostLease, prepare, remember
from qa.publisher import Publisher, flusher
from qa.routing import route
from qa.searching import Searching
from qa.waiting import Postponed

logger = logging.getLogger(__name__)

MAX_TRIES = 6
MAX_CRASHES = 5  # of a worker that may have died of another answer, or of nothing here
PAID_TRIES = 3  # of an answer that had to wait after requests that were paid for
AGAIN = 5  # times that a request is sent which follows paid ones, before all is begun anew
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
        self.manuscript = Manuscript(answer, self.publisher)
        self.outcome: dict[str, Any] = {}
        self.spent_ms = 0  # by the requests before the present one, and by what was done between
        self.paid = Decimal(0)  # for the present request, as often as it was sent
        self.begun = False  # whether an earlier request is answered, and paid for
        self.passage: gate.Passage

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
            self.manuscript.versions = {str(v.public_id): v for v in versions}
            self._say(
                _("Searching the documents…")
                if self.answer.searches
                else _("Reading the documents…")
            )
            self._converse(connection, request)
        except NotAskable as refusal:
            return partial(self._fail, "documents", str(refusal))
        except budgets.OverBudget as refusal:
            return partial(self._fail, "budget", str(refusal))
        except Postponed as later:
            return partial(self._postponed, later)
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

    def _converse(self, connection: Connection, request: engine.Request) -> None:
        """One request after another, until the answer is complete: mostly it takes one."""
        began = time.monotonic()
        work = Searching(self.answer, connection.backend, request, self.manuscript)
        while work.go_on(self._answered(connection, work.request), self.paid):
            if self.interrupt.is_set():
                raise engine.Interrupted
            self.spent_ms = round((time.monotonic() - began) * 1000)
            self.paid, self.begun = Decimal(0), True

    def _answered(self, connection: Connection, request: engine.Request) -> engine.Finished:
        """What the request came to. One that follows others is sent again here after a temporary
        failure: giving the answer back would pay for all of them anew."""
        thought = self.thought
        for sent in range(1, AGAIN + 1):
            try:
                return self._listen(connection, request)
            except engine.EngineError as error:
                wait = backoff(sent, error.retry_after)
                hopeless = not error.temporary or sent == AGAIN or wait > gate.PATIENCE
                if hopeless or not self.begun or self.interrupt.is_set():
                    raise
                logger.warning("answer=%s again code=%s", self.answer.public_id, error.code)
                self.thought = thought
                self.manuscript.begin_anew(waiting_sentence(error.code, wait), thought)
            gate.wait(wait, self.interrupt)
        raise AssertionError("the last time it is raised")

    def _listen(self, connection: Connection, request: engine.Request) -> engine.Finished:
        """Send the request once there is money and room for it."""
        payer = gate.Payer.of(self.answer)
        patience = gate.PATIENCE if self.begun else 0.0
        with gate.passing(payer, connection, request, patience, self.interrupt) as self.passage:
            return self._follow(connection, request)

    def _follow(self, connection: Connection, request: engine.Request) -> engine.Finished:
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
        call = stored(partial(record, model=heard.model, error_type=error_type, **heard.ledger))
        self.paid += call.cost_usd
        self.outcome |= heard.outcome_after(self.spent_ms)
        if failure is not None:
            self._remember(connection, request)
            raise failure
        assert heard.finished is not None
        return heard.finished

    def _hear(
        self, event: engine.Event, heard: Heard, connection: Connection, request: engine.Request
    ) -> None:
        match event:
            case engine.Started():
                heard.started(event)
                self.passage.heard(event.limits)
                begin = partial(begin_message, self.answer, connection, request, heard.usage)
                stored(partial(begin, model=heard.model, request_id=heard.request_id))
                self._remember(connection, request)
            case engine.Thinking(text):
                self._say(_("Thinking…"))
                self._think(text)
            case engine.Finished():
                heard.usage = event.usage
                heard.finished, heard.end = event, outcome_of(event)
            case _:
                self.manuscript.take(event, request)

    def _remember(self, connection: Connection, request: engine.Request) -> None:
        if not self.remembered and not self.lost:
            versions = list(self.manuscript.versions.values())
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

    def _say(self, sentence: str) -> None:
        if sentence == self.said:
            return
        self.said = sentence
        self.publisher.add({"type": "status", "sentence": sentence})

    def _written(self) -> dict[str, Any]:
        thought = self.thought.replace("\0", "").strip()
        return {**self.manuscript.written(), "thought": thought, **self.outcome}

    # how it ends -----------------------------------------------------------------------------

    def _finished(self) -> None:
        self.answer.finish(list(self.manuscript.citations.values()), **self._written())
        logger.info(
            "answer=%s done first_token_ms=%s citations=%d",
            self.answer.public_id,
            self.answer.first_text_ms,
            len(self.manuscript.citations),
        )

    def _stopped(self) -> None:
        self.answer.mark_stopped(list(self.manuscript.citations.values()), **self._written())

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
        tries = answer.times_tried
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

    def _postponed(self, later: Postponed) -> None:
        """Put back until there is room. What was paid for is lost by that, so not without end."""
        if self.begun and self.answer.times_tried >= PAID_TRIES:
            sentence = _("There was no room to finish this answer, several times. %(reason)s")
            self._fail("postponed", sentence % {"reason": later})
            return
        self._put_back(later.seconds, str(later), tried=self.begun)

    def _put_back(self, wait: float, sentence: str, *, tried: bool = True) -> None:
        broke = self.publisher.said_text
        if broke:
            sentence = _("The answer broke off. %(sentence)s") % {"sentence": sentence}
        if self.answer.put_back(timedelta(seconds=wait), sentence, tried=tried):
            # what it has said so far is void, and the page must say so
            kind = "broke" if broke else "status"
            self.publisher.add({"type": kind, "sentence": sentence})
            hint(self.answer.pk, wait)
        elif self.answer.stop_requested_at:
            self._stopped()

    def _fail(self, code: str, sentence: str) -> None:
        kept = {**self.outcome, "steps": self.manuscript.written()["steps"]}
        self.answer.fail(code, sentence, **{k: v for k, v in kept.items() if v})


T = TypeVar("T")


def stored(write: Callable[[], T]) -> T:
    """A write that is tried again when the database was away: what was paid for must be kept."""
    for pause in (0.2, 1.0, 3.0):
        release()
        try:
            return write()
        except (OperationalError, InterfaceError):
            logger.warning("write failed, trying again", exc_info=True)
            release()
            time.sleep(pause)
    return write()


def backoff(tries: int, retry_after: float | None) -> float:
    """Seconds to wait: doubling with every try, with jitter, and no less than the API asks."""
    first = float(settings.RETRY_SECONDS)
    own = min(first * 2 ** (tries - 1), 15 * first) * random.uniform(0.75, 1.25)
    return own if retry_after is None else max(own, retry_after + random.uniform(0, 1))


def waiting_sentence(code: str, wait: float) -> str:
    reasons = {
        "overloaded": _("Claude is overloaded"),
        "rate_limit": allowances.blocked("rate_limit"),
        "ramp_limit": allowances.blocked("ramp_limit"),
        "connection": _("Claude could not be reached"),
        "timeout": _("Claude did not answer in time"),
        "truncated": _("Its end did not come"),
    }
    return _("%(reason)s, trying again in %(seconds)d s…") % {
        "reason": reasons.get(code, _("Claude had a problem")),
        "seconds": max(1, round(wait)),
    }


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
    if answer.then and not answer.working:
        tell(answer.then, answer.pk)
