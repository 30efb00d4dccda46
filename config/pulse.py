"""A thread in every worker that says every few seconds that the worker lives.

A thread and not a task: a worker that is busy with long answers is alive all the same.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.signals import worker_ready

from config.database import release

SECONDS = 5.0
logger = logging.getLogger(__name__)


def _beat(name: str) -> None:
    from config.models import Pulse

    while True:
        try:
            Pulse.beat(f"worker:{name}")
        except Exception:
            logger.exception("worker=%s pulse failed", name)
        finally:
            release()
        threading.Event().wait(SECONDS)


@worker_ready.connect
def start(sender: Any, **_kwargs: Any) -> None:
    name = sender.hostname.split("@")[0]
    threading.Thread(target=_beat, args=(name,), name="pulse", daemon=True).start()
