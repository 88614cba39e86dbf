"""The service as a Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Accounts, pages and the jobs that the service ships."""

    name = "core"
    verbose_name = "Headway service"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Mend what uploads suffer from below."""
        from core.large_bodies import spare_daphne

        spare_daphne()
