"""Kinds of work side by side, with the workers of `manage.py up` and a real broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from core import uploads
from core.jobs.images import FIRST
from core.pictures.picture import Options
from core.queues import Urgency, number_of
from core.starting import start_campaign, start_pictures
from core.workers import AT_ONCE
from core.workers import workers as programs
from realtime import control
from realtime.models import Job
from tests import tasks
from tests.core.drawn import corners, saved
from tests.core.mailing import campaign_of
from tests.processes import child, is_ready
from tests.services import RedisServer, smtp_server, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.jobs]

Start = Callable[[int], str]


@pytest.fixture(scope="module")
def workers(redis: RedisServer, django_db_setup: None) -> Iterator[None]:
    """Run the workers of `manage.py up`, with one process for short work."""
    with smtp_server() as mail, ExitStack() as running:
        more = {"AS_SERVED": "1", "EMAIL_URL": mail.url}
        commands = [known(program.command) for program in programs(1)]
        started = [
            running.enter_context(child(*command, port=0, files=(), **more)) for command in commands
        ]
        for one in started:
            wait_until(partial(is_ready, one), "the worker to be ready", 60)
        yield


def known(command: tuple[str, ...]) -> list[str]:
    """Return the command line with the application that knows the tests' tasks."""
    return [word.replace("core.celery", "tests.worker") for word in command]


@pytest.fixture
def ana(workers: None, transactional_db: None) -> User:
    """Return somebody."""
    return User.objects.create_user("ana")


@pytest.fixture
def resize(ana: User, tmp_path: Path) -> Start:
    """Return what starts a job with so many pictures."""
    path = tmp_path / "corners.png"
    path.write_bytes(saved(corners(), "PNG"))

    def start(count: int) -> str:
        kept = [uploads.keep_path(ana, path) for _ in range(count)]
        return str(start_pictures(ana, kept, Options((60,), "PNG")).pk)

    return start


@pytest.fixture
def gate(ana: User, tmp_path: Path) -> Path:
    """Let the one process wait for a file, and all that is queued meanwhile for the process."""
    gate, told = tmp_path / "gate", tmp_path / "told"
    tasks.occupy_late.delay(str(gate), str(told))
    wait_until(told.exists, "the worker to be busy", 30)
    return gate


def number(word: Urgency) -> int:
    """Return how the broker of this run calls an urgency."""
    return number_of(word, settings.CELERY_BROKER_URL)


def queued(queue: str, word: Urgency) -> str:
    """Queue something short."""
    return str(tasks.nothing.apply_async(queue=queue, priority=number(word)).id)


def statuses(among: list[str]) -> list[str]:
    """Return where the jobs stand in SQL."""
    known_now = {str(job.pk): job.status for job in Job.objects.all()}
    return [known_now[job] for job in among]


def moments(field: str, among: list[str]) -> list[str]:
    """Return when each began, or ended, once all have succeeded."""
    wait_until(lambda: set(statuses(among)) == {"succeeded"}, "all to succeed", 60)
    rows = {str(job.pk): job.state() for job in Job.objects.filter(pk__in=among)}
    return [rows[job][field] for job in among]


def test_campaigns_hold_up_no_picture(ana: User, resize: Start) -> None:
    """As many as are sent at once, and one more, which waits, and never starts once cancelled."""
    slow = [
        campaign_of(ana, *(f"r{n}@b.org" for n in range(100)), rate=0.5) for _ in range(AT_ONCE + 1)
    ]
    sent = [str(start_campaign(one).pk) for one in slow]
    busy = ["running"] * AT_ONCE
    wait_until(lambda: statuses(sent).count("running") == AT_ONCE, "campaigns to run", 30)
    picture = resize(1)
    moments("finished_at", [picture])
    assert sorted(statuses(sent)) == ["queued", *busy]
    waits = sent[statuses(sent).index("queued")]
    for job in sorted(sent, key=lambda job: job != waits):
        control.cancel(job)
    wait_until(lambda: set(statuses(sent)) == {"cancelled"}, "all to end", 30)
    assert Job.objects.get(pk=waits).state()["started_at"] is None


def test_in_a_queue_the_more_urgent_comes_first(gate: Path) -> None:
    """Though it came last, on either broker."""
    words = [Urgency.BULK, Urgency.NORMAL, Urgency.SOON]
    jobs = [queued("pictures", word) for word in words for _ in range(2)]
    gate.touch()
    began = moments("started_at", jobs)
    assert sorted(began) == began[4:] + began[2:4] + began[:2]


def test_a_long_queue_holds_up_no_other_one(gate: Path) -> None:
    """Redis gives what is urgent at once, RabbitMQ lets queues have their turns, as it likes."""
    sent: dict[str, Any] = {"queue": "pictures", "priority": number(Urgency.NORMAL)}
    pictures = [str(tasks.work_through.apply_async((1, 0.1), **sent).id) for _ in range(12)]
    letter = queued("mail", Urgency.SOON)
    gate.touch()
    (began,) = moments("started_at", [letter])
    assert began < max(moments("started_at", pictures))


def test_a_job_of_many_pictures_lets_one_of_few_pass(gate: Path, resize: Start) -> None:
    """Its first ones are made in turn, the rest after those of others."""
    many, few = resize(FIRST + 5), resize(2)
    gate.touch()
    moments("finished_at", [many, few])
    assert begun(few)[-1] < begun(many)[FIRST]


def begun(job: str) -> list[str]:
    """Return when the pictures of a job were begun."""
    parts = Job.objects.filter(root=job).exclude(pk=job)
    return sorted(part.state()["started_at"] for part in parts)
