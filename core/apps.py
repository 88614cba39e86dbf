"""The service as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class CoreConfig(AppConfig):
    """Accounts, pages and the jobs that the service ships."""

    name = "core"
    verbose_name = gettext_lazy("Headway service")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Mend what uploads suffer from below; let jobs speak their owners' languages."""
        from core import languages
        from core.large_bodies import spare_daphne

        spare_daphne()
        languages.connect()
