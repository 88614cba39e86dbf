"""What lets a rule of alerts fire, how long it does, and how often that is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from realtime import alert_signs, expiry
from realtime.errors import StoreAway
from realtime.models import Alert, AlertDelivery, AlertRule, Job, Notice
from realtime.store import Store, get_store
from tests.realtime.alerted import (
    MINUTE,
    events,
    fails,
    judge,
    opened,
    passes,
    rule,
    stalls,
    waits,
)
from tests.realtime.test_series_plans import plans, reads_all
from tests.realtime.test_workshop import ABOUT
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(alone: None, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing, in each store; nobody else judges meanwhile."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


def test_failures_of_a_task_fire_a_rule_once(operator: Any) -> None:
    """As many as it wants, within its minutes, of its tasks; those that were lost count too."""
    rule()
    fails(2)
    fails(5, ago=11 * MINUTE)
    fails(5, "other.task")
    fails(3, status="cancelled")
    fails(3, status="succeeded")
    judge()
    assert (opened(), events()) == ([], [])
    [lost] = fails(1, "shop.send", status="lost", ago=timedelta(seconds=5))
    for _ in range(3):
        judge()
    [alert] = opened()
    assert alert.count == 3
    assert [(one["name"], one["n"]) for one in alert.subjects] == [
        ("shop.pack", 2),
        ("shop.send", 1),
    ]
    assert alert.subjects[0]["job"] == str(lost.pk)
    assert events() == [("firing", "sent")]


def test_it_is_over_and_that_is_told_once(operator: Any) -> None:
    """When too few of the failures are young enough."""
    rule(name="Shop")
    fails(3)
    judge()
    judge(timezone.now() + 9 * MINUTE)
    assert opened() == []
    judge(timezone.now() + 9 * MINUTE)
    assert events() == [("firing", "sent"), ("over", "sent")]
    over, firing = Notice.objects.filter(person=operator)
    assert (firing.title, over.title) == ("Alert: Shop", "Over: Shop")
    assert firing.text.startswith("3 jobs have failed within 10 minutes.\nshop.pack: 3")
    assert (firing.kind, firing.job, firing.ways) == ("alert", None, "toast inbox")


def test_it_is_told_again_after_the_quiet_period_alone(operator: Any) -> None:
    """However often it is judged meanwhile."""
    rule(quiet=30)
    fails(3, ago=timedelta(0))
    judge()
    passes(29)
    judge()
    assert events() == [("firing", "sent")]
    passes(1)
    judge()
    judge()
    assert events() == [("firing", "sent"), ("still", "sent")]


def test_what_comes_and_goes_is_told_no_more_often(operator: Any) -> None:
    """An alert within the quiet period of the last one is kept, and not told unless it lasts."""
    one = rule(quiet=30)
    for _ in range(4):
        rows = fails(3)
        judge()
        Job.objects.filter(pk__in=[row.pk for row in rows]).delete()
        judge()
    assert Alert.objects.filter(rule=one).count() == 4
    assert events() == [("firing", "sent"), ("over", "sent")]
    fails(3)
    judge()
    passes(30)
    judge()
    assert events()[2:] == [("firing", "sent")]


def test_jobs_that_wait_too_long_fire_a_rule(operator: Any) -> None:
    """By queue, since when the first of them does; not those that are to start later."""
    rule("queue_old", pattern="s*", minutes=10)
    waits("slow", ago=9 * MINUTE)
    waits("other", ago=20 * MINUTE)
    waits("slow", ago=20 * MINUTE, position=None)
    judge()
    assert opened() == []
    first = waits("slow", ago=20 * MINUTE)
    waits("small", ago=11 * MINUTE)
    judge()
    [alert] = opened()
    assert [one["name"] for one in alert.subjects] == ["slow", "small"]
    assert (alert.count, alert.subjects[0]["since"][:19]) == (2, first.queued_at.isoformat()[:19])
    Job.objects.update(status="running")
    judge()
    assert events() == [("firing", "sent"), ("over", "sent")]


def test_a_stalled_job_fires_a_rule(operator: Any) -> None:
    """When it has for so long, and its task is meant."""
    rule("job_stalled", minutes=5)
    stalls(ago=4 * MINUTE)
    stalls(ago=9 * MINUTE, stalled=False)
    stalls("other.task", ago=9 * MINUTE)
    judge()
    assert opened() == []
    job = stalls(ago=6 * MINUTE)
    judge()
    [alert] = opened()
    assert [(one["name"], one["job"]) for one in alert.subjects] == [("Pack it", job)]
    Job.objects.filter(pk=job).update(status="succeeded")
    judge()
    assert opened() == []


def test_a_worker_that_stops_is_not_gone(operator: Any, settings: Any) -> None:
    """One that is silent is, though the store forgets it, until it is heard again."""
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 0.01}
    one = rule("worker_gone", pattern="w*", minutes=0)
    get_store().introduce("w-stopped", {**ABOUT, "state": "stopped"})
    get_store().introduce("x-gone", ABOUT)
    get_store().introduce("w-gone", ABOUT)
    wait_until(lambda: judge() or opened(), "the worker to be taken for gone", seconds=20)  # type: ignore[func-returns-value]
    [alert] = opened()
    assert [subject["name"] for subject in alert.subjects] == ["w-gone"]
    Alert.objects.update(subjects=[{**alert.subjects[0], "name": "w-forgotten"}])
    judge()
    assert {subject["name"] for subject in opened()[0].subjects} == {"w-gone", "w-forgotten"}
    settings.HEADWAY = {**settings.HEADWAY, "LEASE": 60.0}
    judge()
    assert [subject["name"] for subject in opened()[0].subjects] == ["w-forgotten"]
    judge(timezone.now() + alert_signs.FORGET)
    assert (opened(), AlertRule.objects.get().pk) == ([], one.pk)


def test_while_nobody_can_tell_nothing_changes(
    operator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fires goes on, what does not does not; rules that need no store are judged."""

    def away(*_: object) -> Any:
        raise StoreAway

    fired = rule("job_stalled", minutes=5)
    stalls(ago=6 * MINUTE)
    judge()
    rule("worker_gone", minutes=0)
    failed = rule()
    fails(3)
    store = type(get_store())
    monkeypatch.setattr(store, "states", away)
    monkeypatch.setattr(store, "introduced", away)
    judge()
    assert {alert.rule_id for alert in opened()} == {fired.pk, failed.pk}


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_what_nobody_looks_for_any_more_is_over(how: str, operator: Any) -> None:
    """And that is not told."""
    one = rule()
    fails(3)
    judge()
    if how == "disabled":
        AlertRule.objects.update(enabled=False)
    else:
        one.delete()
    judge()
    assert opened() == []
    assert Alert.objects.count() == 1
    assert events() == [("firing", "sent")]


def test_a_rule_that_cannot_be_judged_holds_up_no_other(
    operator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with it is logged."""
    rule("queue_old", name="A")
    rule(name="B")
    fails(3)
    monkeypatch.setitem(alert_signs._KINDS, "queue_old", lambda *_: 1 / 0)
    judge()
    assert [alert.name for alert in opened()] == ["B"]


def test_two_that_judge_at_once_tell_once(operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one finds that the first has fired, or has told it, before it does the same."""
    rule()
    fails(3)
    find, inner = alert_signs.find, [True]

    def meanwhile(*values: Any) -> Any:
        found = find(*values)
        if inner:
            inner.clear()
            judge()
        return found

    monkeypatch.setattr("realtime.alerting.find", meanwhile)
    judge()
    assert len(opened()) == 1
    passes(60)
    inner.append(True)
    judge()
    assert events() == [("firing", "sent"), ("still", "sent")]


def test_alerts_are_told_in_the_language_of_their_rule(operator: Any) -> None:
    """Whatever is spoken where it is judged."""
    rule(name="Shop", language="zh-hans")
    fails(3)
    judge()
    notice = Notice.objects.get()
    assert notice.title == "警报\uff1aShop"
    assert notice.text.startswith("10 分钟内有 3 个任务失败。")


def test_only_those_are_told_who_may_see_all_jobs(operator: Any, ana: Any, ben: Any) -> None:
    """Also of those who are chosen: a right may have been taken since."""
    chosen = rule(name="C", inbox="chosen")
    chosen.people.set([ana, operator])
    nobody = rule(name="N", inbox="chosen")
    nobody.people.set([ben])
    rule(name="O", inbox="operators")
    fails(3)
    judge()
    assert {notice.person_id for notice in Notice.objects.all()} == {operator.pk}
    told = AlertDelivery.objects.values_list("alert__name", "outcome", "reason")
    assert sorted(told) == [
        ("C", "sent", "1 person"),
        ("N", "failed", "There is nobody who may see the jobs of everybody."),
        ("O", "sent", "1 person"),
    ]


def test_alerts_are_kept_for_so_long(operator: Any, settings: Any) -> None:
    """But for those that fire."""
    rule()
    fails(3)
    judge()
    long_ago = timezone.now() - timedelta(seconds=100)
    over = Alert.objects.create(name="x", kind="task_failed", since=long_ago, over_at=long_ago)
    Alert.objects.update(since=long_ago)
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_ALERTS": 50}
    expiry.Expiry().look()
    assert not Alert.objects.filter(pk=over.pk).exists()
    assert len(opened()) == 1


def test_without_rules_nothing_is_asked_of_jobs() -> None:
    """Nor of the store."""
    fails(3)
    asked: list[str] = []

    def execute(run: Any, statement: str, *rest: Any) -> Any:
        asked.append(statement)
        return run(statement, *rest)

    with connection.execute_wrapper(execute):
        judge()
    assert len(asked) == 2
    assert not any('"realtime_job"' in statement for statement in asked)


def test_no_rule_reads_jobs_from_end_to_end(operator: Any) -> None:
    """Each asks an index: of what broke, of what waits, of what runs."""
    from tests.bench import crowd

    crowd.fill_jobs(20_000, timezone.now(), timedelta(days=30))
    fails(20)
    waits(ago=20 * MINUTE)
    stalls(ago=20 * MINUTE)
    crowd.analyze()
    for kind in ("task_failed", "queue_old", "job_stalled"):
        rule(kind, pattern="*", minutes=5)
    with plans() as found:
        judge()
    assert len(opened()) == 3
    assert not [said for said in found.items() if reads_all(said[1])]
    jobs = [plan for statement, plan in found.items() if '"realtime_job"' in statement]
    for name in ("realtime_job_failed", "realtime_job_stand"):
        assert any(name in plan for plan in jobs), found
    # Asked by the same words as what has failed, and so explained once.
    assert "realtime_job_lost" in alert_signs.broken("lost", timezone.now() - MINUTE).explain()
