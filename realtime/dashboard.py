"""What the dashboard shows of all jobs: to operators alone, from the series and from few rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_noop

from realtime import figures, moments, replies
from realtime.counts import KINDS, Count
from realtime.described import Shape, as_json
from realtime.events import timestamp
from realtime.figures import Line, Point, Span
from realtime.intervals import moment
from realtime.permissions import is_operator
from realtime.problems import NotFound, answers, bad_request, check_sees_all
from realtime.queries import moment_of, query_of, searched
from realtime.shapes import MOMENT, choice, text

USUAL = timedelta(hours=1)
"""What is told where nobody says from when."""
TIMES: Mapping[str, Shape] = {"from": MOMENT, "to": MOMENT}
SERIES: Mapping[str, Shape] = {**TIMES, "name": text(), "queue": text()}
TASKS: Mapping[str, Shape] = {**TIMES, "by": choice("name", "queue")}


@answers("GET", query=SERIES, says={200: as_json(replies.SERIES)}, refuses=(404,))
def series(request: HttpRequest) -> HttpResponse:
    """Answer what happened from when to when: a number of points, null where nobody counted."""
    asked = _asked(request)
    span = _span(asked, figures.POINTS)
    name, queue = (searched(asked.get(word, "")) for word in ("name", "queue"))
    points = enumerate(figures.series(span, name, queue))
    return _answer(span, points=[_point(span, place, point) for place, point in points])


@answers("GET", query=TASKS, says={200: as_json(replies.TASKS)}, refuses=(404,))
def tasks(request: HttpRequest) -> HttpResponse:
    """Answer the same by task, or by queue: what breaks most, then what is busiest, first."""
    asked = _asked(request)
    span = _span(asked, figures.SPARKS)
    lines = figures.lines(span, asked.get("by", "name"))
    return _answer(span, tasks=[_line(line) for line in lines])


@answers("GET", says={200: as_json(replies.NOW)}, refuses=(404,))
def now(request: HttpRequest) -> HttpResponse:
    """Answer how many jobs have not ended, by status, and how the last hour was."""
    _asked(request)
    at = timezone.now()
    hour = moments.last_hour(at)
    told = {"covered": hour.covered, "rate": hour.rate, **_times(hour.counts)}
    ended = {kind: getattr(hour.counts, kind) for kind in (*KINDS, "ended")}
    return JsonResponse({"at": timestamp(at), **moments.open_jobs(), "hour": {**ended, **told}})


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Return what an operator asks; to others there is nothing here."""
    check_sees_all(request)
    if not is_operator(request.user):
        raise NotFound(gettext_noop("There is nothing at this address: look at how it is written."))
    return query_of(request)


def _span(asked: dict[str, Any], points: int) -> Span:
    now = timezone.now()
    end = moment_of("to", asked["to"]) if "to" in asked else now
    begin = moment_of("from", asked["from"]) if "from" in asked else _before(end)
    if begin >= end:
        raise bad_request("from", f"before {timestamp(end)}", timestamp(begin))
    return figures.span(begin, end, now, points)


def _before(end: datetime) -> datetime:
    try:
        return end - USUAL
    except OverflowError as error:
        raise bad_request("to", "after the first hour of time", timestamp(end)) from error


def _answer(span: Span, **more: Any) -> HttpResponse:
    begin, end = (timestamp(moment(second)) for second in (span.start, span.end))
    return JsonResponse({"step": span.step, "from": begin, "to": end, **more})


def _point(span: Span, place: int, point: Point) -> dict[str, Any] | None:
    if not point.covered:
        return None
    at = timestamp(moment(span.start + place * span.step))
    return {"at": at, "covered": point.covered, **_kinds(point.counts), **_times(point.counts)}


def _line(line: Line) -> dict[str, Any]:
    ended = line.counts.ended
    share = line.counts.broken / ended if ended else None
    told = {"ended": ended, "failed_share": share, "points": line.ended}
    return {"name": line.name, **told, **_kinds(line.counts), **_times(line.counts)}


def _kinds(count: Count) -> dict[str, int]:
    return {kind: getattr(count, kind) for kind in KINDS}


def _times(count: Count) -> dict[str, Any]:
    return {"wait": figures.times(count.wait), "run": figures.times(count.run)}
