"""Results of a batch become answers of cells, each once, in whatever order they come."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qa import claude_models, engine, remote
from qa.answering import LEASE
from qa.claude import Connection
from qa.engine import batches as api
from qa.heard import ledger_type
from qa.ledger import parameters, record_message
from qa.manuscript import Manuscript
from qa.models import Answer, Source
from reviews import live, settling
from reviews.models import Batch, BatchItem, Cell

logger = logging.getLogger(__name__)
MOST_TRIES = 3
"""So often a cell is asked whose request expires, or fails for a while."""


def item_of(batch: Batch, custom_id: str) -> BatchItem | None:
    """The request of a custom_id; None for one that is not of the batch."""
    try:
        named = UUID(hex=custom_id)
    except ValueError:
        return None
    rows = BatchItem.objects.select_related(
        "cell__column", "cell__table__workspace", "cell__run", "version__document"
    )
    return rows.filter(batch=batch, public_id=named).first()


def thought_of(result: api.Result) -> str:
    """The summary of what the model thought, a paragraph for each part of it."""
    parts = [event.text for event in result.events if isinstance(event, engine.Thinking)]
    return "\n\n".join(part.strip() for part in parts if part.strip()).replace("\0", "")


class _Unheard:
    """Nobody watches an answer that comes whole."""

    def add(self, event: Any) -> None:
        pass


class Taking:
    def __init__(self, batch: Batch, connection: Connection) -> None:
        self._batch, self._connection = batch, connection
        self._run = batch.run

    def take(self, result: api.Result) -> None:
        """Keeps a result; one that was kept before, or is nobody's, changes nothing."""
        item = item_of(self._batch, result.custom_id)
        if item is None:
            logger.warning("batch=%s brought a custom_id not its own", self._batch.public_id)
            return
        if item.state != BatchItem.State.WAITING:
            return
        item.batch = self._batch
        match result.kind:
            case "succeeded":
                self._answered(item, result)
            case "errored" if result.error is not None:
                self._errored(item, result.error)
            case "expired":
                self._again(item, "expired", _("Claude did not come to it within a day."))
            case _cancelled:
                self._cancelled(item)

    def missing(self, item: BatchItem) -> None:
        """Its result was not among the others."""
        self._again(item, "missing", _("Claude gave no result for it."))

    def _cancelled(self, item: BatchItem) -> None:
        if self._run.running:
            # somebody cancelled the batch elsewhere
            self._again(item, "canceled", _("The batch was cancelled at Claude."))
        elif item.leave(BatchItem.State.AGAIN, "canceled"):
            settling.give_back(Cell.objects.filter(pk=item.cell_id))

    def _again(self, item: BatchItem, result: str, reason: str) -> None:
        with transaction.atomic():
            if not item.leave(BatchItem.State.AGAIN, result):
                return
            if self._run.running:
                settling.again(item.cell, MOST_TRIES, reason)
            else:
                settling.give_back(Cell.objects.filter(pk=item.cell_id))

    def _errored(self, item: BatchItem, error: engine.EngineError) -> None:
        logger.warning(
            "batch=%s item=%s code=%s detail=%s",
            self._batch.public_id,
            item.custom_id,
            error.code,
            error.detail[:300],
        )
        if error.code == "file_missing":
            remote.forget([item.version], self._connection)
        if error.temporary or error.code == "file_missing":
            self._again(item, "errored", _(error.sentence))
            return
        with transaction.atomic():
            if item.leave(BatchItem.State.FAILED, "errored"):
                item.cell.fail(_(error.sentence))

    def _answered(self, item: BatchItem, result: api.Result) -> None:
        """One transaction: the item, its answer with its citations, its row of the ledger, and the
        cell. Killed in the middle, nothing of it was."""
        with transaction.atomic():
            state = BatchItem.State.FAILED if result.error else BatchItem.State.DONE
            if not item.leave(state, "succeeded"):
                return
            cell, asked = item.cell, item.cell.column.asked_in(item.column_version)
            answer = self._answer(item, asked.question, live.brief(asked))
            request = self._request(item, answer)
            outcome = {
                "model": result.model,
                "backend": self._batch.backend,
                "prompt_version": request.prompt_version,
                "parameters": parameters(request),
            }
            stop_reason = ""
            if result.error is not None:
                stop_reason = result.error.stop_reason or ""
                answer.fail(
                    result.error.code,
                    _(result.error.sentence),
                    stop_reason=stop_reason,
                    **outcome,
                )
            else:
                manuscript = Manuscript(answer, _Unheard())  # type: ignore[arg-type]
                manuscript.versions = {str(item.version.public_id): item.version}
                for event in result.events:
                    manuscript.take(event, request)
                    if isinstance(event, engine.Finished):
                        stop_reason = event.stop_reason
                answer.finish(
                    list(manuscript.citations.values()),
                    stop_reason=stop_reason,
                    thought=thought_of(result),
                    **{**manuscript.written(), **outcome},
                )
            record_message(
                answer,
                self._connection,
                request,
                result.usage,
                model=result.model,
                message_id=result.message_id,
                stop_reason=stop_reason,
                error_type=ledger_type(result.error),
            )
            self._run.answers.add(answer)
            if result.error is not None:
                cell.fail(answer.error)
            else:
                settling.take(cell, answer, item.column_version)

    def _answer(self, item: BatchItem, question: str, brief: str) -> Answer:
        now = timezone.now()
        answer = Answer.objects.create(
            workspace=item.cell.table.workspace,
            author=self._run.started_by,
            submission=uuid4(),
            question=question,
            brief=brief,
            model_requested=self._batch.model,
            effort=item.cell.table.effort,
            status=Answer.Status.RUNNING,
            lease_owner=f"batch {item.custom_id}",
            lease_until=now + LEASE,
            attempts=1,
            started_at=self._batch.sent_at,
        )
        Source.objects.create(answer=answer, version=item.version, index=0, looked=item.looked)
        return answer

    def _request(self, item: BatchItem, answer: Answer) -> engine.Request:
        """As it was sent, for its citations and the books: what it was about, and what it shared
        with others."""
        source = engine.Source(str(item.version.public_id), "", file_id="sent")
        built = engine.build(
            engine.Question(
                text=answer.question,
                model=claude_models.get(self._batch.model),
                sources=(source,),
                brief=answer.brief,
                lifetimes=engine.Lifetimes("1h", "1h"),
            )
        )
        told = [one if isinstance(one, dict) else {"version": one} for one in item.document_map]
        return replace(
            built,
            params={**self._batch.parameters, "system": built.params["system"], "messages": []},
            document_map=tuple(one["version"] for one in told),
            looks={n: tuple(one["pages"]) for n, one in enumerate(told) if "pages" in one},
            prefix=item.prefix,
        )
