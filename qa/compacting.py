"""Conversations that outgrow the window: their beginning goes as a summary.

Nothing of it is lost: the answers stay as they are on the page, with their citations. Only what the
model is told of them with the next question is shorter, and the page says so.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.database import release
from qa import askable, claude_models, engine, gate, tiers
from qa.claude import Connection, on_behalf
from qa.engine import catalogue, prompts, suggesting, summarising
from qa.ledger import record_summarising
from qa.models import Answer, Summary

logger = logging.getLogger(__name__)

SUMMARY_TOKENS = 2_700
"""The room that is kept for one: the longest it may be."""
KEPT = 0.5
"""Of the room, at most so much is filled by what is kept whole: the next questions need some, and
each summary changes the prompt from there on."""


@dataclass(frozen=True)
class Told:
    """What of a conversation goes with its next question: the answers of ``whole``, and before them
    ``summary``. Of ``gone`` answers nothing is told, neither whole nor in a summary."""

    whole: list[Answer]
    summary: Summary | None = None
    gone: int = 0

    @property
    def earlier(self) -> str | None:
        """For ``engine.Question``: "" where something is gone."""
        if self.summary is not None:
            return self.summary.text
        return "" if self.gone else None


def room(documents: int, model: catalogue.Model, *, searches: bool) -> int:
    """For how many tokens of conversation there is room beside so many of documents; what is found
    by a search needs some, too."""
    most = engine.longest(model) - askable.FRAME_TOKENS
    return most // 2 if searches else most - documents


def size(*texts: str) -> int:
    """About how many tokens they take."""
    return summarising.tokens("".join(texts))


def at_hand(path: Sequence[Answer], room: int) -> Told:
    """As much as there is room for, in tokens, with a summary if a fitting one was made before."""
    if _tokens(path) <= room:
        return Told(list(path))
    found = _newest(path)
    if found is not None:
        since = path[_place(path, found) :]
        if _tokens(since) + SUMMARY_TOKENS <= room:
            return Told(list(since), found)
    kept = _kept(path, room)
    return Told(list(path[len(path) - kept :]), gone=len(path) - kept)


def compacted(answer: Answer, path: Sequence[Answer], room: int, connection: Connection) -> Told:
    """The same, making a summary where it is needed. Where that fails, what it would have been of
    is left out. Raises Interrupted, OverBudget and Postponed."""
    told = at_hand(path, room)
    if not told.gone or room < SUMMARY_TOKENS:
        return told
    before = _newest(path[: told.gone])
    said = path[_place(path, before) if before else 0 : told.gone]
    try:
        text, model = _summary(answer, said, before.text if before else "", connection)
    except engine.Interrupted:
        raise
    except (engine.EngineError, engine.UnknownModel) as error:
        logger.warning("answer=%s conversation not summarised: %s", answer.public_id, error)
        return told
    made, _new = Summary.objects.get_or_create(
        upto=path[told.gone - 1],
        defaults={
            **{"turns": told.gone, "text": text, "model": model},
            "prompt_version": prompts.SUMMARISING_VERSION,
        },
    )
    return replace(told, summary=made, gone=0)


def _kept(path: Sequence[Answer], room: int) -> int:
    """How many of the last answers are sent whole; the very last one whenever it fits."""
    kept, used, most = 0, 0, room - SUMMARY_TOKENS
    for one in reversed(path):
        used += _tokens([one])
        if used > (most * KEPT if kept else most):
            break
        kept += 1
    return kept


def _newest(path: Sequence[Answer]) -> Summary | None:
    rows = Summary.objects.filter(upto__in=[one.pk for one in path])
    return rows.order_by("-turns").first()


def _place(path: Sequence[Answer], summary: Summary) -> int:
    """How many answers of the conversation the summary is about."""
    return [one.pk for one in path].index(summary.upto_id) + 1


def _tokens(path: Sequence[Answer]) -> int:
    return sum(
        summarising.tokens(one.question + one.about_text + one.text, len(one.citations.all()))
        for one in path
    )


def _summary(
    answer: Answer, said: Sequence[Answer], earlier: str, connection: Connection
) -> tuple[str, str]:
    """The text, and the model that wrote it."""
    model = _cheap(answer)
    lines = [summarising.Said(one.question, one.text) for one in said]
    of_whom = on_behalf(connection, answer.author)
    request = summarising.request(lines, earlier, model, **of_whom)
    # its row is in the ledger before what was set aside for it is given back, whatever comes of it
    with gate.passing(gate.Payer.of(answer), connection, request) as passage:
        # the model may take its time: no database connection is held meanwhile
        release()
        try:
            heard = suggesting.send(connection.client, request)
        except engine.EngineError as error:
            told = {"request_id": error.request_id or "", "error_type": error.type or error.code}
            record_summarising(answer, connection, request, error.usage, model=model.id, **told)
            raise
        passage.heard(heard.limits)
        record_summarising(
            answer,
            connection,
            request,
            heard.usage,
            model=heard.model,
            message_id=heard.message_id,
            request_id=heard.request_id or "",
            stop_reason=heard.stop_reason,
        )
    return summarising.read(heard.text), model.key


def _cheap(answer: Answer) -> catalogue.Model:
    """The model that also sorts questions, or the one that is asked. Raises UnknownModel."""
    asked = claude_models.get(answer.model_requested)
    try:
        cheap = tiers.router(answer.workspace, answer.author)
    except engine.UnknownModel:
        cheap = asked
    if not cheap.structured:
        raise engine.UnknownModel(cheap.key)
    return cheap
