"""No question of the series, nor of the dashboard, reads jobs or tallies from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from realtime.models import Interval, Job, Tally
from realtime.series import Series
from tests.bench import crowd
from tests.realtime.counted import job

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
TABLES = ("realtime_job", "realtime_tally")


@pytest.fixture
def months(settings: Any) -> None:
    """Fill the tables with what three months leave, but for most of the jobs."""
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_SERIES": 90 * 86_400, "KEEP_MINUTES": 10_800}
    now = timezone.now()
    crowd.fill_jobs(20_000, now, 90 * DAY)
    Job.objects.bulk_create(job(queued=now, began=now) for _ in range(20))
    crowd.fill_series(now)
    crowd.analyze()


@contextmanager
def plans() -> Iterator[dict[str, str]]:
    """Gather the plan of each question that is asked of jobs or tallies."""
    found: dict[str, str] = {}

    def execute(run: Any, statement: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's shape
        asks = statement.startswith("SELECT") and any(f'"{name}"' in statement for name in TABLES)
        if asks and statement not in found:
            found[statement] = ""  # Before it is explained: that comes this way, too.
            found[statement] = _plan(statement, params)
        return run(statement, params, many, context)

    with connection.execute_wrapper(execute):
        yield found


def _plan(statement: str, params: Any) -> str:
    how = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {statement}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def reads_all(plan: str) -> bool:
    """Tell whether a plan reads all rows, or an index that it does not search."""
    if connection.vendor == "postgresql":
        lines = plan.splitlines()
        return any(map(_reads_all, lines, [*lines[1:], ""]))
    return any(f"SCAN {name}" in plan for name in TABLES)


def _reads_all(line: str, after: str) -> bool:
    if not any(f" on {name} " in line for name in TABLES):
        return False
    return "Seq Scan" in line or ("Index" in line and "Index Cond" not in after)


def test_counting_asks_indexes(months: None) -> None:
    """One for each of the three moments in the life of a job."""
    Interval.objects.filter(start__gte=timezone.now() - timedelta(minutes=5)).delete()
    with plans() as found:
        Series().look()
    assert not [said for said in found.items() if reads_all(said[1])]
    jobs = [plan for statement, plan in found.items() if '"realtime_job"' in statement]
    assert len(jobs) == 3
    for name in ("realtime_job_newest", "realtime_job_began", "realtime_job_finished"):
        assert any(name in plan for plan in jobs), found


def test_the_dashboard_asks_indexes(months: None, operator: Any, redis: Any) -> None:
    """Of jobs it reads only what has not ended: how many of each status, and which are running."""
    client = Client()
    client.force_login(operator)
    whole = "from=2001-01-01T00:00:00Z"
    for asked in (
        *("now", "series", "series?name=shop.task3&queue=queue3", f"series?{whole}"),
        *("tasks", "tasks?by=queue", f"tasks?{whole}"),
    ):
        with plans() as found:
            assert client.get(f"/headway/api/metrics/{asked}").status_code == 200
        assert not [said for said in found.items() if reads_all(said[1])], asked
        assert len(found) == (3 if asked == "now" else 1)


def test_a_plan_that_reads_all_is_seen(months: None) -> None:
    """Where no index helps."""
    with plans() as found:
        list(Job.objects.filter(title="x").order_by())
        Job.objects.filter(attempt__gt=1).order_by().count()
        list(Tally.objects.filter(queued=7).order_by())
    assert all(map(reads_all, found.values()))
    assert len(found) == 3
