"""What Celery's beat starts by itself, as operators see it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from celery.schedules import crontab
from django.test import Client
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from realtime import scheduled
from realtime.models import Job

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.fixture
def said() -> Iterator[dict[str, Any]]:
    """Return the settings' schedule, empty, to be filled."""
    # In place: before Celery 5.7 what Django's settings say holds over what is said later.
    schedule = current_app.conf.beat_schedule
    before = dict(schedule)
    schedule.clear()
    yield schedule
    schedule.clear()
    schedule.update(before)


@pytest.fixture
def seen(operator: Any, said: dict[str, Any]) -> Client:
    """Return a browser of an operator."""
    client = Client()
    client.force_login(operator)
    return client


def entry(client: Client, name: str) -> dict[str, Any]:
    """Return what is told of an entry."""
    answer = client.get("/headway/api/schedule")
    assert answer.status_code == 200, answer.content
    [found] = [one for one in answer.json()["entries"] if one["name"] == name]
    return dict(found)


def moment(text: str) -> datetime:
    """Return a moment that was told."""
    return datetime.fromisoformat(text)


def test_what_the_settings_say(seen: Client, said: dict[str, Any]) -> None:
    """An interval, of which it is not known when it began; a crontab, which is due at its time."""
    said["often"] = {"task": "shop.sync", "schedule": 90}
    said["nightly"] = {"task": "shop.tidy", "schedule": crontab(minute=30, hour=3)}
    assert entry(seen, "often") == {
        "name": "often",
        "task": "shop.sync",
        "enabled": True,
        "when": {"kind": "every", "text": "", "seconds": 90.0, "zone": None},
        "last_at": None,
        "next_at": None,
    }
    nightly = entry(seen, "nightly")
    assert nightly["when"] == {
        "kind": "crontab",
        "text": "30 3 * * *",
        "seconds": None,
        "zone": str(current_app.timezone),
    }
    due = moment(nightly["next_at"]).astimezone(current_app.timezone)
    assert (due.hour, due.minute) == (3, 30)
    assert timedelta(0) < due - datetime.now(UTC) <= timedelta(days=1)


def test_the_newest_job_tells_when_it_ran_last(seen: Client, said: dict[str, Any]) -> None:
    """The next time follows from it; one that is overdue says so by a time that has passed."""
    said["often"] = {"task": "shop.sync", "schedule": timedelta(minutes=5)}
    ran = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    for at in (ran - timedelta(hours=1), ran):
        Job.objects.create(name="shop.sync", queued_at=at, root=uuid.uuid4())
    told = entry(seen, "often")
    assert moment(told["last_at"]) == ran
    assert abs(moment(told["next_at"]) - ran - timedelta(minutes=5)) < timedelta(seconds=2)


def test_two_entries_of_one_task_are_not_confused(seen: Client, said: dict[str, Any]) -> None:
    """Of neither is it known which of its jobs were its own."""
    for name in ("one", "two"):
        said[name] = {"task": "shop.sync", "schedule": 60}
    Job.objects.create(name="shop.sync", queued_at=datetime.now(UTC), root=uuid.uuid4())
    assert entry(seen, "one")["last_at"] is None


def test_what_the_database_says(seen: Client) -> None:
    """By its own clock, in its zone; switched off it is never due."""
    morning = CrontabSchedule.objects.create(
        minute="0", hour="7", day_of_week="1-5", timezone="Asia/Shanghai"
    )
    PeriodicTask.objects.create(name="morning", task="shop.report", crontab=morning)
    often = IntervalSchedule.objects.create(every=10, period=IntervalSchedule.MINUTES)
    ran = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=4)
    PeriodicTask.objects.create(name="often", task="shop.sync", interval=often, last_run_at=ran)
    PeriodicTask.objects.create(name="off", task="shop.sync", interval=often, enabled=False)
    at = ClockedSchedule.objects.create(clocked_time=datetime(2030, 1, 1, 12, tzinfo=UTC))
    PeriodicTask.objects.create(name="once", task="shop.move", clocked=at, one_off=True)

    told = entry(seen, "morning")
    assert told["when"]["text"] == "0 7 * * 1-5"
    assert told["when"]["zone"] == "Asia/Shanghai"
    due = moment(told["next_at"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert (due.hour, due.minute, due.isoweekday() <= 5) == (7, 0, True)
    told = entry(seen, "often")
    assert told["when"]["seconds"] == 600
    assert abs(moment(told["next_at"]) - ran - timedelta(minutes=10)) < timedelta(seconds=2)
    assert entry(seen, "off")["next_at"] is None
    once = entry(seen, "once")
    assert once["when"] == {
        "kind": "once",
        "text": "2030-01-01T12:00:00.000Z",
        "seconds": None,
        "zone": None,
    }
    assert abs(moment(once["next_at"]) - at.clocked_time) < timedelta(seconds=5)


def test_what_is_not_begun_yet_is_due_then(seen: Client) -> None:
    """Not by its interval, which has not begun to count."""
    often = IntervalSchedule.objects.create(every=10, period=IntervalSchedule.MINUTES)
    later = datetime(2030, 1, 1, tzinfo=UTC)
    PeriodicTask.objects.create(name="later", task="a", interval=often, start_time=later)
    assert moment(entry(seen, "later")["next_at"]) == later


def test_the_database_holds_over_the_settings(seen: Client, said: dict[str, Any]) -> None:
    """As its scheduler copies the settings' entries into it, where people change them."""
    said["often"] = {"task": "shop.sync", "schedule": 90}
    often = IntervalSchedule.objects.create(every=10, period=IntervalSchedule.MINUTES)
    PeriodicTask.objects.create(name="often", task="shop.sync", interval=often)
    assert entry(seen, "often")["when"]["seconds"] == 600


def test_what_cannot_be_read_hides_nothing_else(
    seen: Client, said: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log; the others are shown, those that are due first before the rest."""
    said["broken"] = {"task": "shop.sync", "schedule": 90, "colour": "red"}
    said["unknown"] = {"task": "a", "schedule": 90}
    said["due"] = {"task": "b", "schedule": crontab()}
    answer = seen.get("/headway/api/schedule").json()
    assert [one["name"] for one in answer["entries"]] == ["due", "unknown"]
    assert "'broken' cannot be read" in caplog.text


def test_there_may_be_too_many(said: dict[str, Any]) -> None:
    """How many there are besides is told."""
    for number in range(scheduled.MOST + 3):
        said[str(number)] = {"task": "shop.sync", "schedule": 90}
    shown, more = scheduled.entries(NOW)
    assert (len(shown), more) == (scheduled.MOST, 3)


def test_it_is_for_operators(django_user_model: Any) -> None:
    """Others are told whom to ask."""
    client = Client()
    client.force_login(django_user_model.objects.create_user("ben"))
    answer = client.get("/headway/api/schedule")
    assert answer.status_code == 403
    assert "operators" in answer.json()["detail"]
