"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RealtimeConfig(AppConfig):
    """Listens to Celery and checks the settings once Django is ready."""

    name = "realtime"
    verbose_name = _("Headway")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect Celery's signals; register the system checks."""
        from realtime import checks, held, intake, lease, lifecycle, obeying, post
        from realtime.contrib import django_tasks, update_state

        del post  # Its task is known to the worker from here on.
        held.connect()
        intake.connect()
        obeying.connect()
        lease.connect()
        lifecycle.connect()
        update_state.connect()
        django_tasks.connect()
        checks.register()
