from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class QaConfig(AppConfig):
    name = "qa"
    verbose_name = _("Questions and answers")

    def ready(self) -> None:
        """Stops the start when the model of new questions is none."""
        from qa.engine import UnknownModel, catalogue

        try:
            catalogue.get(settings.DEFAULT_MODEL)
        except UnknownModel as error:
            raise ImproperlyConfigured(
                f"PINCITE_MODEL={settings.DEFAULT_MODEL!r} is not a model that Pincite knows."
            ) from error
        # after every migration: a new release may know models that the table lacks
        post_migrate.connect(seed_models, sender=self)


def seed_models(using: str, apps: Any = None, **_signal: Any) -> None:
    from django.apps import apps as current

    from qa.claude_models import seed

    try:
        table = (apps or current).get_model("qa", "ClaudeModel")
    except LookupError:
        return  # migrated back to before there was one
    seed(table)
