"""The way of every messages request: money and room for it first, then the request, then the books.

with gate.passing(payer, connection, request) as passage:
    … passage.heard(limits) as soon as the response has begun …
    … the ledger's row …
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from django.db import InterfaceError, OperationalError

from accounts.models import User, Workspace
from config.database import release
from qa import allowances, budgets, claude_models, engine, warmth
from qa.claude import Connection
from qa.engine import catalogue
from qa.models import Answer, Reservation, TokenCount
from qa.waiting import Postponed

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that an answer waits between two of its requests before it is given back."""
LOOK = 0.3


@dataclass(frozen=True)
class Payer:
    """For whom a request is made; ``answer`` when it is one of those that make an answer."""

    workspace: Workspace
    user: User
    answer: Answer | None = None

    @classmethod
    def of(cls, answer: Answer) -> Payer:
        return cls(answer.workspace, answer.author, answer)


@dataclass
class Passage:
    """A request that was let through."""

    connection: Connection
    line: str
    noted: int
    reservation: Reservation | None

    def heard(self, limits: engine.Limits | None, error: engine.EngineError | None = None) -> None:
        """What the response, or the refusal, says of the account's rate limits."""
        noted, self.noted = self.noted, 0
        _harmless(partial(allowances.heard, self.connection, self.line, limits, noted, error))


@contextmanager
def passing(
    payer: Payer,
    connection: Connection,
    request: engine.Request,
    patience: float = 0.0,
    interrupt: engine.Interrupt | None = None,
) -> Iterator[Passage]:
    """Lets a request through, and gives back what was set aside for it. With ``patience`` it waits
    here for so many seconds at most, unless it is interrupted.

    Raises budgets.OverBudget or waiting.Postponed, and then nothing was sent. By the end of the
    block the request's row must be in the ledger.
    """
    model = claude_models.get(request.params["model"])
    counts = counted(request)
    worst = engine.estimate(request, model, counts)
    documents = sum(counts.get(version, 0) for version in request.texts)
    passage = Passage(connection, model.line or model.id, 0, None)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                _let_in(passage, payer, request, worst, documents)
                break
            except Postponed as later:
                if time.monotonic() + later.seconds > deadline:
                    raise
                wait(later.seconds, interrupt)
        try:
            yield passage
        except engine.EngineError as error:
            passage.heard(error.limits, error)
            raise
    finally:
        if passage.noted:
            passage.heard(None)
        _give_back(passage)


def _let_in(
    passage: Passage,
    payer: Payer,
    request: engine.Request,
    worst: engine.Estimate,
    documents: int,
) -> None:
    connection = passage.connection
    passage.reservation = budgets.reserve(
        payer.workspace, payer.user, connection, worst.usd, payer.answer
    )
    tokens = uncached(connection, request, worst, documents)
    try:
        if allowances.admit(connection, passage.line, tokens):
            passage.noted = tokens
    except Postponed:
        # what waits for the account must not keep others from the money
        _give_back(passage)
        raise


def _give_back(passage: Passage) -> None:
    kept, passage.reservation = passage.reservation, None
    if kept is not None:
        _harmless(partial(budgets.release, kept))


def wait(seconds: float, interrupt: engine.Interrupt | None) -> None:
    """Waits, holding no database connection. Raises Interrupted."""
    until = time.monotonic() + seconds
    release()
    while (left := until - time.monotonic()) > 0:
        if interrupt is not None and interrupt.is_set():
            raise engine.Interrupted
        time.sleep(min(left, LOOK))


def _harmless(write: Callable[[], None]) -> None:
    """A write whose failure must not spoil the answer: what is not given back, or not heard, is
    forgotten by itself in a while."""
    try:
        write()
    except (OperationalError, InterfaceError):
        logger.warning("limits or reservation not written", exc_info=True)
    # the answer may take minutes
    release()


def uncached(
    connection: Connection, request: engine.Request, worst: engine.Estimate, documents: int
) -> int:
    """Of the worst case, what counts toward the limit: not the tokens of documents that the cache
    holds as far as the ledger knows. Where that is wrong the account says so, and the request waits
    after all."""
    if warmth.of(warmth.named(connection, request)) is None:
        return worst.prompt_tokens
    return max(0, worst.prompt_tokens - documents)


def worst_case(request: engine.Request, model: catalogue.Model) -> engine.Estimate:
    """What the request costs at most."""
    return engine.estimate(request, model, counted(request))


def counted(request: engine.Request) -> dict[str, int]:
    """The tokens of its documents that the API counted, by version."""
    counts = TokenCount.objects.filter(
        version__public_id__in=request.texts, model=request.params["model"]
    ).values_list("version__public_id", "tokens")
    return {str(version): tokens for version, tokens in counts}
