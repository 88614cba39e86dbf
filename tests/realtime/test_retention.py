"""Ended jobs are kept as long as the settings say, and go with all that was theirs."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime import retention
from realtime.checks import check_settings
from realtime.expiry import Expiry
from realtime.metrics import counted
from realtime.models import File, Item, Job, LogPart
from realtime.retention import Retention

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
NOW = timezone.now()


@pytest.fixture(autouse=True)
def rules(settings: Any) -> None:
    """Keep failures for a month, what is called mail for ever, all else for ten days."""
    kept = {"mail.*": 10_000 * DAY, "* failed": 30 * DAY, "*": 10 * DAY}
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_JOBS": kept}


def job(name: str, days: float | None, status: str = "succeeded", root: Job | None = None) -> Job:
    """Keep a job that ended so many days ago, or has not ended."""
    key, now = uuid.uuid4(), timezone.now()
    ended = None if days is None else now - timedelta(days=days)
    status = status if ended else "running"
    about = {"name": name, "title": name, "queued_at": now - timedelta(days=days or 0)}
    of = root.pk if root else key
    return Job.objects.create(pk=key, root=of, status=status, finished_at=ended, **about)


def walk() -> None:
    """Make rounds until the walk is over."""
    one = Retention()
    while not one._walk_at:
        one.look()


def test_jobs_go_by_the_first_rule_that_fits() -> None:
    """What has not ended stays, however old."""
    wanted = [
        job("a.b", 9), job("a.b", 29, "failed"), job("mail.send", 400), job("a.b", None),
        job("mail.send", 400, "failed"),
    ]  # fmt: skip
    for days, status in ((11, "succeeded"), (11, "cancelled"), (31, "failed"), (400, "lost")):
        job("a.b", days, status)
    walk()
    assert set(Job.objects.values_list("pk", flat=True)) == {one.pk for one in wanted}


def test_without_rules_all_are_kept(settings: Any) -> None:
    """As long as nobody has said anything else."""
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_JOBS": {}}
    job("a.b", 10_000)
    Retention().look()
    assert Job.objects.count() == 1


def test_a_job_goes_with_its_tree_and_all_that_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its root's time, whatever the others' is; a few in each round, the root last."""
    monkeypatch.setattr(retention, "BATCH", 4)
    root, young = job("pack", 11), job("pack", 9)
    for number in range(10):
        below = job("resize", 12, root=root)
        Item.objects.create(job=below, run="x", n=number, outcome="failed", reason="r", at=NOW)
        LogPart.objects.create(job=below, first=1, last=1, data=b"x")
        job("resize", 12, root=young)
    one = Retention()
    one.look()
    assert Job.objects.filter(root=root.pk).count() == 7
    assert Job.objects.filter(pk=root.pk).exists()
    walk()
    assert Job.objects.filter(root=root.pk).count() == Item.objects.count() == 0
    assert LogPart.objects.count() == 0
    assert Job.objects.filter(root=young.pk).count() == 11


def test_files_are_taken_from_the_storage_first(tmp_path: Any, settings: Any) -> None:
    """Also those that were to be kept for ever."""
    settings.MEDIA_ROOT = str(tmp_path)
    old = job("a.b", 11)
    file = File(job=old, name="x.txt", size=1, content_type="text/plain")
    file.content.save("x.txt", ContentFile(b"x"))
    path = file.content.path
    walk()
    assert Job.objects.filter(pk=old.pk).exists()
    Expiry().look()
    walk()
    assert not Job.objects.exists()
    assert not list(tmp_path.rglob("x*.txt")), path


def test_a_long_past_is_walked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts; what is kept longer is not read again and again."""
    monkeypatch.setattr(retention, "READ", 5)
    for _ in range(12):
        job("mail.send", 400)
    last = job("a.b", 300)
    one, rounds = Retention(), 0
    while not one._walk_at:
        one.look()
        rounds += 1
    assert not Job.objects.filter(pk=last.pk).exists()
    assert rounds == 4  # Three parts, and the last once more for what was left of it.
    before = one._walk_at
    one.look()
    assert one._walk_at == before


def test_what_is_removed_is_counted() -> None:
    """For the metrics."""
    before = counted._counts["removed:jobs"]
    job("a.b", 11)
    walk()
    assert counted._counts["removed:jobs"] == before + 1


def test_a_round_asks_an_index(django_assert_max_num_queries: Any) -> None:
    """A few queries, however many jobs there are that have not ended."""
    for _ in range(50):
        job("a.b", None)
    with django_assert_max_num_queries(6) as seen:
        Retention().look()
    assert isinstance(seen, CaptureQueriesContext)


@pytest.mark.parametrize("rules", [{"*": 60}, {"": DAY}, {"* nothing": DAY * 9}, {"*": "x"}])
def test_rules_that_cannot_be_meant_are_refused(rules: Any, settings: Any) -> None:
    """Redis would still show what the database has forgotten."""
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_JOBS": rules}
    assert "KEEP_JOBS" in check_settings()[0].msg
