"""How long one action takes that cancels ten thousand waiting jobs, from the request to its end.

The jobs wait in the broker, as behind a worker that does not come to them: nobody takes them.
"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing
from typing import Any

from tests.bench.house import person
from tests.bench.jobs import nothing
from tests.bench.table import Promise, Row, Table, spoken
from tests.processes import Child, web_server
from tests.services import wait_until

JOBS = 10_000
FEW = 1_000
MOST = 30.0
"""Seconds in which all of them are to be cancelled."""


def run(*, quick: bool) -> list[Table]:
    """Queue the jobs, cancel them by a filter, and see that each is."""
    from realtime.models import Job
    from realtime.starts import start
    from tests.bench.worker import app

    app.set_default()
    jobs, owner = FEW if quick else JOBS, person("ana")
    for number in range(jobs):
        start(nothing, "", title=f"Job {number}", owner=owner)
    with web_server("daphne", DJANGO_SETTINGS_MODULE="tests.bench.settings") as web:
        begun = time.monotonic()
        job = _cancel_all(web, owner)
        own = Job.objects.filter(pk=job, finished_at__isnull=False)
        wait_until(own.exists, "the action to end", seconds=200)
        seconds = time.monotonic() - begun
    cancelled = Job.objects.filter(owner=owner, status="cancelled").count()
    promise = Promise(
        text=f"One action cancels {JOBS:,} waiting jobs in {MOST:.0f} s, as a job with a bar",
        measured=f"{cancelled:,} in {spoken(seconds)} s",
        kept=cancelled == jobs and seconds <= MOST,
    )
    figures: dict[str, float | None] = {"s": seconds, "jobs a second": jobs / seconds}
    rows = [Row(f"{jobs:,} jobs", figures, (promise,))]
    return [Table(title="bulk: cancelling all jobs that a filter means, under Daphne", rows=rows)]


def _cancel_all(web: Child, owner: Any) -> str:
    """Ask for it as a page does, and return the id of the job that does it."""
    from tests.sockets import sign_in

    token = "t" * 32
    headers = {
        "Cookie": f"{sign_in(owner)}; csrftoken={token}",
        "X-CSRFToken": token,
        "Content-Type": "application/json",
    }
    said = json.dumps({"action": "cancel", "filter": {"q": "status:queued"}, "as_job": True})
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)) as asked:
        asked.request("POST", "/headway/api/jobs/actions", said, headers)
        with asked.getresponse() as answer:
            assert answer.status == http.HTTPStatus.ACCEPTED, answer.read()
            return str(json.loads(answer.read())["job"]["id"])
