"""The scheduler: it asks for a look each minute, also after its clock was put back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from core.celery import app
from core.reports.beat import Scheduler

LOOK = "Look which reports are due"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


class _Sent:
    """Keeps what schedulers send."""

    def __init__(self, kind: type[Any]) -> None:
        self.names: list[str] = []
        self.scheduler = kind(app=app)
        self.scheduler._finalize.cancel()  # At the interpreter's end the database is gone.
        self.scheduler.apply_async = lambda entry, **_: self.names.append(entry.task)

    def tick(self) -> list[str]:
        """Let the scheduler do what is due, and return what it has sent then."""
        self.names.clear()
        for _ in range(5):
            self.scheduler.tick()
        return self.names


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a scheduler commit nothing of the test's transaction."""
    monkeypatch.setattr("django_celery_beat.schedulers.transaction.commit", lambda: None)
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)


def stand_at(moment: Any) -> None:
    """Let the look have been sent last at some time."""
    PeriodicTask.objects.filter(name=LOOK).update(last_run_at=moment)


def test_a_scheduler_finds_the_look_in_the_settings() -> None:
    """It is in the database then, where an operator may see it."""
    _Sent(Scheduler)
    found = PeriodicTask.objects.get(name=LOOK)
    assert (found.task, found.enabled) == ("core.jobs.reports.look", True)
    assert found.crontab.minute == "*"


def test_a_look_that_is_due_is_sent_once() -> None:
    """The last one was a while ago."""
    _Sent(Scheduler)
    stand_at(timezone.now() - timedelta(hours=1))
    sent = _Sent(Scheduler)
    assert sent.tick().count("core.jobs.reports.look") == 1
    assert "core.jobs.reports.look" not in sent.tick()


@pytest.mark.parametrize(("kind", "times"), [(Scheduler, 1), (DatabaseScheduler, 0)])
def test_a_clock_that_was_put_back_does_not_hold_it_up(kind: type[Any], times: int) -> None:
    """As it does django-celery-beat's own, which waits for three days."""
    _Sent(Scheduler)
    stand_at(timezone.now() + timedelta(days=3))
    assert _Sent(kind).tick().count("core.jobs.reports.look") == times
