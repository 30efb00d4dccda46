"""The Celery application; its settings are the ``CELERY_`` ones of ``config.settings``.

Every process that enqueues or runs a task imports this module; it also makes the folder broker
known to kombu.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import setup_logging
from kombu.exceptions import OperationalError

import config.folder_transport  # noqa: F401  registers folder://

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# In a container root is usual, and messages are JSON: the danger it warns of is pickle's.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

logger = logging.getLogger(__name__)


class Hint(DjangoTask):
    """A task whose message may be lost: the rows are the queue, and a sweep sends it again."""

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """The result as Celery gives it; None when the broker is away."""
        try:
            return super().apply_async(*args, **kwargs)
        except OperationalError as error:
            # what was asked for is stored already; failing now would deny it
            logger.warning("task=%s not sent, the broker is away: %s", self.name, error)
            return None


app = Celery("pincite", task_cls=Hint)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_kwargs: object) -> None:
    """Django's logging settings stand: with a receiver here, Celery does not set up its own."""
