"""Tells a worker that an answer is due. Only a hint: if it is lost, the sweep finds the row."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# one that nobody took for so long is worth nothing: the sweep has sent others since
HINT_SECONDS = 60


def tell(task: str, answer_id: int) -> None:
    """Says that an answer has ended to whoever had it asked. Only a hint as well."""
    try:
        current_app.send_task(task, (answer_id,), expires=HINT_SECONDS)
    except OperationalError as error:
        logger.warning("answer=%s end not told, the broker is away: %s", answer_id, error)


def hint(answer_id: int, wait: float = 0.0) -> None:
    """By the task's name, because the task imports what calls this."""
    try:
        current_app.send_task(
            "qa.tasks.write_answer",
            (answer_id,),
            countdown=wait or None,
            expires=wait + HINT_SECONDS,
            queue="answers",
        )
    except OperationalError as error:
        logger.warning("answer=%s not hinted, the broker is away: %s", answer_id, error)
