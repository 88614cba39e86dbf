"""What operators are told of all jobs: numbers over time, by task and by queue, and now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.test import Client
from django.utils import timezone

from realtime.counts import KINDS
from realtime.errors import StoreAway
from realtime.events import JobState, Status, timestamp
from realtime.intervals import floor, moment, second
from realtime.models import Interval, Job
from realtime.publish import Change, publish
from realtime.store import get_store
from tests.realtime.counted import count, job, keep
from tests.realtime.test_openapi import fits, shape_of

pytestmark = pytest.mark.django_db(transaction=True)

METRICS = "/headway/api/metrics"
DAY = 86_400


@pytest.fixture(autouse=True)
def keeps(settings: Any, redis: Any) -> None:
    """Let the series be kept."""
    more = {"KEEP_SERIES": 90 * DAY, "KEEP_MINUTES": 2 * DAY, "CATCH_UP": 12 * 60}
    settings.HEADWAY = {**settings.HEADWAY, **more}


@pytest.fixture
def page(operator: Any) -> Client:
    """Return an operator's browser."""
    client = Client()
    client.force_login(operator)
    return client


def read(page: Client, what: str, **asked: Any) -> Any:
    """Return an answer, which is as the description says."""
    answer = page.get(f"{METRICS}/{what}", asked)
    assert answer.status_code == 200, answer.content
    fits(answer.json(), shape_of(f"/api/metrics/{what}", "get", answer))
    return answer.json()


@pytest.fixture
def minute() -> datetime:
    """Return when a minute began that is counted now, and is not the last one for a while."""
    return moment(floor(second(timezone.now()) - 3, 60) - 120)


@pytest.fixture
def work(minute: datetime) -> Callable[..., Job]:
    """Return what makes jobs of that minute, which have waited for a second and run for twenty."""
    queued, began, ended = (minute + timedelta(seconds=number) for number in (1, 2, 22))

    def make(name: str, status: str = "succeeded", **more: Any) -> Job:
        return job(name, status=status, queued=queued, began=began, ended=ended, **more)

    return make


def test_a_chart_is_points_and_gaps(page: Client, minute: datetime, work: Any) -> None:
    """Null where nobody counted, noughts where nothing happened, and the numbers where it did."""
    keep(*(work("shop.pack") for _ in range(3)), work("shop.bill", "failed", queue="bulk"))
    count(timezone.now())
    said = read(page, "series")
    assert said["step"] == 60
    assert said["points"][:40] == [None] * 40
    full = [point for point in said["points"] if point and point["queued"]]
    assert full == [
        {
            "at": timestamp(minute),
            "covered": 60,
            **dict.fromkeys(KINDS, 0),
            "queued": 4,
            "started": 4,
            "succeeded": 3,
            "failed": 1,
            "wait": {"p50": ANY, "p95": ANY, "p99": ANY},
            "run": {"p50": ANY, "p95": ANY, "p99": ANY},
        }
    ]
    assert full[0]["wait"]["p95"] == pytest.approx(1, rel=0.1)
    assert full[0]["run"]["p50"] == pytest.approx(20, rel=0.1)
    empty = [point for point in said["points"] if point and not point["queued"]]
    assert len(empty) == 11
    assert empty[0]["wait"] is None
    for asked, number in (
        ({"name": "shop.pack"}, 3), ({"queue": "bulk"}, 1), ({"name": "shop.bill"}, 1),
        ({"name": "shop.pack", "queue": "bulk"}, 0), ({"name": "\x00"}, 0),
    ):  # fmt: skip
        points = read(page, "series", **asked)["points"]
        assert sum(point["queued"] for point in points if point) == number


def test_the_step_follows_what_is_asked(page: Client) -> None:
    """From an hour to three months in a few hundred points, and never from what is gone."""
    now = timezone.now()
    for days, step in ((1 / 24, 60), (0.25, 60), (1, 600), (2, 600), (7, 3_600), (90, 21_600)):
        begin = (now - timedelta(days=days)).isoformat()
        said = read(page, "series", **{"from": begin})
        assert said["step"] == step
        assert said["points"] == [None] * len(said["points"])
        assert 36 <= len(said["points"]) <= 401
        assert said["from"] <= begin
        assert len(read(page, "tasks", **{"from": begin})["tasks"]) == 0
    old = {"from": "2001-01-01T00:00:00Z", "to": "9999-12-31T23:00:00Z"}
    assert 300 < len(read(page, "series", **old)["points"]) <= 401
    hour = {"from": now - timedelta(days=3), "to": now - timedelta(days=2.9)}
    said = read(page, "series", **{word: at.isoformat() for word, at in hour.items()})
    assert said["step"] == 3_600


def test_a_longer_interval_says_how_much_of_it_was_counted(page: Client, work: Any) -> None:
    """Twelve minutes of an hour are no hour."""
    keep(work("shop.pack"))
    count(timezone.now())
    week = (timezone.now() - timedelta(days=7)).isoformat()
    points = [point for point in read(page, "series", **{"from": week})["points"] if point]
    assert sum(point["covered"] for point in points) == 12 * 60
    assert sum(point["succeeded"] for point in points) == 1


def test_tasks_come_with_what_breaks_and_what_is_busy_first(page: Client, work: Any) -> None:
    """Each with its numbers, its times and a small chart that shows gaps."""
    keep(
        *(work("shop.pack") for _ in range(5)),
        *(work("shop.mail", queue="bulk") for _ in range(2)),
        *(work("shop.bill", status) for status in ("failed", "lost", "cancelled", "succeeded")),
    )
    count(timezone.now())
    said = read(page, "tasks")
    assert [one["name"] for one in said["tasks"]] == ["shop.bill", "shop.pack", "shop.mail"]
    bill = said["tasks"][0]
    assert (bill["ended"], bill["failed_share"], bill["queued"]) == (4, 0.5, 4)
    assert bill["run"]["p99"] == pytest.approx(20, rel=0.1)
    assert bill["points"][0] is None
    assert sum(number or 0 for number in bill["points"]) == 4
    queues = read(page, "tasks", by="queue")["tasks"]
    assert [(one["name"], one["ended"]) for one in queues] == [("celery", 9), ("bulk", 2)]


def test_others_are_one_line(page: Client, settings: Any, work: Any) -> None:
    """Without a name, and last, whatever has broken in them."""
    settings.HEADWAY = {**settings.HEADWAY, "SERIES_TASKS": 1}
    keep(*(work("shop.pack") for _ in range(5)), work("shop.bill", "failed"), work("shop.mail"))
    count(timezone.now())
    told = read(page, "tasks")["tasks"]
    assert [(one["name"], one["ended"]) for one in told] == [("shop.pack", 5), (None, 2)]


def test_how_things_stand_now(page: Client, work: Any) -> None:
    """What has not ended by status, what has stalled, and the last hour."""
    at = timezone.now()
    keep(*(job(queued=at) for _ in range(3)), *(work("shop.pack") for _ in range(12)))
    for stalled in (True, False, False):
        key = str(job(queued=at).pk)
        state = JobState(
            id=key, root=key, name="x", status=Status.RUNNING, stalled=stalled,
            message='"stalled":true', queued_at=timestamp(at), started_at=timestamp(at),
        )  # fmt: skip
        publish([Change(state=state, order=1, transition=True)])
    count(timezone.now())
    said = read(page, "now")
    assert (said["queued"], said["running"], said["stalled"]) == (3, 3, 1)
    assert (said["paused"], said["retrying"]) == (0, 0)
    hour = said["hour"]
    assert (hour["covered"], hour["ended"], hour["failed"]) == (12 * 60, 12, 0)
    assert hour["rate"] == pytest.approx(12 / 300)
    assert hour["wait"]["p95"] == pytest.approx(1, rel=0.1)


def test_without_a_count_nothing_is_made_up(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without the store, which alone knows what has stalled."""

    def away(*_: object) -> None:
        raise StoreAway("it does not answer")

    monkeypatch.setattr(type(get_store()), "states", away)
    said = read(page, "now")
    assert said["stalled"] is None
    assert (said["hour"]["covered"], said["hour"]["rate"], said["hour"]["wait"]) == (0, None, None)


def test_a_restart_leaves_a_gap_within_the_hour(page: Client, minute: datetime) -> None:
    """Not a slope, and not a nought."""
    count(timezone.now())
    for back in (5, 6, 7):
        Interval.objects.filter(step=60, start=minute - timedelta(minutes=back)).delete()
    points = read(page, "series")["points"]
    shown = [point is not None for point in points]
    first, last = shown.index(True), len(shown) - shown[::-1].index(True)
    assert shown[first:last].count(False) == 3


@pytest.mark.parametrize("what", ["series", "tasks", "now"])
def test_to_others_there_is_nothing_here(what: str, ana: Any) -> None:
    """As at an address that is none, whatever they ask; who is not signed in is told so."""
    assert Client().get(f"{METRICS}/{what}").status_code == 401
    client = Client()
    client.force_login(ana)
    said = client.get(f"{METRICS}/{what}?from=x").json()
    assert (said["status"], said["detail"]) == (404, client.get(f"{METRICS}/no").json()["detail"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("series?from=now", "expected from to be a time such as 2026-11-22T10:00:00Z, got: now"),
        ("series?to=0001-01-01T00:10:00Z", "expected to to be after the first hour of time"),
        ("series?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "expected from to be before"),
        ("series?since=x", "expected each word of the query to be one of from, to, name, queue"),
        ("tasks?by=owner", "expected by to be one of name, queue, got: owner"),
        ("now?from=2026-01-02T00:00:00Z", "expected each word of the query"),
    ],
)
def test_what_cannot_be_meant_is_refused(page: Client, asked: str, sentence: str) -> None:
    """With what was expected, and what came."""
    answer = page.get(f"{METRICS}/{asked}")
    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
