"""Requests made from the description: each answer is one that is described, none is a 5xx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from realtime import tokens
from realtime.events import JobState, Status, timestamp
from realtime.models import AlertRule, File, Item
from realtime.publish import Change, publish
from tests.processes import ROOT, Child, web_server
from tests.services import RedisServer

LONG = os.environ.get("FAULTS") == "long"
SECONDS, EXAMPLES = (240, 400) if LONG else (20, 12)
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance"
    ",response_headers_conformance,response_schema_conformance"
)
QUESTION = {"id": "q", "text": "?", "choices": None, "asked_at": timestamp(), "expires_at": None}


@pytest.fixture
def web(redis: RedisServer, transactional_db: None) -> Iterator[Child]:
    """Run a web server that minds neither many reports nor many jobs."""
    more = '{"REPORT_RATE": 100000, "OUTSIDE_JOBS": 100000}'
    with web_server("uvicorn", HEADWAY_MORE=more) as server:
        yield server


@pytest.fixture
def jobs(redis: RedisServer, admin_user: Any) -> list[str]:
    """Return a job in each status, some with all that a job can have, two of them from outside."""
    made = [_made(admin_user, status) for status in Status]
    made += [_made(admin_user, Status.RUNNING, ttl=86_400) for _ in range(2)]
    for job in made[:3]:
        Item.objects.create(
            job_id=job, run="r", n=1, outcome="failed", item=[1], reason="x", at=timezone.now()
        )
        content = ContentFile(b"a;b", name="list.csv")
        File.objects.create(
            job_id=job, name="list.csv", content=content, size=3, content_type="text/csv"
        )
    return made


def _made(owner: Any, status: Status, **more: Any) -> str:
    job = str(uuid.uuid4())
    ended = timestamp() if status in {"succeeded", "failed", "cancelled", "lost"} else None
    state = JobState(
        id=job,
        root=job,
        name="tests.work",
        title="Work",
        owner=str(owner.pk),
        status=status,
        queued_at=timestamp(timezone.now() - timedelta(minutes=1)),
        started_at=timestamp(),
        finished_at=ended,
        question=QUESTION if status is Status.WAITING else None,
        error={"kind": "X", "text": "x", "traceback": "t"} if status is Status.FAILED else None,
        failed=1,
        **more,
    )
    lines = ('{"at":"2026-11-22T10:00:00.000Z","level":"info","text":"x"}',) * 3
    publish([Change(state=state, order=1, transition=True, lines=lines)])
    return job


def test_what_is_described_is_all_that_is_answered(
    web: Child, jobs: list[str], admin_user: Any, tmp_path: Path
) -> None:
    """Whatever is asked, well or badly."""
    token = tokens.create(admin_user, "schemathesis")[1]
    rules = [
        AlertRule.objects.create(name=f"R{n}", kind="job_stalled", inbox="operators").pk
        for n in range(20)
    ]
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "run"),
        f"{web.url}/headway/api/openapi.json",
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS),
        *("--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), "--seed", "1"),
        *("--no-color", "--no-shrink", "--continue-on-failure", "--request-timeout", "20"),
        *("--suppress-health-check", "all", "--generation-database", "none"),
    )
    env = {
        **os.environ,
        "JOBS": " ".join(jobs),
        "RULES": " ".join(map(str, rules)),
        "PYTHONPATH": str(ROOT),
    }
    env |= {"SCHEMATHESIS_HOOKS": "tests.faults.addresses"}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=False,
    )
    assert done.returncode == 0, (
        done.stdout[-20_000:] + done.stderr[-2_000:] + web.printed()[-5_000:]
    )
    asked = re.search(r"(\d+) generated", done.stdout)
    assert asked
    assert int(asked[1]) > 60  # In the same seconds a machine at rest makes twenty times as many.
