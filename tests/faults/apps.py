"""The Django app that brings faults into a process, as the environment names them."""

from __future__ import annotations

from django.apps import AppConfig


class Faults(AppConfig):
    """Applies the environment's faults once Django is ready."""

    name = "tests.faults"
    label = "faults"

    def ready(self) -> None:
        """Bring them in."""
        from tests.faults import clock, sabotage, steps, tasks

        del tasks  # Known to workers from now on.
        clock.shift_as_told()
        sabotage.apply_as_told()
        steps.stop_as_told()
