from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
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
