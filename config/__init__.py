"""How the processes of Pincite are wired together. No domain word in here."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
