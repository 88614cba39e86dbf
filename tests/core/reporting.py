"""Plans and clocks, for the tests of reports."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.contrib.auth.models import User

from core.reports.models import ReportPlan, ReportRun

SET_UP = datetime(2026, 11, 1, tzinfo=UTC)


def plan_of(owner: User, **more: Any) -> ReportPlan:
    """Return a plan: each day at eight in Berlin, unless told otherwise."""
    given = {
        "about": "people",
        "form": "both",
        "every": "day",
        "at": time(8),
        "zone": "Europe/Berlin",
        "since": SET_UP,
    }
    return ReportPlan.objects.create(owner=owner, **{**given, **more})


def runs(plan: ReportPlan) -> list[tuple[str, str]]:
    """Return when a plan's reports were due, in London, and why they were made."""
    found = ReportRun.objects.filter(plan=plan).order_by("due")
    return [(f"{run.due:%d %H:%M}" if run.due else "", run.why) for run in found]


def november(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment in November, in London; eight in Berlin is seven there."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)
