"""The Celery application; its settings are the ``CELERY_`` ones of ``config.settings``.

Every process that enqueues or runs a task imports this module; it also makes the folder broker
known to kombu.
"""

import os
import warnings

from celery import Celery
from celery.signals import setup_logging

import config.folder_transport  # noqa: F401  registers folder://

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# In a container root is usual, and messages are JSON: the danger it warns of is pickle's.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("pincite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_kwargs: object) -> None:
    """Django's logging settings stand: with a receiver here, Celery does not set up its own."""
