from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class QaConfig(AppConfig):
    name = "qa"

    def ready(self) -> None:
        """Stops the start when the model of new questions is none."""
        from qa.engine import UnknownModel, catalogue

        try:
            catalogue.get(settings.DEFAULT_MODEL)
        except UnknownModel as error:
            raise ImproperlyConfigured(
                f"PINCITE_MODEL={settings.DEFAULT_MODEL!r} is not a model that Pincite knows."
            ) from error
